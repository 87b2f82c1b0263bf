/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the plan of a machine.
 *
 * The processors that some ranks share are put into groups, the best first:
 * the first processor of each performance core, that of each other core, then
 * the second processor of each performance core, and so on.  Ranks fill one
 * group after the other.  A group with more processors than ranks left is
 * given to them by hwloc_distrib, which keeps neighbours together and apart
 * from other packages and NUMA nodes; but who has to share a core gets one
 * processor.  In the end what is left of a core goes to the first rank on it,
 * so a core is split only where it must be.
 */
#include "topology/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/settings.h"

/* The ranks that share one set, while they are planned. */
typedef struct local_ranks {
    hwloc_topology_t topology;
    hwloc_bitmap_t allowed;
    hwloc_bitmap_t taken;
    hwloc_bitmap_t *shares; /* of each of `count` */
    unsigned int count;
    unsigned int done;
    unsigned int layer; /* 0: the first processors of cores */
} local_ranks;

void mri_plan_from_hwloc(mri_processors *set, hwloc_const_bitmap_t bitmap)
{
    int number = -1;

    memset(set, 0, sizeof *set);
    while ((number = hwloc_bitmap_next(bitmap, number)) >= 0 &&
           number < MRI_PROCESSORS_MAX) {
        mri_processors_add(set, (unsigned int)number);
    }
}

void mri_plan_to_hwloc(hwloc_bitmap_t bitmap, const mri_processors *set)
{
    hwloc_bitmap_from_ulongs(bitmap, MRI_PROCESSORS_WORDS, set->words);
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
    return a < b ? a : b;
}

static unsigned int weight(hwloc_const_bitmap_t set)
{
    int bits = hwloc_bitmap_weight(set);

    return bits < 0 ? 0 : (unsigned int)bits;
}

static unsigned int cores_in(hwloc_topology_t topology,
                             hwloc_const_bitmap_t set)
{
    hwloc_bitmap_t one = hwloc_bitmap_dup(set);
    unsigned int cores;

    hwloc_bitmap_singlify_per_core(topology, one, 0);
    cores = weight(one);
    hwloc_bitmap_free(one);
    return cores ? cores : 1;
}

/* ---- shares -------------------------------------------------------------- */

/* They take their shares. */
static void hand_out(local_ranks *s, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++, s->done++) {
        if (s->layer > 0) {
            hwloc_bitmap_singlify(s->shares[s->done]);
        }
        hwloc_bitmap_or(s->taken, s->taken, s->shares[s->done]);
    }
}

/* Give a set to the next `count` ranks; it has a processor for each. */
static void divide(local_ranks *s, hwloc_const_bitmap_t set, unsigned int count)
{
    hwloc_topology_t part;
    hwloc_obj_t root;

    if (hwloc_topology_dup(&part, s->topology) != 0) {
        return;
    }
    if (hwloc_topology_restrict(part, set, 0) == 0) {
        root = hwloc_get_root_obj(part);
        if (hwloc_distrib(part, &root, 1, s->shares + s->done, count, INT_MAX,
                          0) == 0) {
            hand_out(s, count);
        }
    }
    hwloc_topology_destroy(part);
}

static void divide_group(local_ranks *s, hwloc_const_bitmap_t group)
{
    unsigned int processors = weight(group);
    unsigned int left = s->count - s->done;

    if (processors && left) {
        divide(s, group, smaller(processors, left));
    }
}

/* One group after the other, of the processors that are in a layer: the first
 * of each core, or the second... */
static void divide_layer(local_ranks *s, hwloc_const_bitmap_t layer)
{
    hwloc_bitmap_t rest = hwloc_bitmap_dup(layer);
    hwloc_bitmap_t kind = hwloc_bitmap_alloc();
    hwloc_bitmap_t group = hwloc_bitmap_alloc();
    int kinds = hwloc_cpukinds_get_nr(s->topology, 0);
    int efficiency = -1;

    /* They come in the order of their efficiency, the best last; without one
     * the order means nothing. */
    for (int i = kinds - 1; i >= 0; i--) {
        hwloc_cpukinds_get_info(s->topology, (unsigned int)i, kind, &efficiency,
                                NULL, NULL, 0);
        if (efficiency >= 0) {
            hwloc_bitmap_and(group, rest, kind);
            divide_group(s, group);
            hwloc_bitmap_andnot(rest, rest, kind);
        }
    }
    divide_group(s, rest);
    hwloc_bitmap_free(rest);
    hwloc_bitmap_free(kind);
    hwloc_bitmap_free(group);
}

/* What nobody took of the cores on which a rank is. */
static void complete_share(local_ranks *s, hwloc_bitmap_t share)
{
    hwloc_bitmap_t more = hwloc_bitmap_alloc();
    hwloc_obj_t core = NULL;

    while ((
        core = hwloc_get_next_obj_by_type(s->topology, HWLOC_OBJ_CORE, core))) {
        if (hwloc_bitmap_intersects(core->cpuset, share)) {
            hwloc_bitmap_and(more, core->cpuset, s->allowed);
            hwloc_bitmap_andnot(more, more, s->taken);
            hwloc_bitmap_or(share, share, more);
            hwloc_bitmap_or(s->taken, s->taken, more);
        }
    }
    hwloc_bitmap_free(more);
}

/* There is a processor for each.  False: no memory. */
static bool share_out(local_ranks *s)
{
    hwloc_bitmap_t layer = hwloc_bitmap_alloc();
    unsigned int before;

    for (s->layer = 0; s->done < s->count; s->layer++) {
        hwloc_bitmap_copy(layer, s->allowed);
        hwloc_bitmap_singlify_per_core(s->topology, layer, s->layer);
        /* Processors without a core stay in every layer. */
        hwloc_bitmap_andnot(layer, layer, s->taken);
        before = s->done;
        divide_layer(s, layer);
        if (s->done == before) {
            break;
        }
    }
    hwloc_bitmap_free(layer);
    for (unsigned int i = 0; i < s->done; i++) {
        complete_share(s, s->shares[i]);
    }
    return s->done == s->count;
}

/* ---- what a rank is bound to --------------------------------------------- */

/* All objects of a type, or only the first, on which a share lies. */
static void widen(const local_ranks *s, hwloc_obj_type_t type, bool first,
                  hwloc_bitmap_t share)
{
    hwloc_bitmap_t wide = hwloc_bitmap_alloc();
    hwloc_obj_t object = NULL;

    while ((object = hwloc_get_next_obj_by_type(s->topology, type, object))) {
        if (hwloc_bitmap_intersects(object->cpuset, share)) {
            hwloc_bitmap_or(wide, wide, object->cpuset);
            if (first) {
                break;
            }
        }
    }
    if (!hwloc_bitmap_iszero(wide)) {
        hwloc_bitmap_and(share, wide, first ? share : s->allowed);
    }
    hwloc_bitmap_free(wide);
}

static void bind_share(const local_ranks *s, int bind, hwloc_bitmap_t share)
{
    switch (bind) {
    case MRI_BIND_NONE:
        hwloc_bitmap_copy(share, s->allowed);
        break;
    case MRI_BIND_CORE:
        widen(s, HWLOC_OBJ_CORE, true, share);
        break;
    case MRI_BIND_NUMA:
        widen(s, HWLOC_OBJ_NUMANODE, false, share);
        break;
    case MRI_BIND_PACKAGE:
        widen(s, HWLOC_OBJ_PACKAGE, false, share);
        break;
    default:
        break;
    }
}

/* ---- the plan ------------------------------------------------------------ */

/* The next rank that shares with `leader`, after `i`. */
static unsigned int next_local_rank(const mri_placement *placements,
                                    unsigned int count, unsigned int leader,
                                    unsigned int i)
{
    do {
        i++;
    } while (i < count && !mri_processors_same(&placements[i].allowed,
                                               &placements[leader].allowed));
    return i;
}

static bool is_leader(const mri_placement *placements, unsigned int i)
{
    for (unsigned int j = 0; j < i; j++) {
        if (mri_processors_same(&placements[j].allowed,
                                &placements[i].allowed)) {
            return false;
        }
    }
    return true;
}

static void place_local_ranks(local_ranks *s, int bind,
                              mri_placement *placements, unsigned int count,
                              unsigned int leader)
{
    unsigned int cores = cores_in(s->topology, s->allowed);
    bool shared = weight(s->allowed) >= s->count && share_out(s);
    unsigned int k = 0;

    for (unsigned int i = leader; i < count;
         i = next_local_rank(placements, count, leader, i), k++) {
        if (shared) {
            placements[i].cores = cores_in(s->topology, s->shares[k]);
            bind_share(s, bind, s->shares[k]);
            placements[i].cores = smaller(placements[i].cores,
                                          cores_in(s->topology, s->shares[k]));
            mri_plan_from_hwloc(&placements[i].bound, s->shares[k]);
        } else {
            placements[i].cores = cores / s->count ? cores / s->count : 1;
        }
    }
}

/* All ranks with the same set as `leader`; true: it is too small for them. */
static bool plan_local_ranks(hwloc_topology_t topology, int bind,
                             mri_placement *placements, unsigned int count,
                             unsigned int leader)
{
    local_ranks s = {.topology = topology};
    bool crowded = false;

    for (unsigned int i = leader; i < count;
         i = next_local_rank(placements, count, leader, i)) {
        s.count++;
    }
    s.allowed = hwloc_bitmap_alloc();
    s.taken = hwloc_bitmap_alloc();
    s.shares = calloc(s.count, sizeof *s.shares);
    mri_plan_to_hwloc(s.allowed, &placements[leader].allowed);
    hwloc_bitmap_and(s.allowed, s.allowed,
                     hwloc_topology_get_topology_cpuset(topology));
    if (s.shares && !hwloc_bitmap_iszero(s.allowed)) {
        crowded = weight(s.allowed) < s.count;
        place_local_ranks(&s, bind, placements, count, leader);
    }
    for (unsigned int i = 0; s.shares && i < s.count; i++) {
        hwloc_bitmap_free(s.shares[i]);
    }
    free(s.shares);
    hwloc_bitmap_free(s.allowed);
    hwloc_bitmap_free(s.taken);
    return crowded;
}

/* What is allowed to a rank and bound to no other. */
static void place_threads(mri_placement *placements, unsigned int count)
{
    mri_processors bound = {0};

    for (unsigned int i = 0; i < count; i++) {
        mri_processors_unite(&bound, &placements[i].bound);
    }
    for (unsigned int i = 0; i < count; i++) {
        placements[i].threads = placements[i].allowed;
        mri_processors_remove(&placements[i].threads, &bound);
        mri_processors_unite(&placements[i].threads, &placements[i].bound);
    }
}

void mri_plan(hwloc_topology_t topology, int bind, mri_placement *placements,
              unsigned int count, mri_placement_summary *summary)
{
    mri_processors all = {0};

    *summary = (mri_placement_summary){.ranks = count};
    for (unsigned int i = 0; i < count; i++) {
        placements[i].bound = placements[i].allowed;
        placements[i].cores = 1;
        mri_processors_unite(&all, &placements[i].allowed);
    }
    summary->processors = mri_processors_count(&all);
    if (summary->processors == 0) {
        summary->processors = 1;
    }
    for (unsigned int i = 0; topology && i < count; i++) {
        if (is_leader(placements, i)) {
            summary->crowded |=
                plan_local_ranks(topology, bind, placements, count, i);
        }
    }
    if (bind == MRI_BIND_NONE) {
        summary->crowded = false;
    }
    place_threads(placements, count);
}
