/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Queue: the public face of a mailbox.
 */
#include <multirank/queue.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "objects/create.h"
#include "runtime/job/identity.h"
#include "util/log.h"

mr_error mr_queue_create(mr_queue *queue, const mr_queue_options *options)
{
    mri_mailbox_spec spec = {.maxsize = options ? options->maxsize : 0};
    mri_call call = {.in = &spec, .in_size = sizeof spec};

    return mri_create_at(&mri_queue_ops, options ? options->place : 0, &call,
                         "mr_queue_create", "queue",
                         queue ? &queue->handle : NULL);
}

mr_error mr_queue_put(mr_queue queue, const void *item, size_t size,
                      double timeout)
{
    if (!item && size) {
        return mri_bad_argument("mr_queue_put", "item", "is NULL");
    }
    return mri_queue_put(queue.handle, item, size, timeout);
}

mr_error mr_queue_get(mr_queue queue, void *item, size_t capacity, size_t *size,
                      double timeout)
{
    if (!item && capacity) {
        return mri_bad_argument("mr_queue_get", "item", "is NULL");
    }
    return mri_queue_get(queue.handle, item, capacity, size, timeout);
}

mr_error mr_queue_get_alloc(mr_queue queue, void **item, size_t *size,
                            double timeout)
{
    if (!item || !size) {
        return mri_bad_argument("mr_queue_get_alloc", item ? "size" : "item",
                                "is NULL");
    }
    return mri_queue_get_alloc(queue.handle, item, size, timeout);
}

mr_error mr_queue_empty(mr_queue queue, bool *empty)
{
    uint64_t count;
    uint64_t maxsize;
    mr_error error;

    if (!empty) {
        return mri_bad_argument("mr_queue_empty", "empty", "is NULL");
    }
    error = mri_queue_count(queue.handle, &count, &maxsize);
    if (!error) {
        *empty = count == 0;
    }
    return error;
}

mr_error mr_queue_full(mr_queue queue, bool *full)
{
    uint64_t count;
    uint64_t maxsize;
    mr_error error;

    if (!full) {
        return mri_bad_argument("mr_queue_full", "full", "is NULL");
    }
    error = mri_queue_count(queue.handle, &count, &maxsize);
    if (!error) {
        *full = maxsize && count >= maxsize;
    }
    return error;
}

mr_error mr_queue_qsize(mr_queue queue, size_t *count)
{
    uint64_t items;
    uint64_t maxsize;
    mr_error error;

    if (!count) {
        return mri_bad_argument("mr_queue_qsize", "count", "is NULL");
    }
    error = mri_queue_count(queue.handle, &items, &maxsize);
    if (!error) {
        *count = items;
    }
    return error;
}

mr_error mr_queue_destroy(mr_queue queue)
{
    return mri_destroy(&mri_queue_ops, queue.handle);
}
