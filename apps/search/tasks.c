/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Branch and bound by tasks that add tasks.
 *
 * A map begins with all rulers of two marks, which the nodes share.  A task
 * adds one for the other marks that can be next, and goes on with the first, as
 * deep as is worth a task.  So the newest task of a worker is what a search on
 * one core would do next, and the oldest, which others steal, is the largest.
 * Nobody waits for these tasks but the map.
 *
 * Long first gaps come first, as the search has fewer steps then by
 * measurement.
 *
 * The bound is a Value: the length of the shortest ruler that anybody has
 * found.  A task reads it when it begins, and now and then.  An old bound costs
 * time and no ruler.  What is found goes into a queue.
 */
#include "tasks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct context {
    int marks;
    int split;
    mr_value longest; /* int32_t */
    mr_queue found;   /* of rulers */
    mr_array shares;  /* a share of each worker */
};

/* All rulers that begin with these marks, and whose next mark is this one or
 * one beyond it. */
typedef struct branch {
    ruler ruler;
    int mark;
} branch;

/* Of the worker that this process is. */
static share own;

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- in the workers ------------------------------------------------------ */

static mr_error read_bound(search *s)
{
    const struct context *c = s->user;
    int32_t longest = 0;
    mr_error error = mr_value_get(c->longest, &longest);

    s->longest = longest;
    return error;
}

static mr_error found(search *s, const ruler *r)
{
    const struct context *c = s->user;
    const int32_t length = ruler_length(r);
    int32_t before = 0;
    mr_error error = mr_value_min(c->longest, &length, &before);

    s->longest = before < length ? before : length;
    if (error || before < length) {
        return error; /* somebody was better */
    }
    return mr_queue_put(c->found, r, sizeof *r, MR_FOREVER);
}

/* The first mark from this one on that can be the next; 0: none can. */
static int next_mark(const ruler *r, const search *s, int mark)
{
    int left = s->marks - r->count - 1;

    while (mark + ruler_room(left) <= s->longest) {
        if (ruler_takes(r, mark)) {
            return mark;
        }
        mark++;
    }
    return 0;
}

static mr_error conquer(const ruler *r, search *s, unsigned int worker)
{
    const struct context *c = s->user;
    int64_t start = now();
    mr_error error = search_below(s, r);

    own.tasks++;
    own.steps += (int64_t)s->steps;
    own.nanoseconds += now() - start;
    return error ? error : mr_array_set(c->shares, worker, 1, &own);
}

static mr_error explore(const void *input, void *output, const mr_task *task)
{
    struct context c = *(const struct context *)task->context;
    search s = {
        .marks = c.marks, .found = found, .look = read_bound, .user = &c};
    branch b = *(const branch *)input;
    mr_error error = read_bound(&s);

    (void)output;
    while (!error && (b.mark = next_mark(&b.ruler, &s, b.mark)) != 0) {
        branch others = {b.ruler, b.mark + 1};

        error = mr_task_add(explore, &others, sizeof others);
        b.ruler = ruler_with(&b.ruler, b.mark++);
        if (!error &&
            (b.ruler.count >= c.split || b.ruler.count == c.marks - 1)) {
            return conquer(&b.ruler, &s, task->worker);
        }
    }
    return error;
}

/* ---- in main ------------------------------------------------------------- */

static mr_error keep(answer *a, const ruler *r)
{
    ruler *more;

    if (a->count > 0 && ruler_length(r) < ruler_length(a->rulers)) {
        a->count = 0;
    }
    if (a->count > 0 && ruler_length(r) > ruler_length(a->rulers)) {
        return MR_OK;
    }
    more = realloc(a->rulers, (a->count + 1) * sizeof *more);
    if (!more) {
        return MR_ERR_NO_MEMORY;
    }
    a->rulers = more;
    a->rulers[a->count++] = *r;
    return MR_OK;
}

/* A task that ran again, as its rank was lost, has found the same again. */
static void sort(answer *a)
{
    size_t count = 0;

    qsort(a->rulers, a->count, sizeof *a->rulers, ruler_compare);
    for (size_t i = 0; i < a->count; i++) {
        if (i == 0 || ruler_compare(&a->rulers[i], &a->rulers[i - 1]) != 0) {
            a->rulers[count++] = a->rulers[i];
        }
    }
    a->count = count;
}

static mr_error found_serially(search *s, const ruler *r)
{
    s->longest = ruler_length(r);
    return keep(s->user, r);
}

mr_error tasks_search_serially(answer *a, int marks)
{
    ruler first = {.count = 1}, greedy = ruler_greedy(marks);
    search s = {.marks = marks,
                .longest = ruler_length(&greedy),
                .found = found_serially,
                .user = a};
    mr_error error = search_below(&s, &first);

    if (!error) {
        sort(a);
    }
    return error;
}

static mr_error create(struct context *c, size_t workers)
{
    const ruler greedy = ruler_greedy(c->marks);
    const int32_t longest = ruler_length(&greedy);
    mr_error error = mr_value_create(&c->longest, MR_INT32, &longest, NULL);

    if (!error) {
        error = mr_queue_create(&c->found, NULL);
    }
    if (!error) {
        error = mr_array_create(&c->shares, MR_BYTES(sizeof(share)), workers,
                                NULL, NULL);
    }
    return error;
}

static mr_error map(mr_pool pool, const struct context *c,
                    mr_task_error *failure)
{
    const mr_map_options options = {.chunk = 1, .error = failure};
    const ruler zero = {.count = 1}, greedy = ruler_greedy(c->marks);
    const int longest = ruler_length(&greedy);
    branch first[MOST_LENGTH];

    for (int i = 0; i < longest; i++) {
        first[i] = (branch){ruler_with(&zero, longest - i), longest - i + 1};
    }
    return mr_pool_map(pool, explore, c, sizeof *c, first, sizeof first[0],
                       NULL, 0, (size_t)longest, &options);
}

static mr_error collect(answer *a, mr_pool pool, const struct context *c)
{
    mr_error error = mr_array_get(c->shares, 0, a->workers, a->shares);
    mr_pool_worker_info info;
    ruler r;

    for (size_t i = 0; i < a->workers && !error; i++) {
        error = mr_pool_worker(pool, i, &info);
        a->ranks[i] = info.rank;
    }
    while (!error) {
        error = mr_queue_get(c->found, &r, sizeof r, NULL, 0);
        error = error ? error : keep(a, &r);
    }
    if (error != MR_ERR_TIMEOUT) {
        return error;
    }
    sort(a);
    return MR_OK;
}

static mr_error search_in(answer *a, mr_pool pool, struct context *c,
                          mr_task_error *failure)
{
    mr_error error = mr_pool_size(pool, &a->workers);

    if (error) {
        return error;
    }
    a->shares = calloc(a->workers, sizeof *a->shares);
    a->ranks = calloc(a->workers, sizeof *a->ranks);
    if (!a->shares || !a->ranks) {
        return MR_ERR_NO_MEMORY;
    }
    error = create(c, a->workers);
    if (!error) {
        error = map(pool, c, failure);
    }
    return error ? error : collect(a, pool, c);
}

/* The end of the job destroys the objects. */
mr_error tasks_search(answer *a, int marks, int split, mr_task_error *failure)
{
    struct context c = {.marks = marks, .split = split};
    mr_pool pool;
    mr_error error = mr_pool_create(&pool, NULL);

    return error ? error : search_in(a, pool, &c, failure);
}

void answer_destroy(answer *a)
{
    free(a->shares);
    free(a->ranks);
    free(a->rulers);
}
