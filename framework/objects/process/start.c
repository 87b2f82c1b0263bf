/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the start of processes.
 *
 * Those of one rank are started by one call on the main of that rank, which is
 * there as long as the rank.  The call makes CREATED processes STARTING, links
 * them, and puts one request for all of them into the row of the fork server;
 * then it waits until none is STARTING.  It goes on from where it was when it
 * is tried again.  If the caller dies before the request is put, those who
 * forget it ask for each process that it has made STARTING.
 */
#include <stdlib.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "objects/process/calls.h"
#include "util/log.h"

/* Each has a bit of call->result, which says that it was not started. */
_Static_assert(MRI_STARTS_AT_ONCE <= 64, "bits of a result");

/* call->argument: how far the call is, the process that it waits for, and
 * whether it waits at all. */
enum { BEGIN = 0, ASK = 1, AWAIT = 2, STEP = 3, RETURN = 4, WAITS_FOR = 8 };

/* ---- at the owner -------------------------------------------------------- */

static bool begin_one(mri_record *self, mr_handle handle, uint64_t link)
{
    mri_object *object = mri_enter_second(self, handle, MRI_PROCESS);
    uint64_t created = MRI_CREATED;
    bool begun =
        object && mri_process_is_mine(self, object) &&
        mri_cas(&mri_process_of(object)->state, &created, MRI_STARTING);

    if (begun) {
        mri_store(&mri_process_of(object)->next, link);
    }
    mri_leave_second(self);
    return begun;
}

static uint64_t bit(unsigned int i)
{
    return (uint64_t)1 << i;
}

/* From the last to the first, each linked to the one after it. */
static void begin_all(mri_record *self, const mr_handle *handles,
                      unsigned int count, mri_call *call)
{
    uint64_t link = 0;

    for (unsigned int i = count; i-- > 0;) {
        if (begin_one(self, handles[i], link)) {
            link = mri_process_link(handles[i]);
        } else {
            call->result |= bit(i);
        }
    }
}

/* One request, for the first that was begun. */
static mr_error ask(mri_record *self, const mr_handle *handles,
                    unsigned int count, mri_call *call)
{
    mri_request request = {.signal = 0};

    for (unsigned int i = 0; i < count; i++) {
        if (!(call->result & bit(i))) {
            request.process = handles[i];
            return mri_mailbox_put_second(
                self, mri_mailbox_at(handles[i].owner, MRI_ROW_REQUESTS),
                &request, sizeof request, call);
        }
    }
    return MR_OK;
}

/* One that is destroyed by now was started, and has ended. */
static mr_error await(mri_record *self, mr_handle handle, mri_call *call,
                      bool *failed)
{
    mri_object *object = mri_enter_second(self, handle, MRI_PROCESS);
    mr_error error = MR_OK;

    if (object) {
        switch (mri_process_state_of(object)) {
        case MRI_STARTING:
            mri_wait_second(self, call, object, 0);
            error = MRI_WOULD_BLOCK;
            break;
        case MRI_CREATED:
            *failed = true;
            break;
        default:
            break;
        }
    }
    mri_leave_second(self);
    return error;
}

static mr_error await_all(mri_record *self, const mr_handle *handles,
                          unsigned int count, mri_call *call)
{
    for (unsigned int i = (unsigned int)(call->argument / WAITS_FOR); i < count;
         i++) {
        bool failed = (call->result & bit(i)) != 0;

        call->argument = AWAIT + (uint64_t)WAITS_FOR * i;
        if (!failed && await(self, handles[i], call, &failed)) {
            return MRI_WOULD_BLOCK;
        }
        call->result |= failed ? bit(i) : 0;
    }
    return MR_OK;
}

/* call->in are processes of the rank of which the object is the main. */
mr_error mri_process_try_start(mri_record *self, mri_object *object,
                               mri_call *call)
{
    const mr_handle *handles = call->in;
    unsigned int count = (unsigned int)(call->in_size / sizeof *handles);

    if (!mri_process_is_main(object) || count > MRI_STARTS_AT_ONCE) {
        return MR_ERR_ARGUMENT;
    }
    if ((call->argument & STEP) == BEGIN) {
        begin_all(self, handles, count, call);
        call->argument += ASK - BEGIN;
    }
    if ((call->argument & STEP) == ASK) {
        mr_error error = ask(self, handles, count, call);

        if (error) {
            return error;
        }
        call->argument += AWAIT - ASK;
    }
    return call->argument & RETURN ? MR_OK
                                   : await_all(self, handles, count, call);
}

/* ---- at the caller ------------------------------------------------------- */

/* Some processes of one rank. */
typedef struct group {
    mr_handle handles[MRI_STARTS_AT_ONCE];
    size_t places[MRI_STARTS_AT_ONCE]; /* of each among all */
    unsigned int count;
    mri_call call;
    mr_error error;
} group;

static void operate(group *g, uint64_t step)
{
    g->call.in = g->handles;
    g->call.in_size = g->count * sizeof *g->handles;
    g->call.argument = step;
    g->error =
        mri_operate(mri_ops_of(MRI_PROCESS), mri_main_of(g->handles[0].owner),
                    MRI_PROCESS_START, &g->call, MR_FOREVER);
}

/* Why one was not started. */
static mr_error reason(mr_process process)
{
    mri_process_look look;
    mr_error error = mri_process_look_at(process, &look);

    if (error) {
        return error;
    }
    return look.mine && look.state == MRI_CREATED && look.error ? look.error
                                                                : MR_ERR_STATE;
}

/* What became of each; `errors` may be NULL.  Gives the error that comes first
 * among all so far, which is that of the place *first. */
static mr_error conclude(const group *g, mr_error *errors, size_t *first,
                         mr_error result)
{
    for (unsigned int i = 0; i < g->count; i++) {
        mr_process process = {g->handles[i]};
        mr_error error = g->error;

        if (!error && g->call.result & bit(i)) {
            error = reason(process);
        }
        if (errors) {
            errors[g->places[i]] = error;
        }
        if (error && g->places[i] < *first) {
            *first = g->places[i];
            result = error;
        }
    }
    return result;
}

/* It is not interrupted: whether the process has started has to be known. */
mr_error mr_process_start(mr_process process)
{
    group g = {.handles = {process.handle}, .count = 1};
    size_t first = SIZE_MAX;

    mri_interrupts_off();
    operate(&g, BEGIN);
    mri_interrupts_on();
    return conclude(&g, NULL, &first, MR_OK);
}

/* The next group: of the first process that is in none, and those beside it. */
static bool gather(const mr_process *processes, size_t count, bool *taken,
                   size_t *from, group *g)
{
    while (*from < count && taken[*from]) {
        (*from)++;
    }
    for (size_t i = *from; i < count && g->count < MRI_STARTS_AT_ONCE; i++) {
        if (!taken[i] &&
            processes[i].handle.owner == processes[*from].handle.owner) {
            taken[i] = true;
            g->handles[g->count] = processes[i].handle;
            g->places[g->count++] = i;
        }
    }
    return g->count > 0;
}

/* All servers are asked before one is awaited, so that they fork at the same
 * time. */
static void start_groups(group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        operate(&groups[i], i + 1 < count ? BEGIN | RETURN : BEGIN);
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (!groups[i].error) {
            operate(&groups[i], AWAIT);
        }
    }
}

/* The groups of all; NULL: there is no memory. */
static group *gather_all(const mr_process *processes, size_t count,
                         size_t *groups_count)
{
    bool *taken = calloc(count, sizeof *taken);
    group *groups = NULL;
    size_t from = 0;
    bool more = taken != NULL;

    for (*groups_count = 0; more;) {
        group *room = reallocarray(groups, *groups_count + 1, sizeof *groups);

        if (!room) {
            free(groups);
            groups = NULL;
            break;
        }
        groups = room;
        groups[*groups_count] = (group){.count = 0};
        more = gather(processes, count, taken, &from, &groups[*groups_count]);
        *groups_count += more;
    }
    free(taken);
    return groups;
}

mr_error mr_process_start_many(const mr_process *processes, size_t count,
                               mr_error *errors)
{
    size_t groups_count = 0;
    size_t first = SIZE_MAX;
    mr_error error = MR_OK;
    group *groups;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (count == 0) {
        return MR_OK;
    }
    if (!processes) {
        return mri_bad_argument("mr_process_start_many", "processes",
                                "is NULL");
    }
    groups = gather_all(processes, count, &groups_count);
    if (!groups) {
        return MR_ERR_NO_MEMORY;
    }
    mri_interrupts_off();
    start_groups(groups, groups_count);
    mri_interrupts_on();
    for (size_t i = 0; i < groups_count; i++) {
        error = conclude(&groups[i], errors, &first, error);
    }
    free(groups);
    return error;
}
