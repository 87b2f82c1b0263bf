/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the table for jobs on one node.  Its functions can only be reached with
 * a handle of another job, or of none.
 */
#include "engine/elsewhere.h"

static mr_error no_operation(mri_record *self, const mri_kind_ops *ops,
                             mr_handle handle, unsigned int operation,
                             mri_call *call, double timeout)
{
    (void)self;
    (void)ops;
    (void)handle;
    (void)operation;
    (void)call;
    (void)timeout;
    return MR_ERR_STALE;
}

static mr_error no_create(mri_record *self, const mri_kind_ops *ops,
                          unsigned int rank, mri_call *call, mr_handle *handle)
{
    (void)self;
    (void)ops;
    (void)rank;
    (void)call;
    (void)handle;
    return MR_ERR_STALE;
}

static mr_error no_destroy(mri_record *self, mr_handle handle)
{
    (void)self;
    (void)handle;
    return MR_ERR_STALE;
}

static void nothing_to_settle(mri_record *self)
{
    self->pipelined = 0;
}

static mr_error no_watch(mri_record *self, const mr_handle *handles,
                         size_t count, bool tolerates, double timeout,
                         mri_watch **watch)
{
    (void)self;
    (void)handles;
    (void)count;
    (void)tolerates;
    (void)timeout;
    (void)watch;
    return MR_ERR_STALE;
}

/* No watch begins, so the functions that take one are never called. */
static const mri_elsewhere_ops nowhere = {.operate = no_operation,
                                          .create = no_create,
                                          .destroy = no_destroy,
                                          .settle = nothing_to_settle,
                                          .watch_begin = no_watch};

MRI_RANK_LOCAL const mri_elsewhere_ops *mri_elsewhere_of_rank = &nowhere;
