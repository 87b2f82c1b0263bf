/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the exchange of messages in a rank: receiving them, and the calls of
 * this rank that are under way.  Lock: that of messages.
 */
#include "far/exchange.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait.h"
#include "far/client.h"
#include "far/keeper.h"
#include "far/send.h"
#include "far/serve.h"
#include "memory/liveness.h"
#include "memory/onesided.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"

enum {
    MESSAGES_AT_ONCE = 64,
    POLLS = 4, /* before the lock is free for others */
    PIPELINED_PER_POLL = 8,
    TRIES = 1000 /* to take it, when there is no hurry */
};

MRI_RANK_LOCAL atomic_bool mri_exchange_on_of_rank;
MRI_RANK_LOCAL mri_word_heard *mri_exchange_word_of_rank;

typedef struct exchange {
    /* Lists, by the index of the thread's record in this rank's segment: the
     * next thread to have that record may be there before the last has got all
     * its replies. */
    mri_caller *callers[MRI_RECORDS_MAX];

    int64_t *heard; /* of each rank */
    int64_t tick;
    uint64_t rung_seen;
    _Atomic uint64_t polls; /* written under the lock */

    /* What a call in two parts brings, while it is sent. */
    _Alignas(16) unsigned char parts[MRI_MESSAGE_MAX];
} exchange;

static MRI_RANK_LOCAL exchange exchange_of_rank;
#define own MRI_OWN(exchange_of_rank)

static _Thread_local unsigned int inside;

void mri_exchange_enter(void)
{
    if (inside++ == 0) {
        mri_message_lock();
    }
}

void mri_exchange_leave(void)
{
    assert(inside > 0);
    if (--inside == 0) {
        mri_message_unlock();
    }
}

bool mri_exchange_is_inside(void)
{
    return inside > 0;
}

/* ---- callers ------------------------------------------------------------- */

static mri_segment *my_segment(void)
{
    return mri_segment_at(mri_index_of_self());
}

static uint64_t index_of(mri_ref thread)
{
    const mri_table *records = &mri_segment_at(mri_segment_of(thread))->records;

    assert((thread - records->rows) / records->row_size < MRI_RECORDS_MAX);
    return (thread - records->rows) / records->row_size;
}

static mri_caller *caller_of(const mri_head *head)
{
    mri_caller *caller = own.callers[index_of(head->thread)];

    while (caller && caller->endpoint != head->endpoint) {
        caller = caller->next;
    }
    return caller;
}

void mri_exchange_connect(mri_caller *caller)
{
    mri_caller **list = &own.callers[index_of(caller->thread)];

    assert(inside && caller->acknowledged);
    caller->next = *list;
    *list = caller;
}

void mri_exchange_disconnect(const mri_caller *caller)
{
    mri_caller **at = &own.callers[index_of(caller->thread)];

    assert(inside && !caller->first);
    while (*at && *at != caller) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = caller->next;
    }
}

/* ---- calls of this rank -------------------------------------------------- */

mr_error mri_exchange_send_small(unsigned int to, const mri_head *head,
                                 const void *in, const void *more)
{
    uint64_t padded = mri_padded(head->in_size);
    mri_head sent = *head;

    assert(inside && mri_is_far(to) && mri_is_small(head));
    mri_clients_acknowledge(to, &sent);
    if (head->more_size == 0) {
        return mri_far_send(to, &sent, in,
                            head->what == MRI_REPLY ? head->out_size
                                                    : head->in_size);
    }
    if (head->in_size) {
        memcpy(own.parts, in, head->in_size);
    }
    memcpy(own.parts + padded, more, head->more_size);
    return mri_far_send(to, &sent, own.parts, padded + head->more_size);
}

static void complete_if_done(mri_outgoing *outgoing)
{
    mri_outgoing **at;

    if (!outgoing->replied || outgoing->transfers) {
        return;
    }
    at = &caller_of(&outgoing->head)->first;
    while (*at != outgoing) {
        at = &(*at)->next;
    }
    *at = outgoing->next;
    outgoing->completed(outgoing); /* which may be the end of it */
}

static void transferred(void *user, mr_error error)
{
    mri_outgoing *outgoing = user;

    assert(outgoing->transfers > 0);
    outgoing->transfers--;
    outgoing->kept |= mri_bulk_kept();
    if (error && !outgoing->lost) {
        outgoing->lost = error;
    }
    complete_if_done(outgoing);
}

static mri_outgoing *call_of(const mri_head *head)
{
    mri_caller *caller = caller_of(head);
    mri_outgoing *outgoing = caller ? caller->first : NULL;

    while (outgoing && outgoing->head.number != head->number) {
        outgoing = outgoing->next;
    }
    return outgoing;
}

static mr_error send_call(mri_outgoing *outgoing)
{
    if (mri_rank_is_lost(outgoing->to)) {
        return MR_ERR_OWNER_LOST;
    }
    if (!mri_is_small(&outgoing->head)) {
        outgoing->head.flags |= MRI_BULK;
        return mri_far_send(outgoing->to, &outgoing->head, NULL, 0);
    }
    return mri_exchange_send_small(outgoing->to, &outgoing->head, outgoing->in,
                                   outgoing->more);
}

static bool receive(void);
static bool receive_one(void);
static uint64_t count_poll(void);
static bool progress(bool any);

/* The other side may wait for room likewise: so we receive meanwhile. */
static void wait_for_room(void)
{
    while (mri_message_crowded()) {
        if (!mri_message_progress() && !receive()) {
            mri_exchange_leave();
            sched_yield();
            mri_exchange_enter();
        }
    }
}

/* ---- pipelined calls ---------------------------------------------------- */

static void acknowledge(mri_caller *caller, uint32_t number, mr_error error)
{
    assert(number <= caller->unacknowledged);
    caller->unacknowledged -= number;
    mri_exchange_send_coalesced(caller);
    caller->acknowledged(caller, number, error);
}

void mri_exchange_send_coalesced(mri_caller *caller)
{
    uint32_t count = mri_coalesced_count(caller->coalesced);
    const mri_head *head;
    const void *in;
    mr_error error;

    if (!count) {
        return;
    }
    head = mri_coalesced_close(caller->coalesced, &in);
    error = mri_rank_is_lost(caller->pipelined_to)
                ? MR_ERR_OWNER_LOST
                : mri_exchange_send_small(caller->pipelined_to, head, in, NULL);
    if (error) {
        acknowledge(caller, count, error);
    }
}

static bool collect(mri_caller *caller, const mri_outgoing *outgoing)
{
    return caller->unacknowledged &&
           mri_coalesced_add(&caller->coalesced, &outgoing->head, outgoing->in);
}

/* A thread that sends much does all that the service thread would do, as that
 * one stays away meanwhile.  Now and then it acknowledges calls of ranks to
 * which nothing else goes. */
static mr_error send_pipelined(mri_caller *caller, mri_outgoing *outgoing)
{
    mr_error error = MR_OK;

    if (!collect(caller, outgoing)) {
        mri_exchange_send_coalesced(caller); /* it is full, or there is none */
        if (!collect(caller, outgoing)) {
            error = send_call(outgoing);
        }
    }
    if (!error) {
        caller->unacknowledged++;
        caller->pipelined_to = outgoing->to;
    }
    if (outgoing->head.number % PIPELINED_PER_POLL == 0) {
        count_poll();
        progress(receive_one());
    }
    if (outgoing->head.number % MRI_PIPELINED_MAX == 0) {
        mri_clients_flush(true);
    }
    return error;
}

mr_error mri_exchange_send(mri_caller *caller, mri_outgoing *outgoing)
{
    mr_error error;

    assert(inside && outgoing->completed && !outgoing->replied);
    wait_for_room();
    if (outgoing->head.flags & MRI_PIPELINED) {
        return send_pipelined(caller, outgoing);
    }
    outgoing->next = caller->first;
    caller->first = outgoing;
    error = send_call(outgoing);
    if (error) {
        caller->first = outgoing->next;
    }
    return error;
}

void mri_exchange_cancel(const mri_head *head, bool ended)
{
    mri_outgoing *outgoing = call_of(head);
    mri_head cancel;

    if (!outgoing || outgoing->replied || outgoing->ended ||
        (outgoing->cancelled && !ended)) {
        return;
    }
    outgoing->cancelled = true;
    outgoing->ended = ended;
    cancel = outgoing->head;
    cancel.what = MRI_CANCEL;
    cancel.flags |= ended ? MRI_CALLER_ENDED : 0;
    cancel.in_size = 0;
    cancel.more_size = 0;
    if (mri_far_send(outgoing->to, &cancel, NULL, 0)) {
        mri_log(MR_LOG_DEBUG, "rank %u is lost", outgoing->to);
    }
}

void mri_exchange_tell_gone(mri_ranks ranks, const mri_gone *gone)
{
    mri_head head = {.what = MRI_GONE, .in_size = sizeof *gone};

    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        if ((ranks & mri_ranks_bit(i)) && mri_is_far(i) &&
            mri_exchange_send_small(i, &head, gone, NULL)) {
            mri_log(MR_LOG_DEBUG, "rank %u is lost", i);
        }
    }
}

/* The window has carried what the call brings, or what it gives. */
static void moved(void *user, mr_error error)
{
    mri_outgoing *outgoing = user;
    mri_head head = outgoing->head;

    outgoing->kept |= error == MR_ERR_OWNER_LOST; /* MPI cannot recall it */
    head.what = MRI_MOVED;
    head.error = error;
    head.in_size = 0;
    head.more_size = 0;
    if (mri_far_send(outgoing->to, &head, NULL, 0)) {
        mri_log(MR_LOG_DEBUG, "rank %u is lost", outgoing->to);
    }
    transferred(outgoing, error);
}

static void put_bulk(mri_outgoing *outgoing, uint64_t place)
{
    mr_error error;

    outgoing->transfers++;
    error = mri_onesided_put(outgoing->to, place, outgoing->in,
                             outgoing->head.in_size, moved, outgoing);
    if (error) {
        moved(outgoing, error);
    }
}

/* The owner has memory for what the call brings. */
static void send_bulk(const mri_head *head)
{
    mri_outgoing *outgoing = call_of(head);
    const void *parts[2];
    uint64_t sizes[2];

    if (!outgoing) {
        return;
    }
    if (head->flags & MRI_WINDOW) {
        put_bulk(outgoing, head->place);
        return;
    }
    parts[0] = outgoing->in;
    parts[1] = outgoing->more;
    sizes[0] = outgoing->head.in_size;
    sizes[1] = outgoing->head.more_size;
    for (unsigned int i = 0; i < 2; i++) {
        mr_error error = MR_OK;

        outgoing->transfers++;
        if (sizes[i]) {
            error = mri_far_send_bulk(outgoing->to, MRI_CALL_BULK, parts[i],
                                      sizes[i], transferred, outgoing);
        }
        if (error || !sizes[i]) {
            transferred(outgoing, error);
        }
    }
}

/* What the reply brings. */
static void receive_bulk(unsigned int from, mri_outgoing *outgoing)
{
    const mri_head *head = &outgoing->head;
    bool by_window = head->flags & MRI_WINDOW;
    mr_error error;

    outgoing->transfers++;
    error = by_window
                ? mri_onesided_get(from, head->place, outgoing->out,
                                   head->out_size, moved, outgoing)
                : mri_far_receive_bulk(from, MRI_REPLY_BULK, outgoing->out,
                                       head->out_size, transferred, outgoing);
    if (error && by_window) {
        moved(outgoing, error);
    } else if (error) {
        transferred(outgoing, MR_ERR_MPI);
    }
}

static void take_acknowledgement(const mri_head *head)
{
    mri_head whose = {.endpoint = head->acked_endpoint,
                      .thread = head->acked_thread};
    mri_caller *caller = caller_of(&whose);

    if (caller) {
        acknowledge(caller, head->acked, MR_OK);
    }
}

static void take_reply(unsigned int from, const mri_head *head,
                       const void *body)
{
    mri_outgoing *outgoing;

    if (head->flags & MRI_PIPELINED) {
        mri_caller *caller = head->error ? caller_of(head) : NULL;

        if (caller) {
            acknowledge(caller, 1, (mr_error)head->error);
        }
        return;
    }
    outgoing = call_of(head);
    if (!outgoing) {
        return;
    }
    assert(head->out_size <= outgoing->head.out_size);
    outgoing->replied = true;
    outgoing->head = *head;
    if (head->flags & MRI_BULK) {
        receive_bulk(from, outgoing);
        return;
    }
    if (head->out_size && outgoing->out) {
        memcpy(outgoing->out, body, head->out_size);
    }
    complete_if_done(outgoing);
}

/* ---- receiving ----------------------------------------------------------- */

static void serve(unsigned int from, const mri_head *head, const void *body)
{
    const void *in;
    size_t at = 0;
    mri_head one;

    if (!(head->flags & MRI_COALESCED)) {
        mri_serve_call(from, head, body);
        return;
    }
    while (mri_coalesced_next(head, body, &at, &one, &in)) {
        mri_serve_call(from, &one, in);
    }
}

static void dispatch(unsigned int from, const mri_head *head, const void *body)
{
    mri_record *before;

    if (head->acked) {
        take_acknowledgement(head);
    }
    switch (head->what) {
    case MRI_REPLY:
        take_reply(from, head, body);
        break;
    case MRI_CLEAR:
        send_bulk(head);
        break;
    case MRI_MOVED:
        mri_serve_moved(head);
        break;
    case MRI_CANCEL:
        mri_serve_cancel(head);
        break;
    case MRI_ALIVE:
    case MRI_LOST:
        mri_exchange_word(from, head);
        break;
    case MRI_GONE:
        before = mri_act_as(mri_keeper());
        mri_serve_gone(from, head, body);
        mri_act_as(before);
        break;
    default:
        serve(from, head, body);
    }
}

static bool receive_one(void)
{
    const mri_head *head;
    const void *bytes;
    unsigned int from;
    size_t size;

    if (!mri_message_next(&from, &bytes, &size)) {
        return false;
    }
    assert(size >= sizeof *head && from < mri_node.ranks);
    head = bytes;
    own.heard[from] = own.tick;
    dispatch(from, head, head + 1);
    return true;
}

static bool receive(void)
{
    bool any = false;

    for (unsigned int i = 0; i < MESSAGES_AT_ONCE && receive_one(); i++) {
        any = true;
    }
    return any;
}

static bool look_at_rung(int64_t now)
{
    uint64_t rung = mri_load(&my_segment()->rung);

    if (rung == own.rung_seen && now == INT64_MIN) {
        return false;
    }
    own.rung_seen = rung;
    return mri_serve_parked(now);
}

uint64_t mri_exchange_polls(void)
{
    return atomic_load_explicit(&own.polls, memory_order_relaxed);
}

/* Called from inside, it would be done twice. */
static bool try_enter(void)
{
    if (!mri_exchange_on || inside || !mri_message_try_lock()) {
        return false;
    }
    inside = 1;
    return true;
}

/* All but receiving. */
static bool progress(bool any)
{
    any |= mri_message_progress();
    any |= mri_onesided_progress();
    any |= look_at_rung(INT64_MIN);
    mri_clients_flush(!any);
    return any;
}

static uint64_t count_poll(void)
{
    uint64_t count = mri_exchange_polls() + 1;

    atomic_store_explicit(&own.polls, count, memory_order_relaxed);
    return count;
}

bool mri_exchange_poll(void)
{
    bool any = false;

    if (try_enter()) {
        count_poll();
        any = progress(receive());
        mri_exchange_leave();
    }
    return any;
}

/* The rest is done when there is time, and now and then. */
bool mri_exchange_poll_once(void)
{
    bool any = false;

    if (try_enter()) {
        bool due = count_poll() % MESSAGES_AT_ONCE == 0;

        for (int i = 0; i < POLLS && !any; i++) {
            any = receive_one();
        }
        if (!any || due) {
            any = progress(any);
        }
        mri_exchange_leave();
    }
    return any;
}

bool mri_exchange_check_deadlines(int64_t now)
{
    for (unsigned int i = 0; !try_enter(); i++) {
        if (i == TRIES) {
            return false;
        }
        mri_pause();
    }
    own.tick = now;
    if (now >= mri_serve_next_deadline()) {
        look_at_rung(now);
    }
    mri_exchange_leave();
    return true;
}

int64_t mri_exchange_heard(unsigned int rank)
{
    return own.heard[rank];
}

void mri_exchange_hear_all(void)
{
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        own.heard[i] = own.tick;
    }
}

/* ---- beginning and end --------------------------------------------------- */

mr_error mri_exchange_begin(void)
{
    mr_error error = mri_keeper_begin();

    own.heard = calloc(mri_node.ranks, sizeof *own.heard);
    if (!own.heard || error) {
        return MR_ERR_NO_MEMORY;
    }
    own.tick = mri_now();
    mri_exchange_hear_all();
    mri_exchange_on = true;
    return MR_OK;
}

void mri_exchange_end(void)
{
    mri_exchange_on = false;
    /* What is under way ends while the calls that it belongs to are there. */
    for (unsigned int i = 0; own.heard && i < mri_node.ranks; i++) {
        mri_message_lose(i);
    }
    mri_serve_end();
    free(own.heard);
    own.heard = NULL;
}

static void lose_calls(mri_caller *caller, unsigned int rank)
{
    mri_outgoing *next;

    if (caller->unacknowledged && caller->pipelined_to == rank) {
        mri_coalesced_drop(caller->coalesced);
        acknowledge(caller, caller->unacknowledged, MR_ERR_OWNER_LOST);
    }
    for (mri_outgoing *o = caller->first; o; o = next) {
        next = o->next;
        if (o->to == rank && !o->replied) {
            o->replied = true;
            o->lost = MR_ERR_OWNER_LOST;
            complete_if_done(o);
        }
    }
}

void mri_exchange_lose(unsigned int rank)
{
    mri_record *before;

    assert(inside && mri_rank_is_lost(rank));
    mri_message_lose(rank);
    mri_onesided_lose(rank);
    for (unsigned int i = 0; i < MRI_RECORDS_MAX; i++) {
        for (mri_caller *caller = own.callers[i]; caller;
             caller = caller->next) {
            lose_calls(caller, rank);
        }
    }
    before = mri_act_as(mri_keeper());
    mri_serve_lost(rank);
    mri_act_as(before);
}
