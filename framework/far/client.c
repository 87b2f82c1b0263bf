/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the clients, and the list of those who await acknowledgements.  Lock:
 * that of the exchange.
 */
#include "far/client.h"

#include <assert.h>
#include <stdlib.h>

#include "far/send.h"
#include "util/fault.h"
#include "util/log.h"
#include "util/rank_local.h"

enum { CHAINS = 1024 };

typedef struct clients {
    mri_client *chains[CHAINS];
    mri_client *done_clients; /* with calls to be acknowledged ... */
    uint64_t all_done;        /* ... as many as that */
} clients;

static MRI_RANK_LOCAL clients clients_of_rank;
#define own MRI_OWN(clients_of_rank)

static mri_client **chain_of(uint64_t endpoint, uint64_t thread)
{
    return &own.chains[(endpoint * 31 + thread / 64) % CHAINS];
}

mri_client *mri_client_find(const mri_head *head)
{
    mri_client *c = *chain_of(head->endpoint, head->thread);

    while (c && (c->endpoint != head->endpoint || c->thread != head->thread)) {
        c = c->next;
    }
    return c;
}

mri_client *mri_client_of(unsigned int from, const mri_head *head)
{
    mri_client **chain = chain_of(head->endpoint, head->thread);
    mri_client *c = mri_client_find(head);

    if (c) {
        assert(c->host == from);
        return c;
    }
    c = mri_fault_allocation() ? NULL : calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->proxy = mri_proxy_claim(mri_index_of_self(), head->endpoint);
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

enum {
    MANY = 16
}; /* of at most MRI_PIPELINED_MAX that a thread has under way */

void mri_client_done(mri_client *c)
{
    if (c->done++ == 0) {
        c->next_done = own.done_clients;
        own.done_clients = c;
    }
    own.all_done++;
}

/* Take it out of the list. */
static void forget_done(mri_client *c)
{
    mri_client **at = &own.done_clients;

    while (*at && *at != c) {
        at = &(*at)->next_done;
    }
    assert((*at == c) == (c->done > 0));
    if (*at) {
        assert(own.all_done >= c->done);
        *at = c->next_done;
        own.all_done -= c->done;
        c->done = 0;
    }
}

void mri_clients_acknowledge(unsigned int to, mri_head *head)
{
    mri_client *c = own.done_clients;

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

void mri_clients_flush(bool any)
{
    while (own.done_clients && (any || own.all_done >= MANY)) {
        mri_head head = {.what = MRI_REPLY, .flags = MRI_PIPELINED};
        unsigned int to = own.done_clients->host;

        mri_clients_acknowledge(to, &head);
        if (mri_far_send(to, &head, NULL, 0)) {
            mri_log(MR_LOG_DEBUG, "a reply to rank %u is lost", to);
        }
    }
}

/* ---- ends ---------------------------------------------------------------- */

static void end_those(bool (*which)(const mri_client *, uint64_t), uint64_t key,
                      mri_client_end *end)
{
    for (unsigned int i = 0; i < CHAINS; i++) {
        mri_client **at = &own.chains[i];

        while (*at) {
            mri_client *c = *at;

            if (which(c, key)) {
                *at = c->next;
                forget_done(c);
                end(c);
                assert(!c->first && c->done == 0);
                free(c);
            } else {
                at = &c->next;
            }
        }
    }
}

static bool is_of_endpoint(const mri_client *c, uint64_t endpoint)
{
    return c->endpoint == endpoint;
}

static bool is_of_host(const mri_client *c, uint64_t rank)
{
    return c->host == rank;
}

static bool is_any(const mri_client *c, uint64_t key)
{
    (void)c;
    (void)key;
    return true;
}

void mri_clients_end_of_endpoint(uint64_t endpoint, mri_client_end *end)
{
    end_those(is_of_endpoint, endpoint, end);
}

void mri_clients_end_of_host(unsigned int rank, mri_client_end *end)
{
    end_those(is_of_host, rank, end);
}

void mri_clients_end_all(mri_client_end *end)
{
    end_those(is_any, 0, end);
}
