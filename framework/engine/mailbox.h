/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mailboxes: the queues of the runtime, some of them in well-known rows.  They
 * are a kind of their own, so no handle of a user, forged or damaged, reaches
 * them.
 */
#ifndef MRI_ENGINE_MAILBOX_H
#define MRI_ENGINE_MAILBOX_H

#include "engine/object.h"

/* Make one of kind MRI_MAILBOX in a segment, with memory of an arena.
 * MR_ERR_NO_MEMORY, MR_ERR_LIMIT. */
mr_error mri_mailbox_build(mri_record *self, unsigned int index,
                           uint64_t maxsize, mri_pool pool, mr_handle *handle);

/* What mri_create wants for a mailbox in the heap of a rank. */
typedef struct mri_mailbox_spec {
    uint64_t maxsize; /* 0: none */
    uint64_t creator; /* endpoint with which it ends; 0: none */
} mri_mailbox_spec;

/* Errors as mr_queue_put and mr_queue_get; *size is written with MR_OK and
 * MR_ERR_TRUNCATED. */
mr_error mri_mailbox_put(mr_handle handle, const void *item, size_t size,
                         double timeout);
mr_error mri_mailbox_get(mr_handle handle, void *item, size_t capacity,
                         size_t *size, double timeout);

/* In a try function: put an item of at most 56 bytes into another one, of the
 * segment of the function's object.  MRI_WOULD_BLOCK: call->list says where to
 * wait.  MR_ERR_STALE. */
mr_error mri_mailbox_put_second(mri_record *self, mr_handle handle,
                                const void *item, size_t size, mri_call *call);

/* The same with new memory, for free(). */
mr_error mri_mailbox_get_alloc(mr_handle handle, void **item, size_t *size,
                               double timeout);

/* Items in it, and how many there may be. */
mr_error mri_mailbox_count(mr_handle handle, uint64_t *items,
                           uint64_t *maxsize);

/* The process id of the rank whose segment it is in, on the rank's host.
 * MR_ERR_OWNER_LOST; MR_ERR_STALE. */
mr_error mri_mailbox_rank_process(mr_handle handle, int64_t *process);

/* Get an item of any size by a function that needs room for it. */
mr_error
mri_get_alloc(mr_error (*get)(mr_handle, void *, size_t, size_t *, double),
              mr_handle handle, void **item, size_t *size, double timeout);

/* The mailbox in a row that every segment has from the start. */
static inline mr_handle mri_mailbox_at(unsigned int rank, unsigned int row)
{
    return (mr_handle){
        .owner = rank, .slot = row, .generation = 1, .kind = MRI_MAILBOX};
}

extern const mri_kind_ops mri_mailbox_ops;

#endif
