/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two iterators, one in order and one not; iterators.sh starts it.
 *
 *     iterators large   results that together do not fit into memory
 *     iterators huge    every sixth result is larger than memory
 *     iterators RANK    the tenth task that runs in that rank kills it
 *
 * Prints what came of each.
 */
#include <multirank.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FATAL = 10, MOST = 500 };

typedef struct order {
    mr_value killed;
    int rank; /* to be killed; 0: none */
    size_t count;
    size_t size;      /* of a result */
    size_t huge_size; /* of every sixth */
} order;

static bool is_a_rank(void)
{
    mr_process parent;

    return mr_process_parent(&parent) != MR_OK;
}

static size_t size_of(const order *o, size_t index)
{
    return o->huge_size && index % 6 == 0 ? o->huge_size : o->size;
}

static mr_error fill(const void *input, void *output, const mr_task *task)
{
    const order *o = task->context;
    const int64_t one = 1;
    int64_t before = 1;
    size_t size = size_of(o, task->index);
    char *bytes = malloc(size);
    mr_error error;
    static int tasks;

    (void)input;
    (void)output;
    if (o->rank && is_a_rank() && mr_rank() == o->rank && ++tasks == FATAL &&
        mr_value_add(o->killed, &one, &before) == MR_OK && before == 0) {
        kill(getpid(), SIGKILL);
    }
    usleep(1000); /* lest others do it all */
    if (!bytes) {
        return MR_ERR_NO_MEMORY;
    }
    memset(bytes, (int)task->index, size);
    error = mr_task_return(bytes, size);
    free(bytes);
    return error;
}

static bool is_good(const order *o, const mr_result *result)
{
    const char *bytes = result->data;
    size_t size = size_of(o, result->index);

    return result->error.code == MR_OK && result->size == size &&
           bytes[0] == (char)result->index &&
           memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* How the last failure was called. */
static mr_error take_all(const char *name, mr_iterator *iterator,
                         const order *o)
{
    bool seen[MOST] = {false};
    size_t good = 0, failed = 0, twice = 0;
    mr_error failure = MR_OK;
    mr_result result;
    mr_error error;

    while ((error = mr_iterator_next(iterator, &result, 60)) == MR_OK) {
        twice += seen[result.index];
        seen[result.index] = true;
        good += is_good(o, &result);
        if (result.error.code) {
            failure = result.error.code;
            failed++;
        }
    }
    printf("%s: %zu good, %zu failed, %zu twice, %s\n", name, good, failed,
           twice, mr_error_name(error));
    mr_iterator_destroy(iterator);
    return failure;
}

static void must(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "%s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

static mr_error iterate_twice(mr_pool pool, const order *o)
{
    mr_iterator *iterator;

    must(mr_pool_imap(&iterator, pool, fill, o, sizeof *o, NULL, 0, o->count,
                      NULL),
         "mr_pool_imap");
    (void)take_all("ordered", iterator, o);
    must(mr_pool_imap_unordered(&iterator, pool, fill, o, sizeof *o, NULL, 0,
                                o->count, NULL),
         "mr_pool_imap_unordered");
    return take_all("unordered", iterator, o);
}

static order read_order(const char *word)
{
    order o = {.count = MOST, .size = 1000};

    if (strcmp(word, "large") == 0) {
        o.count = 400;
        o.size = 3 << 20;
    } else if (strcmp(word, "huge") == 0) {
        o.count = 24;
        o.huge_size = 20 << 20;
    } else {
        o.rank = atoi(word);
    }
    return o;
}

int main(int argc, char **argv)
{
    mr_pool_options options = {0};
    int64_t killed = 0;
    mr_error failure;
    mr_pool pool;
    order o;

    must(mr_init(&argc, &argv), "mr_init");
    o = read_order(argc > 1 ? argv[1] : "large");
    options.workers = (size_t)mr_size() + 2;
    must(mr_value_create(&o.killed, MR_INT64, NULL, NULL), "mr_value_create");
    must(mr_pool_create(&pool, &options), "mr_pool_create");
    failure = iterate_twice(pool, &o);
    must(mr_value_get(o.killed, &killed), "mr_value_get");
    if (o.rank) {
        printf("killed %d\n", killed > 0);
    } else if (failure) {
        puts(mr_error_name(failure));
    }
    must(mr_pool_destroy(pool), "mr_pool_destroy");
    return mr_finalize() == MR_OK ? 0 : 1;
}
