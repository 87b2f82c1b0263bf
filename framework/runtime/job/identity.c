/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a process knows of its own place.
 */
#include "runtime/job/identity.h"

#include <multirank/job.h>
#include <unistd.h>

#include "memory/record.h"
#include "memory/segment.h"
#include "util/log.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

MRI_RANK_LOCAL mri_job_identity mri_here_of_rank;
_Thread_local bool mri_inside_task;

mr_error mri_may_create_processes(const char *function)
{
    uint64_t self = mri_self_endpoint();

    if (!mri_node.base || !self) {
        return MR_ERR_STATE;
    }
    if (mri_inside_task) {
        return mri_fail(
            MR_ERR_STATE, MR_LOG_INFO,
            "%s: a task of a pool may not call this: call it in main or in "
            "a process",
            function);
    }
    if (mri_load(&mri_endpoint_at(self)->daemon)) {
        return mri_fail(
            MR_ERR_STATE, MR_LOG_INFO,
            "%s: a daemon may have no children: start them elsewhere",
            function);
    }
    return MR_OK;
}

mr_error mri_place_rank(const char *function, int place, unsigned int *rank)
{
    if (!mri_node.base) {
        return MR_ERR_STATE;
    }
    if (place == MR_PLACE_DEFAULT) {
        *rank = mri_endpoint_rank(mri_self_endpoint());
        return MR_OK;
    }
    if (place < 0 || (unsigned int)place > mri_here.size) {
        return mri_bad_argument(function, "place", "names no rank of the job");
    }
    *rank = (unsigned int)place - 1;
    return MR_OK;
}

int mr_rank(void)
{
    return mri_node.base ? (int)mri_endpoint_rank(mri_self_endpoint()) : -1;
}

int mr_size(void)
{
    return mri_node.base ? (int)mri_here.size : 0;
}

int mr_processors(void)
{
    return mri_node.base ? (int)mri_segment_at(0)->processors : 0;
}

const char *mr_host(void)
{
    return mri_node.base ? mri_here.host : "";
}

const char *mr_version(void)
{
    return PACKAGE_VERSION;
}
