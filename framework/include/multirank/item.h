/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items that are not copied, and items that are gathered from several buffers.
 *
 * A lent item is memory of a queue or a pipe that the caller writes before it
 * is put, or reads after it was taken:
 *
 *     mr_queue_reserve(queue, size, &item, MR_FOREVER);
 *     ...                                     write item.data
 *     mr_queue_commit(queue, &item, MR_FOREVER);
 *
 *     mr_queue_take(queue, &item, MR_FOREVER);
 *     ...                                     read or change item.data
 *     mr_item_release(&item);
 *
 * On the node of the queue nothing is copied, so the time does not depend on
 * the size.  A taken item may also be committed to another queue.  If the
 * borrower dies, its lent items are freed.
 */
#ifndef MULTIRANK_ITEM_H
#define MULTIRANK_ITEM_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_item {
    void *data;   /* aligned to 64 bytes; NULL: nothing is lent */
    size_t size;  /* bytes; may be made smaller before a commit */
    uint64_t row; /* do not use this member */
} mr_item;

/* Bytes that become a part of a gathered item. */
typedef struct mr_buffer {
    const void *data; /* may be NULL if size is 0 */
    size_t size;
} mr_buffer;

/**
 * Give a lent item back without putting it.
 *
 * Callers:   the endpoint that reserved or took it, any thread.
 * Blocks:    never.
 * Ownership: the memory is freed, and *item is zeroed.
 * Errors:    MR_ERR_ARGUMENT - item is NULL, or is not lent to the caller;
 *            MR_ERR_STATE - there is no job.
 * Differs:   Python copies items.
 */
MR_API mr_error mr_item_release(mr_item *item);

#ifdef __cplusplus
}
#endif

#endif
