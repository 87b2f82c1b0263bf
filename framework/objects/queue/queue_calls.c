/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the calls of Queue but put and get, which queue.c has.
 */
#include <multirank/queue.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "objects/create.h"
#include "objects/hold.h"
#include "objects/lending.h"
#include "objects/queue/queue.h"
#include "util/clock.h"
#include "util/log.h"

static mr_error operate(mr_queue queue, unsigned int operation, mri_call *call,
                        double timeout)
{
    return mri_operate(&mri_queue_ops, queue.handle, operation, call, timeout);
}

mr_error mr_queue_create(mr_queue *queue, const mr_queue_options *options)
{
    mri_queue_spec spec = {0};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error;

    if (options) {
        spec.maxsize = options->maxsize;
        spec.per_producer = options->per_producer;
        if (options->exact && options->per_producer) {
            return mri_bad_argument("mr_queue_create", "options",
                                    "has exact and per_producer");
        }
    }
    error = mri_create_at(&mri_queue_ops, options ? options->place : 0, &call,
                          "mr_queue_create", "queue",
                          queue ? &queue->handle : NULL);
    if (!error && options && options->exact) {
        queue->handle.variant |= MRI_QUEUE_EXACT;
    }
    return error;
}

mr_error mr_queue_destroy(mr_queue queue)
{
    return mri_destroy(&mri_queue_ops, queue.handle);
}

/* ---- items --------------------------------------------------------------- */

static mr_error get(mr_handle queue, void *item, size_t capacity, size_t *size,
                    double timeout)
{
    return mr_queue_get((mr_queue){queue}, item, capacity, size, timeout);
}

mr_error mr_queue_get_alloc(mr_queue queue, void **item, size_t *size,
                            double timeout)
{
    if (!item || !size) {
        return mri_bad_argument("mr_queue_get_alloc", item ? "size" : "item",
                                "is NULL");
    }
    return mri_get_alloc(get, queue.handle, item, size, timeout);
}

/* So many items that a message takes them, so that their order is that of all
 * other puts. */
static mr_error put_some(mr_queue queue, const void *items, size_t size,
                         size_t *count, double timeout)
{
    size_t max = MRI_OUT_MAX / size;
    mri_call call = {.in = items, .argument = size};
    mr_error error;

    if (max <= 1) {
        error = mr_queue_put(queue, items, size, timeout);
        *count = !error;
        return error;
    }
    if (*count > max) {
        *count = max;
    }
    call.in_size = *count * size;
    error = operate(queue, MRI_QUEUE_PUT_MANY, &call, timeout);
    if (error) {
        *count = call.result;
    }
    return error;
}

mr_error mr_queue_put_many(mr_queue queue, const void *items, size_t size,
                           size_t count, size_t *put, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    const unsigned char *at = items;
    size_t left = count;
    mr_error error = MR_OK;

    if (!items || !size) {
        return mri_bad_argument("mr_queue_put_many", items ? "size" : "items",
                                items ? "is 0" : "is NULL");
    }
    while (left && !error) {
        size_t some = left;

        error = put_some(queue, at, size, &some, timeout);
        at += some * size;
        left -= some;
        timeout = mri_timeout_left(timeout, deadline);
    }
    if (put) {
        *put = count - left;
    }
    return error;
}

/* An item that is too large for a message with others comes alone. */
static mr_error get_some(mr_queue queue, mri_call *call, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    size_t capacity = call->out_size;
    uint64_t max = call->argument;
    mr_error error;

    for (;;) {
        error = operate(queue, MRI_QUEUE_GET_MANY, call, timeout);
        if (error != MR_ERR_TRUNCATED || call->result > capacity) {
            return error;
        }
        timeout = mri_timeout_left(timeout, deadline);
        error =
            mr_queue_get(queue, call->out, capacity, &call->argument, timeout);
        if (error != MR_ERR_TRUNCATED) {
            call->result = 1;
            return error;
        }
        /* Another consumer was faster. */
        timeout = mri_timeout_left(timeout, deadline);
        call->argument = max;
        call->out_size = capacity;
    }
}

mr_error mr_queue_get_many(mr_queue queue, void *items, size_t capacity,
                           size_t max, size_t *count, size_t *size,
                           double timeout)
{
    mri_call call = {.out = items, .out_size = capacity, .argument = max};
    mr_error error;

    if ((!items && capacity) || !max || !count) {
        return mri_bad_argument("mr_queue_get_many",
                                !count ? "count"
                                : max  ? "items"
                                       : "max",
                                count && !max ? "is 0" : "is NULL");
    }
    error = get_some(queue, &call, timeout);
    if (!error) {
        *count = call.result;
    }
    if (size && (error == MR_OK || error == MR_ERR_TRUNCATED)) {
        *size = error ? call.result : call.argument;
    }
    return error;
}

/* ---- lent and gathered items --------------------------------------------- */

static const mri_lending lending = {
    .ops = &mri_queue_ops,
    .reserve_call = "mr_queue_reserve",
    .commit_call = "mr_queue_commit",
    .take_call = "mr_queue_take",
    .gathered_call = "mr_queue_put_gathered",
    .put = MRI_QUEUE_PUT,
    .get = MRI_QUEUE_GET,
    .reserve = MRI_QUEUE_RESERVE,
    .commit = MRI_QUEUE_COMMIT,
    .take = MRI_QUEUE_TAKE,
};

mr_error mr_queue_reserve(mr_queue queue, size_t size, mr_item *item,
                          double timeout)
{
    return mri_lending_reserve(&lending, queue.handle, size, item, timeout);
}

mr_error mr_queue_commit(mr_queue queue, mr_item *item, double timeout)
{
    return mri_lending_commit(&lending, queue.handle, item, timeout);
}

mr_error mr_queue_take(mr_queue queue, mr_item *item, double timeout)
{
    return mri_lending_take(&lending, queue.handle, item, timeout);
}

mr_error mr_queue_put_gathered(mr_queue queue, const mr_buffer *buffers,
                               size_t count, double timeout)
{
    return mri_lending_put_gathered(&lending, queue.handle, buffers, count,
                                    timeout);
}

/* ---- what is in it ------------------------------------------------------- */

static mr_error count_items(mr_queue queue, uint64_t *items, uint64_t *maxsize)
{
    mri_call call = {0};
    mr_error error = operate(queue, MRI_QUEUE_COUNT, &call, 0);

    *items = call.result;
    *maxsize = call.argument;
    return error;
}

mr_error mr_queue_empty(mr_queue queue, bool *empty)
{
    uint64_t count;
    uint64_t maxsize;
    mr_error error;

    if (!empty) {
        return mri_bad_argument("mr_queue_empty", "empty", "is NULL");
    }
    error = count_items(queue, &count, &maxsize);
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
    error = count_items(queue, &count, &maxsize);
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
    error = count_items(queue, &items, &maxsize);
    if (!error) {
        *count = items;
    }
    return error;
}

/* ---- close, and producers that are counted ------------------------------- */

mr_error mr_queue_close(mr_queue queue)
{
    mri_call call = {0};

    return operate(queue, MRI_QUEUE_CLOSE, &call, 0);
}

mr_error mri_queue_attach_other(mr_handle queue, uint64_t id)
{
    uint64_t me = mri_holder_of_self();
    mri_call call = {.argument = id, .in = &me, .in_size = sizeof me};
    mr_error error = operate((mr_queue){queue}, MRI_QUEUE_ATTACH, &call, 0);

    if (error != MR_ERR_NOT_HELD) {
        return error;
    }
    return mri_fail(error, MR_LOG_INFO,
                    "mr_process_create: the caller is no producer of a queue "
                    "in options->producer_of: call mr_queue_attach before, and "
                    "mr_queue_detach when all its producers are created");
}

mr_error mr_queue_attach(mr_queue queue)
{
    return mri_hold(&mri_queue_ops, queue.handle, MRI_QUEUE_ATTACH);
}

mr_error mr_queue_detach(mr_queue queue)
{
    return mri_hold_no_more(&mri_queue_ops, queue.handle, MRI_QUEUE_DETACH);
}

/* ---- items that are done ------------------------------------------------- */

mr_error mr_queue_task_done(mr_queue queue, size_t count)
{
    mri_call call = {.argument = count};

    if (!count) {
        return mri_bad_argument("mr_queue_task_done", "count", "is 0");
    }
    return operate(queue, MRI_QUEUE_DONE, &call, 0);
}

mr_error mr_queue_join(mr_queue queue, double timeout)
{
    mri_call call = {0};

    return operate(queue, MRI_QUEUE_JOIN, &call, timeout);
}
