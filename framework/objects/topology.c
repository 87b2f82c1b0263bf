/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the description of nodes: this one from hwloc and from the endpoints in
 * its segments, another by a process there, which puts its own description
 * into a queue here.
 *
 * A description is one block, so that it can travel: items, then residents,
 * behind the struct.
 */
#include <multirank/topology.h>

#include <stdlib.h>
#include <string.h>

#include <multirank/queue.h>

#include "engine/interrupt.h"
#include "memory/liveness.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "runtime/job/identity.h"
#include "runtime/server/process_state.h"
#include "topology/describe.h"
#include "util/log.h"
#include "util/settings.h"

enum { PUT_SECONDS = 10 };

/* What says where a resident would run on another machine. */
typedef struct origin {
    unsigned int segment;
    unsigned int workers; /* with it, that do tasks on its rank; or 0 */
} origin;

/* The residents of the node, in the order of the segments. */
typedef struct census {
    mr_topology_resident *residents;
    origin *origins; /* of each */
    size_t count;
    size_t room;
} census;

/* ---- residents ----------------------------------------------------------- */

/* A process may end at any moment, and its object with it; then the id of its
 * row is another, and what was copied is not used. */
static bool look_at_process(const mri_endpoint *row, uint64_t id,
                            mr_topology_resident *one, origin *from)
{
    mri_ref process = mri_load(&row->process);

    if (process) {
        mri_object *object = mri_at(process);

        if (!mri_load(&object->detail)) {
            return false;
        }
        memccpy(one->name, mri_process_name_of(object), 0, MR_NAME_SIZE);
        one->name[MR_NAME_SIZE - 1] = '\0';
        from->workers = (unsigned int)mri_process_of(object)->workers;
    }
    return mri_load(&row->id) == id;
}

/* Makes room for one more. */
static mr_error grow(census *all)
{
    size_t room = all->room ? 2 * all->room : 64;
    void *residents =
        reallocarray(all->residents, room, sizeof *all->residents);
    void *origins;

    if (!residents) {
        return MR_ERR_NO_MEMORY;
    }
    all->residents = residents;
    origins = reallocarray(all->origins, room, sizeof *all->origins);
    if (!origins) {
        return MR_ERR_NO_MEMORY;
    }
    all->origins = origins;
    all->room = room;
    return MR_OK;
}

/* The endpoint in a row, unless that has ended meanwhile. */
static mr_error count_row(census *all, unsigned int index, uint64_t id,
                          const mri_endpoint *row)
{
    mr_topology_resident one = {.rank = (int)mri_segment_at(index)->rank,
                                .pid = (int64_t)mri_load(&row->pid)};
    origin from = {.segment = index};
    mr_error error = MR_OK;

    if (!look_at_process(row, id, &one, &from) ||
        !mri_processors_of((pid_t)one.pid, (mri_processors *)one.processors)) {
        return MR_OK;
    }
    if (all->count == all->room) {
        error = grow(all);
    }
    if (!error) {
        all->residents[all->count] = one;
        all->origins[all->count++] = from;
    }
    return error;
}

/* The rank of a segment, and its processes but one. */
static mr_error count_segment(census *all, unsigned int index, uint64_t but)
{
    const mri_table *table = &mri_segment_at(index)->endpoints;
    uint64_t backed = mri_load(&table->backed);
    mr_error error = MR_OK;

    for (uint64_t slot = 0; !error && slot < backed; slot++) {
        const mri_endpoint *row = mri_table_row(table, slot);
        uint64_t id = mri_load(&row->id);

        if (id && id != but && slot != MRI_SLOT_SERVER) {
            error = count_row(all, index, id, row);
        }
    }
    return error;
}

static mr_error count_all(census *all, uint64_t but)
{
    mr_error error = MR_OK;

    for (unsigned int i = 0; !error && i < mri_node.count; i++) {
        if (!mri_rank_is_lost((unsigned int)mri_segment_at(i)->rank)) {
            error = count_segment(all, i, but);
        }
    }
    return error;
}

/* Where they would run on another machine. */
static void move(census *all, const mri_placement *placements)
{
    for (size_t i = 0; i < all->count; i++) {
        mr_topology_resident *one = &all->residents[i];
        const origin *from = &all->origins[i];
        const mri_placement *placement = &placements[from->segment];
        const mri_processors *set = &placement->bound;

        if (*one->name) {
            set = from->workers
                      ? mri_placement_for_workers(placement, from->workers)
                      : &placement->allowed;
        }
        memcpy(one->processors, set, sizeof one->processors);
    }
}

/* ---- blocks -------------------------------------------------------------- */

_Static_assert(sizeof(mri_processors) ==
                   sizeof(((mr_topology_resident *)NULL)->processors),
               "sets of processors are the same inside and outside");

static size_t block_size(size_t items, size_t residents)
{
    return sizeof(mr_topology) + items * sizeof(mr_topology_item) +
           residents * sizeof(mr_topology_resident);
}

/* Pointers into a block, wherever it came from. */
static void point(mr_topology *block)
{
    block->items = (const mr_topology_item *)(block + 1);
    block->residents =
        (const mr_topology_resident *)(block->items + block->items_count);
}

static mr_topology *make_block(const mri_description *machine,
                               const census *all)
{
    mr_topology *block = calloc(1, block_size(machine->count, all->count));

    if (!block) {
        return NULL;
    }
    memcpy(block->host, mri_here.host, sizeof block->host);
    memcpy(block->model, machine->model, sizeof block->model);
    block->foreign = machine->foreign;
    block->items_count = machine->count;
    block->residents_count = all->count;
    point(block);
    memcpy((void *)block->items, machine->items,
           machine->count * sizeof *machine->items);
    if (all->count) {
        memcpy((void *)block->residents, all->residents,
               all->count * sizeof *all->residents);
    }
    return block;
}

/* This node, without an endpoint that is here for this alone. */
static mr_error read_here(uint64_t but, mr_topology **topology)
{
    mri_placement *placements = calloc(mri_node.count, sizeof *placements);
    mri_description machine = {0};
    census all = {0};
    mr_topology *block = NULL;
    mr_error error = placements ? count_all(&all, but) : MR_ERR_NO_MEMORY;

    if (!error) {
        error = mri_describe(&machine, (int)mri_settings()->bind, placements,
                             mri_node.count);
    }
    if (!error) {
        if (machine.foreign) {
            move(&all, placements);
        }
        block = make_block(&machine, &all);
        error = block ? MR_OK : MR_ERR_NO_MEMORY;
    }
    if (!error) {
        *topology = block;
    }
    free(machine.items);
    free(all.residents);
    free(all.origins);
    free(placements);
    return error;
}

/* ---- other nodes --------------------------------------------------------- */

/* What the process there runs. */
static int describe_node(const void *argument, size_t size)
{
    mr_topology *block = NULL;
    mr_queue queue;
    mr_error error;

    (void)size;
    memcpy(&queue, argument, sizeof queue);
    error = read_here(mri_self_endpoint(), &block);
    if (!error) {
        error =
            mr_queue_put(queue, block,
                         block_size(block->items_count, block->residents_count),
                         PUT_SECONDS);
    }
    mr_topology_free(block);
    return (int)error;
}

/* Its exit code is an error of ours, unless it was killed. */
static mr_error run_there(int rank, mr_queue queue)
{
    const mr_process_options options = {.name = "Topology",
                                        .place = MR_ON_RANK(rank)};
    mr_process process;
    int code = 0;
    mr_error error = mr_process_create(&process, describe_node, &queue,
                                       sizeof queue, &options);

    if (error) {
        return error;
    }
    error = mr_process_start(process);
    if (!error) {
        mri_interrupts_off();
        error = mr_process_join(process, MR_FOREVER);
        mri_interrupts_on();
    }
    if (!error) {
        error = mr_process_exit_code(process, &code);
    }
    mr_process_destroy(process);
    if (!error && code) {
        error = code > 0 ? (mr_error)code : MR_ERR_WORKER_DIED;
    }
    return error;
}

static mr_error take_block(mr_queue queue, mr_topology **topology)
{
    void *bytes = NULL;
    size_t size = 0;
    mr_topology *block;
    mr_error error = mr_queue_get_alloc(queue, &bytes, &size, 0);

    if (error) {
        return error;
    }
    block = bytes;
    point(block);
    *topology = block;
    return MR_OK;
}

static mr_error read_there(int rank, mr_topology **topology)
{
    mr_queue queue;
    mr_error error = mr_queue_create(&queue, NULL);

    if (error) {
        return error;
    }
    error = run_there(rank, queue);
    if (!error) {
        error = take_block(queue, topology);
    }
    mr_queue_destroy(queue);
    return error;
}

mr_error mr_topology_read(int rank, mr_topology **topology)
{
    if (!mri_self_endpoint() || !mri_node.base) {
        return MR_ERR_STATE;
    }
    if (!topology) {
        return mri_bad_argument("mr_topology_read", "topology", "is NULL");
    }
    if (rank < 0 || (unsigned int)rank >= mri_here.size) {
        return mri_bad_argument("mr_topology_read", "rank",
                                "names no rank of the job");
    }
    return mri_is_far((unsigned int)rank) ? read_there(rank, topology)
                                          : read_here(0, topology);
}

void mr_topology_free(mr_topology *topology)
{
    free(topology);
}
