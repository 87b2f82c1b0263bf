/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the memory that the ranks of a node share: who shares with whom, the
 * exchange of the segments, and what each rank writes into its own.
 */
#include "runtime/job/map_segments.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "engine/object.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "message/world.h"
#include "runtime/output.h"
#include "util/log.h"
#include "util/settings.h"

static int descriptor = -1; /* of this rank's segment */
static int64_t allowance;

mr_error mri_nodes_find(void)
{
    bool far = mri_settings()->route == MRI_ROUTE_FAR;
    uint32_t *leaders = calloc(mri_all.size, sizeof *leaders);
    mr_error error = mri_agree(leaders ? MR_OK : MR_ERR_NO_MEMORY);

    if (!error) {
        error = mri_agree(mri_world_find_nodes(far, leaders));
    }
    if (!error) {
        error =
            mri_region_lay_out(leaders, mri_all.size, leaders[mri_all.rank]);
        error = mri_agree(error);
    }
    free(leaders);
    return error;
}

/* Where the others find this rank's segment: /proc/PID/fd/FD. */
typedef struct segment_file {
    int64_t pid;
    int64_t descriptor;
} segment_file;

static mr_error open_segments(const segment_file *files, int *descriptors)
{
    unsigned int mine = mri_index_of(mri_all.rank);

    for (unsigned int i = 0; i < mri_node.count; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/%lld/fd/%lld",
                 (long long)files[i].pid, (long long)files[i].descriptor);
        descriptors[i] =
            i == mine ? descriptor : open(path, O_RDWR | O_CLOEXEC);
        if (descriptors[i] < 0) {
            return mri_system_error("open of another rank's segment");
        }
    }
    return MR_OK;
}

static mr_error map_segments(void)
{
    segment_file mine = {.pid = getpid(), .descriptor = descriptor};
    segment_file *files = calloc(mri_node.count, sizeof *files);
    int *descriptors = calloc(mri_node.count, sizeof *descriptors);
    mr_error error = mri_agree(files && descriptors ? MR_OK : MR_ERR_NO_MEMORY);

    if (!error) {
        mri_node_gather(&mine, files, sizeof mine);
        error = open_segments(files, descriptors);
    }
    if (!error) {
        error = mri_region_map(descriptors, allowance);
    }
    free(files);
    free(descriptors);
    return error;
}

/* The rows that others expect in every segment, in the order of their
 * numbers. */
static mr_error build_rows(mri_record *self, unsigned int index)
{
    mr_error error = mri_objects_format(self, index);

    for (unsigned int row = MRI_ROW_REQUESTS; !error && row < MRI_ROWS; row++) {
        uint64_t most = row == MRI_ROW_OUTPUT ? MRI_OUTPUT_ITEMS : 0;
        mri_pool pool = row == MRI_ROW_RELAY_LARGE ? MRI_HEAP : MRI_RESERVE;
        mr_handle handle;

        error = mri_mailbox_build(self, index, most, pool, &handle);
    }
    return error;
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
    return self ? build_rows(self, index) : MR_ERR_NO_MEMORY;
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

    if (mri_index_of(mri_all.rank) == 0) {
        allowance = mri_segment_allowance(mri_all.local_ranks);
    }
    mri_node_broadcast(&allowance, sizeof allowance);
    error = mri_agree(mri_segment_create(allowance, &descriptor));
    if (!error) {
        error = mri_agree(map_segments());
    }
    if (!error) {
        error = mri_segment_format(mri_index_of(mri_all.rank), mri_all.rank);
    }
    if (!error) {
        error = mri_rank_format(mri_all.rank, share_of_node(processors));
    }
    return mri_agree(error);
}
