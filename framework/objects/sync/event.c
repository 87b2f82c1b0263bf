/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Event: a flag that threads wait for.
 *
 * One word holds the flag in bit 0 and, above it, how often the flag has been
 * set.  A thread that waits passes when the flag is set, and also when it has
 * been set and cleared since the thread came: so no waiter misses a short set.
 */
#include <multirank/event.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/create.h"
#include "objects/kinds.h"
#include "util/log.h"

enum { SET = 0, CLEAR, IS_SET, WAIT, TRIES };
enum { FLAG = 1, ONE_SET = 2 };

static mri_word *word_of(mri_object *object)
{
    return (mri_word *)object->body;
}

static mr_error try_set(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t found = mri_load(word_of(object));

    (void)call;
    while (!(found & FLAG)) {
        if (mri_cas(word_of(object), &found, found + ONE_SET + FLAG)) {
            mri_wake_all(self, object, 0);
            break;
        }
    }
    return MR_OK;
}

static mr_error try_clear(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t found = mri_load(word_of(object));

    (void)self;
    (void)call;
    while (found & FLAG && !mri_cas(word_of(object), &found, found - FLAG)) {
    }
    return MR_OK;
}

static mr_error try_is_set(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->result = mri_load(word_of(object)) & FLAG;
    return MR_OK;
}

/* call->argument is 0 first, then what the word was when the thread came, and
 * one more. */
static mr_error try_wait(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t found = mri_load(word_of(object));

    (void)self;
    call->list = 0;
    if (call->argument == 0) {
        call->argument = found + 1;
    }
    return found & FLAG || found + 1 != call->argument ? MR_OK
                                                       : MRI_WOULD_BLOCK;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return mri_load(word_of(object)) & FLAG;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    (void)call;
    return mri_create_zeroed(self, index, MRI_EVENT, handle);
}

static mri_try *const tries[] = {
    [SET] = try_set,
    [CLEAR] = try_clear,
    [IS_SET] = try_is_set,
    [WAIT] = try_wait,
};

const mri_kind_ops mri_event_ops = {.name = "event",
                                    .kind = MRI_EVENT,
                                    .tries = tries,
                                    .count = TRIES,
                                    .create = create,
                                    .ready = ready};

mr_error mr_event_create(mr_event *event, const mr_event_options *options)
{
    mri_call call = {0};

    return mri_create_at(&mri_event_ops, options ? options->place : 0, &call,
                         "mr_event_create", "event",
                         event ? &event->handle : NULL);
}

static mr_error operate(mr_event event, unsigned int operation, mri_call *call,
                        double timeout)
{
    return mri_operate(&mri_event_ops, event.handle, operation, call, timeout);
}

mr_error mr_event_set(mr_event event)
{
    mri_call call = {0};

    return operate(event, SET, &call, 0);
}

mr_error mr_event_clear(mr_event event)
{
    mri_call call = {0};

    return operate(event, CLEAR, &call, 0);
}

mr_error mr_event_is_set(mr_event event, bool *set)
{
    mri_call call = {0};
    mr_error error;

    if (!set) {
        return mri_bad_argument("mr_event_is_set", "set", "is NULL");
    }
    error = operate(event, IS_SET, &call, 0);
    if (!error) {
        *set = call.result != 0;
    }
    return error;
}

mr_error mr_event_wait(mr_event event, double timeout)
{
    mri_call call = {0};

    return operate(event, WAIT, &call, timeout);
}

mr_error mr_event_destroy(mr_event event)
{
    return mri_destroy(&mri_event_ops, event.handle);
}
