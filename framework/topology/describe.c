/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how hwloc's tree becomes a list.
 *
 * In hwloc a memory hangs beside the tree of cores, at the object whose
 * processors are near to it.  Here it stands inside of machines and packages,
 * around caches and cores.  A machine with a single memory has no item for it:
 * its size is that of the machine.
 */
#include "topology/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/load.h"
#include "topology/plan.h"
#include "util/log.h"

typedef struct builder {
    hwloc_topology_t topology;
    mri_description *out;
    size_t room;
    unsigned int cores;
    bool several_memories;
    bool failed; /* no memory */
} builder;

/* The index of the new item. */
static unsigned int add(builder *b, const mr_topology_item *item)
{
    mri_description *out = b->out;

    if (out->count == b->room) {
        size_t room = b->room ? 2 * b->room : 64;
        mr_topology_item *items = reallocarray(out->items, room, sizeof *items);

        if (!items) {
            b->failed = true;
            return 0;
        }
        out->items = items;
        b->room = room;
    }
    out->items[out->count] = *item;
    return (unsigned int)out->count++;
}

/* hwloc counts kinds from the slowest on, if it knows which that is. */
static unsigned int speed_of(const builder *b, hwloc_obj_t core)
{
    int kind = hwloc_cpukinds_get_by_cpuset(b->topology, core->cpuset, 0);
    int efficiency = -1;

    if (kind >= 0) {
        hwloc_cpukinds_get_info(b->topology, (unsigned int)kind, NULL,
                                &efficiency, NULL, NULL, 0);
    }
    return efficiency > 0 ? (unsigned int)efficiency : 0;
}

/* False: nothing that users are told of, as a group. */
static bool describe_object(builder *b, hwloc_obj_t object,
                            mr_topology_item *item)
{
    bool numbered = object->os_index != HWLOC_UNKNOWN_INDEX;

    item->number = numbered ? object->os_index : object->logical_index;
    if (hwloc_obj_type_is_dcache(object->type)) {
        item->kind = MR_TOPOLOGY_CACHE;
        item->number = object->logical_index;
        item->level = object->attr->cache.depth;
        item->size = object->attr->cache.size;
        return true;
    }
    switch (object->type) {
    case HWLOC_OBJ_MACHINE:
        item->kind = MR_TOPOLOGY_MACHINE;
        item->size = object->total_memory;
        return true;
    case HWLOC_OBJ_PACKAGE:
        item->kind = MR_TOPOLOGY_PACKAGE;
        item->size = b->several_memories ? object->total_memory : 0;
        return true;
    case HWLOC_OBJ_CORE:
        item->kind = MR_TOPOLOGY_CORE;
        item->number = b->cores++;
        item->speed = speed_of(b, object);
        return true;
    case HWLOC_OBJ_PU:
        item->kind = MR_TOPOLOGY_PROCESSOR;
        return true;
    default:
        return false;
    }
}

static unsigned int add_memory(builder *b, hwloc_obj_t memory,
                               unsigned int parent)
{
    const mr_topology_item item = {.kind = MR_TOPOLOGY_NUMA,
                                   .parent = parent,
                                   .number = memory->os_index,
                                   .size = memory->attr->numanode.local_memory};

    return add(b, &item);
}

/* The memories at an object.  The first comes last, as the rest stands in it.
 */
static unsigned int add_memories(builder *b, hwloc_obj_t object,
                                 unsigned int parent)
{
    hwloc_obj_t first = object->memory_first_child;

    if (!first || !b->several_memories) {
        return parent;
    }
    for (hwloc_obj_t other = first->next_sibling; other;
         other = other->next_sibling) {
        add_memory(b, other, parent);
    }
    return add_memory(b, first, parent);
}

static void add_tree(builder *b, hwloc_obj_t object, unsigned int parent)
{
    bool small =
        object->type != HWLOC_OBJ_MACHINE && object->type != HWLOC_OBJ_PACKAGE;
    unsigned int inner = small ? add_memories(b, object, parent) : parent;
    mr_topology_item item = {.parent = inner};

    if (describe_object(b, object, &item)) {
        inner = add(b, &item);
    }
    if (!small) {
        inner = add_memories(b, object, inner);
    }
    for (hwloc_obj_t child = object->first_child; child && !b->failed;
         child = child->next_sibling) {
        add_tree(b, child, inner);
    }
}

static mr_error add_all(hwloc_topology_t topology, mri_description *out)
{
    builder b = {.topology = topology, .out = out};
    hwloc_obj_t root = hwloc_get_root_obj(topology);
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *model =
        hwloc_obj_get_info_by_name(package ? package : root, "CPUModel");

    b.several_memories =
        hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE) > 1;
    snprintf(out->model, sizeof out->model, "%s", model ? model : "");
    out->foreign = !hwloc_topology_is_thissystem(topology);
    add_tree(&b, root, 0);
    return b.failed ? MR_ERR_NO_MEMORY : MR_OK;
}

/* As if all of that machine were allowed to all. */
static void plan_again(hwloc_topology_t topology, int bind,
                       mri_placement *placements, unsigned int count)
{
    mri_placement_summary summary;

    for (unsigned int i = 0; i < count; i++) {
        mri_plan_from_hwloc(&placements[i].allowed,
                            hwloc_topology_get_topology_cpuset(topology));
    }
    mri_plan(topology, bind, placements, count, &summary);
}

mr_error mri_describe(mri_description *description, int bind,
                      mri_placement *placements, unsigned int count)
{
    hwloc_topology_t topology;
    mr_error error;

    memset(description, 0, sizeof *description);
    if (!mri_topology_load(&topology, true)) {
        return mri_fail(MR_ERR_SYSTEM, MR_LOG_ERROR,
                        "hwloc finds no topology here; if HWLOC_XMLFILE "
                        "or HWLOC_SYNTHETIC is set, is it right?");
    }
    error = add_all(topology, description);
    if (!error && description->foreign && placements) {
        plan_again(topology, bind, placements, count);
    }
    hwloc_topology_destroy(topology);
    if (error) {
        free(description->items);
        description->items = NULL;
    }
    return error;
}
