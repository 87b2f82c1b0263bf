/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the memory that the ranks of a node share: who shares with whom, the
 * exchange of the segments, and what each rank writes into its own.
 */
#include "runtime/job/map_segments.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "engine/object.h"
#include "memory/allowance.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "message/world.h"
#include "runtime/job/exchange_segments.h"
#include "runtime/output.h"
#include "runtime/server/process_state.h"
#include "util/log.h"
#include "util/settings.h"

/* From the time when the nodes are found until the segments are mapped. */
static int *descriptors; /* of the segments of the node */
static int64_t allowance;

/* ---- nodes --------------------------------------------------------------- */

static int64_t smallest(const int64_t *numbers, unsigned int count)
{
    int64_t least = numbers[0];

    for (unsigned int i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
    }
    return least;
}

/* All segments of a node have one size: the ranks may be in control groups of
 * their own, or have limits of their own. */
static mr_error agree_on_allowance(void)
{
    int64_t wanted = mri_segment_allowance(mri_all.local_ranks);
    int64_t fits = mri_segment_fit(wanted);
    int64_t *all = calloc(mri_node_size(), sizeof *all);
    mr_error error = mri_agree(all ? MR_OK : MR_ERR_NO_MEMORY);

    if (!error) {
        mri_node_gather(&wanted, all, sizeof wanted);
        wanted = smallest(all, mri_node_size());
        mri_node_gather(&fits, all, sizeof fits);
        allowance = smallest(all, mri_node_size());
        if (allowance < wanted && mri_node_rank() == 0) {
            mri_log(
                MR_LOG_WARNING,
                "each rank shares %lld bytes instead of %lld, as 'ulimit -f' "
                "allows no larger file; raise it, or set MR_MEMORY to less",
                (long long)allowance, (long long)wanted);
        }
    }
    free(all);
    return error;
}

/* Keep the descriptors of the ranks that still are of this node. */
static void keep_descriptors(const bool *alone, unsigned int count,
                             unsigned int me)
{
    unsigned int kept = 0;

    for (unsigned int i = 0; i < count; i++) {
        if (alone[me] ? i == me : !alone[i]) {
            descriptors[kept++] = descriptors[i];
        } else if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
}

/* Ranks that cannot have each other's segments are on different nodes;
 * collective. */
static mr_error part_from_unreachable(bool far, uint32_t *leaders)
{
    unsigned int count = mri_node_size();
    unsigned int me = mri_node_rank();
    bool *alone = calloc(count, sizeof *alone);
    mr_error error = mri_agree(alone ? MR_OK : MR_ERR_NO_MEMORY);

    if (!error) {
        error = mri_agree(mri_segments_who_is_alone(descriptors, alone));
    }
    if (!error) {
        unsigned int parted = 0;

        for (unsigned int i = 0; i < count; i++) {
            parted |= alone[i];
        }
        if (alone[me]) {
            mri_log(MR_LOG_WARNING,
                    "rank %u and others on this machine share no memory, as "
                    "one may not open the other's files or is in another "
                    "process namespace; they exchange messages, which is "
                    "slower",
                    mri_all.rank);
        }
        keep_descriptors(alone, count, me);
        if (mri_world_unite(parted)) {
            error = mri_agree(mri_world_find_nodes(far || alone[me], leaders));
        }
    }
    free(alone);
    return error;
}

mr_error mri_check_ranks(unsigned int ranks)
{
    if (ranks <= MRI_RANKS_MAX) {
        return MR_OK;
    }
    return mri_fail(
        MR_ERR_LIMIT, MR_LOG_ERROR,
        "the job has %u ranks, but at most %d can work together; start "
        "fewer",
        ranks, MRI_RANKS_MAX);
}

mr_error mri_nodes_find(void)
{
    bool far = mri_settings()->route == MRI_ROUTE_FAR;
    uint32_t *leaders = calloc(mri_all.size, sizeof *leaders);
    int mine = -1;
    mr_error error;

    error = mri_check_ranks(mri_all.size); /* the same at all ranks */
    if (error) {
        free(leaders);
        return error;
    }
    descriptors = calloc(mri_all.size, sizeof *descriptors);
    error = mri_agree(leaders && descriptors ? MR_OK : MR_ERR_NO_MEMORY);
    if (!error) {
        error = mri_agree(mri_world_find_nodes(far, leaders));
    }
    if (!error) {
        error = agree_on_allowance();
    }
    if (!error) {
        error = mri_agree(mri_segment_create(allowance, &mine));
    }
    if (!error) {
        error = mri_agree(mri_segments_exchange(mine, descriptors));
    }
    if (!error) {
        error = part_from_unreachable(far, leaders);
    }
    if (!error) {
        error =
            mri_region_lay_out(leaders, mri_all.size, leaders[mri_all.rank]);
        error = mri_agree(error);
    }
    free(leaders);
    return error;
}

/* ---- segments ------------------------------------------------------------ */

/* The rows that others expect in every segment, in the order of their
 * numbers. */
static mr_error build_rows(mri_record *self, unsigned int index,
                           unsigned int rank)
{
    mr_error error = mri_objects_format(self, index);

    for (unsigned int row = MRI_ROW_REQUESTS; !error && row < MRI_ROW_MAIN;
         row++) {
        uint64_t most = row == MRI_ROW_OUTPUT ? MRI_OUTPUT_ITEMS : 0;
        mr_handle handle;

        error = mri_mailbox_build(self, index, most, MRI_RESERVE, &handle);
    }
    return error ? error : mri_main_format(self, rank);
}

static void format_endpoints(unsigned int rank)
{
    for (unsigned int slot = 0; slot < MRI_SLOT_FIRST_PROCESS; slot++) {
        uint64_t id = mri_endpoint_id(1, rank, slot);
        mri_endpoint *endpoint = mri_endpoint_at(id);

        mri_store(&endpoint->generation, 1);
        mri_store(&endpoint->pid, (uint64_t)getpid());
        mri_store(&endpoint->id, id);
    }
}

mr_error mri_rank_format(unsigned int rank, unsigned int processors)
{
    unsigned int index = mri_index_of(rank);
    mri_record *self;

    mri_segment_at(index)->processors = processors;
    format_endpoints(rank);
    mri_become(mri_endpoint_id(1, rank, MRI_SLOT_RANK), false);
    self = mri_self();
    return self ? build_rows(self, index, rank) : MR_ERR_NO_MEMORY;
}

/* The part of a machine's processors that falls to a node of it. */
static unsigned int share_of_node(unsigned int processors)
{
    unsigned int share = processors * mri_node.count / mri_all.local_ranks;

    return share ? share : 1;
}

mr_error mri_segments_map(unsigned int processors)
{
    mr_error error;

    error = mri_agree(mri_region_map(descriptors, allowance));
    free(descriptors);
    descriptors = NULL;
    if (!error) {
        error = mri_segment_format(mri_index_of(mri_all.rank), mri_all.rank);
    }
    if (!error) {
        error = mri_rank_format(mri_all.rank, share_of_node(processors));
    }
    return mri_agree(error);
}
