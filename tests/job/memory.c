/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fills queues until no memory is left for items, and says what still works.
 *
 *   memory fill     a queue on each rank, with large items
 *   memory rest     a queue and a pipe, then uses everything else
 *   memory breed    processes that put two items for each that they get
 *   memory nodes    says how many ranks share memory with rank 0
 */
#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 1 << 20, SMALL = 1024, TASKS = 1000 };

static char bytes[LARGE];

static void show(const char *what, mr_error error)
{
    printf("%s: %s\n", what, mr_error_name(error));
    fflush(stdout);
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    int64_t number = *(const int64_t *)input;

    (void)task;
    number *= number;
    if (!output) {
        return mr_task_return(&number, sizeof number); /* of an iterator */
    }
    *(int64_t *)output = number;
    return MR_OK;
}

static mr_error map(mr_pool pool)
{
    static int64_t in[TASKS], out[TASKS];
    mr_error error;

    for (int i = 0; i < TASKS; i++) {
        in[i] = i;
        out[i] = -1;
    }
    error = mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out, sizeof *out,
                        TASKS, NULL);
    for (int64_t i = 0; !error && i < TASKS; i++) {
        error = out[i] == i * i ? MR_OK : MR_ERR_USER;
    }
    return error;
}

static mr_error iterate(mr_pool pool)
{
    static int64_t in[TASKS];
    mr_iterator *iterator;
    mr_result result;
    int count = 0;
    mr_error error = mr_pool_imap(&iterator, pool, square, NULL, 0, in,
                                  sizeof *in, TASKS, NULL);

    if (error) {
        return error;
    }
    while ((error = mr_iterator_next(iterator, &result, 20)) == MR_OK) {
        count++;
    }
    mr_iterator_destroy(iterator);
    return error == MR_ERR_END_OF_FILE && count == TASKS ? MR_OK : error;
}

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static mr_error process(void)
{
    mr_process started;
    mr_error error = mr_process_create(&started, nothing, NULL, 0, NULL);

    if (!error) {
        error = mr_process_start(started);
    }
    return error ? error : mr_process_join(started, 20);
}

/* Until the first put that finds no room; so many items. */
static size_t fill(mr_queue queue, size_t size)
{
    size_t count = 0;
    mr_error error;

    while ((error = mr_queue_put(queue, bytes, size, 0.1)) == MR_OK) {
        count++;
    }
    if (error != MR_ERR_TIMEOUT) {
        show("put", error);
    }
    return count;
}

static int fill_all(mr_pool pool)
{
    memset(bytes, 1, sizeof bytes);
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;
        mr_error error = mr_queue_create(
            &queue, &(mr_queue_options){.place = MR_ON_RANK(rank)});

        if (error) {
            show("queue", error);
            return 1;
        }
        printf("rank %d: %s\n", rank,
               fill(queue, LARGE) > 0 ? "filled" : "nothing");
    }
    show("map", map(pool));
    return 0;
}

/* By items of all sizes, so that nothing is left. */
static int use_rest(mr_pool pool)
{
    mr_queue queue, other;
    mr_pipe_end end[2], more[2];
    mr_value value;
    mr_lock lock;
    mr_error error;
    int64_t one = 1;

    if (mr_queue_create(&queue, NULL) || mr_queue_create(&other, NULL) ||
        mr_pipe_create(&end[0], &end[1], true)) {
        return 1;
    }
    for (size_t size = LARGE; size > 0; size /= 4) {
        printf("%s", fill(queue, size) > (size_t)1 << 40 ? "many\n" : "");
    }
    show("map", map(pool));
    show("imap", iterate(pool));
    show("process", process());
    show("value", mr_value_create(&value, MR_INT64, &one, NULL));
    show("lock", mr_lock_create(&lock, NULL));
    show("send", mr_pipe_send(end[0], bytes, SMALL, 1));
    show("pipe", mr_pipe_create(&more[0], &more[1], true));
    show("put", mr_queue_put(other, bytes, 8, 1));
    while ((error = mr_pipe_send(end[0], bytes, SMALL, 0)) == MR_OK) {
    }
    show("full pipe", error);
    show("map", map(pool));
    show("imap", iterate(pool));
    return 0;
}

/* Both a consumer and a producer, as a search has them. */
static int breed(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    mr_error error = MR_OK;
    char item[SMALL];

    (void)size;
    while (!error) {
        error = mr_queue_get(queue, item, sizeof item, NULL, 20);
        for (int i = 0; !error && i < 2; i++) {
            error = mr_queue_put(queue, item, sizeof item, 1);
        }
    }
    return error == MR_ERR_TIMEOUT ? 7 : 8;
}

static int breed_all(mr_pool pool)
{
    mr_process processes[2];
    mr_queue queue;
    int code;

    if (mr_queue_create(&queue, NULL) || mr_queue_put(queue, bytes, SMALL, 0)) {
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        if (mr_process_create(&processes[i], breed, &queue, sizeof queue,
                              &(mr_process_options){.place = MR_ON_RANK(0)}) ||
            mr_process_start(processes[i])) {
            return 1;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (mr_process_join(processes[i], 60) ||
            mr_process_exit_code(processes[i], &code)) {
            return 1;
        }
        printf("process %d: %d\n", i, code);
    }
    show("map", map(pool));
    return 0;
}

/* By an array on each rank, whose data can be had where memory is shared. */
static int count_near(mr_pool pool)
{
    int near = 0;

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_array array;
        void *data;

        if (mr_array_create(&array, MR_INT64, 10, NULL,
                            &(mr_array_options){.place = MR_ON_RANK(rank)})) {
            return 1;
        }
        near += mr_array_data(array, &data) == MR_OK;
    }
    printf("%d of %d ranks share memory\n", near, mr_size());
    show("map", map(pool));
    show("imap", iterate(pool));
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    mr_error error = mr_init(&argc, &argv);
    mr_pool pool;
    int status = 2;

    if (error) {
        show("mr_init", error);
        return 3;
    }
    error = mr_pool_create(&pool, NULL);
    if (error) {
        show("pool", error);
        return 3;
    }
    if (strcmp(what, "fill") == 0) {
        status = fill_all(pool);
    } else if (strcmp(what, "rest") == 0) {
        status = use_rest(pool);
    } else if (strcmp(what, "breed") == 0) {
        status = breed_all(pool);
    } else if (strcmp(what, "nodes") == 0) {
        status = count_near(pool);
    }
    error = mr_finalize();
    if (error) {
        show("mr_finalize", error);
    }
    return error ? 3 : status;
}
