/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elsewhere: how the engine reaches objects of other nodes.
 *
 * The engine knows this table and nothing else about messages.  far/ puts its
 * own table here in each process of a job with several nodes; until then, and
 * in a job on one node, there is no other node: no handle is far, and the
 * default table refuses what it is asked.
 */
#ifndef MRI_ENGINE_ELSEWHERE_H
#define MRI_ENGINE_ELSEWHERE_H

#include "engine/object.h"
#include "util/rank_local.h"

/* Waiting for several objects of one other rank, as a part of mr_wait. */
typedef struct mri_watch mri_watch;

typedef struct mri_elsewhere_ops {
    /* An operation on an object of another node.  Errors as mri_operate. */
    mr_error (*operate)(mri_record *self, const mri_kind_ops *ops,
                        mr_handle handle, unsigned int operation,
                        mri_call *call, double timeout);

    /* Make an object on a rank of another node, and unmake one.  Errors as
     * mri_create and mri_destroy. */
    mr_error (*create)(mri_record *self, const mri_kind_ops *ops,
                       unsigned int rank, mri_call *call, mr_handle *handle);
    mr_error (*destroy)(mri_record *self, mr_handle handle);

    /* Wait until no pipelined call of the thread is under way.  To be called
     * only while self->pipelined is set. */
    void (*settle)(mri_record *self);

    /* Receive what has arrived.  NULL: nothing ever arrives in this process.
     * The thread must not be active on an object.  True: something was done. */
    bool (*poll)(void);

    /* Begin to watch `count` objects of one rank.  The thread's bell rings when
     * one of them is ready; `tolerates` as in engine/wait_near.h.
     * MR_ERR_NO_MEMORY, MR_ERR_LIMIT, or why the message cannot be sent. */
    mr_error (*watch_begin)(mri_record *self, const mr_handle *handles,
                            size_t count, bool tolerates, double timeout,
                            mri_watch **watch);

    /* MRI_WOULD_BLOCK while nothing is ready; else how the watch ended.  With
     * MR_OK, and if `found` is not NULL, it gets a table of what was found, see
     * engine/wait_near.h, valid until watch_free. */
    mr_error (*watch_poll)(mri_watch *watch, const unsigned char **found);

    /* Ask for a last look, and wait for its answer. */
    void (*watch_cancel)(mri_watch *watch);
    void (*watch_await)(mri_watch *watch);
    void (*watch_free)(mri_watch *watch);
} mri_elsewhere_ops;

extern MRI_RANK_LOCAL const mri_elsewhere_ops *mri_elsewhere_of_rank;
#define mri_elsewhere MRI_OWN(mri_elsewhere_of_rank)

/* What the thread does next is seen after what it did before: pipelined calls
 * have arrived. */
static inline void mri_settle(mri_record *self)
{
    if (self->pipelined) {
        mri_elsewhere->settle(self);
    }
}

#endif
