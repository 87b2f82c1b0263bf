/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Process: the object beside the fork server's child.
 *
 * The state is one word.  CREATED becomes STARTING by the creator; the fork
 * server makes it RUNNING, or CREATED again when it cannot; its end makes it
 * ENDED, through rank 0's writer if there was output.  Waiters for any of
 * that are in list 0.
 *
 * The main of each rank is a process in a well-known row.  It runs from the
 * start of the job, nobody has created it, and it is never destroyed.
 */
#include "objects/process/calls.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "engine/reaper.h"
#include "far/far.h"

/* Is it the caller's own?  An endpoint of another rank is not of this node, or
 * is another process. */
static bool is_self(const mri_record *self, mri_object *object)
{
    uint64_t me = mri_load(&self->owner);
    mri_segment *segment = mri_segment_at(mri_segment_of(mri_ref_of(object)));

    return mri_endpoint_rank(me) == segment->rank &&
           mri_process_of_endpoint(me) == object;
}

/* ---- operations ---------------------------------------------------------- */

static mr_error try_said_all(mri_record *self, mri_object *object,
                             mri_call *call)
{
    (void)call;
    mri_process_set_state(self, object, MRI_ENDED);
    return MR_OK;
}

static mr_error try_join(mri_record *self, mri_object *object, mri_call *call)
{
    mri_process_state state = mri_process_state_of(object);

    call->list = 0;
    if (state == MRI_CREATED || is_self(self, object)) {
        return MR_ERR_STATE;
    }
    return state >= MRI_ENDED ? MR_OK : MRI_WOULD_BLOCK;
}

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    mri_process_body *body = mri_process_of(object);
    mri_process_look *look = call->out;

    look->state = mri_process_state_of(object);
    look->daemon = mri_load(&body->daemon) != 0;
    look->mine = mri_process_is_mine(self, object);
    look->is_main = mri_process_is_main(object);
    look->error = (mr_error)mri_load(&body->error);
    look->pid = (int64_t)mri_load(&body->pid);
    look->status = (int64_t)mri_load(&body->status);
    return MR_OK;
}

static mr_error try_name(mri_record *self, mri_object *object, mri_call *call)
{
    const char *name = mri_process_name_of(object);

    (void)self;
    assert(call->out_size == MR_NAME_SIZE);
    call->out_size = strlen(name) + 1;
    call->result = call->out_size;
    memcpy(call->out, name, call->out_size);
    return MR_OK;
}

static mr_error try_set_daemon(mri_record *self, mri_object *object,
                               mri_call *call)
{
    if (!mri_process_is_mine(self, object) ||
        mri_process_state_of(object) != MRI_CREATED) {
        return MR_ERR_STATE;
    }
    mri_store(&mri_process_of(object)->daemon, call->argument);
    return MR_OK;
}

static mr_error try_forget(mri_record *self, mri_object *object, mri_call *call)
{
    mri_word *word = &mri_process_of(object)->state;
    uint64_t state = mri_load(word);

    (void)self;
    (void)call;
    while (!mri_process_is_main(object) &&
           (state == MRI_CREATED || state == MRI_ENDED)) {
        if (mri_cas(word, &state, MRI_FORGOTTEN)) {
            return mri_object_destroy(mri_handle_of(object), MRI_PROCESS);
        }
    }
    return MR_ERR_STATE;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return mri_process_state_of(object) >= MRI_ENDED;
}

/* ---- requests to the fork server ----------------------------------------- */

mr_error mri_process_request(mr_handle process, int number)
{
    mri_request what = {.process = process, .signal = number};
    mr_error error;

    mri_interrupts_off();
    error = mri_mailbox_put(mri_mailbox_at(process.owner, MRI_ROW_REQUESTS),
                            &what, sizeof what, MR_FOREVER);
    mri_interrupts_on();
    return error;
}

/* ---- deaths -------------------------------------------------------------- */

static size_t detail_size(const mri_process_body *body)
{
    return mri_process_argument_at(body) + body->argument_size;
}

/* Also on other nodes. */
static void drop_all(mri_object *object)
{
    mri_gone gone = {.process = mri_handle_of(object)};

    mri_reap_unstarted(&gone);
    mri_far_tell_gone(mri_process_of(object)->holds, &gone);
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_process_body *body = mri_process_of(object);

    if (body->holds) {
        drop_all(object);
    }
    mri_object_free(self, object, &object->detail, detail_size(body));
}

/* The creator is gone.  A start that it had begun is completed, as the request
 * may be on its way already.  A process that it had not begun to start never
 * runs.  Its daemons are killed. */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_process_body *body = mri_process_of(object);
    mri_process_state state = mri_process_state_of(object);
    mr_handle process = mri_handle_of(object);
    bool daemon = mri_load(&body->daemon) != 0;

    (void)self;
    if (!mri_is_gone(gone, mri_load(&body->creator))) {
        return;
    }
    if (state == MRI_CREATED && body->holds) {
        drop_all(object);
    }
    if (state == MRI_STARTING) {
        (void)!mri_process_request(process, 0);
    }
    if (daemon && state >= MRI_STARTING && state < MRI_ENDED) {
        (void)!mri_process_request(process, SIGKILL);
    }
}

/* Killed between the decision to forget it and the end of the object. */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)self;
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE &&
        mri_process_state_of(object) == MRI_FORGOTTEN) {
        mri_object_destroy(mri_handle_of(object), MRI_PROCESS);
    }
}

static mri_try *const tries[] = {
    [MRI_PROCESS_SAID_ALL] = try_said_all,
    [MRI_PROCESS_START] = mri_process_try_start,
    [MRI_PROCESS_JOIN] = try_join,
    [MRI_PROCESS_LOOK] = try_look,
    [MRI_PROCESS_NAME] = try_name,
    [MRI_PROCESS_SET_DAEMON] = try_set_daemon,
    [MRI_PROCESS_FORGET] = try_forget,
};

static mr_error fill(mri_record *self, mri_object *object, unsigned int index,
                     const mri_process_spec *spec, const mri_call *call)
{
    mri_process_body *body = mri_process_of(object);
    mri_process_detail *detail;
    mr_error error = mri_allocate(self, index, MRI_HEAP, detail_size(body), 0);

    if (error) {
        return error;
    }
    detail = mri_at(mri_peek(&self->owned[0].block));
    detail->function = spec->function;
    memcpy(detail->names, spec->names, body->names_size);
    if (call->more_size) {
        memcpy((char *)detail + mri_process_argument_at(body), call->more,
               call->more_size);
    }
    mri_object_detail(self, object);
    return MR_OK;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const mri_process_spec *spec = call->in;
    mri_object *object = NULL;
    mri_process_body *body;
    mr_error error = mri_object_build(self, index, MRI_PROCESS, &object);

    if (error) {
        return error;
    }
    body = mri_process_of(object);
    body->names_size = call->in_size - offsetof(mri_process_spec, names);
    body->argument_size = call->more_size;
    body->holds = spec->role.holds;
    body->workers = spec->role.workers;
    body->parent = spec->parent;
    mri_store(&body->creator, mri_load(&self->owner));
    mri_store(&body->daemon, spec->daemon);
    error = fill(self, object, index, spec, call);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

const mri_kind_ops mri_process_ops = {.name = "process",
                                      .kind = MRI_PROCESS,
                                      .tries = tries,
                                      .count = MRI_PROCESS_TRIES,
                                      .create = create,
                                      .ready = ready,
                                      .dispose = dispose,
                                      .forget = forget,
                                      .repair = repair};
