/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data that all nodes need: how fast they get them.
 *
 *   mpirun -np 4 bench/objects/share replicated | get
 *
 * As a replicated Array; or from an ordinary one that a process on each rank
 * reads whole, as one does without.
 */
#include "share.h"
#include "../bench.h"

#include <string.h>

enum { MOST_RANKS = 1024 };

static void replicate(void *user, long times)
{
    const share *s = user;
    const mr_array_options everywhere = {.replicated = true, .no_lock = true};
    mr_array array;

    for (long i = 0; i < times; i++) {
        must(mr_array_create(&array, MR_INT64, s->count, s->numbers,
                             &everywhere),
             "create");
        must(mr_array_destroy(array), "destroy");
    }
}

/* What the readers are told: the array, or that this is the end. */
typedef struct task {
    mr_array array;
    size_t count;
} task;

typedef struct channels {
    mr_queue tasks[MOST_RANKS];
    mr_queue done;
} channels;

static channels all;

static int read_all(const void *argument, size_t size)
{
    const mr_queue *queues = argument;
    int64_t *mine = malloc(SHARE_MOST * sizeof *mine);
    task t;

    (void)size;
    for (;;) {
        must(mr_queue_get(queues[0], &t, sizeof t, NULL, MR_FOREVER), "get");
        if (t.count == 0) {
            free(mine);
            return 0;
        }
        must(mr_array_get(t.array, 0, t.count, mine), "get");
        check(mine[t.count - 1] == (int64_t)t.count, "the last element");
        must(mr_queue_put(queues[1], NULL, 0, MR_FOREVER), "put");
    }
}

static void tell(const task *t)
{
    for (int rank = 1; rank < mr_size(); rank++) {
        must(mr_queue_put(all.tasks[rank], t, sizeof *t, MR_FOREVER), "put");
    }
}

static void let_read(void *user, long times)
{
    const share *s = user;
    task t = {.count = s->count};

    for (long i = 0; i < times; i++) {
        must(mr_array_create(&t.array, MR_INT64, s->count, s->numbers, NULL),
             "create");
        tell(&t);
        for (int rank = 1; rank < mr_size(); rank++) {
            must(mr_queue_get(all.done, NULL, 0, NULL, MR_FOREVER), "get");
        }
        must(mr_array_destroy(t.array), "destroy");
    }
}

static void start_readers(mr_process *readers)
{
    must(mr_queue_create(&all.done, NULL), "queue");
    for (int rank = 1; rank < mr_size(); rank++) {
        const mr_queue_options its = {.place = MR_ON_RANK(rank)};
        const mr_process_options there = {.place = MR_ON_RANK(rank)};
        mr_queue both[2];

        must(mr_queue_create(&all.tasks[rank], &its), "queue");
        both[0] = all.tasks[rank];
        both[1] = all.done;
        must(mr_process_create(&readers[rank], read_all, both, sizeof both,
                               &there),
             "process");
        must(mr_process_start(readers[rank]), "process");
    }
}

static void end_readers(const mr_process *readers)
{
    const task end = {.count = 0};

    tell(&end);
    for (int rank = 1; rank < mr_size(); rank++) {
        must(mr_process_join(readers[rank], MR_FOREVER), "join");
    }
}

int main(int argc, char **argv)
{
    static mr_process readers[MOST_RANKS];
    const char *how = "mpirun -np 4 bench/objects/share replicated | get";
    bool gets = argc > 1 && strcmp(argv[1], "get") == 0;

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() > 1 && mr_size() <= MOST_RANKS && argc == 2 &&
             (gets || strcmp(argv[1], "replicated") == 0),
         how);
    if (gets) {
        start_readers(readers);
        share_measure(let_read);
        end_readers(readers);
    } else {
        share_measure(replicate);
    }
    return mr_finalize();
}
