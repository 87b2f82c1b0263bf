/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what is done about a worker that died inside a batch: its theft is
 * finished or forgotten, the task that it was in has failed, and the rest of
 * its chunk goes back.  What it wrote down, in which order, says
 * pool/worker/run.c.
 */
#include <assert.h>
#include <stdio.h>

#include "pool/worker/failure.h"
#include "pool/worker/run.h"
#include "pool/worker/spawned.h"
#include "runtime/job/identity.h"
#include "runtime/server/exit_status.h"

static void finish_theft(mri_batch *batch, mri_slot *slot, uint64_t thief)
{
    uint64_t number = mri_load(&slot->victim);
    uint64_t stolen = mri_load(&slot->stolen);
    mri_slot *victim;

    if (!number) {
        return;
    }
    assert(number <= batch->workers);
    victim = &batch->slots[number - 1];
    if (mri_load(&victim->thief) == thief && stolen &&
        mri_range_end(mri_load(&victim->range)) == mri_range_first(stolen) &&
        mri_load(&slot->range) != stolen) {
        mri_store(&slot->range, stolen);
    }
    mri_store(&slot->victim, 0);
    mri_batch_leave_as_thief(victim, thief);
    mri_batch_leave_as_thief(slot, thief);
}

static mr_task_error error_of_death(uint64_t endpoint)
{
    const mri_endpoint *gone = mri_endpoint_at(endpoint);
    int64_t status = (int64_t)mri_load(&gone->status);
    bool by_signal = status < 0 && status != MRI_STATUS_UNKNOWN;
    mr_task_error error = {.code = MR_ERR_WORKER_DIED,
                           .rank = (int)mri_endpoint_rank(endpoint),
                           .signal = by_signal ? (int)-status : 0};
    char how[128];

    mri_exit_status_text(status, how, sizeof how);
    snprintf(error.host, sizeof error.host, "%s", mri_here.host);
    snprintf(error.text, sizeof error.text,
             "the task ended its worker, process %lld, %s%s",
             (long long)mri_load(&gone->pid), how,
             status >= 0 ? ": a task must return" : "");
    return error;
}

static void task_failed(mri_record *self, mri_batch *batch, mri_slot *slot,
                        uint64_t index, mr_task_error *error)
{
    assert(index < batch->count);
    error->index = batch->first + index;
    if (batch->results.kind != MRI_NONE) {
        mri_batch_keep_failure(slot, error);
    }
    mri_batch_fail(self, batch, error);
}

/* Put the rest of a chunk back in front of the range it came from. */
static void put_back(mri_slot *slot, uint64_t first, uint64_t claim_end)
{
    uint64_t range = mri_load(&slot->range);
    uint64_t end;

    do {
        end = mri_range_end(range);
        if (mri_range_first(range) == end) {
            end = claim_end;
        }
    } while (!mri_cas(&slot->range, &range, mri_range(first, end)));
}

void mri_batch_abandon_task(mri_record *self, mri_batch *batch, mri_slot *slot,
                            mr_task_error *error)
{
    uint64_t claimed = mri_load(&slot->claimed);
    uint64_t first = mri_range_first(claimed);
    uint64_t end = mri_range_end(claimed);
    uint64_t done = mri_load(&slot->done_at_claimed);
    uint64_t current = mri_load(&slot->current);

    mri_spawned_abandon(self, batch, slot, error);
    if (first != end && mri_range_first(mri_load(&slot->range)) != first &&
        mri_load(&slot->done) == done) {
        uint64_t next = current ? current : first;

        assert(next >= first && next <= end);
        if (next < end) {
            put_back(slot, next, end);
        }
        if (current) {
            task_failed(self, batch, slot, current - 1, error);
        }
        /* Last, since the caller may then collect what there is. */
        mri_store(&slot->done, done + next - first);
    }
    mri_store(&slot->claimed, 0);
}

void mri_batch_repair(mri_record *self, mri_object *object, mri_record *dead)
{
    mri_batch *batch;
    uint64_t writer = mri_ref_of(dead);

    if (mri_identity_state(mri_load(&object->identity)) != MRI_LIVE) {
        return;
    }
    batch = mri_batch_of(object);
    mri_cas(&batch->error_state, &writer, 0);
    for (uint64_t i = 0; i < batch->workers; i++) {
        mri_slot *slot = &batch->slots[i];

        if (mri_load(&slot->worker) == mri_ref_of(dead)) {
            mr_task_error error = error_of_death(mri_load(&dead->owner));

            finish_theft(batch, slot, mri_ref_of(dead));
            mri_batch_abandon_task(self, batch, slot, &error);
            mri_swap(&slot->worker, 0);
        }
    }
    if (mri_load(&batch->cancelled)) {
        mri_batch_stop(self, object);
    }
}

void mri_batch_describe_death(mri_object *object, const mri_record *dead,
                              char *text, size_t size)
{
    mri_batch *batch = mri_batch_of(object);

    for (uint64_t i = 0; i < batch->workers; i++) {
        mri_slot *slot = &batch->slots[i];
        uint64_t current = mri_load(&slot->current);

        if (mri_load(&slot->worker) == mri_ref_of(dead) && current) {
            snprintf(text, size, " while it ran task %llu of a map",
                     (unsigned long long)(batch->first + current - 1));
        }
    }
}
