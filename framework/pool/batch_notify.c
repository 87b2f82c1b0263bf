/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the notification of workers of a batch, by their mailboxes.
 */
#include "engine/mailbox.h"

#include "pool/batch.h"
#include "runtime/work_loop.h"
#include <assert.h>

/* A worker with so many unread notifications is in a long task and gets no more
 * of them.  A worker that wakes late, on a busy machine, has fewer: without a
 * notification it would not hear of a batch. */
enum { MAX_NOTIFICATIONS = 256 };

mr_error mri_batch_notify(mr_handle batch, const mri_batch_worker *worker,
                          unsigned int slot, double timeout)
{
    mri_work work = {.what = MRI_WORK_BATCH,
                     .worker = (uint32_t)worker->number,
                     .job = batch,
                     .slot = slot};
    mr_error error;

    assert(worker->mailbox.kind == MRI_MAILBOX);
    error = mri_mailbox_put(worker->mailbox, &work, sizeof work, timeout);
    return error == MR_ERR_STALE || error == MR_ERR_CLOSED ? MR_OK : error;
}

static uint64_t unread_notifications(const mri_batch_worker *worker)
{
    uint64_t unread = 0;
    uint64_t maxsize;

    return worker->mailbox.kind != MRI_NONE &&
                   mri_mailbox_count(worker->mailbox, &unread, &maxsize) ==
                       MR_OK
               ? unread
               : 0;
}

/* The workers that are told immediately: those with tasks in their slots, or
 * all; of these only those that may begin soon, or any. */
typedef enum audience { IDLE, ALL_IDLE, ALL } audience;

static bool is_meant(const mri_batch_spec *spec, unsigned int slot,
                     audience whom)
{
    const mri_batch_worker *worker = &spec->list[slot];

    return worker->mailbox.kind != MRI_NONE &&
           (whom > IDLE || !mri_batch_defers(spec, spec->count, slot)) &&
           (whom == ALL || unread_notifications(worker) < MAX_NOTIFICATIONS);
}

/* True when at least one was notified. */
static bool post(mr_handle batch, const mri_batch_spec *spec, audience whom,
                 mr_error *refused)
{
    bool told = false;

    for (unsigned int i = 0; i < spec->workers; i++) {
        if (is_meant(spec, i, whom)) {
            mr_error error = mri_batch_notify(batch, &spec->list[i], i, 0);

            told |= error == MR_OK;
            *refused = error ? error : *refused;
        }
    }
    return told;
}

/* No notification is deferred when workers with tasks in their slots have
 * unread ones: they may be in other batches. */
static bool defers_some(const mri_batch_spec *spec)
{
    if (!mri_batch_is_for_few(spec, spec->count)) {
        return false;
    }
    for (unsigned int i = 0; i < spec->workers; i++) {
        if (!mri_batch_defers(spec, spec->count, i) &&
            unread_notifications(&spec->list[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* One that works is enough, as it takes what the others leave. */
mr_error mri_batch_notify_all(mr_handle batch, const mri_batch_spec *spec)
{
    mr_error refused = MR_OK;

    if ((defers_some(spec) && post(batch, spec, IDLE, &refused)) ||
        post(batch, spec, ALL_IDLE, &refused) ||
        post(batch, spec, ALL, &refused)) {
        return MR_OK;
    }
    return refused == MR_ERR_TIMEOUT ? MR_ERR_NO_MEMORY : refused;
}

bool mri_batch_notify_rest(mr_handle batch, const mri_batch_spec *spec,
                           uint64_t count)
{
    bool all = true;

    for (unsigned int i = 0; i < spec->workers; i++) {
        if (spec->list[i].mailbox.kind != MRI_NONE &&
            mri_batch_defers(spec, count, i)) {
            all &= mri_batch_notify(batch, &spec->list[i], i, 0) == MR_OK;
        }
    }
    return all;
}
