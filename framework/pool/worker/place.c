/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a thread finds the spawned tasks of its batch, which functions these
 * may have, and how workers that have left are called back.
 */
#include "pool/worker/place.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "engine/operation.h"
#include "pool/batch.h"
#include "util/log.h"

static _Thread_local mri_place place_of_thread;

/* The memory of the spawned tasks of a batch is made by the first that spawns.
 * Two may be the first: the second finds it. */
static mr_error create(mri_record *self, mri_object *object)
{
    mri_batch *batch = mri_batch_of(object);
    mri_batch_body *body = mri_batch_body_of(object);
    size_t size = mri_spawned_size(batch->workers);
    mri_spawned *spawned;
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_HEAP, size, 0);

    if (error) {
        return error;
    }
    spawned = mri_at(mri_peek(&self->owned[0].block));
    memset(spawned, 0, size);
    for (uint64_t i = 0; i < batch->workers; i++) {
        mri_store(&spawned->deques[i].away, 1);
    }
    mri_store(&spawned->anybody_away, 1);
    mri_latch(self, &object->wait_latch);
    if (!mri_peek(&body->spawned.ref)) {
        body->spawned.size = mri_peek(&self->owned[0].size);
        mri_owned_move(self, 0, &body->spawned.ref);
        mri_commit(self);
    }
    /* Not before: others use it from now on, whatever happens to this thread.
     */
    mri_store(&batch->spawned, mri_peek(&body->spawned.ref));
    mri_unlatch(self, &object->wait_latch);
    mri_owned_free(self, 0);
    return MR_OK;
}

static const char *end_of_stack(void)
{
    pthread_attr_t attributes;
    void *stack = NULL;
    size_t size = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        (void)!pthread_attr_getstack(&attributes, &stack, &size);
        pthread_attr_destroy(&attributes);
    }
    return stack;
}

mri_place *mri_place_come(mri_record *self, mri_object *object, mri_slot *slot)
{
    mri_batch *batch = mri_batch_of(object);
    mri_place *p = &place_of_thread;
    const char *stack;

    if (mri_task.place) {
        return mri_task.place;
    }
    stack = p->stack ? p->stack : end_of_stack();

    *p = (mri_place){.self = self,
                     .object = object,
                     .batch = batch,
                     .slot = slot,
                     .number = (uint64_t)(slot - batch->slots),
                     .spawned = mri_spawned_of(batch),
                     .stack = stack};
    p->deque = &p->spawned->deques[p->number];
    mri_store(&p->deque->away, 0);
    mri_task.place = p;
    return p;
}

mri_place *mri_place_make(const char *caller, mr_error *error)
{
    mri_slot *slot = mri_task.slot;
    mri_record *self = slot ? mri_self() : NULL;
    mri_object *object;

    if (!self || !mri_peek(&self->working)) { /* or an initializer runs */
        *error = mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                          "%s: call it in a task of a pool, in the thread that "
                          "runs it",
                          caller);
        return NULL;
    }
    object = mri_at(mri_peek(&self->working));
    if (!mri_spawned_of(mri_batch_of(object))) {
        mri_be_active(self, mri_ref_of(object), true);
        *error = create(self, object);
        mri_store(&self->active, 0);
    }
    return *error ? NULL : mri_place_come(self, object, slot);
}

/* ---- calling workers ----------------------------------------------------- */

bool mri_place_anything_offered(const mri_place *p)
{
    for (uint64_t i = 0; i < p->batch->workers; i++) {
        if (mri_range_is_left(&p->spawned->deques[i].offered) ||
            mri_load(&p->spawned->deques[i].spilled)) {
            return true;
        }
    }
    return false;
}

static void call(mri_place *p, uint64_t number)
{
    const mri_batch_worker *who = &p->batch->slots[number].who;

    if (who->mailbox.kind != MRI_NONE &&
        mri_batch_notify(mri_handle_of(p->object), who, (unsigned int)number,
                         0)) {
        mri_store(&p->spawned->deques[number].away, 1); /* it is busy */
        mri_store(&p->spawned->anybody_away, 1);
    }
}

/* Tasks are offered, and workers that have left do not know. */
void mri_place_call(mri_place *p)
{
    if (!mri_load(&p->spawned->anybody_away) ||
        !mri_swap(&p->spawned->anybody_away, 0)) {
        return;
    }
    for (uint64_t i = 0; i < p->batch->workers; i++) {
        uint64_t away = 1;

        if (i != p->number && mri_cas(&p->spawned->deques[i].away, &away, 0)) {
            call(p, i);
        }
    }
}

/* Leave, unless there is something to do after all: who offers does so before
 * it looks who is away.  True: the worker leaves. */
bool mri_place_leave(mri_place *p)
{
    uint64_t away = 1;

    mri_swap(&p->deque->away, 1);
    mri_swap(&p->spawned->anybody_away, 1);
    if (!mri_place_anything_offered(p) && !mri_batch_anything_left(p->batch)) {
        return true;
    }
    mri_cas(&p->deque->away, &away, 0);
    return false;
}

/* ---- functions ----------------------------------------------------------- */

/* MR_ERR_FUNCTION, MR_ERR_LIMIT. */
static mr_error add_function(mri_place *p, const mri_function_ref *ref,
                             unsigned int *number)
{
    mri_spawned *spawned = p->spawned;
    mr_error error = MR_OK;
    uint64_t count;
    unsigned int i;

    mri_latch(p->self, &spawned->latch);
    count = mri_peek(&spawned->functions_count);
    for (i = 0; i < count; i++) {
        if (memcmp(&spawned->functions[i], ref, sizeof *ref) == 0) {
            break;
        }
    }
    if (i == MRI_SPAWN_FUNCTIONS) {
        error = MR_ERR_LIMIT;
    } else if (i == count) {
        spawned->functions[i] = *ref;
        mri_store(&spawned->functions_count, count + 1);
    }
    mri_unlatch(p->self, &spawned->latch);
    *number = i;
    return error;
}

mr_error mri_place_number(mri_place *p, mr_task_function *function,
                          unsigned int *number)
{
    mri_function_ref ref;
    mr_error error = MR_OK;

    if (p->last == function) {
        *number = p->last_number;
        return MR_OK;
    }
    for (*number = 0; *number < MRI_SPAWN_FUNCTIONS; ++*number) {
        if (p->functions[*number] == function) {
            break;
        }
    }
    if (*number == MRI_SPAWN_FUNCTIONS) {
        memset(&ref, 0, sizeof ref);
        error = mri_function_encode((mri_function *)function, &ref);
        if (!error) {
            error = add_function(p, &ref, number);
        }
    }
    if (!error) {
        p->functions[*number] = function;
        p->last = function;
        p->last_number = *number;
    }
    return error;
}

mr_task_function *mri_place_function(mri_place *p, const mri_frame *frame)
{
    mr_task_function **known = &p->functions[frame->function];

    if (!*known) {
        *known = (mr_task_function *)mri_function_decode(
            &p->spawned->functions[frame->function]);
    }
    return *known;
}
