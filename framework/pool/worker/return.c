/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the way of a result out of its worker: from mr_task_return into a
 * message of the thread, and from there into the mailbox of the caller.
 *
 * A put is waited for, so that a task has not ended before its result is
 * there: what a rank that is lost took with it is done again.  A worker that
 * waits for room checks now and then whether anybody still wants the result.
 */
#include "pool/worker/return.h"

#include <multirank/iterator.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mailbox.h"
#include "pool/worker/failure.h"
#include "pool/worker/spawned.h"
#include "util/log.h"

/* A message that was as large as this is not kept for the next batch. */
enum { LARGE_MESSAGE = 1 << 20 };

#define POLL_INTERVAL 1.0 /* seconds */

/* Of the thread that works. */
static _Thread_local struct stream {
    mr_task_function *function; /* the task; NULL: results go another way */
    const mri_batch *batch;
    mri_slot *slot;
    mri_result *message; /* head and bytes of one result */
    size_t size;         /* bytes behind the head */
    size_t capacity;
} stream;

typedef struct failure {
    mri_result head;
    mr_task_error error;
} failure;

static bool make_room(size_t size)
{
    size_t capacity = stream.capacity ? stream.capacity : 4096;
    mri_result *message;

    if (size <= stream.capacity) {
        return true;
    }
    if (size > SIZE_MAX / 4) {
        return false;
    }
    while (capacity < size) {
        capacity *= 2;
    }
    message = realloc(stream.message, sizeof *message + capacity);
    if (message) {
        stream.message = message;
        stream.capacity = capacity;
    }
    return message != NULL;
}

mr_error mr_task_return(const void *data, size_t size)
{
    if (!stream.function || mri_task.frame) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "mr_task_return: call it only in a task of "
                        "mr_pool_imap or mr_pool_imap_unordered");
    }
    if (!data && size) {
        return mri_bad_argument("mr_task_return", "data", "is NULL");
    }
    if (!make_room(size)) {
        return MR_ERR_NO_MEMORY;
    }
    if (size) {
        memcpy(stream.message + 1, data, size);
    }
    stream.size = size;
    return MR_OK;
}

/* MR_OK also when the result is not wanted any more.  MR_ERR_TIMEOUT only if
 * `waits` is false and there is no room. */
static mr_error put(const mri_result *message, size_t size, bool waits)
{
    mr_error error;

    do {
        error = mri_mailbox_put(stream.batch->results, message, size,
                                POLL_INTERVAL);
        if (error == MR_ERR_CLOSED || error == MR_ERR_STALE ||
            error == MR_ERR_OWNER_LOST || mri_load(&stream.batch->cancelled)) {
            return MR_OK;
        }
    } while (error == MR_ERR_TIMEOUT && waits);
    return error;
}

static mr_error put_result(size_t index)
{
    mri_result nothing;
    mri_result *message = stream.size ? stream.message : &nothing;

    assert(stream.size <= stream.capacity);
    *message = (mri_result){.index = index};
    return put(message, sizeof *message + stream.size, true);
}

/* If it cannot be put it stays in the slot, which needs nothing. */
static void put_failure(size_t index, mr_error code)
{
    failure f = {.head = {.index = index, .failed = 1}};

    mri_batch_describe_failure(mri_self(), index, code, &f.error);
    if (put(&f.head, sizeof f, false) != MR_OK) {
        mri_batch_keep_failure(stream.slot, &f.error);
        mri_batch_await_told(stream.batch, stream.slot);
    }
}

/* What a worker calls for each task.  The map sees no failure of it. */
static mr_error run(const void *input, void *output, const mr_task *task)
{
    mri_record *self = mri_self();
    mr_error error;

    stream.size = 0;
    error = stream.function(input, output, task);
    mri_batch_stop_copy(stream.slot);
    if (!error && mri_load(&stream.batch->spawned)) {
        error = mri_spawned_finish(self, mri_at(mri_peek(&self->working)),
                                   stream.slot);
    }
    if (!error) {
        error = put_result(task->index);
    }
    if (error) {
        put_failure(task->index, error);
    }
    return MR_OK;
}

mr_task_function *mri_return_begin(const mri_batch *batch, mri_slot *slot,
                                   mr_task_function *function)
{
    assert(function != run && batch->results.kind != MRI_NONE);
    stream.slot = slot;
    stream.batch = batch;
    stream.function = function;
    return run;
}

void mri_return_end(void)
{
    stream.function = NULL;
    if (stream.capacity > LARGE_MESSAGE) {
        free(stream.message);
        stream.message = NULL;
        stream.capacity = 0;
    }
}
