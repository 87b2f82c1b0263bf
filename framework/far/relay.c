/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a rank does for its processes: it takes their requests, makes their
 * calls, and writes the replies.
 *
 * Requests are taken by the service thread alone.  Replies are written inside
 * the exchange, by whichever thread has received them.  A request is taken only
 * when all that it needs is there; else its thread is told of the error, or it
 * stays in the ring until there is room to do so.
 */
#include "far/relay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait.h"
#include "far/exchange.h"
#include "far/farewell.h"
#include "far/keeper.h"
#include "far/relayed.h"
#include "util/fault.h"
#include "util/log.h"
#include "util/rank_local.h"

enum { WORDS = MRI_RECORDS_MAX / 64 };

typedef struct relaying {
    uint64_t asked;        /* as it was when we looked last */
    bool retry;            /* some rows are to be looked at in any case: */
    uint64_t again[WORDS]; /* these */
} relaying;

static MRI_RANK_LOCAL relaying relaying_of_rank;
#define own MRI_OWN(relaying_of_rank)

static unsigned int my_index(void)
{
    return mri_index_of(mri_endpoint_rank(mri_self_endpoint()));
}

/* ---- calls --------------------------------------------------------------- */

/* The call is not made.  False: there is no room to say so. */
static bool refuse(uint64_t number, const mri_relay_request *request,
                   mr_error error)
{
    mri_relay_reply reply = {.head = request->head};
    bool told;

    reply.head.what = MRI_REPLY;
    reply.head.flags &= MRI_PIPELINED;
    reply.head.result = 1; /* pipelined calls that have ended */
    reply.head.error = error;
    reply.head.out_size = 0;
    mri_exchange_enter();
    told = mri_relayed_write(number, &reply);
    if (told) {
        mri_keeper_free_block(request->block, request->block_size);
    }
    mri_exchange_leave();
    return told;
}

/* Nobody waits for the call of an endpoint whose end was told. */
static bool has_ended(uint64_t endpoint)
{
    return mri_load(&mri_endpoint_at(endpoint)->id) != endpoint ||
           mri_farewell_is_said(endpoint);
}

static void drop(const mri_relay_request *request)
{
    mri_exchange_enter();
    mri_keeper_free_block(request->block, request->block_size);
    mri_exchange_leave();
}

static bool call(uint64_t number, const mri_relay_request *request)
{
    mri_relayed_thread *thread;
    mri_relayed_call *made = NULL;
    mr_error error;

    if (has_ended(request->head.endpoint)) {
        drop(request);
        return true;
    }
    mri_exchange_enter();
    thread = mri_relayed_thread_of(number, request->head.endpoint);
    if (thread) {
        made = mri_relayed_call_make(thread, request);
    }
    if (made) {
        error = mri_exchange_send(&thread->caller, &made->outgoing);
        mri_relayed_call_sent(made, error);
    }
    mri_exchange_leave();
    return made || refuse(number, request, MR_ERR_NO_MEMORY);
}

/* ---- taking requests ----------------------------------------------------- */

static void cancel(const mri_relay_request *request)
{
    mri_exchange_enter();
    mri_exchange_cancel(&request->head, false);
    mri_exchange_leave();
}

static void tell(const mri_relay_request *request)
{
    mri_exchange_enter();
    mri_exchange_tell_gone(request->ranks, (const mri_gone *)request->bytes);
    mri_exchange_leave();
}

/* False: it cannot be done now. */
static bool handle(uint64_t number, const mri_relay_request *request)
{
    switch (request->what) {
    case MRI_RELAY_CALL:
        return call(number, request);
    case MRI_RELAY_CANCEL:
        cancel(request);
        return true;
    case MRI_RELAY_TELL:
        tell(request);
        return true;
    default:
        assert(request->what == MRI_RELAY_END);
        return mri_farewell_begin(request->ranks,
                                  (const mri_gone *)request->bytes);
    }
}

static void make_room(mri_relay_row *row, uint64_t number)
{
    if (mri_load(&row->wants_room) && mri_swap(&row->wants_room, 0)) {
        mri_ring(mri_table_row(&mri_segment_at(my_index())->records, number));
    }
}

static void take_row(uint64_t number)
{
    mri_relay_row *row = mri_relay_row_at(my_index(), number);
    uint64_t taken = mri_peek(&row->taken);
    uint64_t posted = mri_load(&row->posted);

    assert(posted - taken <= MRI_RELAY_REQUESTS);
    for (; taken < posted; taken++) {
        if (!handle(number, &row->requests[taken % MRI_RELAY_REQUESTS])) {
            own.again[number / 64] |= (uint64_t)1 << number % 64;
            own.retry = true;
            break;
        }
        mri_swap(&row->taken, taken + 1);
        make_room(row, number);
    }
}

static void take_rows(uint64_t word, uint64_t rows)
{
    for (; rows; rows &= rows - 1) {
        take_row(word * 64 + (uint64_t)__builtin_ctzll(rows));
    }
}

static bool take_asking(void)
{
    mri_segment *segment = mri_segment_at(my_index());
    uint64_t asked = mri_load(&segment->relay_asked);

    if (asked == own.asked && !own.retry) {
        return false;
    }
    own.asked = asked;
    own.retry = false;
    for (uint64_t i = 0; i < WORDS; i++) {
        uint64_t rows = own.again[i];

        if (mri_load(&segment->relay_asking[i])) {
            rows |= mri_swap(&segment->relay_asking[i], 0);
        }
        own.again[i] = 0;
        take_rows(i, rows);
    }
    return true;
}

/* What an endpoint asked for comes before its end, also where it died before it
 * could call for our attention. */
static void take_all(void)
{
    mri_segment *segment = mri_segment_at(my_index());

    for (uint64_t i = 0; i < WORDS; i++) {
        take_rows(i, mri_load(&segment->relay_backed[i]));
    }
}

bool mri_relay_run(void)
{
    bool any = take_asking();

    if (mri_farewells_are_new()) {
        take_all();
    }
    any |= mri_relayed_go_on();
    any |= mri_farewells_go_on();
    return any;
}

bool mri_relay_expects(void)
{
    return mri_relayed_under_way() > 0;
}
