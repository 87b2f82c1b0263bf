/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns batches: how they are made, and what comes back.
 */
#include "pool/batch.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/context.h"
#include "pool/worker/failure.h"
#include "pool/worker/run.h"
#include "pool/worker/spawned.h"
#include "util/clock.h"

enum {
    AWAIT = 0,
    LEFT,
    GATHER,
    TELL_ERROR,
    TELL_FAILURES,
    CANCEL,
    RESTART,
    TRIES
};

/* ---- operations ---------------------------------------------------------- */

static mr_error try_await(mri_record *self, mri_object *object, mri_call *call)
{
    mri_batch *batch = mri_batch_of(object);

    (void)self;
    call->list = 0;
    call->result = mri_batch_ended(batch);
    return mri_batch_is_over(batch, call->result) ? MR_OK : MRI_WOULD_BLOCK;
}

static mr_error try_left(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->result = mri_batch_anything_left(mri_batch_of(object));
    return MR_OK;
}

static void end(mri_object *object)
{
    (void)!mri_object_destroy(mri_handle_of(object), MRI_BATCH);
}

static void copy_outputs(mri_object *object, mri_call *call, size_t size)
{
    memcpy(call->out, mri_at(mri_peek(&mri_batch_body_of(object)->outputs.ref)),
           size);
    call->out_size = size;
}

/* To another node they go from where they lie: so they leave the batch.  Its
 * end needs owned slot 0, in which they are lent. */
static void take_outputs(mri_record *self, mri_object *object)
{
    mri_owned_block *outputs = &mri_batch_body_of(object)->outputs;

    assert(!mri_peek(&self->owned[2].block));
    mri_latch(self, &object->wait_latch);
    mri_owned_take(self, 2, &outputs->ref, outputs->size);
    mri_commit(self);
    mri_unlatch(self, &object->wait_latch);
}

static void lend_outputs(mri_record *self, mri_call *call, size_t size)
{
    mri_ref block = mri_peek(&self->owned[2].block);

    assert(block && !mri_peek(&self->owned[0].block));
    mri_store(&self->owned[0].size, mri_peek(&self->owned[2].size));
    mri_store(&self->owned[0].block, block);
    mri_store(&self->owned[2].block, 0);
    call->out = mri_at(block);
    call->out_size = size;
}

static bool has_failed(const mri_batch *batch)
{
    return mri_load(&batch->error_state) == MRI_ERROR_SET;
}

/* Outputs in place are where they belong, whatever the batch may have kept; and
 * a single task that failed has no output. */
static size_t size_of_outputs(mri_object *object)
{
    mri_batch *batch = mri_batch_of(object);
    mri_ref own = mri_peek(&mri_batch_body_of(object)->outputs.ref);

    return own && own == batch->outputs &&
                   !(batch->total == 1 && has_failed(batch))
               ? batch->count * batch->output_size
               : 0;
}

/* Between the first task and the last; 0 if that is not known yet. */
static uint64_t time_taken(const mri_batch *batch)
{
    uint64_t ended = mri_load(&batch->ended);

    return ended ? ended - mri_load(&batch->begun) : 0;
}

/* call->argument asks to keep the batch, and then tells whether a task failed;
 * if none did, this is the end of the batch, unless it is kept.  call->result
 * is the size of the outputs, if there is no room for them; else the time that
 * the tasks took. */
static mr_error try_gather(mri_record *self, mri_object *object, mri_call *call)
{
    mri_batch *batch = mri_batch_of(object);
    bool keep = call->argument != 0;
    size_t size;
    bool lends;

    if (try_await(self, object, call) == MRI_WOULD_BLOCK) {
        return MRI_WOULD_BLOCK;
    }
    assert(mri_batch_ended(batch) == batch->count);
    size = size_of_outputs(object);
    assert(size <= mri_batch_body_of(object)->outputs.size);
    lends = mri_lends(call, size);
    if (size > call->out_size) {
        call->result = size;
        return MR_ERR_TRUNCATED;
    }
    call->result = time_taken(batch);
    call->argument = has_failed(batch);
    if (lends) {
        take_outputs(self, object);
    } else if (size) {
        copy_outputs(object, call, size);
    }
    if (!call->argument && !keep) {
        end(object);
    }
    if (lends) {
        lend_outputs(self, call, size);
    }
    return MR_OK;
}

static mr_error try_tell_error(mri_record *self, mri_object *object,
                               mri_call *call)
{
    (void)self;
    assert(has_failed(mri_batch_of(object)));
    call->result = (uint64_t)(mri_now() - mri_batch_of(object)->failed_at);
    memcpy(call->out, &mri_batch_of(object)->error, sizeof(mr_task_error));
    call->out_size = sizeof(mr_task_error);
    end(object);
    return MR_OK;
}

static mr_error try_tell_failures(mri_record *self, mri_object *object,
                                  mri_call *call)
{
    mri_batch *batch = mri_batch_of(object);
    mr_task_error *failures = call->out;

    (void)self;
    for (uint64_t i = 0;
         i < batch->workers && call->result < MRI_BATCH_FAILURES; i++) {
        if (mri_load(&batch->slots[i].has_failure)) {
            failures[call->result++] = batch->slots[i].failure;
            mri_store(&batch->slots[i].has_failure, 0);
        }
    }
    call->out_size = call->result * sizeof *failures;
    return MR_OK;
}

static mr_error try_cancel(mri_record *self, mri_object *object, mri_call *call)
{
    (void)call;
    mri_batch_stop(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [AWAIT] = try_await,
    [LEFT] = try_left,
    [GATHER] = try_gather,
    [TELL_ERROR] = try_tell_error,
    [TELL_FAILURES] = try_tell_failures,
    [CANCEL] = try_cancel,
    [RESTART] = mri_batch_try_refill,
};

/* ---- making one ---------------------------------------------------------- */

static size_t map_size(uint64_t workers)
{
    return sizeof(mri_batch) + workers * sizeof(mri_slot);
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_batch_body *body = mri_batch_body_of(object);

    if (mri_peek(&body->context)) {
        mri_context_drop(self, &body->context);
    }
    if (mri_peek(&body->spawned.ref)) {
        mri_spawned_dispose(self, object);
    }
    mri_owned_block_free(self, object, &body->inputs);
    mri_owned_block_free(self, object, &body->outputs);
    mri_object_free(self, object, &object->detail, map_size(body->workers));
}

static void fill(mri_batch *batch, const mri_batch_spec *spec)
{
    assert(spec->count <= UINT32_MAX);
    memset(batch, 0, map_size(spec->workers));
    mri_batch_fill(batch, spec);
    for (uint64_t i = 0; i < batch->workers; i++) {
        mri_store(&batch->slots[i].range, mri_batch_range(batch, i));
        batch->slots[i].who = spec->list[i];
    }
}

static mr_error add_map(mri_record *self, mri_object *object,
                        const mri_batch_spec *spec)
{
    unsigned int segment = mri_segment_of(mri_ref_of(object));
    mr_error error;

    mri_batch_body_of(object)->workers = spec->workers;
    mri_batch_body_of(object)->creator = mri_load(&self->owner);
    mri_batch_body_of(object)->setup = spec->setup;
    error = mri_allocate(self, segment, MRI_HEAP, map_size(spec->workers), 0);
    if (!error) {
        fill(mri_at(mri_peek(&self->owned[0].block)), spec);
        mri_object_detail(self, object);
    }
    return error;
}

static mr_error add_context(mri_record *self, mri_object *object,
                            const mri_batch_spec *spec)
{
    mri_batch *batch = mri_batch_of(object);
    mri_word *use = &mri_batch_body_of(object)->context;
    mr_error error = MR_OK;

    if (spec->context.kind != MRI_NONE) {
        error = mri_context_use(self, spec->context, use);
        batch->context = mri_context_bytes(use, &batch->context_size);
    }
    return error;
}

/* Before the inputs: a copy of them would be in vain if there is no memory for
 * the outputs. */
static mr_error add_outputs(mri_record *self, mri_object *object,
                            const mri_batch_spec *spec, const mri_call *call)
{
    mri_batch *batch = mri_batch_of(object);
    mri_owned_block *block = &mri_batch_body_of(object)->outputs;
    size_t size = spec->count * spec->output_size;
    mr_error error = MR_OK;

    assert(!spec->outputs || !spec->old_outputs);
    batch->outputs = spec->outputs;
    if (size && !spec->outputs) {
        error = mri_owned_block_allocate(self, object, block, size);
        batch->outputs = mri_peek(&block->ref);
        batch->clear_outputs = !spec->old_outputs;
    }
    if (!error && spec->old_outputs) {
        memcpy(mri_at(batch->outputs),
               (const unsigned char *)call->more + spec->old_outputs, size);
    }
    return error;
}

static mr_error add_inputs(mri_record *self, mri_object *object,
                           const mri_batch_spec *spec, const mri_call *call)
{
    mri_batch *batch = mri_batch_of(object);

    if (spec->inputs || !spec->input_size) {
        batch->inputs = spec->inputs;
        return MR_OK;
    }
    return mri_owned_block_keep_more(
        self, object, &mri_batch_body_of(object)->inputs, call, &batch->inputs);
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const mri_batch_spec *spec = call->in;
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_BATCH, &object);

    if (!error) {
        error = add_map(self, object, spec);
    }
    if (!error) {
        error = add_context(self, object, spec);
    }
    if (!error) {
        error = add_outputs(self, object, spec, call);
    }
    if (!error) {
        error = add_inputs(self, object, spec, call);
    }
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    error = mri_batch_notify_all(*handle, spec);
    if (error) {
        mri_batch_cancel(*handle);
    }
    return error;
}

/* ---- the kind ------------------------------------------------------------ */

static bool ready(mri_object *object, unsigned int variant)
{
    mri_batch *batch = mri_batch_of(object);

    (void)variant;
    return mri_batch_is_over(batch, mri_batch_ended(batch));
}

/* A batch without a creator is cancelled. */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    if (mri_is_gone(gone, mri_batch_body_of(object)->creator)) {
        mri_batch_stop(self, object);
    }
}

const mri_kind_ops mri_batch_ops = {.name = "map",
                                    .kind = MRI_BATCH,
                                    .tries = tries,
                                    .count = TRIES,
                                    .create = create,
                                    .ready = ready,
                                    .ready_internal = true,
                                    .dispose = dispose,
                                    .forget = forget,
                                    .repair = mri_batch_repair,
                                    .describe = mri_batch_describe_death};

/* ---- for the creator ----------------------------------------------------- */

mr_error mri_batch_create(unsigned int rank, const mri_batch_spec *spec,
                          const void *inputs, size_t size, mr_handle *batch)
{
    mri_call call = {.in = spec,
                     .in_size = mri_batch_spec_size(spec->workers),
                     .more = inputs,
                     .more_size = size};

    return mri_create(&mri_batch_ops, rank, &call, batch);
}

static mr_error operate(mr_handle batch, unsigned int operation, mri_call *call,
                        double timeout)
{
    return mri_operate(&mri_batch_ops, batch, operation, call, timeout);
}

mr_error mri_batch_await(mr_handle batch, double timeout, uint64_t *ended)
{
    mri_call call = {0};
    mr_error error = operate(batch, AWAIT, &call, timeout);

    *ended = call.result;
    return error;
}

mr_error mri_batch_end(mr_handle batch, bool keep, double timeout,
                       void *outputs, size_t size, mri_batch_result *result)
{
    mri_call gather = {.out = outputs, .out_size = size, .argument = keep};
    mri_call tell = {.out = &result->error, .out_size = sizeof result->error};
    mr_error error = operate(batch, GATHER, &gather, timeout);

    result->error.code = MR_OK;
    result->age = 0;
    result->time = gather.result;
    if (!error && gather.argument) {
        error = operate(batch, TELL_ERROR, &tell, 0);
        result->age = tell.result;
    }
    return error;
}

mr_error mri_batch_refill(mr_handle batch, const mri_batch_spec *spec,
                          const void *inputs, size_t size)
{
    mri_call call = {.in = spec,
                     .in_size = mri_batch_spec_size(spec->workers),
                     .more = inputs,
                     .more_size = size};

    return operate(batch, RESTART, &call, 0);
}

mr_error mri_batch_left(mr_handle batch, bool *left)
{
    mri_call call = {0};
    mr_error error = operate(batch, LEFT, &call, 0);

    *left = call.result != 0;
    return error;
}

mr_error mri_batch_failures(mr_handle batch, mr_task_error *failures,
                            size_t *count)
{
    mri_call call = {.out = failures,
                     .out_size = MRI_BATCH_FAILURES * sizeof *failures};
    mr_error error = operate(batch, TELL_FAILURES, &call, 0);

    *count = error ? 0 : call.result;
    return error;
}

void mri_batch_cancel(mr_handle batch)
{
    mri_call call = {0};

    (void)!operate(batch, CANCEL, &call, 0);
}
