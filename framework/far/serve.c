/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the life of a call of a far thread: arrival, memory and bulk, tries,
 * parking, reply.  Lock: that of the exchange.
 */
#include "far/serve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/reaper.h"
#include "far/keeper.h"
#include "far/send.h"
#include "far/served_call.h"
#include "memory/onesided.h"
#include "util/clock.h"
#include "util/fault.h"
#include "util/log.h"
#include "util/rank_local.h"

typedef struct served_calls {
    mri_served *free_served;
    mri_served *parked;
    int64_t next_deadline; /* of those that are parked */
} served_calls;

static MRI_RANK_LOCAL served_calls served_by_rank = {.next_deadline =
                                                         MRI_NEVER};
#define own MRI_OWN(served_by_rank)

static void begin_next(mri_client *c);
static void receive_bulk(mri_served *s);

/* ---- replies ------------------------------------------------------------- */

static void reply(unsigned int to, mri_head *head, mr_error error,
                  const void *out, uint64_t size)
{
    head->what = MRI_REPLY;
    head->error = error;
    head->out_size = size;
    head->in_size = 0;
    head->more_size = 0;
    head->flags &= MRI_PIPELINED;
    mri_clients_acknowledge(to, head);
    if (mri_far_send(to, head, out, size)) {
        mri_log(MR_LOG_DEBUG, "a reply to rank %u is lost", to);
    }
}

static void give_served(mri_served *s)
{
    free(s->data);
    s->next = own.free_served;
    own.free_served = s;
}

static void end(mri_served *s)
{
    mri_client *c = s->client;

    assert(c->first == s && !s->parked && s->transfers == 0);
    c->first = s->next;
    if (!c->first) {
        c->last = NULL;
    }
    give_served(s);
    begin_next(c);
}

/* What MPI still reads or writes is nobody's until the end of the job. */
static void forget_block(const mri_served *s)
{
    mri_store(&s->client->proxy->owned[0].block, 0);
}

/* The client has ended before MPI told us that what it got has left. */
static void sent_to_nobody(mri_served *s)
{
    if (!mri_bulk_kept()) {
        mri_keeper_free_block(s->block, s->block_size);
    }
    give_served(s);
}

static void lent_is_sent(void *user, mr_error error)
{
    mri_served *s = user;
    mri_record *before;

    (void)error;
    s->transfers = 0;
    if (!s->client) {
        sent_to_nobody(s);
        return;
    }
    before = mri_act_as(s->client->proxy);
    if (mri_bulk_kept()) {
        forget_block(s);
    }
    mri_give_back(s->client->proxy, 0);
    mri_act_as(before);
    end(s);
}

/* Is it an operation whose bulk the window may carry? */
static bool has_windowed(const mri_served *s)
{
    return s->head.what == MRI_CALL && s->head.operation < s->ops->count &&
           s->ops->windowed >> s->head.operation & 1;
}

/* What lies in owned slot 0 goes from there, or is fetched. */
static void reply_with_lent(mri_served *s)
{
    mri_ref block = mri_peek(&s->client->proxy->owned[0].block);
    mri_head head = s->head;
    uint64_t size = s->call.out_size;

    head.what = MRI_REPLY;
    head.flags = MRI_BULK;
    head.error = MR_OK;
    head.out_size = size;
    if (mri_onesided_gets && has_windowed(s)) {
        head.flags |= MRI_WINDOW;
        head.place = mri_onesided_place(block);
    }
    assert(block && !s->parked);
    s->state = MRI_REPLYING;
    s->transfers = !(head.flags & MRI_WINDOW); /* by us */
    if (mri_far_send(s->client->host, &head, NULL, 0)) {
        lent_is_sent(s, MR_ERR_MPI);
    } else if (!(head.flags & MRI_WINDOW) &&
               mri_far_send_bulk(s->client->host, MRI_REPLY_BULK, s->call.out,
                                 size, lent_is_sent, s)) {
        lent_is_sent(s, MR_ERR_MPI);
    }
}

static bool has_lent(const mri_served *s)
{
    const mri_record *proxy = s->client->proxy;

    return s->call.may_lend && s->call.out_size > MRI_OUT_MAX &&
           mri_peek(&proxy->owned[0].block) &&
           s->call.out == mri_at(mri_peek(&proxy->owned[0].block));
}

static void finish(mri_served *s, mr_error error)
{
    mri_record *proxy = s->client->proxy;
    bool quiet = error == MR_OK && s->head.flags & MRI_PIPELINED;
    bool gives = error == MR_OK && s->head.out_size > 0;
    uint64_t size = s->call.out_size < s->head.out_size ? s->call.out_size
                                                        : s->head.out_size;

    s->head.argument = s->call.argument;
    s->head.result = s->call.result;
    if (gives && has_lent(s)) {
        reply_with_lent(s);
        return;
    }
    for (unsigned int i = 0; i < MRI_OWNED_MAX; i += 2) {
        mri_give_back(proxy, i); /* bulk that nobody kept */
    }
    if (quiet) {
        mri_client_done(s->client);
    } else {
        reply(s->client->host, &s->head, error, s->call.out, gives ? size : 0);
    }
    end(s);
}

/* ---- parking ------------------------------------------------------------- */

static void park(mri_served *s, mri_served_state why)
{
    assert(why == MRI_PARKED || why == MRI_ALLOCATING);
    assert(!s->cancelled && s->client->first == s);
    s->state = why;
    if (s->deadline < own.next_deadline) {
        own.next_deadline = s->deadline;
    }
    if (!s->parked) {
        s->parked = true;
        s->next_parked = own.parked;
        own.parked = s;
    }
}

/* ---- trying -------------------------------------------------------------- */

/* May it wait?  The cancel of a call comes once, and perhaps before the call
 * would wait: while its bulk is on its way, or while another comes first. */
static bool may_wait(const mri_served *s)
{
    return s->goes_on || (s->head.timeout != 0 && !s->cancelled);
}

/* Its time is up, or it was cancelled. */
static mr_error give_up(mri_served *s)
{
    return mri_served_abandon(s, s->ended ? MR_ERR_CLOSED : MR_ERR_TIMEOUT);
}

/* As the proxy: try again, and park what would block and may wait. */
static void try_or_park(mri_served *s, int64_t now)
{
    mr_error error = mri_served_try_again(s);

    while (error == MRI_WOULD_BLOCK && (s->cancelled || now >= s->deadline)) {
        error = give_up(s);
        if (error == MRI_WOULD_BLOCK) {
            error = mri_served_try_again(s);
        }
    }
    if (error == MRI_WOULD_BLOCK) {
        park(s, s->state);
    } else if (s->state == MRI_ALLOCATING && !error) {
        mri_served_end_allocation(s, error);
        receive_bulk(s);
    } else {
        if (error) {
            error = mri_served_abandon(s, error);
        }
        mri_served_leave_lists(s, error);
        finish(s, error);
    }
}

/* As the proxy, for the first time. */
static void attempt(mri_served *s)
{
    mr_error error = mri_served_try_first(s);

    if (error == MRI_WOULD_BLOCK && !may_wait(s)) {
        error = give_up(s);
    }
    if (error == MRI_WOULD_BLOCK) {
        error = mri_served_keep_input(s, s->call.in);
        if (!error) {
            s->state = MRI_PARKED;
            try_or_park(s, INT64_MIN);
            return;
        }
        error = mri_served_abandon(s, error);
    }
    finish(s, error);
}

/* ---- bulk ---------------------------------------------------------------- */

static void received(void *user, mr_error error)
{
    mri_served *s = user;

    assert(s->state == MRI_RECEIVING && s->transfers > 0);
    s->transfers--;
    if (error) {
        s->lost = error;
    }
    if (mri_bulk_kept()) {
        forget_block(s);
    }
    if (s->transfers == 0) {
        mri_record *before = mri_act_as(s->client->proxy);

        if (s->lost) {
            finish(s, s->lost);
        } else {
            attempt(s);
        }
        mri_act_as(before);
    }
}

/* There is memory in owned slot 0: let it come. */
static void receive_bulk(mri_served *s)
{
    unsigned char *block = mri_at(mri_peek(&s->client->proxy->owned[0].block));
    uint64_t sizes[2] = {s->head.in_size, s->head.more_size};
    mri_head head = s->head;

    assert(mri_peek(&s->client->proxy->owned[0].block));
    assert(s->head.flags & MRI_BULK);
    s->call.in = block;
    s->call.more = block + mri_padded(s->head.in_size);
    s->call.keeps_block = true;
    s->state = MRI_RECEIVING;
    s->transfers = 1;                  /* until all have begun */
    s->transfers += s->call.by_window; /* until MRI_MOVED */
    for (unsigned int i = 0; i < 2; i++) {
        unsigned char *at = i ? block + mri_padded(s->head.in_size) : block;

        if (sizes[i] && !s->lost && !s->call.by_window) {
            s->transfers++;
            if (mri_far_receive_bulk(s->client->host, MRI_CALL_BULK, at,
                                     sizes[i], received, s)) {
                s->transfers--;
                s->lost = MR_ERR_MPI;
            }
        }
    }
    if (s->call.by_window) {
        head.flags |= MRI_WINDOW;
        head.place =
            mri_onesided_place(mri_peek(&s->client->proxy->owned[0].block));
    }
    head.what = MRI_CLEAR;
    head.in_size = 0;
    head.more_size = 0;
    if (!s->lost && mri_far_send(s->client->host, &head, NULL, 0)) {
        s->lost = MR_ERR_MPI;
        s->transfers -= s->call.by_window;
    }
    received(s, MR_OK);
}

static void allocate(mri_served *s)
{
    mr_error error = mri_served_allocate(s);

    if (error == MRI_WOULD_BLOCK && may_wait(s)) {
        park(s, MRI_ALLOCATING);
        return;
    }
    mri_served_end_allocation(s, error);
    if (error) {
        finish(s, error == MRI_WOULD_BLOCK ? MR_ERR_NO_MEMORY : error);
    } else {
        receive_bulk(s);
    }
}

/* ---- arrival ------------------------------------------------------------- */

static void begin(mri_served *s)
{
    mri_record *before = mri_act_as(s->client->proxy);

    if (s->lost || s->cancelled) {
        finish(s, s->lost ? s->lost : MR_ERR_TIMEOUT);
    } else if (s->head.flags & MRI_BULK) {
        allocate(s);
    } else {
        attempt(s);
    }
    mri_act_as(before);
}

static void begin_next(mri_client *c)
{
    if (c->first && c->first->state == MRI_QUEUED) {
        begin(c->first);
    }
}

static mri_served *take_served(void)
{
    mri_served *s = own.free_served;

    if (s) {
        own.free_served = s->next;
        memset(s, 0, sizeof *s);
        return s;
    }
    return mri_fault_allocation() ? NULL : calloc(1, sizeof *s);
}

static void fill(mri_served *s, mri_client *c, const mri_head *head,
                 const void *body)
{
    const unsigned char *bytes = body;

    s->client = c;
    s->head = *head;
    s->head.acked = 0;
    s->ops = mri_ops_of((mri_kind)head->handle.kind);
    s->deadline = mri_deadline(head->timeout);
    s->call = (mri_call){.in = bytes,
                         .in_size = head->in_size,
                         .more = bytes + mri_padded(head->in_size),
                         .more_size = head->more_size,
                         .out_size = head->out_size,
                         .may_lend = true,
                         .argument = head->argument,
                         .result = head->result};
    s->call.by_window =
        mri_onesided_puts && has_windowed(s) && head->flags & MRI_BULK;
    s->call.pool = head->what == MRI_WATCH ? MRI_HEAP : s->ops->bulk;
}

void mri_serve_call(unsigned int from, const mri_head *head, const void *body)
{
    mri_client *c = mri_client_of(from, head);
    mri_served *s = c ? take_served() : NULL;
    bool alone;

    if (!s) {
        mri_head answer = *head;

        reply(from, &answer, MR_ERR_LIMIT, NULL, 0);
        return;
    }
    fill(s, c, head, body);
    alone = !c->first;
    if (alone) {
        c->first = s;
    } else {
        c->last->next = s;
    }
    c->last = s;
    if (alone) {
        begin(s);
    } else {
        s->lost = mri_served_keep_input(s, body); /* told in its turn */
    }
}

/* ---- what is parked ------------------------------------------------------ */

static void go_on(mri_served *s, int64_t now)
{
    mri_record *before = mri_act_as(s->client->proxy);

    try_or_park(s, now);
    mri_act_as(before);
}

static bool is_due(const mri_served *s, int64_t now)
{
    return s->cancelled || now >= s->deadline || mri_served_is_rung(s);
}

bool mri_serve_parked(int64_t now)
{
    mri_served *all = own.parked;
    bool any = false;

    own.parked = NULL;
    own.next_deadline = MRI_NEVER;
    while (all) {
        mri_served *s = all;

        all = s->next_parked;
        assert(s->parked && s->client && s->client->first == s);
        s->parked = false;
        if (is_due(s, now)) {
            any = true;
            go_on(s, now);
        } else {
            park(s, s->state);
        }
    }
    return any;
}

int64_t mri_serve_next_deadline(void)
{
    return own.next_deadline;
}

void mri_serve_moved(const mri_head *head)
{
    mri_client *c = mri_client_find(head);
    mri_served *s = c ? c->first : NULL;

    if (!s || s->head.number != head->number) {
        return;
    }
    if (s->state == MRI_REPLYING) {
        lent_is_sent(s, MR_OK);
    } else if (s->state == MRI_RECEIVING) {
        received(s, (mr_error)head->error);
    }
}

void mri_serve_cancel(const mri_head *head)
{
    mri_client *c = mri_client_find(head);

    for (mri_served *s = c ? c->first : NULL; s; s = s->next) {
        if (s->head.number == head->number) {
            s->cancelled = true;
            s->ended = head->flags & MRI_CALLER_ENDED;
        }
    }
    if (c) {
        mri_serve_parked(INT64_MIN);
    }
}

/* ---- ends ---------------------------------------------------------------- */

static void unpark(const mri_served *s)
{
    mri_served **at = &own.parked;

    while (*at && *at != s) {
        at = &(*at)->next_parked;
    }
    if (*at) {
        *at = s->next_parked;
    }
}

/* Bulk has arrived, but MPI has not told us yet that it has left. */
static void detach(mri_served *s)
{
    const mri_owned *slot = &s->client->proxy->owned[0];

    assert(s->state == MRI_REPLYING && s->transfers == 1);
    s->block = mri_peek(&slot->block);
    s->block_size = mri_peek(&slot->size);
    forget_block(s);
    s->client = NULL;
}

/* Calls end without a reply.  When a host tells of the end nothing is under way
 * but the last of what it has got.  When it is lost, bulk has ended; but
 * through the window the host may yet read or write, if it only stood still. */
static void end_calls(mri_client *c)
{
    while (c->first) {
        mri_served *s = c->first;

        if (s->parked) {
            mri_record *before = mri_act_as(c->proxy);

            unpark(s);
            mri_served_leave_lists(s, MR_ERR_TIMEOUT);
            mri_act_as(before);
        }
        c->first = s->next;
        if (s->state == MRI_REPLYING && s->transfers) {
            detach(s);
            continue;
        }
        if (s->state == MRI_RECEIVING || s->state == MRI_REPLYING) {
            forget_block(s);
        }
        give_served(s);
    }
}

void mri_serve_gone(unsigned int from, const mri_head *head,
                    const mri_gone *gone)
{
    mri_head answer = *head;

    if (gone->endpoint) {
        mri_clients_end_of_endpoint(gone->endpoint, end_calls);
    }
    mri_reap_far(mri_self(), mri_index_of_self(), gone);
    if (head->number) {
        reply(from, &answer, MR_OK, NULL, 0);
    }
}

/* All endpoints of a rank, by their proxies; and what such held that has none
 * any more. */
void mri_serve_lost(unsigned int rank)
{
    mri_clients_end_of_host(rank, end_calls);
    mri_reap_rank(mri_self(), mri_index_of_self(), rank);
}

void mri_serve_end(void)
{
    mri_clients_end_all(end_calls);
    while (own.free_served) {
        mri_served *s = own.free_served;

        own.free_served = s->next;
        free(s);
    }
}
