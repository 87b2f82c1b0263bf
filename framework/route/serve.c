/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * style: long because the life of a call is one machine of states: arrival,
 * memory, bulk, tries, parking, reply, and ends at any of them.
 *
 * Owns the calls of far threads on objects of this rank: their proxies, and
 * what is parked.  Lock: that of the exchange.
 */
#include "route/serve.h"

#include <stdlib.h>
#include <string.h>

#include "memory/onesided.h"
#include "route/exchange.h"
#include "route/operation.h"
#include "route/reap.h"
#include "route/several.h"
#include "route/wait.h"
#include "util/clock.h"
#include "util/log.h"

enum { CHAINS = 1024 };

typedef enum state {
    QUEUED = 0, /* another call of the thread comes first */
    ALLOCATING, /* waits for memory for its bulk */
    RECEIVING,  /* its bulk is on its way */
    PARKED,     /* would block */
    REPLYING    /* what it lent is on its way back */
} state;

struct client;

typedef struct served {
    struct served *next; /* of the same client; or free */
    struct served *next_parked;
    struct client *client;
    state state;
    bool parked; /* in that list */
    mri_head head;
    mri_call call;
    const mri_kind_ops *ops;
    mri_blocked blocked;
    mri_several several;
    int64_t deadline;
    void *data;             /* a copy of what it brought */
    unsigned int transfers; /* of bulk, that are under way */
    mr_error lost;
    bool cancelled;
} served;

typedef struct client {
    struct client *next;
    uint64_t endpoint;
    uint64_t thread;
    unsigned int host; /* its rank */
    uint32_t done;     /* calls that ran ahead, to be acknowledged */
    struct client *next_done;
    mri_record *proxy;
    served *first;
    served *last;
} client;

static client *clients[CHAINS];
static served *free_served;
static served *parked;
static int64_t next_deadline = MRI_NEVER;
static _Alignas(16) unsigned char output[MRI_OUT_MAX];

static void begin_next(client *c);

/* ---- clients ------------------------------------------------------------- */

static client **chain_of(uint64_t endpoint, uint64_t thread)
{
    return &clients[(endpoint * 31 + thread / 64) % CHAINS];
}

static unsigned int my_index(void)
{
    return mri_segment_of(mri_ref_of(mri_self()));
}

static client *find_client(const mri_head *head)
{
    client *c = *chain_of(head->endpoint, head->thread);

    while (c && (c->endpoint != head->endpoint || c->thread != head->thread)) {
        c = c->next;
    }
    return c;
}

static client *client_of(unsigned int from, const mri_head *head)
{
    client **chain = chain_of(head->endpoint, head->thread);
    client *c = find_client(head);

    if (c) {
        return c;
    }
    c = calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->proxy = mri_proxy_claim(my_index(), head->endpoint);
    if (!c->proxy) {
        free(c);
        return NULL;
    }
    c->endpoint = head->endpoint;
    c->thread = head->thread;
    c->host = from;
    c->next = *chain;
    *chain = c;
    return c;
}

/* ---- acknowledgements ---------------------------------------------------- */

enum { MANY = 16 }; /* of at most MRI_AHEAD_MAX that a thread has under way */

static client *done_clients;
static uint64_t all_done;

static void note_done(client *c)
{
    if (c->done++ == 0) {
        c->next_done = done_clients;
        done_clients = c;
    }
    all_done++;
}

/* Take it out of the list. */
static void forget_done(client *c)
{
    client **at = &done_clients;

    while (*at && *at != c) {
        at = &(*at)->next_done;
    }
    if (*at) {
        *at = c->next_done;
        all_done -= c->done;
        c->done = 0;
    }
}

void mri_serve_acknowledge(unsigned int to, mri_head *head)
{
    client *c = done_clients;

    while (c && c->host != to) {
        c = c->next_done;
    }
    if (c) {
        head->acked = c->done;
        head->acked_endpoint = c->endpoint;
        head->acked_thread = c->thread;
        forget_done(c);
    } else {
        head->acked = 0;
    }
}

void mri_serve_flush(bool any)
{
    while (done_clients && (any || all_done >= MANY)) {
        mri_head head = {.what = MRI_REPLY, .flags = MRI_AHEAD};
        unsigned int to = done_clients->host;

        mri_serve_acknowledge(to, &head);
        if (mri_message_send(to, &head, sizeof head, NULL, 0)) {
            mri_log(MR_LOG_DEBUG, "a reply to rank %u is lost", to);
        }
    }
}

/* ---- replies ------------------------------------------------------------- */

static void reply(unsigned int to, mri_head *head, mr_error error,
                  const void *out, uint64_t size)
{
    head->what = MRI_REPLY;
    head->error = error;
    head->out_size = size;
    head->in_size = 0;
    head->more_size = 0;
    head->flags &= MRI_AHEAD;
    mri_serve_acknowledge(to, head);
    if (mri_message_send(to, head, sizeof *head, out, size)) {
        mri_log(MR_LOG_DEBUG, "a reply to rank %u is lost", to);
    }
}

static void end(served *s)
{
    client *c = s->client;

    free(s->data);
    c->first = s->next;
    if (!c->first) {
        c->last = NULL;
    }
    s->next = free_served;
    free_served = s;
    begin_next(c);
}

static void lent_is_sent(void *user, mr_error error)
{
    served *s = user;
    mri_record *before = mri_act_as(s->client->proxy);

    (void)error;
    mri_give_back(s->client->proxy, 0);
    mri_act_as(before);
    end(s);
}

/* Is it an operation whose bulk the window may carry? */
static bool has_windowed(const served *s)
{
    return s->head.what == MRI_CALL && s->head.operation < s->ops->count &&
           s->ops->windowed >> s->head.operation & 1;
}

/* What lies in hand 0 goes from there, or is fetched. */
static void reply_with_lent(served *s)
{
    mri_ref block = mri_peek(&s->client->proxy->hands[0].block);
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
    s->state = REPLYING;
    if (mri_message_send(s->client->host, &head, sizeof head, NULL, 0)) {
        lent_is_sent(s, MR_ERR_MPI);
    } else if (!(head.flags & MRI_WINDOW) &&
               mri_bulk_send(s->client->host, MRI_REPLY_BULK, s->call.out, size,
                             lent_is_sent, s)) {
        lent_is_sent(s, MR_ERR_MPI);
    }
}

static bool has_lent(const served *s)
{
    const mri_record *proxy = s->client->proxy;

    return s->call.may_lend && s->call.out_size > MRI_OUT_MAX &&
           mri_peek(&proxy->hands[0].block) &&
           s->call.out == mri_at(mri_peek(&proxy->hands[0].block));
}

static void finish(served *s, mr_error error)
{
    mri_record *proxy = s->client->proxy;
    bool quiet = error == MR_OK && s->head.flags & MRI_AHEAD;
    bool gives = error == MR_OK && s->head.out_size > 0;
    uint64_t size = s->call.out_size < s->head.out_size ? s->call.out_size
                                                        : s->head.out_size;

    s->head.argument = s->call.argument;
    s->head.result = s->call.result;
    if (gives && has_lent(s)) {
        reply_with_lent(s);
        return;
    }
    for (unsigned int i = 0; i < MRI_HANDS; i += 2) {
        mri_give_back(proxy, i); /* bulk that nobody kept */
    }
    if (quiet) {
        note_done(s->client);
    } else {
        reply(s->client->host, &s->head, error, s->call.out, gives ? size : 0);
    }
    end(s);
}

/* ---- parking ------------------------------------------------------------- */

static void park(served *s, state why)
{
    s->state = why;
    if (s->deadline < next_deadline) {
        next_deadline = s->deadline;
    }
    if (!s->parked) {
        s->parked = true;
        s->next_parked = parked;
        parked = s;
    }
}

/* Input that has to outlive the message that brought it. */
static mr_error keep_input(served *s, const void *body)
{
    uint64_t size = mri_brings(&s->head);
    unsigned char *data;

    if (s->data || !size || s->head.flags & MRI_BULK) {
        return MR_OK;
    }
    data = malloc(size);
    if (!data) {
        return MR_ERR_NO_MEMORY;
    }
    memcpy(data, body, size);
    s->data = data;
    s->call.in = data;
    s->call.more = data + mri_padded(s->head.in_size);
    s->several.handles = s->call.in;
    return MR_OK;
}

/* ---- running ------------------------------------------------------------- */

/* Bulk lies in hand 0 for try functions; who makes an object needs that hand,
 * and finds it in hand 2. */
static void move_to_hand_2(mri_record *proxy)
{
    mri_store(&proxy->hands[2].size, mri_peek(&proxy->hands[0].size));
    mri_store(&proxy->hands[2].block, mri_peek(&proxy->hands[0].block));
    mri_store(&proxy->hands[0].block, 0);
}

static mr_error make(served *s)
{
    mr_handle made;
    mr_error error;

    if (!s->ops->create) {
        return MR_ERR_ARGUMENT;
    }
    if (s->call.keeps_hand) {
        move_to_hand_2(s->client->proxy);
    }
    s->call.out = output;
    error = s->ops->create(s->client->proxy, my_index(), &s->call, &made);
    if (!error) {
        memcpy(output, &made, sizeof made);
        s->call.out_size = sizeof made;
    }
    return error;
}

static mr_error first_try(served *s)
{
    mri_record *proxy = s->client->proxy;
    mri_object *object;
    mr_error error;

    if (s->head.operation >= s->ops->count) {
        return MR_ERR_ARGUMENT;
    }
    object = mri_enter(proxy, s->head.handle, s->ops->kind);
    if (!object) {
        return mri_why_stale(s->head.handle);
    }
    s->blocked = (mri_blocked){.self = proxy,
                               .object = object,
                               .identity = mri_identity(s->head.handle),
                               .try = s->ops->tries[s->head.operation],
                               .call = &s->call};
    s->call.part = s->head.handle.part;
    error = s->blocked.try(proxy, object, &s->call);
    mri_leave(proxy);
    return error;
}

static mr_error first_look(served *s)
{
    size_t count = s->head.in_size / sizeof(mr_handle);
    mr_error error = mri_several_check(s->call.in, count);

    s->several = (mri_several){.self = s->client->proxy,
                               .handles = s->call.in,
                               .count = count,
                               .found = (bool *)output};
    return error ? error : mri_several_look(&s->several);
}

static mr_error first_attempt(served *s)
{
    s->call.out = output;
    switch (s->head.what) {
    case MRI_CREATE:
        return make(s);
    case MRI_DESTROY:
        return mri_object_destroy(s->head.handle, s->ops->kind);
    case MRI_WATCH:
        return first_look(s);
    default:
        return first_try(s);
    }
}

static mr_error next_attempt(served *s)
{
    mr_error error;

    s->call.out = output;
    if (s->head.what != MRI_WATCH) {
        return mri_blocked_try(&s->blocked);
    }
    s->several.found = (bool *)output;
    if (!s->several.entered) {
        error = mri_several_enter(&s->several);
        if (error) {
            return error;
        }
    }
    return mri_several_try(&s->several);
}

static uint64_t bell_of(const served *s)
{
    return s->head.what == MRI_WATCH ? s->several.bell : s->blocked.bell;
}

/* Out of all lists; `error` is how it ended. */
static void leave_lists(served *s, mr_error error)
{
    if (s->head.what == MRI_WATCH) {
        mri_several_leave(&s->several);
    } else {
        mri_blocked_end(&s->blocked, error);
        mri_leave(s->client->proxy);
    }
}

/* As the proxy: try, and park what would block. */
static void attempt(served *s)
{
    mr_error error = first_attempt(s);

    if (error != MRI_WOULD_BLOCK) {
        finish(s, error);
        return;
    }
    error = s->head.timeout == 0 ? MR_ERR_TIMEOUT : keep_input(s, s->call.in);
    if (!error) {
        error = next_attempt(s);
        if (error == MRI_WOULD_BLOCK) {
            park(s, PARKED);
            return;
        }
        leave_lists(s, error);
    }
    finish(s, error);
}

/* ---- bulk ---------------------------------------------------------------- */

static void received(void *user, mr_error error)
{
    served *s = user;

    s->transfers--;
    if (error) {
        s->lost = error;
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

/* There is memory in hand 0: let it come. */
static void receive_bulk(served *s)
{
    unsigned char *block = mri_at(mri_peek(&s->client->proxy->hands[0].block));
    uint64_t sizes[2] = {s->head.in_size, s->head.more_size};
    mri_head head = s->head;

    s->call.in = block;
    s->call.more = block + mri_padded(s->head.in_size);
    s->call.keeps_hand = true;
    s->state = RECEIVING;
    s->transfers = 1;                  /* until all have begun */
    s->transfers += s->call.by_window; /* until MRI_MOVED */
    for (unsigned int i = 0; i < 2; i++) {
        unsigned char *at = i ? block + mri_padded(s->head.in_size) : block;

        if (sizes[i] && !s->lost && !s->call.by_window) {
            s->transfers++;
            if (mri_bulk_receive(s->client->host, MRI_CALL_BULK, at, sizes[i],
                                 received, s)) {
                s->transfers--;
                s->lost = MR_ERR_MPI;
            }
        }
    }
    if (s->call.by_window) {
        head.flags |= MRI_WINDOW;
        head.place =
            mri_onesided_place(mri_peek(&s->client->proxy->hands[0].block));
    }
    head.what = MRI_CLEAR;
    head.in_size = 0;
    head.more_size = 0;
    if (!s->lost &&
        mri_message_send(s->client->host, &head, sizeof head, NULL, 0)) {
        s->lost = MR_ERR_MPI;
        s->transfers -= s->call.by_window;
    }
    received(s, MR_OK);
}

/* Waits in the list of who waits for memory, without an object to try. */
static mr_error try_allocate(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mr_error error =
        mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                     call->by_window ? MRI_ARRAYS : MRI_HEAP,
                     mri_padded(call->in_size) + call->more_size, 0);

    call->list = MRI_LISTS;
    return error == MR_ERR_NO_MEMORY ? MRI_WOULD_BLOCK : error;
}

static void allocate(served *s)
{
    mri_object *memory = mri_object_row(my_index(), MRI_ROW_MEMORY);
    mr_error error;

    s->blocked = (mri_blocked){.self = s->client->proxy,
                               .object = memory,
                               .identity = mri_load(&memory->identity),
                               .try = try_allocate,
                               .call = &s->call};
    error = mri_blocked_try(&s->blocked);
    if (error == MRI_WOULD_BLOCK && s->head.timeout != 0) {
        park(s, ALLOCATING);
        return;
    }
    mri_blocked_end(&s->blocked, error);
    mri_leave(s->client->proxy);
    if (error) {
        finish(s, error == MRI_WOULD_BLOCK ? MR_ERR_NO_MEMORY : error);
    } else {
        receive_bulk(s);
    }
}

/* ---- arrival ------------------------------------------------------------- */

static void begin(served *s)
{
    mri_record *before = mri_act_as(s->client->proxy);

    if (s->cancelled) {
        finish(s, MR_ERR_TIMEOUT);
    } else if (s->head.flags & MRI_BULK) {
        allocate(s);
    } else {
        attempt(s);
    }
    mri_act_as(before);
}

static void begin_next(client *c)
{
    if (c->first && c->first->state == QUEUED) {
        begin(c->first);
    }
}

static served *take_served(void)
{
    served *s = free_served;

    if (s) {
        free_served = s->next;
        memset(s, 0, sizeof *s);
        return s;
    }
    return calloc(1, sizeof *s);
}

static void fill(served *s, client *c, const mri_head *head, const void *body)
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
}

void mri_serve_call(unsigned int from, const mri_head *head, const void *body)
{
    client *c = client_of(from, head);
    served *s = c ? take_served() : NULL;
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
    } else if (keep_input(s, body)) {
        s->cancelled = true; /* its turn will come */
    }
}

/* ---- what is parked ------------------------------------------------------ */

static void go_on(served *s, int64_t now)
{
    mri_record *before = mri_act_as(s->client->proxy);
    mr_error error = next_attempt(s);

    if (error == MRI_WOULD_BLOCK && (s->cancelled || now >= s->deadline)) {
        error = MR_ERR_TIMEOUT;
    }
    if (error == MRI_WOULD_BLOCK) {
        park(s, s->state);
    } else if (s->state == ALLOCATING && !error) {
        mri_blocked_end(&s->blocked, error);
        mri_leave(s->client->proxy);
        receive_bulk(s);
    } else {
        leave_lists(s, error);
        finish(s, error);
    }
    mri_act_as(before);
}

static bool is_due(const served *s, int64_t now)
{
    return s->cancelled || now >= s->deadline ||
           mri_bell(s->client->proxy) != bell_of(s);
}

bool mri_serve_parked(int64_t now)
{
    served *all = parked;
    bool any = false;

    parked = NULL;
    next_deadline = MRI_NEVER;
    while (all) {
        served *s = all;

        all = s->next_parked;
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
    return next_deadline;
}

void mri_serve_moved(const mri_head *head)
{
    client *c = find_client(head);
    served *s = c ? c->first : NULL;

    if (!s || s->head.number != head->number) {
        return;
    }
    if (s->state == REPLYING) {
        lent_is_sent(s, MR_OK);
    } else if (s->state == RECEIVING) {
        received(s, (mr_error)head->error);
    }
}

void mri_serve_cancel(const mri_head *head)
{
    client *c = find_client(head);

    for (served *s = c ? c->first : NULL; s; s = s->next) {
        if (s->head.number == head->number) {
            s->cancelled = true;
        }
    }
    if (c) {
        mri_serve_parked(INT64_MIN);
    }
}

/* ---- ends ---------------------------------------------------------------- */

static void unpark(const served *s)
{
    served **at = &parked;

    while (*at && *at != s) {
        at = &(*at)->next_parked;
    }
    if (*at) {
        *at = s->next_parked;
    }
}

/* Its calls end without a reply.  What MPI still writes to or reads from is
 * left to the end of that; there is nothing such when a host tells of the end,
 * and all such has ended when it is lost. */
static void end_client(client **at)
{
    client *c = *at;

    *at = c->next;
    forget_done(c);
    while (c->first) {
        served *s = c->first;

        if (s->parked) {
            mri_record *before = mri_act_as(c->proxy);

            unpark(s);
            leave_lists(s, MR_ERR_TIMEOUT);
            mri_act_as(before);
        }
        c->first = s->next;
        free(s->data);
        s->next = free_served;
        free_served = s;
    }
    free(c);
}

static void end_clients(bool (*which)(const client *, uint64_t), uint64_t key)
{
    for (unsigned int i = 0; i < CHAINS; i++) {
        client **at = &clients[i];

        while (*at) {
            if (which(*at, key)) {
                end_client(at);
            } else {
                at = &(*at)->next;
            }
        }
    }
}

static bool is_of_endpoint(const client *c, uint64_t endpoint)
{
    return c->endpoint == endpoint;
}

static bool is_of_host(const client *c, uint64_t rank)
{
    return c->host == rank;
}

void mri_serve_gone(unsigned int from, const mri_head *head,
                    const mri_gone *gone)
{
    mri_head answer = *head;

    if (gone->endpoint) {
        end_clients(is_of_endpoint, gone->endpoint);
    }
    mri_reap_far(mri_self(), my_index(), gone);
    if (head->number) {
        reply(from, &answer, MR_OK, NULL, 0);
    }
}

/* All endpoints of a rank, by their proxies; and what such held that has none
 * any more. */
void mri_serve_lost(unsigned int rank)
{
    end_clients(is_of_host, rank);
    mri_reap_rank(mri_self(), my_index(), rank);
}

static bool is_any(const client *c, uint64_t key)
{
    (void)c;
    (void)key;
    return true;
}

void mri_serve_end(void)
{
    end_clients(is_any, 0);
    while (free_served) {
        served *s = free_served;

        free_served = s->next;
        free(s);
    }
}
