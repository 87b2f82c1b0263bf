/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the copying of an Array to all nodes.
 *
 * The nodes form a tree, and each fetches its copy from its parent, fragment by
 * fragment, while the parent fetches the same from its own: a read of a
 * fragment that the parent does not have yet waits there.  So the data travel
 * through the whole tree at the same time.  The tree is a chain when there are
 * at least as many fragments as nodes, as each node then sends everything only
 * once, and else binary, which is less deep (Pjesivac-Grbovic and others,
 * "Performance analysis of MPI collective operations", Cluster Computing 10,
 * 2007).
 *
 * A copy is made on the first rank of its node.  That rank fetches in a thread
 * of its own, which begins when the copy is made; the creator only waits.
 * Until all have come, all copies go with the creator (mri_array_go_with), and
 * with a copy ends its fetching.  A parent that is lost is replaced by the
 * source.  A node that is lost has no copy.
 */
#include "objects/data/replica.h"

#include <assert.h>
#include <stdlib.h>

#include "memory/liveness.h"
#include "memory/segment.h"
#include "objects/data/spread.h"
#include "runtime/background.h"
#include "runtime/job/identity.h"
#include "util/log.h"

enum { FRAGMENT = 1 << 20 }; /* bytes */

static size_t fragment_of(mr_type type)
{
    return FRAGMENT / mri_element_size(type);
}

/* ---- fetching, in the rank that has the copy ----------------------------- */

typedef struct fetch {
    mr_array copy;
    size_t count;
    mri_array_origin origin;
} fetch;

/* Its elements come from the parent, or, once that is lost, from the source. */
static mr_error fetch_all(const fetch *f, void *buffer)
{
    size_t most = fragment_of((mr_type)f->copy.handle.variant);
    mr_array from = {f->origin.parent};
    size_t first = 0;
    mr_error error = MR_OK;

    while (!error && first < f->count) {
        size_t part = f->count - first < most ? f->count - first : most;

        error = mri_array_pull(from, first, part, buffer);
        if (error == MR_ERR_OWNER_LOST &&
            from.handle.owner != f->origin.source.owner) {
            from.handle = f->origin.source;
            error = MR_OK;
        } else if (!error) {
            error = mri_array_fill(f->copy, first, part, buffer, MR_OK);
            first += part;
        }
    }
    return error;
}

/* If the copy was destroyed meanwhile nobody wants to know why it ends. */
static void run(const void *argument)
{
    const fetch *f = argument;
    void *buffer = malloc(FRAGMENT);
    mr_error error = buffer ? fetch_all(f, buffer) : MR_ERR_NO_MEMORY;

    free(buffer);
    if (error) {
        (void)!mri_array_fill(f->copy, 0, 0, NULL, error);
    }
}

mr_error mri_replica_begin(mr_array copy, size_t count,
                           const mri_array_origin *origin)
{
    const fetch f = {.copy = copy, .count = count, .origin = *origin};

    assert(copy.handle.owner == mri_here.rank);
    return mri_background_start(run, &f, sizeof f);
}

/* ---- making copies ------------------------------------------------------- */

/* The copies by the numbers of their nodes.  In the tree the nodes have other
 * numbers, from that of the source on. */
typedef struct replicas {
    mr_array source;
    size_t count; /* of elements */
    size_t nodes;
    size_t first; /* the number of the source's node */
    unsigned int *ranks;
    mr_handle *copies;
} replicas;

static size_t node_at(const replicas *r, size_t place)
{
    return (r->first + place) % r->nodes;
}

static mr_type type_of(const replicas *r)
{
    return (mr_type)r->source.handle.variant;
}

/* The next one above, up to the source, that has a copy. */
static mr_handle parent_of(const replicas *r, size_t place)
{
    size_t fragments = r->count / fragment_of(type_of(r)) + 1;
    bool chain = fragments >= r->nodes;

    do {
        place = chain ? place - 1 : (place - 1) / 2;
    } while (r->copies[node_at(r, place)].kind == MRI_NONE);
    return r->copies[node_at(r, place)];
}

/* On the first rank of a node that is not lost. */
static mr_error make_copy(replicas *r, size_t place)
{
    size_t node = node_at(r, place);
    unsigned int leader = r->ranks[node];
    const mri_array_origin origin = {.parent = parent_of(r, place),
                                     .source = r->source.handle};
    mr_array copy = {0};
    mr_error error = MR_ERR_OWNER_LOST;

    for (unsigned int rank = leader;
         rank < mri_node.ranks && error == MR_ERR_OWNER_LOST; rank++) {
        if (mri_node.leaders[rank] == leader && !mri_rank_is_lost(rank)) {
            error =
                mri_array_make_copy(rank, type_of(r), r->count, &origin, &copy);
        }
    }
    if (!error) {
        r->copies[node] = copy.handle;
    }
    return error == MR_ERR_OWNER_LOST ? MR_OK : error;
}

static mr_error make_copies(replicas *r)
{
    mr_error error = MR_OK;

    r->copies[r->first] = r->source.handle;
    for (size_t place = 1; !error && place < r->nodes; place++) {
        error = make_copy(r, place);
    }
    return error;
}

static mr_error await_copies(replicas *r)
{
    mr_error error = MR_OK;

    for (size_t i = 0; !error && i < r->nodes; i++) {
        if (i == r->first || r->copies[i].kind == MRI_NONE) {
            continue;
        }
        error = mri_array_await((mr_array){r->copies[i]}, r->count);
        if (error == MR_ERR_OWNER_LOST &&
            mri_rank_is_lost(r->copies[i].owner)) {
            r->copies[i] = (mr_handle){0};
            error = MR_OK;
        }
    }
    return error;
}

static bool list_nodes(replicas *r)
{
    r->copies = calloc(mri_node.ranks, sizeof *r->copies);
    r->ranks = calloc(mri_node.ranks, sizeof *r->ranks);
    for (unsigned int rank = 0; r->ranks && rank < mri_node.ranks; rank++) {
        if (mri_node.leaders[rank] == rank) {
            r->ranks[r->nodes++] = rank;
        }
    }
    r->first = mri_spread_node_number(r->source.handle.owner);
    return r->copies && r->ranks;
}

mr_error mri_replicate(unsigned int rank, mr_array source, size_t count,
                       mri_chosen_lock lock, mr_array *array)
{
    replicas r = {.source = source, .count = count};
    mr_error error = list_nodes(&r) ? make_copies(&r) : MR_ERR_NO_MEMORY;

    if (!error) {
        error = await_copies(&r);
    }
    if (!error) {
        const mri_array_facts facts = {
            .count = count, .unit = 1, .copies = r.nodes, .lock = lock};

        error = mri_spread_join(rank, type_of(&r), &facts, r.copies, r.nodes,
                                array);
    }
    if (error && r.copies) {
        r.copies[r.first] = (mr_handle){0};
        mri_spread_destroy_blocks(r.copies, r.nodes);
    }
    if (error) {
        mri_spread_destroy_blocks(&source.handle, 1);
    }
    free(r.copies);
    free(r.ranks);
    return error;
}
