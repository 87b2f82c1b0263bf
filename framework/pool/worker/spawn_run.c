/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a worker runs spawned tasks, and what a task does while it waits for
 * those that it has spawned.
 *
 * A task that waits runs other tasks meanwhile, on top of its own stack: those
 * that it has spawned, and up to a depth any others.  A task waits only for
 * tasks that began after it, and the task on top of a stack waits for nobody
 * below it.  So some task can always go on, even with one worker.
 */
#include <assert.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "pool/worker/place.h"
#include "util/clock.h"

/* At most, on one stack: stolen tasks, and tasks that a spawn runs. */
enum { DEEP = 64, DEEP_INSIDE = 64 };

/* How long a worker looks for tasks before it leaves or sleeps. */
enum { LOOK = 100000, NAP = 50000, LONGEST_NAP = 1000000 }; /* nanoseconds */

/* ---- the frame of the calling task --------------------------------------- */

/* Nobody is left who would handle it: the map has failed. */
static void report(mri_place *p, uint64_t failure)
{
    if (failure) {
        mr_task_error error = mri_failure_take(p->spawned, p->number, failure);

        mri_batch_fail(p->self, p->batch, &error);
    }
}

/* A task of the batch itself that had a frame has returned. */
static void end_first(mri_place *p, mri_ref ref)
{
    mri_frame *frame = mri_frame_at(ref);
    bool children = mri_frame_returned(p->self, p->spawned, p->number, frame);

    report(p, mri_peek(&frame->failure));
    mri_store(&p->deque->running, 0);
    if (children) {
        mri_frame_drop(p->self, p->spawned, p->number, ref);
    } else {
        mri_frame_free(p->deque, ref);
    }
}

static mri_ref allocate(mri_place *p, size_t bytes)
{
    return mri_frame_allocate(p->self, p->object, p->deque, bytes);
}

static mri_ref make_first(mri_place *p, uint64_t index)
{
    mri_ref ref = allocate(p, 0);
    mri_frame *frame;

    if (!ref) {
        return 0;
    }
    frame = mri_frame_at(ref);
    mri_frame_clear(frame);
    mri_store(&frame->below, 0);
    mri_store(&frame->parent, 0);
    frame->function = MRI_NO_FUNCTION;
    frame->runner = (uint32_t)p->number;
    frame->index = index;
    frame->mark = mri_peek(&p->deque->bottom);
    mri_store(&frame->state, MRI_FRAME_RUNS);
    mri_store(&p->deque->running, ref);
    return ref;
}

/* Of the task that runs; 0: there is no memory for it, or it has none yet and
 * is not to be given one. */
mri_ref mri_place_current(mri_place *p, bool make)
{
    mri_ref running = mri_peek(&p->deque->running);
    uint64_t index = mri_peek(&p->slot->current);

    if (running && (mri_frame_at(running)->function != MRI_NO_FUNCTION ||
                    mri_frame_at(running)->index == index)) {
        return running;
    }
    if (running) {
        end_first(p, running);
    }
    return make ? make_first(p, index) : 0;
}

/* ---- running ------------------------------------------------------------- */

size_t mri_place_index(const mri_place *p, const mri_frame *frame)
{
    return frame->function == MRI_NO_FUNCTION
               ? p->batch->first + frame->index - 1
               : frame->index;
}

static mr_task describe(mri_place *p, const mri_frame *frame)
{
    const mri_batch *batch = p->batch;
    mr_task task = {.index = frame->index,
                    .count = frame->count,
                    .input_size = frame->input_size,
                    .output_size = frame->output_size,
                    .worker = (unsigned int)p->slot->who.number,
                    .workers = (unsigned int)batch->pool_workers};

    if (frame->context == MRI_CONTEXT_OF_BATCH) {
        task.context = batch->context ? mri_at(batch->context) : NULL;
        task.context_size = batch->context_size;
    } else if (frame->context != MRI_CONTEXT_NONE) {
        task.context = mri_frame_at(frame->context)->bytes;
        task.context_size = mri_frame_at(frame->context)->input_size;
    }
    return task;
}

/* Gives the failure of a task as one word.  The parent is told only the first
 * failure, so later ones take no memory. */
static uint64_t describe_failure(mri_place *p, const mri_frame *frame,
                                 mr_error code)
{
    mri_ref parent = mri_peek(&frame->parent);
    bool first = !parent || !mri_load(&mri_frame_at(parent)->failure);
    mri_ref ref = first ? allocate(p, sizeof(mr_task_error)) : 0;
    mr_task_error error;

    if (!ref) {
        return mri_failure_of_code(code);
    }
    mri_batch_describe_failure(p->self, frame->index, code, &error);
    memcpy(mri_frame_at(ref)->bytes, &error, sizeof error);
    return ref;
}

static void end(mri_place *p, mri_frame *frame, mr_error code)
{
    uint64_t failure = code ? describe_failure(p, frame, code) : 0;
    bool children = false;

    if (mri_peek(&frame->spawned)) {
        children = mri_frame_returned(p->self, p->spawned, p->number, frame);
        report(p, mri_peek(&frame->failure));
    }
    if (!mri_frame_over(p->self, p->spawned, p->number, children, failure)) {
        report(p, failure);
    }
}

/* Results one by one end a batch, so nothing may run behind them. */
static bool has_results(mri_place *p)
{
    return p->batch->results.kind != MRI_NONE;
}

/* The frame is the running one. */
static void run(mri_place *p, mri_ref ref)
{
    mri_frame *frame = mri_frame_at(ref);
    mr_task_function *function = mri_place_function(p, frame);
    mr_task task = describe(p, frame);
    size_t output = mri_frame_output(frame->input_size);
    uint64_t outer = mri_task.frame;
    mr_error error = MR_ERR_FUNCTION;

    frame->runner = (uint32_t)p->number;
    frame->mark = mri_peek(&p->deque->bottom);
    mri_store(&frame->state, MRI_FRAME_RUNS);
    mri_task.frame = ref;
    mri_task.with_text = 0;
    if (function) {
        error =
            function(frame->input_size ? frame->bytes : NULL,
                     frame->output_size ? frame->bytes + output : NULL, &task);
    }
    mri_batch_stop_copy(p->slot);
    if (!error && has_results(p) && mri_peek(&frame->spawned)) {
        error = mri_place_wait(p, frame, true, NULL);
    }
    end(p, frame, error);
    mri_task.frame = outer;
}

static mri_ref pop(mri_place *p)
{
    bool offers;
    mri_ref frame = mri_deque_pop(p->deque, &offers);

    if (offers) {
        mri_place_call(p);
    }
    return frame;
}

mr_error mri_spawned_finish(mri_record *self, mri_object *object,
                            mri_slot *slot)
{
    mri_place *p = mri_place_come(self, object, slot);
    mri_ref ref = mri_place_current(p, false);

    return ref ? mri_place_wait(p, mri_frame_at(ref), true, NULL) : MR_OK;
}

bool mri_place_run_newest(mri_place *p)
{
    mri_ref newest = pop(p);

    if (newest) {
        run(p, newest);
    }
    return newest != 0;
}

/* The newest is run, so memory has a bound.  But a search may go on and on
 * along one path, and a stack has a bound, too. */
void mri_place_make_room(mri_place *p)
{
    mri_ref newest = pop(p);

    if (newest && p->inside >= DEEP_INSIDE &&
        !mri_peek(&mri_frame_at(newest)->parent)) {
        mri_deque_spill(p->self, p->deque);
        mri_place_call(p);
    } else if (newest) {
        p->inside++;
        run(p, newest);
        p->inside--;
    }
}

static bool is_cancelled(mri_place *p)
{
    return mri_load(&p->batch->cancelled) != 0;
}

static bool run_stolen(mri_place *p)
{
    mri_ref frame =
        mri_deque_steal(p->self, p->spawned, p->batch->workers, p->number);

    if (frame) {
        p->stolen++;
        run(p, frame);
        p->stolen--;
    }
    return frame != 0;
}

static mri_ref pop_any(mri_place *p)
{
    mri_ref frame = pop(p);

    return frame ? frame : mri_deque_take_spilled(p->self, p->deque, p->deque);
}

void mri_spawned_run_own(mri_record *self, mri_object *object, mri_slot *slot)
{
    mri_place *p = mri_place_come(self, object, slot);
    mri_ref frame;

    frame = mri_peek(&p->deque->running);
    if (frame) {
        end_first(p, frame);
    }
    while (!is_cancelled(p) && (frame = pop_any(p)) != 0) {
        run(p, frame);
    }
}

/* Let others have the processor; true: nothing has come for long. */
static bool idle(int64_t *since)
{
    if (*since == 0) {
        *since = mri_now();
    }
    for (unsigned int i = 0; i < 20; i++) {
        mri_pause();
    }
    sched_yield();
    return mri_now() - *since > LOOK;
}

bool mri_spawned_run(mri_record *self, mri_object *object, mri_slot *slot)
{
    mri_place *p = mri_place_come(self, object, slot);
    int64_t since = 0;

    mri_spawned_run_own(self, object, slot);
    while (!is_cancelled(p)) {
        if (run_stolen(p)) {
            mri_spawned_run_own(self, object, slot);
            since = 0;
        }
        if (mri_batch_anything_left(p->batch)) {
            return true;
        }
        if (mri_batch_is_over(p->batch, mri_batch_ended(p->batch))) {
            return false;
        }
        if (idle(&since) && !mri_place_anything_offered(p) &&
            mri_place_leave(p)) {
            return false;
        }
    }
    return false;
}

/* ---- waiting ------------------------------------------------------------- */

static bool children_are_over(mri_place *p, mri_frame *frame)
{
    uint64_t missing = mri_peek(&frame->spawned) - mri_peek(&frame->ended);

    if (missing == 0) {
        return true;
    }
    if (missing != mri_load(&frame->elsewhere)) {
        return false;
    }
    /* The thread that wrote it may die before that is valid. */
    mri_latch(p->self, &p->deque->latch);
    missing -= mri_peek(&frame->elsewhere);
    mri_unlatch(p->self, &p->deque->latch);
    return missing == 0;
}

static void nap(int64_t *length)
{
    struct timespec moment = {.tv_nsec = *length};

    nanosleep(&moment, NULL);
    *length = 2 * *length < LONGEST_NAP ? 2 * *length : LONGEST_NAP;
}

/* What lies in the own deque behind the mark was spawned since it began. */
static bool has_spawned(mri_place *p, const mri_frame *frame)
{
    return (int32_t)(mri_peek(&p->deque->bottom) - frame->mark) > 0;
}

static void wait_for_children(mri_place *p, mri_frame *frame)
{
    int64_t since = 0, length = NAP;

    while (!children_are_over(p, frame) && !is_cancelled(p)) {
        bool shallow = p->stolen < DEEP;
        mri_ref newest = shallow || has_spawned(p, frame) ? pop(p) : 0;

        if (newest) {
            run(p, newest);
        } else if (!(shallow && run_stolen(p))) {
            if (idle(&since)) {
                nap(&length);
            }
            continue;
        }
        since = 0;
        length = NAP;
    }
}

static void copy_outputs(const mri_frame *frame)
{
    for (mri_ref ref = mri_peek(&frame->children); ref;
         ref = mri_peek(&mri_frame_at(ref)->sibling)) {
        const mri_frame *child = mri_frame_at(ref);

        if (child->output_size) {
            memcpy(child->output,
                   child->bytes + mri_frame_output(child->input_size),
                   child->output_size);
        }
    }
}

/* A task that returns the error gives its text and its signal, too. */
static mr_error take_failure(mri_place *p, mri_frame *frame,
                             mr_task_error *error)
{
    mr_task_error failure =
        mri_failure_take(p->spawned, p->number, mri_peek(&frame->failure));

    mri_store(&frame->failure, 0);
    (void)!mr_task_fail(failure.code, "%s", failure.text);
    mri_task.signal = failure.signal;
    if (error) {
        *error = failure;
        error->index = frame->failed_index;
    }
    return failure.code;
}

mr_error mri_place_wait(mri_place *p, mri_frame *frame, bool returned,
                        mr_task_error *error)
{
    wait_for_children(p, frame);
    if (!children_are_over(p, frame)) {
        return MR_ERR_CANCELLED;
    }
    if (!returned) {
        copy_outputs(frame);
    }
    mri_frame_free_children(p->self, p->spawned, p->number, frame);
    return mri_peek(&frame->failure) ? take_failure(p, frame, error) : MR_OK;
}
