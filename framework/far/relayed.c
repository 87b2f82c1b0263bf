/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns relayed calls from the request to the reply.
 *
 * A call is in one place: under way with its caller, among the replies that
 * wait for room, lent (its thread copies the output), or among the orphans: it
 * has made an object for a thread that will never know of it.  Lock: that of
 * the exchange.
 */
#include "far/relayed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait.h"
#include "far/client.h"
#include "far/exchange.h"
#include "far/keeper.h"
#include "util/fault.h"
#include "util/rank_local.h"

/* A call that its thread did not make. */
#define FROM_RANK ((uint64_t)1 << 63)

typedef struct relayed {
    mri_relayed_thread *threads;
    mri_relayed_thread *of_rows[MRI_RECORDS_MAX];
    mri_relayed_call *lent;
    bool waiting; /* some replies wait for room */
    _Atomic unsigned int under_way;
} relayed;

static MRI_RANK_LOCAL relayed relayed_by_rank;
#define own MRI_OWN(relayed_by_rank)

static void *allocate(size_t size)
{
    return mri_fault_allocation() ? NULL : calloc(1, size);
}

/* ---- memory -------------------------------------------------------------- */

/* Not a block that MPI does not let go of. */
static void block_free(mri_relayed_call *call)
{
    if (call->block && !call->outgoing.kept) {
        mri_keeper_free_block(call->block, call->block_size);
    }
    call->block = 0;
}

static void call_free(mri_relayed_call *call)
{
    mri_relayed_thread *thread = call->thread;

    block_free(call);
    if (!thread->spare) {
        thread->spare = call;
    } else {
        free(call);
    }
}

static mri_relayed_call *call_take(mri_relayed_thread *thread)
{
    mri_relayed_call *call = thread->spare;

    if (call) {
        thread->spare = NULL;
        memset(call, 0, offsetof(mri_relayed_call, output));
    } else {
        call = allocate(sizeof *call);
    }
    if (call) {
        call->thread = thread;
    }
    return call;
}

/* ---- writing replies ----------------------------------------------------- */

static mri_relay_row *row_of(uint64_t number)
{
    return mri_relay_row_at(mri_index_of_self(), number);
}

/* The next reply of a row, to be filled and published; NULL: there is no room,
 * and the thread will ask when there is. */
static mri_relay_reply *next_reply(mri_relay_row *row)
{
    uint64_t number = mri_peek(&row->replied);

    assert(number - mri_load(&row->read) <= MRI_RELAY_REPLIES);
    if (number - mri_load(&row->read) == MRI_RELAY_REPLIES) {
        mri_swap(&row->more, 1);
        if (number - mri_load(&row->read) == MRI_RELAY_REPLIES) {
            return NULL;
        }
    }
    return &row->replies[number % MRI_RELAY_REPLIES];
}

static void publish(mri_relay_row *row, uint64_t number)
{
    assert(mri_exchange_is_inside());
    mri_store(&row->replied, mri_peek(&row->replied) + 1);
    mri_ring(
        mri_table_row(&mri_segment_at(mri_index_of_self())->records, number));
}

bool mri_relayed_write(uint64_t number, const mri_relay_reply *reply)
{
    mri_relay_row *row = row_of(number);
    mri_relay_reply *at = next_reply(row);

    if (!at) {
        return false;
    }
    *at = *reply;
    publish(row, number);
    return true;
}

/* Pipelined calls that are done, in one reply. */
static bool write_done(mri_relayed_thread *thread)
{
    mri_relay_row *row = row_of(thread->number);
    mri_relay_reply *at = next_reply(row);

    if (!at) {
        return false;
    }
    at->output = 0;
    at->creates = false;
    at->head = (mri_head){.what = MRI_REPLY,
                          .flags = MRI_PIPELINED,
                          .endpoint = thread->caller.endpoint,
                          .result = thread->done,
                          .error = thread->done_error};
    thread->done = 0;
    thread->done_error = MR_OK;
    publish(row, thread->number);
    return true;
}

/* False: there is no room. */
static bool write_reply(mri_relayed_call *call)
{
    const mri_outgoing *outgoing = &call->outgoing;
    uint64_t number = call->thread->number;
    mri_relay_row *row = row_of(number);
    mri_relay_reply *at = next_reply(row);

    if (!at) {
        return false;
    }
    at->output = 0;
    at->head = outgoing->head;
    at->head.flags = 0;
    if (outgoing->lost) {
        at->head.error = outgoing->lost;
        at->head.out_size = 0;
    }
    at->creates = call->creates && !at->head.error;
    if (at->head.out_size > MRI_RELAY_GIVES) {
        at->output = mri_ref_of(outgoing->out);
        call->lent = mri_peek(&row->replied) + 1;
        call->next = own.lent;
        own.lent = call;
    } else if (at->head.out_size) {
        memcpy(at->bytes, outgoing->out, at->head.out_size);
    }
    publish(row, number);
    if (!call->lent) {
        call_free(call);
    }
    return true;
}

/* ---- calls --------------------------------------------------------------- */

/* It has ended and nobody is told. */
static void drop(mri_relayed_call *call)
{
    if (call->creates && !call->outgoing.lost && !call->outgoing.head.error) {
        call->next = call->thread->orphans;
        call->thread->orphans = call;
    } else {
        call_free(call);
    }
}

static void complete(mri_outgoing *outgoing)
{
    mri_relayed_call *call = outgoing->user;
    mri_relayed_thread *thread = call->thread;

    assert(mri_relayed_under_way() > 0);
    atomic_fetch_sub(&own.under_way, 1);
    if (thread->ended) {
        drop(call);
        return;
    }
    if (!thread->first && write_reply(call)) {
        return;
    }
    call->next = NULL;
    if (thread->first) {
        thread->last->next = call;
    } else {
        thread->first = call;
    }
    thread->last = call;
    own.waiting = true;
}

static void acknowledged(mri_caller *caller, uint32_t number, mr_error error)
{
    mri_relayed_thread *thread =
        (mri_relayed_thread *)((unsigned char *)caller -
                               offsetof(mri_relayed_thread, caller));

    thread->done += number;
    thread->done_error = error ? error : thread->done_error;
    if (!thread->ended && !write_done(thread)) {
        own.waiting = true;
    }
}

mri_relayed_call *mri_relayed_call_make(mri_relayed_thread *thread,
                                        const mri_relay_request *request)
{
    mri_relayed_call *call = call_take(thread);
    const mri_head *head = &request->head;
    const unsigned char *in =
        mri_relay_brings_little(head) ? request->bytes : mri_at(request->block);

    if (!call) {
        return NULL;
    }
    assert(head->endpoint == thread->caller.endpoint);
    assert(!request->block ||
           mri_segment_of(request->block) == mri_index_of_self());
    call->block = request->block;
    call->block_size = request->block_size;
    call->creates = head->what == MRI_CREATE;
    call->outgoing =
        (mri_outgoing){.head = *head,
                       .to = request->to,
                       .in = in,
                       .more = in + mri_padded(head->in_size),
                       .out = head->out_size <= MRI_RELAY_GIVES
                                  ? call->output
                                  : (unsigned char *)mri_at(request->block) +
                                        mri_relay_output_at(head),
                       .completed = complete,
                       .user = call};
    atomic_fetch_add(&own.under_way, 1);
    return call;
}

void mri_relayed_call_sent(mri_relayed_call *call, mr_error error)
{
    mri_relayed_thread *thread = call->thread;

    if (call->outgoing.head.flags & MRI_PIPELINED) {
        atomic_fetch_sub(&own.under_way, 1);
        call_free(call);
        if (error) {
            acknowledged(&thread->caller, 1, error);
        }
    } else if (error) {
        call->outgoing.lost = error;
        complete(&call->outgoing);
    }
}

unsigned int mri_relayed_under_way(void)
{
    return atomic_load_explicit(&own.under_way, memory_order_relaxed);
}

/* ---- threads ------------------------------------------------------------- */

mri_relayed_thread *mri_relayed_thread_of(uint64_t number, uint64_t endpoint)
{
    mri_relayed_thread *thread = own.of_rows[number];
    const mri_table *records = &mri_segment_at(mri_index_of_self())->records;

    while (thread && thread->caller.endpoint != endpoint) {
        thread = thread->next_of_row;
    }
    if (thread) {
        return thread;
    }
    thread = allocate(sizeof *thread);
    if (thread) {
        thread->number = number;
        thread->caller.thread = records->rows + number * records->row_size;
        thread->caller.endpoint = endpoint;
        thread->caller.acknowledged = acknowledged;
        thread->next_of_row = own.of_rows[number];
        own.of_rows[number] = thread;
        thread->next = own.threads;
        own.threads = thread;
        mri_exchange_connect(&thread->caller);
    }
    return thread;
}

static bool write_waiting(mri_relayed_thread *thread)
{
    bool any = false;

    while (thread->first) {
        mri_relayed_call *call = thread->first;
        mri_relayed_call *next = call->next;

        if (!write_reply(call)) {
            return any;
        }
        thread->first = next;
        any = true;
    }
    return thread->done && !thread->ended ? write_done(thread) : any;
}

static bool free_what_is_read(void)
{
    bool any = false;

    for (mri_relayed_call **at = &own.lent; *at;) {
        mri_relayed_call *call = *at;
        mri_relayed_thread *thread = call->thread;

        if (thread->ended ||
            mri_load(&row_of(thread->number)->read) >= call->lent) {
            *at = call->next;
            call_free(call);
            any = true;
        } else {
            at = &call->next;
        }
    }
    return any;
}

bool mri_relayed_go_on(void)
{
    bool any = false;

    mri_exchange_enter();
    if (own.lent) {
        any |= free_what_is_read();
    }
    if (own.waiting) {
        own.waiting = false;
        for (mri_relayed_thread *t = own.threads; t; t = t->next) {
            if (t->first || (t->done && !t->ended)) {
                mri_store(&row_of(t->number)->more, 0);
                any |= write_waiting(t);
                own.waiting |= t->first || t->done;
            }
        }
    }
    mri_exchange_leave();
    return any;
}

/* ---- ends ---------------------------------------------------------------- */

/* Replies in the row that nobody has read.  False: there is no memory to do
 * something about it. */
static bool drop_unread(mri_relayed_thread *thread)
{
    mri_relay_row *row = row_of(thread->number);

    for (uint64_t i = mri_load(&row->read); i < mri_peek(&row->replied); i++) {
        mri_relay_reply *reply = &row->replies[i % MRI_RELAY_REPLIES];
        mri_relayed_call *call;

        if (!reply->creates ||
            reply->head.endpoint != thread->caller.endpoint) {
            continue;
        }
        call = call_take(thread);
        if (!call) {
            return false;
        }
        reply->creates = false;
        call->creates = true;
        call->outgoing.head = reply->head;
        memcpy(call->output, reply->bytes, sizeof(mr_handle));
        call->outgoing.out = call->output;
        drop(call);
    }
    return true;
}

/* In the name of the thread, which the owner knows until the farewell. */
static void destroy_orphans(mri_relayed_thread *thread)
{
    while (thread->orphans) {
        mri_relayed_call *call = thread->orphans;
        mri_head head = {.what = MRI_DESTROY,
                         .endpoint = thread->caller.endpoint,
                         .thread = thread->caller.thread,
                         .number = call->outgoing.head.number | FROM_RANK};
        mr_error error;

        memcpy(&head.handle, call->outgoing.out, sizeof head.handle);
        thread->orphans = call->next;
        call->outgoing = (mri_outgoing){.head = head,
                                        .to = head.handle.owner,
                                        .out = call->output,
                                        .completed = complete,
                                        .user = call};
        memcpy(call->output, &head.handle, sizeof head.handle);
        call->creates = false;
        error = mri_exchange_send(&thread->caller, &call->outgoing);
        if (error) {
            call_free(call); /* the owner is lost, and the object with it */
        } else {
            atomic_fetch_add(&own.under_way, 1);
        }
    }
}

static void end_first_time(mri_relayed_thread *thread)
{
    thread->ended = true;
    mri_exchange_send_coalesced(&thread->caller);
    while (thread->first) {
        mri_relayed_call *call = thread->first;

        thread->first = call->next;
        drop(call);
    }
}

static bool end_thread(mri_relayed_thread *thread)
{
    bool done = drop_unread(thread);

    if (!thread->ended) {
        end_first_time(thread);
    }
    for (mri_outgoing *o = thread->caller.first; o; o = o->next) {
        if (!(o->head.number & FROM_RANK)) {
            mri_exchange_cancel(&o->head, true);
        }
    }
    destroy_orphans(thread);
    return done && !thread->caller.first;
}

bool mri_relayed_end_calls(uint64_t endpoint)
{
    bool none = true;

    for (mri_relayed_thread *t = own.threads; t; t = t->next) {
        if (t->caller.endpoint == endpoint) {
            none &= end_thread(t);
        }
    }
    free_what_is_read();
    return none;
}

static void thread_free(mri_relayed_thread *thread)
{
    mri_relayed_thread **at = &own.of_rows[thread->number];

    assert(thread->ended && !thread->first && !thread->orphans);
    while (*at != thread) {
        at = &(*at)->next_of_row;
    }
    *at = thread->next_of_row;
    mri_exchange_disconnect(&thread->caller);
    mri_coalesced_free(thread->caller.coalesced);
    free(thread->spare);
    free(thread);
}

void mri_relayed_forget(uint64_t endpoint)
{
    for (mri_relayed_thread **at = &own.threads; *at;) {
        mri_relayed_thread *thread = *at;

        if (thread->caller.endpoint == endpoint) {
            *at = thread->next;
            thread_free(thread);
        } else {
            at = &thread->next;
        }
    }
}
