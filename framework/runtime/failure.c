/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what ranks know of each other's lives.  The table of who was heard is
 * the exchange's; all else here is the service thread's, under the exchange.
 */
#include "runtime/failure.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "far/exchange.h"
#include "far/relay.h"
#include "memory/segment.h"
#include "runtime/job/identity.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"
#include "util/settings.h"

enum { SECOND = 1000000000 };

typedef struct lives {
    mri_host_name *names;
    int64_t last_word; /* when this rank sent its last */
    int64_t last_tick;
    atomic_uint ticks; /* how often the service thread came by */
    unsigned int ticks_seen;
    unsigned int still; /* looks at the same number of ticks */
} lives;

static MRI_RANK_LOCAL lives lives_of_rank;
#define own MRI_OWN(lives_of_rank)

/* ---- what is known ------------------------------------------------------- */

bool mri_rank_is_lost(unsigned int rank)
{
    unsigned int index = mri_index_of(rank);

    return index == MRI_FAR ? mri_exchange_on && mri_exchange_is_lost(rank)
                            : mri_load(&mri_segment_at(index)->lost) != 0;
}

bool mri_any_rank_is_lost(void)
{
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        if (mri_rank_is_lost(i)) {
            return true;
        }
    }
    return false;
}

/* ---- telling ------------------------------------------------------------- */

static void send_word(unsigned int to, mri_what what, unsigned int about)
{
    mri_head head = {.what = (uint16_t)what, .argument = about};

    if (mri_exchange_send_small(to, &head, NULL, NULL)) {
        mri_log(MR_LOG_DEBUG, "no word can be sent to rank %u", to);
    }
}

static void tell_all(unsigned int lost)
{
    for (unsigned int i = 1; i < mri_node.ranks; i++) {
        if (!mri_rank_is_lost(i)) {
            send_word(i, MRI_LOST, lost);
        }
    }
}

/* At rank 0: of a rank of another node, or of this one. */
static void lose(unsigned int rank, const char *why)
{
    if (mri_is_far(rank)) {
        if (mri_exchange_is_lost(rank)) {
            return;
        }
        mri_exchange_lose(rank);
    }
    mri_log(MR_LOG_ERROR, "rank %u on %s is lost: %s; the job goes on without",
            rank, own.names ? own.names[rank].text : "its host", why);
    tell_all(rank);
}

_Noreturn static void end_alone(const char *why)
{
    mri_log(MR_LOG_ERROR, "%s; this rank ends", why);
    _exit(1);
}

/* A word has arrived. */
static void hear(unsigned int from, const mri_head *head)
{
    unsigned int about = (unsigned int)head->argument;

    if (head->what == MRI_ALIVE) {
        if (mri_here.rank == 0) {
            send_word(from, MRI_ALIVE, 0);
        }
    } else if (about == mri_here.rank) {
        end_alone("rank 0 takes this rank for lost");
    } else if (mri_here.rank == 0) {
        lose(about, "it has died");
    } else if (about < mri_node.ranks && mri_is_far(about)) {
        mri_exchange_lose(about);
    }
}

/* ---- hearing ------------------------------------------------------------- */

static void look_for_silence(int64_t now)
{
    int64_t patience = mri_settings()->patience * SECOND;
    char why[64];

    snprintf(why, sizeof why, "no word of it for %lld s",
             (long long)mri_settings()->patience);
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        if (!mri_is_far(i) || now - mri_exchange_heard(i) < patience) {
            continue;
        }
        if (mri_here.rank == 0) {
            lose(i, why);
        } else if (i == 0) {
            end_alone("rank 0 cannot be reached");
        }
    }
}

void mri_failure_moves(void)
{
    atomic_fetch_add(&own.ticks, 1);
}

void mri_failure_tick(int64_t now)
{
    bool far_from_0 = mri_is_far(0);

    mri_failure_moves();
    if (now - own.last_tick > 2 * (int64_t)SECOND) {
        mri_exchange_hear_all(); /* it was us who stood still */
    }
    own.last_tick = now;
    if (now - own.last_word < SECOND) {
        return;
    }
    own.last_word = now;
    mri_exchange_enter();
    if (far_from_0) {
        send_word(0, MRI_ALIVE, 0);
    }
    if (mri_settings()->patience && (far_from_0 || mri_here.rank == 0)) {
        look_for_silence(now);
    }
    mri_exchange_leave();
}

/* Counted, not timed: a job that is stopped and goes on has lost nothing. */
void mri_failure_watch(void)
{
    unsigned int count = atomic_load(&own.ticks);
    int64_t most = 3 * mri_settings()->patience;

    own.still = count == own.ticks_seen ? own.still + 1 : 0;
    own.ticks_seen = count;
    if (mri_exchange_on && most && own.still > most) {
        end_alone("MPI has not returned for too long, and nobody hears of it");
    }
}

void mri_failure_report(unsigned int rank)
{
    mri_exchange_enter();
    if (mri_here.rank == 0) {
        lose(rank, "it has died");
    } else if (mri_is_far(0)) {
        send_word(0, MRI_LOST, rank);
    }
    mri_exchange_leave();
}

mr_error mri_failure_begin(const mri_host_name *hosts)
{
    mri_exchange_word = hear;
    mri_report_lost = mri_failure_report;
    own.last_tick = mri_now();
    if (hosts) {
        own.names = calloc(mri_node.ranks, sizeof *own.names);
        if (!own.names) {
            return MR_ERR_NO_MEMORY;
        }
        memcpy(own.names, hosts, mri_node.ranks * sizeof *own.names);
    }
    return MR_OK;
}

void mri_failure_end(void)
{
    free(own.names);
    own.names = NULL;
}
