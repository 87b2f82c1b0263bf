/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns errands: how they are put, and what a rank does for its processes.
 *
 * In the rank each thread of a process that makes far calls has a port, too,
 * and each call a copy of what it brings: so its death leaves nothing that MPI
 * still uses.  All but the exchange's part is the service thread's own.
 */
#include "far/relay.h"

#include <stdlib.h>
#include <string.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "far/exchange.h"
#include "memory/liveness.h"
#include "util/log.h"
#include "util/rank_local.h"

/* ---- in a process -------------------------------------------------------- */

static unsigned char *compose(unsigned char *item,
                              const mri_relay_request *request, const void *in,
                              const void *more)
{
    unsigned char *at = item + sizeof *request;

    memcpy(item, request, sizeof *request);
    if (request->head.in_size) {
        memcpy(at, in, request->head.in_size);
    }
    if (request->head.more_size) {
        memcpy(at + mri_padded(request->head.in_size), more,
               request->head.more_size);
    }
    return item;
}

mr_error mri_relay_put(const mri_relay_request *request, const void *in,
                       const void *more, double timeout)
{
    _Alignas(16) unsigned char some[MRI_RELAY_SMALL];
    size_t size = sizeof *request + mri_brings(&request->head);
    bool small = size <= sizeof some;
    unsigned char *item = small ? some : malloc(size);
    unsigned int rank = mri_endpoint_rank(mri_self_endpoint());
    mr_error error;

    if (!item) {
        return MR_ERR_NO_MEMORY;
    }
    error = mri_mailbox_put(
        mri_mailbox_at(rank, small ? MRI_ROW_RELAY : MRI_ROW_RELAY_LARGE),
        compose(item, request, in, more), size, timeout);
    if (!small) {
        free(item);
    }
    return error;
}

/* ---- in the rank --------------------------------------------------------- */

/* Of a thread of a process. */
typedef struct relay {
    struct relay *next;
    mri_port port;
    uint64_t thread;
} relay;

/* A call of one. */
typedef struct job {
    mri_outgoing outgoing;
    struct job *next; /* of those that are complete */
    relay *relay;
    _Alignas(16) unsigned char data[];
} job;

/* An endpoint that ends: all that its calls left behind comes first. */
typedef struct farewell {
    struct farewell *next;
    mri_gone gone;
    mri_ranks ranks;
    bool told;
    unsigned int answers; /* to come; under the lock of the exchange */
    mri_outgoing *calls;
} farewell;

typedef struct relayed {
    relay *relays;
    job *completed; /* under the lock of the exchange */
    job *undelivered;
    farewell *farewells;
    _Alignas(16) unsigned char some[MRI_RELAY_SMALL]; /* the last request */
} relayed;

static MRI_RANK_LOCAL relayed relayed_by_rank;
#define own MRI_OWN(relayed_by_rank)

static relay *relay_of(const mri_relay_request *request)
{
    relay *a = own.relays;

    while (a && (a->thread != request->head.thread ||
                 a->port.endpoint != request->head.endpoint)) {
        a = a->next;
    }
    return a;
}

static void complete(mri_outgoing *outgoing)
{
    job *done = outgoing->user;

    done->next = own.completed;
    own.completed = done;
}

/* A call that ran ahead has no outgoing: its reply is made up. */
static void pipelined_done(mri_port *port, uint32_t number, mr_error error)
{
    job *done = calloc(1, sizeof *done + sizeof(mri_head));

    if (!done) {
        mri_log(MR_LOG_ERROR, "no memory for a reply to a process");
        return;
    }
    done->relay = (relay *)((unsigned char *)port - offsetof(relay, port));
    done->outgoing.head = (mri_head){.what = MRI_REPLY,
                                     .flags = MRI_PIPELINED,
                                     .result = number,
                                     .error = error};
    done->outgoing.user = done;
    complete(&done->outgoing);
}

static relay *make_relay(const mri_relay_request *request)
{
    relay *a = calloc(1, sizeof *a);

    if (a) {
        a->thread = request->head.thread;
        a->port.record = mri_at(request->head.thread);
        a->port.endpoint = request->head.endpoint;
        a->port.replies = request->replies;
        a->port.pipelined_done = pipelined_done;
        a->next = own.relays;
        own.relays = a;
        mri_exchange_enter();
        mri_exchange_connect(&a->port);
        mri_exchange_leave();
    }
    return a;
}

static job *make_job(relay *a, const mri_relay_request *request,
                     const void *brought)
{
    size_t brings = mri_brings(&request->head);
    size_t gives = sizeof(mri_head) + request->head.out_size;
    size_t room = brings > gives ? brings : gives;
    job *j = malloc(sizeof *j + room);

    if (!j) {
        return NULL;
    }
    memset(j, 0, sizeof *j);
    memcpy(j->data, brought, brings);
    j->relay = a;
    j->outgoing =
        (mri_outgoing){.head = request->head,
                       .to = request->to,
                       .in = j->data,
                       .more = j->data + mri_padded(request->head.in_size),
                       .out = j->data + sizeof(mri_head),
                       .completed = complete,
                       .user = j};
    return j;
}

/* A call that ran ahead is told of as one of those that are done. */
static void refuse(job *j, mr_error error)
{
    if (j->outgoing.head.flags & MRI_PIPELINED) {
        j->outgoing.head.result = 1;
    }
    j->outgoing.lost = error;
    complete(&j->outgoing);
}

static void call(const mri_relay_request *request, const void *brought)
{
    relay *a = relay_of(request);
    job *j;
    mr_error error;

    a = a ? a : make_relay(request);
    if (a) {
        a->port.replies = request->replies; /* of the thread there is now */
    }
    j = a ? make_job(a, request, brought) : NULL;
    if (!j) {
        mri_log(MR_LOG_ERROR, "no memory for a call of a process");
        return;
    }
    mri_exchange_enter();
    error = mri_exchange_send(&a->port, &j->outgoing);
    if (error) {
        refuse(j, error);
    } else if (request->head.flags & MRI_PIPELINED) {
        free(j);
    }
    mri_exchange_leave();
}

static void cancel(const mri_relay_request *request)
{
    mri_exchange_enter();
    mri_exchange_cancel(&request->head);
    mri_exchange_leave();
}

/* ---- replies ------------------------------------------------------------- */

/* True: done with it. */
static bool deliver(job *j)
{
    mri_head *head = (mri_head *)j->data;
    size_t size = sizeof *head;
    mr_error error;

    if (j->relay->port.replies.kind != MRI_MAILBOX) {
        return true; /* the process has ended */
    }
    if (j->outgoing.lost) {
        j->outgoing.head.what = MRI_REPLY;
        j->outgoing.head.error = j->outgoing.lost;
        j->outgoing.head.out_size = 0;
    }
    *head = j->outgoing.head;
    size += head->out_size;
    error = mri_mailbox_put(j->relay->port.replies, head, size, 0);
    if (error == MR_ERR_TOO_LARGE) {
        head->error = error;
        head->out_size = 0;
        error = mri_mailbox_put(j->relay->port.replies, head, sizeof *head, 0);
    }
    return error != MR_ERR_TIMEOUT;
}

static bool deliver_all(void)
{
    job *all;
    job **at = &own.undelivered;
    bool any = false;

    while (*at) {
        at = &(*at)->next;
    }
    mri_exchange_enter();
    all = own.completed;
    own.completed = NULL;
    mri_exchange_leave();
    while (all) { /* the first to complete came last into the list */
        job *next = all->next;

        all->next = *at;
        *at = all;
        all = next;
    }
    for (at = &own.undelivered; *at;) {
        job *j = *at;

        if (deliver(j)) {
            *at = j->next;
            if (!j->outgoing.kept) {
                free(j);
            }
            any = true;
        } else {
            at = &j->next;
        }
    }
    return any;
}

/* ---- ends ---------------------------------------------------------------- */

static bool knows(const mri_ranks ranks, unsigned int rank)
{
    return (ranks & mri_ranks_bit(rank)) && mri_is_far(rank) &&
           !mri_rank_is_lost(rank);
}

static void expect_farewell(const mri_relay_request *request,
                            const mri_gone *gone)
{
    farewell *f = calloc(1, sizeof *f);

    if (!f) {
        mri_log(MR_LOG_ERROR, "no memory for the end of a process");
        return;
    }
    f->gone = *gone;
    f->ranks = request->ranks;
    f->next = own.farewells;
    own.farewells = f;
}

/* Nobody waits for its calls any more.  True: none is under way. */
static bool end_calls(uint64_t endpoint)
{
    bool none = true;

    mri_exchange_enter();
    for (relay *a = own.relays; a; a = a->next) {
        if (a->port.endpoint != endpoint) {
            continue;
        }
        if (a->port.replies.kind == MRI_MAILBOX) {
            for (mri_outgoing *o = a->port.first; o; o = o->next) {
                mri_exchange_cancel(&o->head);
            }
            mri_exchange_send_coalesced(&a->port);
            mri_object_destroy(a->port.replies, MRI_MAILBOX);
            a->port.replies.kind = MRI_NONE;
        }
        none &= a->port.first == NULL;
    }
    mri_exchange_leave();
    return none;
}

static bool has_job(const job *list, const relay *a)
{
    while (list && list->relay != a) {
        list = list->next;
    }
    return list != NULL;
}

/* Those with replies that are on their way to nobody are left for later. */
static void end_relays(uint64_t endpoint)
{
    mri_exchange_enter();
    for (relay **at = &own.relays; *at;) {
        relay *a = *at;

        if (a->port.endpoint == endpoint && !has_job(own.undelivered, a) &&
            !has_job(own.completed, a)) {
            mri_exchange_disconnect(&a->port);
            *at = a->next;
            mri_coalesced_free(a->port.coalesced);
            free(a);
        } else {
            at = &a->next;
        }
    }
    mri_exchange_leave();
}

static void answered(mri_outgoing *outgoing)
{
    farewell *f = outgoing->user;

    f->answers--;
}

/* Ask all that know of the endpoint to forget it. */
static void tell_all(farewell *f)
{
    mri_port *port;

    f->told = true;
    f->calls = calloc(mri_node.ranks, sizeof *f->calls);
    if (!f->calls || mri_port_of(mri_self(), &port)) {
        return;
    }
    mri_exchange_enter();
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        mri_outgoing *question = &f->calls[i];

        if (!knows(f->ranks, i)) {
            continue;
        }
        *question = (mri_outgoing){
            .head = {.what = MRI_GONE, .in_size = sizeof f->gone},
            .to = i,
            .in = &f->gone,
            .completed = answered,
            .user = f};
        f->answers++; /* an answer may come while there is no room */
        if (mri_port_send(port, question)) {
            f->answers--;
        }
    }
    mri_exchange_leave();
}

static bool say(farewell *f)
{
    mri_endpoint *row;
    bool answered_all;

    if (!f->told) {
        if (!end_calls(f->gone.endpoint)) {
            return false;
        }
        deliver_all();
        end_relays(f->gone.endpoint);
        tell_all(f);
    }
    mri_exchange_enter();
    answered_all = f->answers == 0;
    mri_exchange_leave();
    if (!answered_all) {
        return false;
    }
    end_relays(f->gone.endpoint);
    row = mri_endpoint_at(f->gone.endpoint);
    mri_store(&row->far, 0);
    free(f->calls);
    return true;
}

static bool say_farewells(void)
{
    bool any = false;

    for (farewell **at = &own.farewells; *at;) {
        farewell *f = *at;

        if (say(f)) {
            *at = f->next;
            free(f);
            any = true;
        } else {
            at = &f->next;
        }
    }
    return any;
}

/* ---- taking errands ------------------------------------------------------ */

static void run(const mri_relay_request *request)
{
    const void *brought = request + 1;

    switch (request->what) {
    case MRI_RELAY_CALL:
        call(request, brought);
        break;
    case MRI_RELAY_CANCEL:
        cancel(request);
        break;
    case MRI_RELAY_TELL:
        mri_far_tell_gone(request->ranks, brought);
        break;
    default:
        expect_farewell(request, brought);
    }
}

static bool take(unsigned int row)
{
    mr_handle mailbox =
        mri_mailbox_at(mri_endpoint_rank(mri_self_endpoint()), row);
    unsigned char *large = NULL;
    size_t size = 0;
    mr_error error =
        mri_mailbox_get(mailbox, own.some, sizeof own.some, &size, 0);

    if (error == MR_ERR_TRUNCATED) {
        large = malloc(size);
        error = large ? mri_mailbox_get(mailbox, large, size, &size, 0)
                      : MR_ERR_NO_MEMORY;
    }
    if (!error) {
        run((const mri_relay_request *)(large ? large : own.some));
    }
    free(large);
    return error == MR_OK;
}

bool mri_relay_run(void)
{
    bool any = false;

    /* What an endpoint asked for comes before its end, which is small. */
    while (take(MRI_ROW_RELAY_LARGE) || take(MRI_ROW_RELAY)) {
        any = true;
    }
    any |= deliver_all();
    any |= say_farewells();
    return any;
}
