/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes wrong in the middle of far calls of processes: death at each store,
 * and want of memory at each allocation.  Ranks 0 and 1 are on two nodes.
 */
#include "unit/fake_nodes.h"

#include <multirank.h>
#include <stdlib.h>
#include <string.h>

#include "far/relay.h"
#include "util/fault.h"

#ifdef MRI_DEBUG

enum { RANKS = 2, DELAY = 3, MOST = 70000, OWNER = 1 };

static const mr_queue_options there = {.place = MR_ON_RANK(OWNER)};

static bool start(void)
{
    static const uint32_t leaders[RANKS] = {0, 1};

    return nodes_start(leaders, RANKS, 7, DELAY);
}

static void play(fake_body *body, void *user)
{
    const nodes_actor process = {.rank = 0, .process = true, body, user};

    nodes_play(&process, 1);
}

/* ---- what a death leaves ------------------------------------------------- */

typedef struct making {
    int64_t k;      /* the store after which the process dies */
    bool completed; /* it did not */
    bool told;      /* it had read of what was made */
    uint64_t read;
} making;

static making made;

static void note_and_die(void)
{
    const mri_relay_row *row = mri_relay_row_of(mri_self());
    uint64_t read = mri_load(&row->read);
    const mri_relay_reply *last = &row->replies[(read - 1) % MRI_RELAY_REPLIES];

    /* Not one to the thread that had the record before. */
    made.told = read > made.read && last->head.endpoint == mri_self_endpoint();
    fake_die();
}

static void make_and_destroy_queue(unsigned int number, void *user)
{
    mri_relay_row *row = mri_relay_row_of(mri_self());
    mr_queue queue;

    (void)number;
    (void)user;
    made.read = mri_load(&row->read);
    mri_fault_instead = note_and_die;
    mri_fault_arm(made.k);
    MRT_OK(mr_queue_create(&queue, &there));
    mri_fault_disarm();
    made.completed = true;
    MRT_OK(mr_queue_destroy(queue));
}

static uint64_t objects_of_owner(void)
{
    uint64_t count;

    nodes_enter(OWNER);
    count = mri_objects_in_use(mri_index_of(OWNER));
    nodes_leave();
    return count;
}

/* Nobody knows what was made for a process that died before it was told: so it
 * is destroyed.  What was told is the process' own. */
static void object_made_for_a_dead_process_is_destroyed(void)
{
    uint64_t before, now;

    if (!start()) {
        return;
    }
    before = objects_of_owner();
    made = (making){.k = 0};
    for (int64_t k = 1; !made.completed && !mrt_failed(); k++) {
        made = (making){.k = k};
        nodes_play(
            (nodes_actor[]){
                {.rank = 0, .process = true, .body = make_and_destroy_queue}},
            1);
        now = objects_of_owner();
        MRT_EQUAL(now, before + (made.told && !made.completed));
        before = now;
    }
    mri_fault_instead = NULL;
    nodes_stop();
}

/* ---- want of memory ------------------------------------------------------ */

/* A put waits for shared memory, and the only one who could give some back is
 * the process that puts. */
#define BRIEFLY 0.1

static const size_t sizes[] = {0, 8, 3000, 60000, 8, MOST};

enum { SIZES = sizeof sizes / sizeof *sizes };

static unsigned char pattern[MOST + SIZES];

static bool is_told(mr_error error)
{
    return error == MR_OK || error == MR_ERR_NO_MEMORY ||
           error == MR_ERR_LIMIT || error == MR_ERR_TIMEOUT;
}

static void put_and_get_all_sizes(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    unsigned char *item = malloc(MOST);

    (void)number;
    for (size_t i = 0; i < SIZES; i++) {
        mr_error error = mr_queue_put(*queue, pattern + i, sizes[i], BRIEFLY);
        size_t size = 0;

        MRT_CHECK(is_told(error));
        while (!error && !mrt_failed()) {
            mr_error got = mr_queue_get(*queue, item, MOST, &size, BRIEFLY);

            MRT_CHECK(is_told(got));
            if (!got) {
                MRT_EQUAL(size, sizes[i]);
                MRT_BYTES(item, pattern + i, size);
                break;
            }
        }
    }
    free(item);
}

/* Each allocation fails in turn, in the process, in its rank, or at the owner:
 * the call fails or is late, and the end of the process is told in any case. */
static void want_of_memory_is_told_to_processes(void)
{
    bool all = false;
    mr_queue queue;

    if (!start()) {
        return;
    }
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (unsigned char)(i * 7 + i / 256);
    }
    nodes_enter(0);
    MRT_OK(mr_queue_create(&queue, &there));
    nodes_leave();
    for (int64_t n = 1; !all && !mrt_failed(); n++) {
        mri_fault_fail_allocation(n);
        play(put_and_get_all_sizes, &queue);
        all = mri_fault_fail_allocation(0) > 0;
    }
    nodes_enter(0);
    MRT_OK(mr_queue_destroy(queue));
    nodes_leave();
    nodes_stop();
}

#else

static void object_made_for_a_dead_process_is_destroyed(void)
{
    fake_has_points();
}

static void want_of_memory_is_told_to_processes(void)
{
    fake_has_points();
}

#endif

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"object_made_for_a_dead_process_is_destroyed",
         object_made_for_a_dead_process_is_destroyed, 60},
        {"want_of_memory_is_told_to_processes",
         want_of_memory_is_told_to_processes, 60},
    };

    setenv("MR_PATIENCE", "1000", 1);
    return mrt_main("far_fault", tests, MRT_COUNT(tests), argc, argv);
}
