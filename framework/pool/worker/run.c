/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the loop of a worker, and stealing.
 *
 * pool/worker/death.c relies on the order of stores:
 * - A claim is written before the compare-exchange that takes it: it counts
 *   if the range then does not begin where the claim does.  Only the slot's
 *   worker moves the beginning of its range.
 * - `done` grows by one store when a claim is finished; done_at_claim tells
 *   whether that was before the death.
 * - While a thief is entered in two slots, the victim's and its own, the end
 *   of both ranges is changed by no other thread: the range is stolen if the
 *   victim's range ends where the stolen one begins.
 */
#include "pool/worker/run.h"

#include <assert.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "pool/pool.h"
#include "pool/worker/failure.h"
#include "pool/worker/return.h"
#include "pool/worker/spawned.h"
#include "runtime/job/identity.h"
#include "util/clock.h"

/* Chunks are made to last about this long, when the choice is ours: long
 * against the 25 ns that looking at the clock takes, short against the time
 * one worker may be late at the end. */
enum { SHORT_CHUNK = 4000, LONG_CHUNK = 16000 }; /* nanoseconds */

/* ---- the loop of a worker ------------------------------------------------ */

void mri_task_forget(const mri_batch *batch)
{
    if (batch->results.kind != MRI_NONE) {
        mri_return_end();
    }
    mri_inside_task = false;
    mri_task_leave();
}

static void task_failed(mri_record *self, mri_batch *batch, size_t index,
                        mr_error code)
{
    mr_task_error error;

    mri_batch_describe_failure(self, batch->first + index, code, &error);
    mri_batch_fail(self, batch, &error);
}

typedef struct worker {
    mri_record *self;
    mri_object *object;
    mri_batch *batch;
    mri_slot *slot;
    mr_task_function *function;
    unsigned char *inputs; /* of all tasks of the batch, or NULL */
    unsigned char *outputs;
    mr_task task;
    uint64_t chunk;
} worker;

/* Take the next chunk of the own range; 0: it is empty. */
static inline __attribute__((always_inline)) uint64_t take(worker *w)
{
    mri_slot *slot = w->slot;
    uint64_t range = mri_load(&slot->range);

    assert(!mri_peek(&slot->claimed));
    mri_store(&slot->done_at_claimed, mri_peek(&slot->done));
    for (;;) {
        uint64_t first = mri_range_first(range);
        uint64_t left = mri_range_end(range) - first;
        uint64_t count = w->chunk < left ? w->chunk : left;
        uint64_t claimed = mri_range(first, first + count);

        assert(first <= mri_range_end(range));
        if (left == 0) {
            return 0;
        }
        mri_store(&slot->current, 0);
        mri_store(&slot->claimed, claimed);
        if (mri_cas(&slot->range, &range,
                    mri_range(first + count, mri_range_end(range)))) {
            return claimed;
        }
        mri_store(&slot->claimed, 0);
    }
}

/* An output of one number takes a store and no call: in a chunk of one task a
 * call would be a tenth of all instructions. */
static void clear(unsigned char *output, size_t size)
{
    if (size == sizeof(uint64_t)) {
        memset(output, 0, sizeof(uint64_t));
    } else {
        memset(output, 0, size);
    }
}

/* The loop that all else is for.  It keeps its values in locals, since a shared
 * store makes the compiler read everything else again. */
static inline __attribute__((always_inline)) void run(worker *w,
                                                      uint64_t claimed)
{
    const mri_batch *batch = w->batch;
    mri_slot *slot = w->slot;
    mr_task_function *function = w->function;
    size_t input_size = batch->input_size;
    size_t output_size = batch->output_size;
    uint64_t index = mri_range_first(claimed);
    uint64_t end = mri_range_end(claimed);
    uint64_t count = end - index;
    const unsigned char *input =
        w->inputs ? w->inputs + index * input_size : NULL;
    unsigned char *output =
        w->outputs ? w->outputs + index * output_size : NULL;

    assert(index < end && end <= batch->count);
    assert(!batch->clear_outputs || output);
    if (batch->clear_outputs) {
        clear(output, count * output_size);
    }
    w->task.index = batch->first + index;
    for (; index < end; index++) {
        mr_error error;

        mri_store(&slot->current, index + 1);
        error = function(input, output, &w->task);
        if (error) {
            task_failed(w->self, w->batch, index, error);
        }
        input += input_size;
        output += output_size;
        w->task.index++;
    }
    assert(mri_peek(&slot->done) + count <= batch->count);
    mri_store(&slot->done, mri_peek(&slot->done) + count);
    mri_store(&slot->claimed, 0);
}

static void run_own_spawned(const worker *w)
{
    if (mri_load(&w->batch->spawned)) {
        mri_spawned_run_own(w->self, w->object, w->slot);
    }
}

static void run_own(worker *w)
{
    bool choose = w->batch->chunk == 0;
    int64_t before = choose ? mri_now() : 0;
    uint64_t claimed;

    while (!mri_load(&w->batch->cancelled) && (claimed = take(w)) != 0) {
        run(w, claimed);
        if (choose) {
            int64_t now;
            bool whole =
                mri_range_end(claimed) - mri_range_first(claimed) == w->chunk;

            run_own_spawned(w);
            now = mri_now();
            /* The short rest of a range says nothing about a chunk. */
            if (whole && now - before < SHORT_CHUNK) {
                w->chunk *= 2;
            } else if (now - before > LONG_CHUNK && w->chunk > 1) {
                w->chunk /= 2;
            }
            before = now;
        }
    }
}

/* The worker may run a limited number of tasks; other workers take the rest.
 * This is no inline function, so that workers without a limit do not pay for
 * it. */
static __attribute__((noinline)) void run_some(worker *w, uint64_t *budget)
{
    uint64_t chunk = w->chunk;
    uint64_t claimed;

    while (*budget > 0 && !mri_load(&w->batch->cancelled)) {
        w->chunk = chunk < *budget ? chunk : *budget;
        claimed = take(w);
        if (!claimed) {
            break;
        }
        *budget -= mri_range_end(claimed) - mri_range_first(claimed);
        run(w, claimed);
    }
    w->chunk = chunk;
}

/* ---- stealing ------------------------------------------------------------ */

static bool enter_as_thief(mri_slot *slot, uint64_t me)
{
    uint64_t nobody = 0;

    return mri_load(&slot->thief) == 0 && mri_cas(&slot->thief, &nobody, me);
}

void mri_batch_leave_as_thief(mri_slot *slot, uint64_t me)
{
    if (mri_load(&slot->thief) == me) {
        mri_store(&slot->thief, 0);
    }
}

/* Entered in both slots: move the upper half of the victim's range. */
static bool move_half(mri_slot *mine, mri_slot *victim)
{
    uint64_t range = mri_load(&victim->range);

    for (;;) {
        uint64_t first = mri_range_first(range);
        uint64_t end = mri_range_end(range);
        uint64_t middle = first + (end - first) / 2;

        if (first == end) {
            return false;
        }
        assert(first < end && middle < end);
        mri_store(&mine->stolen, mri_range(middle, end));
        if (mri_cas(&victim->range, &range, mri_range(first, middle))) {
            mri_store(&mine->range, mri_range(middle, end));
            return true;
        }
    }
}

static bool steal_from(worker *w, uint64_t number)
{
    mri_slot *victim = &w->batch->slots[number];
    uint64_t me = mri_ref_of(w->self);
    bool stolen = false;

    if (victim == w->slot || !mri_range_is_left(&victim->range)) {
        return false;
    }
    assert(!mri_peek(&w->slot->victim));
    mri_store(&w->slot->stolen, 0);
    mri_store(&w->slot->victim, number + 1);
    if (enter_as_thief(w->slot, me)) {
        if (enter_as_thief(victim, me)) {
            stolen = move_half(w->slot, victim);
        }
        mri_batch_leave_as_thief(victim, me);
    }
    mri_batch_leave_as_thief(w->slot, me);
    mri_store(&w->slot->victim, 0);
    return stolen;
}

/* From the next slot on, lest all thieves meet at one victim.  When others
 * are stealing what is left, look again. */
static __attribute__((noinline)) bool steal(worker *w)
{
    uint64_t own = (uint64_t)(w->slot - w->batch->slots);

    for (unsigned int round = 0;; round++) {
        for (uint64_t i = 1; i < w->batch->workers; i++) {
            if (steal_from(w, (own + i) % w->batch->workers)) {
                return true;
            }
        }
        if (mri_load(&w->batch->cancelled) ||
            !mri_batch_anything_left(w->batch)) {
            return false;
        }
        if (round < 100) {
            mri_pause();
        } else {
            sched_yield();
        }
    }
}

static bool run_spawned(worker *w)
{
    return mri_load(&w->batch->spawned) &&
           mri_spawned_run(w->self, w->object, w->slot);
}

/* ---- a worker as a whole ------------------------------------------------- */

static bool nobody_works(mri_batch *batch)
{
    for (uint64_t i = 0; i < batch->workers; i++) {
        if (mri_load(&batch->slots[i].worker)) {
            return false;
        }
    }
    return true;
}

void mri_batch_stop(mri_record *self, mri_object *object)
{
    mri_batch *batch = mri_batch_of(object);
    mr_handle handle = mri_handle_of(object); /* its row may be used again */
    bool unused;

    mri_swap(&batch->cancelled, 1);
    unused = nobody_works(batch);
    if (unused) {
        /* Still inside, so that our death here is repaired; another that
         * leaves at the same time may be faster. */
        mri_object_destroy(handle, MRI_BATCH);
    }
    mri_store(&self->working, 0);
    mri_store(&self->active, 0);
}

/* The worker that looks last sees the end of all tasks: the swaps are barriers
 * between its own work and its look at the work of the others. */
void mri_batch_leave(mri_record *self, mri_object *object, mri_slot *slot)
{
    mri_batch *batch = mri_batch_of(object);

    mri_store(&self->active, mri_ref_of(object));
    mri_swap(&slot->claimed, 0);
    if (mri_batch_is_over(batch, mri_batch_ended(batch))) {
        if (batch->timed && !mri_load(&batch->ended)) {
            mri_store(&batch->ended, (uint64_t)mri_now());
        }
        mri_wake_all(self, object, 0);
    }
    if (mri_load(&batch->spawned)) {
        mri_spawned_leave(batch, slot);
    }
    mri_swap(&slot->worker, 0);
    if (mri_load(&batch->cancelled)) {
        mri_batch_stop(self, object);
    }
    mri_store(&self->working, 0);
    mri_store(&self->active, 0);
}

static mr_error no_function(const void *input, void *output,
                            const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    return MR_ERR_FUNCTION;
}

/* The facts that a worker needs for the tasks of its slot. */
static worker begin(mri_record *self, mri_object *object, mri_slot *slot,
                    unsigned int number)
{
    mri_batch *batch = mri_batch_of(object);
    worker w = {.self = self,
                .object = object,
                .batch = batch,
                .slot = slot,
                .inputs = batch->inputs ? mri_at(batch->inputs) : NULL,
                .outputs = batch->outputs ? mri_at(batch->outputs) : NULL,
                .chunk = batch->chunk ? batch->chunk : 1};

    if (batch->timed && !mri_load(&batch->begun)) {
        mri_store(&batch->begun, (uint64_t)mri_now());
    }
    w.function = (mr_task_function *)mri_function_decode(&batch->function);
    if (!w.function) {
        w.function = no_function;
    }
    if (batch->results.kind != MRI_NONE) {
        w.function = mri_return_begin(batch, slot, w.function);
        mri_batch_await_told(batch, slot);
    }
    w.task =
        (mr_task){.count = batch->total,
                  .context = batch->context ? mri_at(batch->context) : NULL,
                  .context_size = batch->context_size,
                  .input_size = batch->input_size,
                  .output_size = batch->output_size,
                  .worker = number,
                  .workers = (unsigned int)batch->pool_workers};
    return w;
}

static __attribute__((noinline)) void run_limited(worker *w, uint64_t *budget)
{
    do {
        run_some(w, budget);
        run_own_spawned(w);
    } while (*budget > 0 && !mri_load(&w->batch->cancelled) &&
             (steal(w) || run_spawned(w)));
}

void mri_batch_run(mri_record *self, mri_object *object, unsigned int slot,
                   unsigned int number, uint64_t *budget)
{
    mri_batch *batch = mri_batch_of(object);
    worker w;

    assert(slot < batch->workers);
    assert(mri_peek(&self->working) == mri_ref_of(object));
    if (!mri_batch_enter_slot(self, &batch->slots[slot])) {
        mri_store(&self->working, 0);
        return; /* it is being filled again; another notification comes */
    }
    w = begin(self, object, &batch->slots[slot], number);
    mri_inside_task = true;
    mri_task_enter(w.slot);
    if (__builtin_expect(budget != NULL, 0)) {
        run_limited(&w, budget);
    } else {
        do {
            run_own(&w);
        } while (!mri_load(&batch->cancelled) &&
                 (steal(&w) || run_spawned(&w)));
    }
    mri_task_forget(w.batch);
    mri_batch_leave(self, object, w.slot);
}

void (*mri_work_with_setup)(const mri_work *work, mr_pool pool);

void mri_pool_work(const mri_work *work)
{
    mri_record *self = mri_self();
    mri_object *job = work->what == MRI_WORK_FINALIZE
                          ? NULL
                          : mri_enter(self, work->job, MRI_BATCH);
    mr_pool pool = {job ? mri_batch_body_of(job)->setup : (mr_handle){0}};

    if (job && pool.handle.kind == MRI_NONE) {
        mri_store(&self->working, mri_ref_of(job));
        mri_leave(self);
        mri_batch_run(self, job, work->slot, work->worker, NULL);
    } else if (job) {
        mri_leave(self);
        mri_work_with_setup(work, pool);
    } else if (work->what == MRI_WORK_FINALIZE) {
        mri_work_with_setup(work, pool);
    }
}
