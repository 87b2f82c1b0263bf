/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool of which a rank dies in the middle of a map; pools.sh starts it with
 * `multirank run`.
 *
 *     pools RANK   the tenth task that runs in that rank kills it
 *     pools busy   a pool is destroyed while an iterator of it goes on
 *
 * Prints how each of two maps ended, and how many outputs are wrong.
 */
#include <multirank.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 500, FATAL = 10 };

typedef struct order {
    mr_value killed;
    int rank;
} order;

static bool is_a_rank(void)
{
    mr_process parent;

    return mr_process_parent(&parent) != MR_OK;
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    const order *o = task->context;
    const int64_t one = 1;
    int64_t before = 1, n = *(const int64_t *)input;
    static int tasks;

    if (is_a_rank() && mr_rank() == o->rank && ++tasks == FATAL &&
        mr_value_add(o->killed, &one, &before) == MR_OK && before == 0) {
        kill(getpid(), SIGKILL);
    }
    usleep(1000); /* lest others do it all */
    *(int64_t *)output = n * n;
    return MR_OK;
}

static void map_once(mr_pool pool, const order *o)
{
    const mr_map_options options = {.timeout = 60};
    int64_t in[COUNT], out[COUNT] = {0};
    mr_error error;
    int wrong = 0;

    for (int64_t i = 0; i < COUNT; i++) {
        in[i] = i;
    }
    error = mr_pool_map(pool, square, o, sizeof *o, in, sizeof in[0], out,
                        sizeof out[0], COUNT, &options);
    for (int64_t i = 0; i < COUNT; i++) {
        wrong += out[i] != i * i;
    }
    printf("map %s, %d wrong\n", mr_error_name(error), wrong);
}

static void must(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "%s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

/* The log says why the pool does not end. */
static int busy(void)
{
    const order nobody = {.rank = -1};
    const int64_t in[4] = {1, 2, 3, 4};
    mr_iterator *iterator;
    mr_pool pool;
    mr_error error;

    must(mr_pool_create(&pool, NULL), "mr_pool_create");
    must(mr_pool_imap(&iterator, pool, square, &nobody, sizeof nobody, in,
                      sizeof in[0], 4, NULL),
         "mr_pool_imap");
    error = mr_pool_destroy(pool);
    printf("destroy %s\n", mr_error_name(error));
    must(mr_iterator_destroy(iterator), "mr_iterator_destroy");
    must(mr_pool_destroy(pool), "mr_pool_destroy");
    return mr_finalize() == MR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    mr_pool_options options = {0};
    order o = {.rank = argc > 1 ? atoi(argv[1]) : 1};
    int64_t killed = 0;
    mr_pool pool;

    must(mr_init(&argc, &argv), "mr_init");
    if (argc > 1 && strcmp(argv[1], "busy") == 0) {
        return busy();
    }
    options.workers = (size_t)mr_size() + 2;
    must(mr_value_create(&o.killed, MR_INT64, NULL, NULL), "mr_value_create");
    must(mr_pool_create(&pool, &options), "mr_pool_create");
    map_once(pool, &o);
    map_once(pool, &o);
    must(mr_value_get(o.killed, &killed), "mr_value_get");
    printf("killed %d\n", killed > 0);
    must(mr_pool_destroy(pool), "mr_pool_destroy");
    must(mr_value_destroy(o.killed), "mr_value_destroy");
    return mr_finalize() == MR_OK ? 0 : 1;
}
