/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the calls by which a task makes others and waits for them.
 */
#include <multirank/spawn.h>

#include <string.h>

#include "pool/worker/place.h"
#include "util/log.h"

enum { STACK_LEFT = 128 << 10 }; /* bytes that a task shall find */

/* ---- spawning ------------------------------------------------------------ */

/* A frame for a task of these sizes.  While there is no memory for it the
 * worker runs what it has spawned, which frees some. */
static mri_ref make_room(mri_place *p, size_t size)
{
    mri_ref ref;

    while ((ref = mri_frame_allocate(p->self, p->object, p->deque, size)) ==
           0) {
        if (!mri_place_run_newest(p)) {
            return 0;
        }
    }
    return ref;
}

static void fill(mri_frame *frame, unsigned int function, const mri_spawn *s)
{
    mri_frame_clear(frame);
    frame->function = (uint16_t)function;
    frame->context = s->context;
    frame->index = s->index;
    frame->count = s->count;
    frame->input_size = s->input_size;
    frame->output_size = s->output_size;
    frame->output = s->output;
    if (s->input_size) {
        memcpy(frame->bytes, s->input, s->input_size);
    }
    if (s->output_size) {
        memset(frame->bytes + mri_frame_output(s->input_size), 0,
               s->output_size);
    }
}

static void adopt(mri_frame *parent, mri_ref parent_ref, mri_frame *child,
                  mri_ref ref)
{
    mri_store(&child->parent, parent_ref);
    mri_store(&child->sibling, mri_peek(&parent->children));
    /* First: should the worker die now, no parent of which all children are
     * over has one in its list that has never run. */
    mri_store(&parent->spawned, mri_peek(&parent->spawned) + 1);
    mri_store(&parent->children, ref);
}

static bool stack_is_short(mri_place *p)
{
    const char *now = __builtin_frame_address(0);

    return p->stack && now - p->stack < STACK_LEFT;
}

static void push(mri_place *p, mri_ref ref)
{
    if (mri_deque_push(p->deque, ref)) {
        mri_place_call(p);
    }
    if (!mri_deque_has_room(p->deque)) {
        mri_place_make_room(p);
    }
}

mr_error mri_place_spawn(mri_place *p, const char *caller, const mri_spawn *s)
{
    unsigned int number = 0;
    mr_error error = mri_place_number(p, s->function, &number);
    mri_ref parent, ref;

    if (error) {
        return error;
    }
    if (mri_load(&p->batch->cancelled)) {
        return MR_ERR_CANCELLED;
    }
    if (stack_is_short(p)) {
        return mri_fail(MR_ERR_LIMIT, MR_LOG_INFO,
                        "%s: too many tasks wait for others on one stack: "
                        "raise it (ulimit -s), or spawn fewer at once",
                        caller);
    }
    parent = mri_place_current(p, true);
    ref = parent
              ? make_room(p, mri_frame_output(s->input_size) + s->output_size)
              : 0;
    if (!ref) {
        return MR_ERR_NO_MEMORY;
    }
    fill(mri_frame_at(ref), number, s);
    if (s->detached) {
        mri_store(&mri_frame_at(ref)->parent, 0);
    } else {
        adopt(mri_frame_at(parent), parent, mri_frame_at(ref), ref);
    }
    push(p, ref);
    return MR_OK;
}

/* ---- calls --------------------------------------------------------------- */

static mr_error check(const char *caller, const mri_spawn *s)
{
    if (!s->function) {
        return mri_bad_argument(caller, "function", "is NULL");
    }
    if (!s->input && s->input_size) {
        return mri_bad_argument(caller, "input", "is NULL");
    }
    if (!s->output && s->output_size) {
        return mri_bad_argument(caller, "output", "is NULL");
    }
    return s->input_size > SIZE_MAX / 4 || s->output_size > SIZE_MAX / 4
               ? MR_ERR_TOO_LARGE
               : MR_OK;
}

/* Of the task that runs, whose descendants have its numbers. */
static void add_numbers(mri_place *p, mri_spawn *s)
{
    mri_ref ref = mri_peek(&p->deque->running);
    const mri_frame *frame = ref ? mri_frame_at(ref) : NULL;

    if (frame && frame->function != MRI_NO_FUNCTION) {
        s->index = frame->index;
        s->count = frame->count;
        s->context = frame->context;
    } else {
        s->index = p->batch->first + mri_peek(&p->slot->current) - 1;
        s->count = p->batch->total;
    }
}

static mr_error spawn(const char *caller, mri_spawn *s)
{
    mr_error error = check(caller, s);
    mri_place *p = error ? NULL : mri_place_enter(caller, &error);

    if (error) {
        return error;
    }
    if (s->detached && p->batch->results.kind != MRI_NONE) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "%s: nobody waits for such a task of an iterator: use "
                        "mr_task_spawn there, or mr_pool_map",
                        caller);
    }
    add_numbers(p, s);
    return mri_place_spawn(p, caller, s);
}

mr_error mr_task_spawn(mr_task_function *function, const void *input,
                       size_t input_size, void *output, size_t output_size)
{
    mri_spawn s = {.function = function,
                   .input = input,
                   .input_size = input_size,
                   .output = output,
                   .output_size = output_size};

    return spawn("mr_task_spawn", &s);
}

mr_error mr_task_add(mr_task_function *function, const void *input,
                     size_t input_size)
{
    mri_spawn s = {.function = function,
                   .input = input,
                   .input_size = input_size,
                   .detached = true};

    return spawn("mr_task_add", &s);
}

/* ---- waiting ------------------------------------------------------------- */

mr_error mr_task_wait(mr_task_error *error)
{
    mr_error result;
    mri_place *p = mri_place_enter("mr_task_wait", &result);
    mri_ref ref = p ? mri_place_current(p, false) : 0;

    if (error) {
        error->code = MR_OK;
    }
    if (ref) {
        result = mri_place_wait(p, mri_frame_at(ref), false, error);
    }
    if (error && !error->code) {
        *error = (mr_task_error){.code = result};
    }
    return result;
}
