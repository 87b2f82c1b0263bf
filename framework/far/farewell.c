/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns farewells.  What cannot be done for want of memory is done later: a
 * farewell that was forgotten would make `join` wait for ever.
 */
#include "far/farewell.h"

#include <assert.h>
#include <stdlib.h>

#include "far/exchange.h"
#include "far/port.h"
#include "far/relayed.h"
#include "util/fault.h"
#include "util/rank_local.h"

typedef struct farewell {
    struct farewell *next;
    mri_gone gone;
    mri_ranks ranks;
    bool asked;
    unsigned int answers; /* to come; under the lock of the exchange */
    mri_outgoing *questions;
} farewell;

typedef struct farewells {
    farewell *first;
    bool are_new;
} farewells;

static MRI_RANK_LOCAL farewells farewells_of_rank;
#define own MRI_OWN(farewells_of_rank)

bool mri_farewell_begin(mri_ranks ranks, const mri_gone *gone)
{
    farewell *f = mri_fault_allocation() ? NULL : calloc(1, sizeof *f);

    if (!f) {
        return false;
    }
    assert(gone->endpoint);
    f->questions = mri_fault_allocation()
                       ? NULL
                       : calloc(mri_node.ranks, sizeof *f->questions);
    if (!f->questions) {
        free(f);
        return false;
    }
    f->gone = *gone;
    f->ranks = ranks;
    f->next = own.first;
    own.first = f;
    own.are_new = true;
    return true;
}

bool mri_farewells_are_new(void)
{
    bool are_new = own.are_new;

    own.are_new = false;
    return are_new;
}

bool mri_farewell_is_said(uint64_t endpoint)
{
    const farewell *f = own.first;

    while (f && f->gone.endpoint != endpoint) {
        f = f->next;
    }
    return f && f->asked;
}

static bool knows(mri_ranks ranks, unsigned int rank)
{
    return (ranks & mri_ranks_bit(rank)) && mri_is_far(rank);
}

static void answered(mri_outgoing *outgoing)
{
    farewell *f = outgoing->user;

    assert(f->answers > 0);
    f->answers--;
}

/* Ask all that know of the endpoint to forget it; those that are lost need not
 * be asked. */
static void ask_all(farewell *f, mri_port *port)
{
    f->asked = true;
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        mri_outgoing *question = &f->questions[i];

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
}

/* ---- one after the other ------------------------------------------------- */

/* True: it is over.  Inside the exchange. */
static bool go_on(farewell *f, mri_port *port)
{
    if (!f->asked) {
        if (!mri_relayed_end_calls(f->gone.endpoint)) {
            return false;
        }
        ask_all(f, port);
    }
    return f->answers == 0;
}

static void end(farewell *f)
{
    mri_relayed_forget(f->gone.endpoint);
    mri_store(&mri_endpoint_at(f->gone.endpoint)->far, 0);
    free(f->questions);
    free(f);
}

bool mri_farewells_go_on(void)
{
    mri_port *port;
    bool any = false;

    if (!own.first || mri_port_of(mri_self(), &port)) {
        return false;
    }
    for (farewell **at = &own.first; *at;) {
        farewell *f = *at;

        mri_exchange_enter();
        if (go_on(f, port)) {
            *at = f->next;
            end(f);
            any = true;
        } else {
            at = &f->next;
        }
        mri_exchange_leave();
    }
    return any;
}
