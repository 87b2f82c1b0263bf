/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the further lives of a batch: a small map would spend most of its time
 * on making and destroying one, so a pool keeps one, see pool/map.c.
 *
 * The thread that fills it again is in all slots meanwhile, as their workers
 * are at other times, so that no worker reads while it writes; a worker that
 * comes late, for earlier tasks, leaves at once or helps with the new ones.
 * Should the filler die, it is taken out of the slots as a worker is, and the
 * batch is cancelled, as its creator is gone.
 *
 * Fields that have not changed are not written, so that they stay in the caches
 * of the workers.
 */
#include "pool/batch.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "util/clock.h"

/* A worker that has just ended the last task leaves within some 100 ns. */
enum { PATIENCE = 1000 };

/* ---- slots --------------------------------------------------------------- */

static void leave_slots(mri_batch *batch, uint64_t count)
{
    assert(count <= batch->workers);
    for (uint64_t i = 0; i < count; i++) {
        mri_store(&batch->slots[i].worker, 0);
    }
}

static bool enter_slot(mri_record *self, mri_slot *slot)
{
    for (unsigned int i = 0; i < PATIENCE; i++) {
        if (mri_batch_enter_slot(self, slot)) {
            return true;
        }
        mri_pause();
    }
    return false;
}

static bool enter_slots(mri_record *self, mri_batch *batch)
{
    for (uint64_t i = 0; i < batch->workers; i++) {
        if (!enter_slot(self, &batch->slots[i])) {
            leave_slots(batch, i);
            return false;
        }
    }
    return true;
}

static void fill_slots(mri_batch *batch)
{
    for (uint64_t i = 0; i < batch->workers; i++) {
        mri_slot *slot = &batch->slots[i];

        mri_store(&slot->done, 0);
        mri_store(&slot->current, 0);
        mri_store(&slot->range, mri_batch_range(batch, i));
    }
}

/* ---- the batch ----------------------------------------------------------- */

/* The bytes that a block holds. */
static size_t room(const mri_owned_block *block)
{
    return mri_peek(&block->ref) ? block->size : 0;
}

static bool fits(mri_object *object, const mri_batch_spec *spec,
                 const mri_call *call)
{
    const mri_batch_body *body = mri_batch_body_of(object);
    size_t outputs = spec->outputs ? 0 : spec->count * spec->output_size;

    return spec->workers == mri_batch_of(object)->workers &&
           !mri_peek(&mri_batch_of(object)->spawned) &&
           spec->context.kind == MRI_NONE && !mri_peek(&body->context) &&
           spec->results.kind == MRI_NONE && !spec->old_outputs &&
           call->more_size <= room(&body->inputs) &&
           outputs <= room(&body->outputs);
}

static void fill(mri_object *object, const mri_batch_spec *spec,
                 const mri_call *call)
{
    mri_batch_body *body = mri_batch_body_of(object);
    mri_batch *batch = mri_batch_of(object);
    mri_batch next;

    memset(&next, 0, offsetof(mri_batch, begun));
    mri_batch_fill(&next, spec);
    next.inputs = spec->inputs;
    next.outputs = spec->outputs;
    next.clear_outputs = !spec->outputs && spec->output_size;
    if (call->more_size) {
        next.inputs = mri_peek(&body->inputs.ref);
        memcpy(mri_at(next.inputs), call->more, call->more_size);
    }
    if (next.clear_outputs) {
        next.outputs = mri_peek(&body->outputs.ref);
        assert(next.outputs);
    }
    if (memcmp(batch, &next, offsetof(mri_batch, begun)) != 0) {
        memcpy(batch, &next, offsetof(mri_batch, begun));
    }
}

mr_error mri_batch_try_refill(mri_record *self, mri_object *object,
                              mri_call *call)
{
    const mri_batch_spec *spec = call->in;
    mri_batch *batch = mri_batch_of(object);

    if (!fits(object, spec, call) || !enter_slots(self, batch)) {
        return MR_ERR_STATE;
    }
    assert(mri_batch_ended(batch) == batch->count);
    fill(object, spec, call);
    fill_slots(batch);
    leave_slots(batch, batch->workers);
    return MR_OK;
}
