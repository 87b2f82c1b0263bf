/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Future: the object, which tells how a map has ended.  The endpoint that
 * made the call has the map done, see pool/async.c; when that one dies the map
 * has ended, as if it were cancelled.
 *
 * Threads that wait for the end are in list 0; the one that does the map waits
 * for a cancellation in list 1.
 */
#include "pool/future.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/kinds.h"
#include "runtime/job/identity.h"
#include "util/log.h"

enum { WAIT = 0, TELL_FIRST, LOOK, NOTE, DELIVER, CANCEL, PROGRESS, TRIES };

typedef struct future_body {
    uint64_t creator; /* an endpoint */
    mri_word ended;
    mri_word code; /* an mr_error, once it has ended */
    mri_word cancelled;
    mri_word asked; /* for progress */
    mri_word tasks;
    mri_word tasks_ended;
} future_body;

/* What comes with DELIVER. */
typedef struct delivery {
    uint64_t code;
    uint64_t tasks_ended;
    mr_task_error first;
} delivery;

static future_body *body_of(mri_object *object)
{
    return (future_body *)object->body;
}

static mr_task_error *first_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
}

/* ---- operations ---------------------------------------------------------- */

static mr_error try_wait(mri_record *self, mri_object *object, mri_call *call)
{
    future_body *f = body_of(object);

    (void)self;
    call->list = 0;
    if (!mri_load(&f->ended)) {
        return MRI_WOULD_BLOCK;
    }
    call->result = mri_load(&f->code);
    return MR_OK;
}

static mr_error try_tell_first(mri_record *self, mri_object *object,
                               mri_call *call)
{
    (void)self;
    assert(mri_load(&body_of(object)->ended));
    memcpy(call->out, first_of(object), sizeof(mr_task_error));
    call->out_size = sizeof(mr_task_error);
    return MR_OK;
}

enum { LOOK_CANCELLED = 1, LOOK_ASKED = 2, LOOK_ENDED = 4 };

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    future_body *f = body_of(object);

    (void)self;
    call->result = (mri_load(&f->cancelled) ? LOOK_CANCELLED : 0) |
                   (mri_load(&f->asked) ? LOOK_ASKED : 0) |
                   (mri_load(&f->ended) ? LOOK_ENDED : 0);
    return MR_OK;
}

static mr_error try_note(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    mri_store(&body_of(object)->tasks_ended, call->argument);
    return MR_OK;
}

static void end(mri_record *self, mri_object *object, uint64_t code)
{
    mri_store(&body_of(object)->code, code);
    mri_swap(&body_of(object)->ended, 1);
    mri_wake_all(self, object, 0);
}

static mr_error try_deliver(mri_record *self, mri_object *object,
                            mri_call *call)
{
    const delivery *d = call->in;

    assert(!mri_load(&body_of(object)->ended));
    memcpy(first_of(object), &d->first, sizeof d->first);
    mri_store(&body_of(object)->tasks_ended, d->tasks_ended);
    end(self, object, d->code);
    return MR_OK;
}

static mr_error try_cancel(mri_record *self, mri_object *object, mri_call *call)
{
    (void)call;
    mri_swap(&body_of(object)->cancelled, 1);
    mri_wake_all(self, object, 1);
    return MR_OK;
}

static mr_error try_progress(mri_record *self, mri_object *object,
                             mri_call *call)
{
    future_body *f = body_of(object);
    mr_progress progress = {.tasks = mri_load(&f->tasks),
                            .ended = mri_load(&f->tasks_ended)};

    (void)self;
    mri_store(&f->asked, 1);
    memcpy(call->out, &progress, sizeof progress);
    call->out_size = sizeof progress;
    return MR_OK;
}

static mri_try *const tries[] = {
    [WAIT] = try_wait,         [TELL_FIRST] = try_tell_first,
    [LOOK] = try_look,         [NOTE] = try_note,
    [DELIVER] = try_deliver,   [CANCEL] = try_cancel,
    [PROGRESS] = try_progress,
};

/* ---- the kind ------------------------------------------------------------ */

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_FUTURE, &object);

    if (error) {
        return error;
    }
    body_of(object)->creator = mri_load(&self->owner);
    mri_store(&body_of(object)->tasks, call->argument);
    error = mri_allocate(self, index, MRI_HEAP, sizeof(mr_task_error), 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    memset(mri_at(mri_peek(&self->owned[0].block)), 0, sizeof(mr_task_error));
    mri_object_detail(self, object);
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static bool ready(mri_object *object, unsigned int variant)
{
    future_body *f = body_of(object);

    return mri_load(&f->ended) ||
           (variant == MRI_FUTURE_CANCELLED && mri_load(&f->cancelled));
}

static unsigned int ready_list(mri_object *object, unsigned int variant)
{
    (void)object;
    return variant == MRI_FUTURE_CANCELLED;
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_object_free(self, object, &object->detail, sizeof(mr_task_error));
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    if (mri_is_gone(gone, body_of(object)->creator) &&
        !mri_load(&body_of(object)->ended)) {
        end(self, object, MR_ERR_CANCELLED);
    }
}

const mri_kind_ops mri_future_ops = {.name = "future",
                                     .kind = MRI_FUTURE,
                                     .tries = tries,
                                     .count = TRIES,
                                     .create = create,
                                     .ready = ready,
                                     .ready_list = ready_list,
                                     .dispose = dispose,
                                     .forget = forget};

/* ---- for the endpoint that has the map done ------------------------------ */

static mr_error operate(mr_future future, unsigned int operation,
                        mri_call *call, double timeout)
{
    return mri_operate(&mri_future_ops, future.handle, operation, call,
                       timeout);
}

mr_error mri_future_create(mr_future *future, size_t tasks)
{
    mri_call call = {.argument = tasks};

    mri_may_hold(mri_self());
    return mri_create(&mri_future_ops, mri_endpoint_rank(mri_self_endpoint()),
                      &call, &future->handle);
}

mr_error mri_future_look(mr_future future, bool *cancelled, bool *progress)
{
    mri_call call = {0};
    mr_error error = operate(future, LOOK, &call, 0);

    *cancelled = call.result & LOOK_CANCELLED;
    *progress = call.result & LOOK_ASKED;
    return error;
}

void mri_future_note(mr_future future, size_t ended)
{
    mri_call call = {.argument = ended};

    (void)!operate(future, NOTE, &call, 0);
}

void mri_future_deliver(mr_future future, mr_error code,
                        const mr_task_error *first, size_t ended)
{
    delivery d = {.code = code, .tasks_ended = ended, .first = *first};
    mri_call call = {.in = &d, .in_size = sizeof d};

    (void)!operate(future, DELIVER, &call, 0);
}

mr_error mri_future_await(mr_future future, double timeout, mr_error *code)
{
    mri_call call = {0};
    mr_error error = operate(future, WAIT, &call, timeout);

    *code = (mr_error)call.result;
    return error;
}

/* ---- for users ----------------------------------------------------------- */

mr_error mr_future_ready(mr_future future, bool *is_ready)
{
    mri_call call = {0};
    mr_error error;

    if (!is_ready) {
        return mri_bad_argument("mr_future_ready", "ready", "is NULL");
    }
    error = operate(future, LOOK, &call, 0);
    if (!error) {
        *is_ready = call.result & LOOK_ENDED;
    }
    return error;
}

mr_error mr_future_successful(mr_future future, bool *successful)
{
    mr_error code;
    mr_error error;

    if (!successful) {
        return mri_bad_argument("mr_future_successful", "successful",
                                "is NULL");
    }
    error = mri_future_await(future, 0, &code);
    if (!error) {
        *successful = code == MR_OK;
    }
    return error == MR_ERR_TIMEOUT ? MR_ERR_STATE : error;
}

mr_error mr_future_progress(mr_future future, mr_progress *progress)
{
    mri_call call = {.out = progress, .out_size = sizeof *progress};

    if (!progress) {
        return mri_bad_argument("mr_future_progress", "progress", "is NULL");
    }
    return operate(future, PROGRESS, &call, 0);
}

mr_error mr_future_cancel(mr_future future)
{
    mri_call call = {0};

    return operate(future, CANCEL, &call, 0);
}

mr_error mri_future_tell_first(mr_future future, mr_task_error *first)
{
    mri_call call = {.out = first, .out_size = sizeof *first};

    return operate(future, TELL_FIRST, &call, 0);
}
