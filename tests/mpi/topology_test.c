/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of topology.h: each node can be read from rank 0 and from
 * children, and tells who of the job is on it.
 */
#include "mpi/support.h"

#include <unistd.h>

static mr_error before;

static const mr_topology_resident *find_resident(const mr_topology *node,
                                                 int rank, const char *name)
{
    for (size_t i = 0; i < node->residents_count; i++) {
        if (node->residents[i].rank == rank &&
            strcmp(node->residents[i].name, name) == 0) {
            return &node->residents[i];
        }
    }
    return NULL;
}

/* Some processor of the node, and none that it has not. */
static bool runs_on_the_node(const mr_topology *node,
                             const mr_topology_resident *resident)
{
    size_t found = 0;
    size_t all = 0;

    for (size_t i = 0; i < node->items_count; i++) {
        const mr_topology_item *item = &node->items[i];

        if (item->kind == MR_TOPOLOGY_PROCESSOR) {
            found += mr_topology_runs_on(resident, item->number);
        }
    }
    for (unsigned int i = 0; i < 64 * MR_TOPOLOGY_WORDS; i++) {
        all += mr_topology_runs_on(resident, i);
    }
    return found > 0 && found == all;
}

static void check_node(const mr_topology *node, int rank)
{
    const mr_topology_resident *one = find_resident(node, rank, "");

    MRT_CHECK(node->items_count > 0);
    MRT_EQUAL(node->items[0].kind, MR_TOPOLOGY_MACHINE);
    MRT_CHECK(!node->foreign);
    if (MRT_CHECK(one)) {
        MRT_CHECK(one->pid > 0);
        MRT_CHECK(runs_on_the_node(node, one));
    }
    MRT_CHECK(!find_resident(node, rank, "Topology"));
}

static void each_node_tells_its_ranks(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_topology *node = NULL;

        if (!MRT_OK(mr_topology_read(rank, &node))) {
            return;
        }
        check_node(node, rank);
        if (rank == 0) {
            MRT_EQUAL(find_resident(node, 0, "")->pid, getpid());
            MRT_TEXT(node->host, mr_host());
        }
        for (int other = 0; other < mr_size(); other++) {
            if (!several_nodes()) {
                MRT_CHECK(find_resident(node, other, ""));
            }
        }
        mr_topology_free(node);
    }
}

static int wait_for_item(const void *argument, size_t size)
{
    int item;

    (void)size;
    CHILD_OK(mr_queue_get(*(const mr_queue *)argument, &item, sizeof item, NULL,
                          GUARD));
    return child_result();
}

static void processes_are_told_by_name(void)
{
    int rank = mr_size() - 1;
    const mr_process_options options = {.name = "<Lodger & Co>",
                                        .place = MR_ON_RANK(rank)};
    mr_topology *node = NULL;
    mr_process process;
    mr_queue queue;
    int64_t pid = 0;
    int item = 0;

    if (!MRT_OK(mr_queue_create(&queue, NULL)) ||
        !MRT_OK(mr_process_create(&process, wait_for_item, &queue, sizeof queue,
                                  &options)) ||
        !MRT_OK(mr_process_start(process))) {
        return;
    }
    MRT_OK(mr_process_pid(process, &pid));
    if (MRT_OK(mr_topology_read(rank, &node))) {
        const mr_topology_resident *one =
            find_resident(node, rank, options.name);

        if (MRT_CHECK(one)) {
            MRT_EQUAL(one->pid, pid);
            MRT_CHECK(runs_on_the_node(node, one));
        }
        mr_topology_free(node);
    }
    MRT_OK(mr_queue_put(queue, &item, sizeof item, GUARD));
    END(process, 0);
    if (MRT_OK(mr_topology_read(rank, &node))) {
        MRT_CHECK(!find_resident(node, rank, options.name));
        mr_topology_free(node);
    }
    MRT_OK(mr_queue_destroy(queue));
}

static int read_all(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_topology *node = NULL;

        if (CHILD_OK(mr_topology_read(rank, &node))) {
            CHILD_CHECK(find_resident(node, rank, ""));
            mr_topology_free(node);
        }
    }
    return child_result();
}

static void children_read_it_as_well(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, read_all, NULL, 0);
    }
}

static void wrong_arguments_are_refused(void)
{
    mr_topology *node = (mr_topology *)&before;

    MRT_EQUAL(before, MR_ERR_STATE);
    MRT_ERROR(mr_topology_read(0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_topology_read(-1, &node), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_topology_read(mr_size(), &node), MR_ERR_ARGUMENT);
    MRT_CHECK(node == (mr_topology *)&before);
    mr_topology_free(NULL);
}

static const mrt_test tests[] = {
    {"each_node_tells_its_ranks", each_node_tells_its_ranks, 0},
    {"processes_are_told_by_name", processes_are_told_by_name, 0},
    {"children_read_it_as_well", children_read_it_as_well, 0},
    {"wrong_arguments_are_refused", wrong_arguments_are_refused, 0},
};

int main(int argc, char **argv)
{
    mr_topology *node;

    before = mr_topology_read(0, &node);
    return suite_main("topology", tests, MRT_COUNT(tests), argc, argv);
}
