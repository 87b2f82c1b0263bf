/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Process: the object beside the fork server's child.
 *
 * The state is one word.  CREATED becomes STARTING by the creator; the fork
 * server makes it RUNNING, or CREATED again when it cannot; its end makes it
 * ENDED, through rank 0's writer if there was output.  Waiters for any of
 * that are in list 0.
 */
#include "objects/process.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "far/far.h"
#include "objects/holders.h"
#include "objects/kinds.h"
#include "objects/pipe.h"
#include "runtime/job/identity.h"
#include "runtime/server/child.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"
#include "util/settings.h"

enum {
    SAID_ALL = MRI_PROCESS_SAID_ALL,
    BEGIN,
    STARTED,
    JOIN,
    LOOK,
    SET_DAEMON,
    FORGET,
    TRIES
};

static mri_process_state state_of(mri_object *object)
{
    return (mri_process_state)mri_load(&mri_process_of(object)->state);
}

static bool is_mine(mri_record *self, mri_object *object)
{
    return mri_load(&mri_process_of(object)->creator) == mri_load(&self->owner);
}

/* ---- operations ---------------------------------------------------------- */

static mr_error try_said_all(mri_record *self, mri_object *object,
                             mri_call *call)
{
    (void)call;
    mri_process_set_state(self, object, MRI_ENDED);
    return MR_OK;
}

static mr_error try_begin(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t created = MRI_CREATED;

    (void)call;
    if (!is_mine(self, object) ||
        !mri_cas(&mri_process_of(object)->state, &created, MRI_STARTING)) {
        return MR_ERR_STATE;
    }
    return MR_OK;
}

static mr_error try_started(mri_record *self, mri_object *object,
                            mri_call *call)
{
    (void)self;
    call->list = 0;
    switch (state_of(object)) {
    case MRI_STARTING:
        return MRI_WOULD_BLOCK;
    case MRI_CREATED:
        return (mr_error)mri_load(&mri_process_of(object)->error);
    default:
        return MR_OK;
    }
}

static mr_error try_join(mri_record *self, mri_object *object, mri_call *call)
{
    mri_process_state state = state_of(object);

    (void)self;
    call->list = 0;
    if (state == MRI_CREATED || object == mri_this_process()) {
        return MR_ERR_STATE;
    }
    return state >= MRI_ENDED ? MR_OK : MRI_WOULD_BLOCK;
}

/* Copies what the other calls tell; call->out is a process_look. */
typedef struct process_look {
    mri_process_state state;
    bool daemon;
    int64_t pid;
    int64_t status;
    char name[MR_NAME_SIZE];
} process_look;

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    mri_process_body *body = mri_process_of(object);
    process_look *look = call->out;

    (void)self;
    look->state = state_of(object);
    look->daemon = mri_load(&body->daemon) != 0;
    look->pid = (int64_t)mri_load(&body->pid);
    look->status = (int64_t)mri_load(&body->status);
    memcpy(look->name, mri_process_detail_of(object)->name, MR_NAME_SIZE);
    return MR_OK;
}

static mr_error try_set_daemon(mri_record *self, mri_object *object,
                               mri_call *call)
{
    if (!is_mine(self, object) || state_of(object) != MRI_CREATED) {
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
    while (state == MRI_CREATED || state == MRI_ENDED) {
        if (mri_cas(word, &state, MRI_FORGOTTEN)) {
            return mri_object_destroy(mri_handle_of(object), MRI_PROCESS);
        }
    }
    return MR_ERR_STATE;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return state_of(object) >= MRI_ENDED;
}

/* ---- requests to the fork server ----------------------------------------- */

static mr_error request(mr_handle process, int number)
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
    return sizeof(mri_process_detail) + body->argument_size;
}

/* Also on other nodes. */
static void drop_ends(mri_record *self, mri_object *object)
{
    mri_gone gone = {.process = mri_handle_of(object)};

    mri_pipe_drop_all(self, mri_holder_of_process(gone.process));
    mri_far_tell_gone(mri_process_of(object)->holds, &gone);
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_process_body *body = mri_process_of(object);

    if (body->holds) {
        drop_ends(self, object);
    }
    mri_object_free(self, object, &object->detail, detail_size(body));
}

/* The creator is gone.  What it had begun to start is started, as it may be
 * on its way already; what it had not is never; its daemons end with it. */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_process_body *body = mri_process_of(object);
    mri_process_state state = state_of(object);
    mr_handle process = mri_handle_of(object);
    bool daemon = mri_load(&body->daemon) != 0;

    if (!mri_is_gone(gone, mri_load(&body->creator))) {
        return;
    }
    if (state == MRI_CREATED && body->holds) {
        drop_ends(self, object);
    }
    if (state == MRI_STARTING) {
        (void)!request(process, 0);
    }
    if (daemon && state >= MRI_STARTING && state < MRI_ENDED) {
        (void)!request(process, SIGKILL);
    }
}

/* Killed between the decision to forget it and the end of the object. */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)self;
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE &&
        state_of(object) == MRI_FORGOTTEN) {
        mri_object_destroy(mri_handle_of(object), MRI_PROCESS);
    }
}

static mri_try *const tries[] = {
    [SAID_ALL] = try_said_all, [BEGIN] = try_begin,
    [STARTED] = try_started,   [JOIN] = try_join,
    [LOOK] = try_look,         [SET_DAEMON] = try_set_daemon,
    [FORGET] = try_forget,
};

typedef struct process_spec {
    mri_function_ref function;
    char name[MR_NAME_SIZE];
    char path[MR_NAME_SIZE];
    bool daemon;
    mri_process_role role;
} process_spec;

static mr_error fill(mri_record *self, mri_object *object, unsigned int index,
                     const process_spec *spec, const mri_call *call)
{
    mri_process_body *body = mri_process_of(object);
    mri_process_detail *detail;
    mr_error error = mri_allocate(self, index, MRI_HEAP, detail_size(body), 0);

    if (error) {
        return error;
    }
    detail = mri_at(mri_peek(&self->owned[0].block));
    detail->function = spec->function;
    memcpy(detail->name, spec->name, sizeof detail->name);
    memcpy(detail->path, spec->path, sizeof detail->path);
    if (call->more_size) {
        memcpy(detail->argument, call->more, call->more_size);
    }
    mri_object_detail(self, object);
    return MR_OK;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const process_spec *spec = call->in;
    mri_object *object = NULL;
    mri_process_body *body;
    mr_error error = mri_object_build(self, index, MRI_PROCESS, &object);

    if (error) {
        return error;
    }
    body = mri_process_of(object);
    body->argument_size = call->more_size;
    body->holds = spec->role.holds;
    body->workers = spec->role.workers;
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
                                      .count = TRIES,
                                      .create = create,
                                      .ready = ready,
                                      .dispose = dispose,
                                      .forget = forget,
                                      .repair = repair};

/* ---- the caller's own ---------------------------------------------------- */

/* What this endpoint made and has not destroyed.  In private memory: it is
 * for the endpoint's own end. */
typedef struct processes {
    pthread_mutex_t mutex;
    mr_process *processes;
    size_t count;
    size_t capacity;
} processes;

static MRI_RANK_LOCAL processes made_by_rank = {.mutex =
                                                    PTHREAD_MUTEX_INITIALIZER};
#define mine MRI_OWN(made_by_rank)

static mr_error remember(mr_process process)
{
    mr_error error = MR_OK;

    pthread_mutex_lock(&mine.mutex);
    if (mine.count == mine.capacity) {
        size_t capacity = 2 * mine.capacity + 16;
        mr_process *more =
            realloc(mine.processes, capacity * sizeof *mine.processes);

        if (more) {
            mine.processes = more;
            mine.capacity = capacity;
        } else {
            error = MR_ERR_NO_MEMORY;
        }
    }
    if (!error) {
        mine.processes[mine.count++] = process;
    }
    pthread_mutex_unlock(&mine.mutex);
    return error;
}

static void no_longer_mine(mr_process process)
{
    pthread_mutex_lock(&mine.mutex);
    for (size_t i = 0; i < mine.count; i++) {
        if (memcmp(&mine.processes[i], &process, sizeof process) == 0) {
            mine.processes[i] = mine.processes[--mine.count];
            break;
        }
    }
    pthread_mutex_unlock(&mine.mutex);
}

/* ---- creation ------------------------------------------------------------ */

static mr_error check_options(const mr_process_options *options)
{
    if (!options) {
        return MR_OK;
    }
    if (options->name && strlen(options->name) >= MR_NAME_SIZE) {
        return mri_bad_argument("mr_process_create", "options->name",
                                "is longer than MR_NAME_SIZE allows");
    }
    if (options->ends_count && !options->ends) {
        return mri_bad_argument("mr_process_create", "options->ends",
                                "is NULL");
    }
    for (size_t i = 0; i < options->ends_count; i++) {
        if (options->ends[i].handle.kind != MRI_PIPE) {
            return mri_bad_argument("mr_process_create", "options->ends",
                                    "has one that is no pipe end");
        }
    }
    return MR_OK;
}

/* Ranks take turns; each endpoint begins beside itself. */
static unsigned int rank_in_turn(uint64_t number)
{
    return (unsigned int)((mri_endpoint_rank(mri_self_endpoint()) + number) %
                          mri_here.size);
}

/* Where the user wants it; else the turn of a lost rank passes to the next.
 * Only the attempt shows which rank is lost, as a process does not hear of
 * other nodes. */
static mr_error create_at_place(const mr_process_options *options,
                                uint64_t number, mri_call *call,
                                mr_handle *handle)
{
    mr_error error;
    unsigned int rank;

    if (options && options->place != MR_PLACE_DEFAULT) {
        error = mri_place_rank("mr_process_create", options->place, &rank);
        return error ? error : mri_create(&mri_process_ops, rank, call, handle);
    }
    for (unsigned int i = 0; i < mri_here.size; i++) {
        error = mri_create(&mri_process_ops, rank_in_turn(number + i), call,
                           handle);
        if (error != MR_ERR_OWNER_LOST) {
            return error;
        }
    }
    return MR_ERR_OWNER_LOST;
}

static void write_names(process_spec *spec, uint64_t number,
                        const mr_process_options *options)
{
    mri_object *parent = mri_this_process();
    const char *path = parent ? mri_process_detail_of(parent)->path : "";

    /* Cut when processes are nested too deep to be named. */
    snprintf(spec->path, sizeof spec->path, "%.36s%s%u", path, *path ? ":" : "",
             (unsigned int)number);
    if (options && options->name) {
        snprintf(spec->name, sizeof spec->name, "%s", options->name);
    } else {
        snprintf(spec->name, sizeof spec->name, "Process-%.38s", spec->path);
    }
}

static mr_error hold_ends(mr_process process, const mr_process_options *options)
{
    uint64_t holder = mri_holder_of_process(process.handle);
    mr_error error = MR_OK;

    for (size_t i = 0; !error && options && i < options->ends_count; i++) {
        error = mri_pipe_hold(options->ends[i], holder);
    }
    return error;
}

static mr_error build(mri_record *self, mr_process *process, process_spec *spec,
                      const void *argument, size_t size,
                      const mr_process_options *options)
{
    mri_endpoint *me = mri_endpoint_at(mri_load(&self->owner));
    uint64_t number = mri_add(&me->children, 1) + 1;
    mri_call call = {.in = spec,
                     .in_size = sizeof *spec,
                     .more = argument,
                     .more_size = size};
    mr_process made;
    mr_error error;

    write_names(spec, number, options);
    spec->daemon = options && options->daemon;
    for (size_t i = 0; options && i < options->ends_count; i++) {
        spec->role.holds |= mri_ranks_bit(options->ends[i].handle.owner);
    }
    error = create_at_place(options, number, &call, &made.handle);
    if (error) {
        return error;
    }
    error = hold_ends(made, options);
    if (!error) {
        error = remember(made);
    }
    if (error) {
        (void)!mri_destroy(&mri_process_ops, made.handle);
        return error;
    }
    *process = made;
    return MR_OK;
}

mr_error mri_process_create(mr_process *process, mr_process_function *function,
                            const void *argument, size_t size,
                            const mr_process_options *options,
                            const mri_process_role *role)
{
    mri_record *self = mri_self();
    process_spec spec = {.role = *role};
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    error = mri_may_create_processes("mr_process_create");
    if (!error) {
        error = mri_function_encode((mri_function *)function, &spec.function);
    }
    return error ? error : build(self, process, &spec, argument, size, options);
}

mr_error mr_process_create(mr_process *process, mr_process_function *function,
                           const void *argument, size_t size,
                           const mr_process_options *options)
{
    static const mri_process_role none;
    mr_error error;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (!process || !function) {
        return mri_bad_argument("mr_process_create",
                                process ? "function" : "process", "is NULL");
    }
    if (!argument && size) {
        return mri_bad_argument("mr_process_create", "argument", "is NULL");
    }
    if (size > SIZE_MAX / 2) {
        return MR_ERR_TOO_LARGE;
    }
    error = check_options(options);
    return error ? error
                 : mri_process_create(process, function, argument, size,
                                      options, &none);
}

/* ---- the other calls ------------------------------------------------------
 */

static mr_error operate(mr_process process, unsigned int operation,
                        mri_call *call, double timeout)
{
    return mri_operate(&mri_process_ops, process.handle, operation, call,
                       timeout);
}

static mr_error look_at(mr_process process, process_look *look)
{
    mri_call call = {.out = look, .out_size = sizeof *look};

    return operate(process, LOOK, &call, 0);
}

/* It is not interrupted: whether the process has started has to be known. */
mr_error mr_process_start(mr_process process)
{
    mri_call call = {0};
    mr_error error = operate(process, BEGIN, &call, 0);

    if (!error) {
        error = request(process.handle, 0);
    }
    if (!error) {
        mri_interrupts_off();
        error = operate(process, STARTED, &call, MR_FOREVER);
        mri_interrupts_on();
    }
    return error;
}

mr_error mr_process_join(mr_process process, double timeout)
{
    mri_call call = {0};

    return operate(process, JOIN, &call, timeout);
}

mr_error mr_process_is_alive(mr_process process, bool *alive)
{
    process_look look;
    mr_error error;

    if (!alive) {
        return mri_bad_argument("mr_process_is_alive", "alive", "is NULL");
    }
    error = look_at(process, &look);
    if (!error) {
        *alive = look.state == MRI_STARTING || look.state == MRI_RUNNING;
    }
    return error;
}

mr_error mr_process_exit_code(mr_process process, int *code)
{
    process_look look;
    mr_error error;

    if (!code) {
        return mri_bad_argument("mr_process_exit_code", "code", "is NULL");
    }
    error = look_at(process, &look);
    if (!error && look.state < MRI_ENDING) {
        error = MR_ERR_STATE;
    }
    if (!error) {
        *code = (int)look.status;
    }
    return error;
}

static mr_error send_signal(mr_process process, int number)
{
    process_look look;
    mr_error error = look_at(process, &look);

    if (error || look.state >= MRI_ENDING) {
        return error;
    }
    return look.state == MRI_CREATED ? MR_ERR_STATE
                                     : request(process.handle, number);
}

mr_error mr_process_terminate(mr_process process)
{
    return send_signal(process, SIGTERM);
}

mr_error mr_process_kill(mr_process process)
{
    return send_signal(process, SIGKILL);
}

mr_error mr_process_destroy(mr_process process)
{
    mri_call call = {0};
    mr_error error = operate(process, FORGET, &call, 0);

    if (!error) {
        no_longer_mine(process);
    }
    return error;
}

mr_error mr_process_set_daemon(mr_process process, bool daemon)
{
    mri_call call = {.argument = daemon};

    return operate(process, SET_DAEMON, &call, 0);
}

mr_error mr_process_daemon(mr_process process, bool *daemon)
{
    process_look look;
    mr_error error;

    if (!daemon) {
        return mri_bad_argument("mr_process_daemon", "daemon", "is NULL");
    }
    error = look_at(process, &look);
    if (!error) {
        *daemon = look.daemon;
    }
    return error;
}

mr_error mr_process_name(mr_process process, char *name, size_t size)
{
    process_look look;
    mr_error error;

    if (!name) {
        return mri_bad_argument("mr_process_name", "name", "is NULL");
    }
    error = look_at(process, &look);
    if (!error && strlen(look.name) >= size) {
        error = MR_ERR_TRUNCATED;
    }
    if (!error) {
        memcpy(name, look.name, strlen(look.name) + 1);
    }
    return error;
}

mr_error mr_process_pid(mr_process process, int64_t *pid)
{
    process_look look;
    mr_error error;

    if (!pid) {
        return mri_bad_argument("mr_process_pid", "pid", "is NULL");
    }
    error = look_at(process, &look);
    if (!error && look.state < MRI_RUNNING) {
        error = MR_ERR_STATE;
    }
    if (!error) {
        *pid = look.pid;
    }
    return error;
}

mr_error mr_process_current(mr_process *process)
{
    mri_object *object = mri_this_process();

    if (!process) {
        return mri_bad_argument("mr_process_current", "process", "is NULL");
    }
    if (!object) {
        return MR_ERR_STATE;
    }
    process->handle = mri_handle_of(object);
    return MR_OK;
}

/* ---- the end of an endpoint ---------------------------------------------- */

/* Three passes over the processes that the caller made: all daemons are told
 * to end; those that have not by the deadline, which is one for all, are
 * killed; then all are waited for. */
typedef struct ending {
    enum { TERMINATE, KILL, WAIT } pass;
    int64_t deadline;
} ending;

static void end_daemon(mr_process process, const ending *e)
{
    double grace = (double)mri_settings()->grace / 1000;

    if (e->pass == TERMINATE) {
        (void)!mr_process_terminate(process);
    } else if (e->pass == KILL &&
               mr_process_join(process, mri_timeout_left(grace, e->deadline)) !=
                   MR_OK) {
        (void)!mr_process_kill(process);
    }
}

static void end_one(mr_process process, const ending *e)
{
    process_look look;

    if (look_at(process, &look) || look.state == MRI_CREATED ||
        look.state >= MRI_ENDED) {
        return;
    }
    if (e->pass == WAIT) {
        (void)!mr_process_join(process, MR_FOREVER);
    } else if (look.daemon) {
        end_daemon(process, e);
    }
}

void mri_process_end_all(void)
{
    ending e = {.deadline = mri_now() + mri_settings()->grace * 1000000};

    mri_interrupts_off();
    for (e.pass = TERMINATE; e.pass <= WAIT; e.pass++) {
        /* Not under the mutex, as that waits; nothing is added any more. */
        for (size_t i = 0; i < mine.count; i++) {
            end_one(mine.processes[i], &e);
        }
    }
    mri_interrupts_on();
}
