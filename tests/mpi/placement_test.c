/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where ranks, their processes and the workers of a pool run, on one node or
 * several, whatever the launcher does by itself: on processors that the job
 * may use, and ranks apart from each other where there are enough.
 */
#include "mpi/support.h"

#include "topology/processors.h"
#include "util/settings.h"

enum { MOST_RANKS = 16 };

typedef struct placement {
    int rank;
    int processors; /* as mr_processors tells it */
    bool is_rank;
    char host[MR_HOST_SIZE];
    mri_processors set;
} placement;

static placement placement_here(void)
{
    placement here = {.rank = mr_rank(), .processors = mr_processors()};
    mr_process parent;

    here.is_rank = mr_process_parent(&parent) != MR_OK;
    snprintf(here.host, sizeof here.host, "%s", mr_host());
    mri_processors_of(0, &here.set);
    return here;
}

static int say_placement(const void *argument, size_t size)
{
    const placement here = placement_here();

    (void)size;
    CHILD_OK(
        mr_queue_put(*(const mr_queue *)argument, &here, sizeof here, GUARD));
    return child_result();
}

/* Of a process on each rank. */
static bool processes(placement *placements)
{
    mr_queue said;
    bool fine = MRT_OK(mr_queue_create(&said, NULL));

    for (int rank = 0; fine && rank < mr_size(); rank++) {
        fine = RUN(rank, say_placement, &said, sizeof said) &&
               MRT_OK(mr_queue_get(said, &placements[rank],
                                   sizeof placements[rank], NULL, 0));
    }
    return fine && MRT_OK(mr_queue_destroy(said));
}

/* Ends when all have begun, so that each worker has one. */
static mr_error tell_placement(const void *input, void *output,
                               const mr_task *task)
{
    const mr_value *begun = task->context;
    const struct timespec pause = {.tv_nsec = 1000000};
    const double end = mrt_now() + GUARD;
    const int64_t one = 1;
    int64_t count = 0;
    mr_error error = mr_value_add(*begun, &one, NULL);

    (void)input;
    while (!error && count < (int64_t)task->count && mrt_now() < end) {
        nanosleep(&pause, NULL);
        error = mr_value_get(*begun, &count);
    }
    *(placement *)output = placement_here();
    return error;
}

/* Of each worker of a pool, in no order. */
static bool workers(placement *placements, size_t count)
{
    const mr_pool_options options = {.workers = count};
    const mr_map_options one = {.chunk = 1};
    mr_value begun;
    mr_pool pool;

    return MRT_OK(mr_value_create(&begun, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_pool_create(&pool, &options)) &&
           MRT_OK(mr_pool_map(pool, tell_placement, &begun, sizeof begun, NULL,
                              0, placements, sizeof *placements, count,
                              &one)) &&
           MRT_OK(mr_pool_destroy(pool)) && MRT_OK(mr_value_destroy(begun));
}

static bool is_inside(const mri_processors *set, const mri_processors *other)
{
    mri_processors both = *set;

    return mri_processors_narrow(&both, other) &&
           mri_processors_same(&both, set);
}

static bool are_apart(const mri_processors *set, const mri_processors *other)
{
    mri_processors both = *set;

    return !mri_processors_narrow(&both, other);
}

static void processes_may_use_the_processors_of_the_node(void)
{
    placement placements[MOST_RANKS];

    if (!processes(placements)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        int count = (int)mri_processors_count(&placements[rank].set);

        MRT_CHECK(count >= placements[rank].processors);
        if (mri_node.count == mri_node.ranks) {
            MRT_EQUAL(count, placements[rank].processors);
        }
    }
}

static int ranks_beside(const placement *placements, int rank)
{
    int count = 0;

    for (int i = 0; i < mr_size(); i++) {
        count += strcmp(placements[i].host, placements[rank].host) == 0;
    }
    return count;
}

/* Has each rank of the machine a processor? */
static bool has_room(const placement *placements, int rank)
{
    mri_processors all = {0};

    for (int i = 0; i < mr_size(); i++) {
        if (strcmp(placements[i].host, placements[rank].host) == 0) {
            mri_processors_unite(&all, &placements[i].set);
        }
    }
    return (int)mri_processors_count(&all) >= ranks_beside(placements, rank);
}

static void ranks_run_apart_while_there_are_processors(void)
{
    placement allowed[MOST_RANKS];
    placement placements[MOST_RANKS];

    if (!processes(allowed) || !workers(placements, (size_t)mr_size())) {
        return;
    }
    for (int i = 0; i < mr_size(); i++) {
        int rank = placements[i].rank;
        const mri_processors *mine = &allowed[rank].set;
        bool room = has_room(allowed, rank);

        MRT_CHECK(is_inside(&placements[i].set, mine));
        if (!room) {
            MRT_CHECK(mri_processors_same(&placements[i].set, mine));
        }
        for (int j = 0; room && j < i; j++) {
            if (strcmp(placements[i].host, placements[j].host) == 0) {
                MRT_CHECK(are_apart(&placements[i].set, &placements[j].set));
            }
        }
    }
}

/* Where each rank counts as a node, on one machine. */
static void processes_stay_off_the_ranks_of_other_nodes(void)
{
    placement processes_of[MOST_RANKS];
    placement ranks[MOST_RANKS];

    if (mri_settings()->route != MRI_ROUTE_FAR) {
        mrt_skip("the ranks of a machine are one node");
        return;
    }
    if (!processes(processes_of) || !workers(ranks, (size_t)mr_size())) {
        return;
    }
    for (int i = 0; i < mr_size(); i++) {
        for (int rank = 0; rank < mr_size(); rank++) {
            if (rank != ranks[i].rank && has_room(processes_of, rank)) {
                MRT_CHECK(are_apart(&processes_of[rank].set, &ranks[i].set));
            }
        }
    }
}

/* More workers than a rank has cores run wherever its processes may. */
static void many_workers_are_not_trapped_beside_their_rank(void)
{
    enum { MANY = 2 * MOST_RANKS };
    placement allowed[MOST_RANKS];
    placement placements[MANY];
    size_t count = 2 * (size_t)mr_size();

    if (!processes(allowed)) {
        return;
    }
    if (mri_processors_count(&allowed[0].set) > (unsigned int)mr_size()) {
        mrt_skip("each rank has several processors");
        return;
    }
    if (!workers(placements, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!placements[i].is_rank) {
            MRT_CHECK(mri_processors_same(&placements[i].set,
                                          &allowed[placements[i].rank].set));
        }
    }
}

static const mrt_test tests[] = {
    {"processes_may_use_the_processors_of_the_node",
     processes_may_use_the_processors_of_the_node, 0},
    {"ranks_run_apart_while_there_are_processors",
     ranks_run_apart_while_there_are_processors, 0},
    {"processes_stay_off_the_ranks_of_other_nodes",
     processes_stay_off_the_ranks_of_other_nodes, 0},
    {"many_workers_are_not_trapped_beside_their_rank",
     many_workers_are_not_trapped_beside_their_rank, 0},
};

int main(int argc, char **argv)
{
    /* Over simulated hosts mpirun is told to bind nothing. */
    if (getenv("OMPI_MCA_hwloc_base_binding_policy")) {
        setenv("MR_BIND", "core", 1);
    } else {
        unsetenv("MR_BIND");
    }
    return suite_main("placement", tests, MRT_COUNT(tests), argc, argv);
}
