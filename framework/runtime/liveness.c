/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the list of losses that a rank has handled, of those that the table of
 * liveness tells, and the words that it exchanges with rank 0.  Lock: the
 * exchange's; what the watching thread reads is atomic.
 */
#include "runtime/liveness.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "far/exchange.h"
#include "memory/liveness.h"
#include "memory/record.h"
#include "runtime/job/identity.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"
#include "util/settings.h"

enum { SECOND = 1000000000 };

/* The argument of MRI_ALIVE. */
enum { WORD_OF_SERVICE = 0, USER_TAKES_MPI = 1 };

typedef struct lives {
    mri_host_name *names;
    bool *handled;        /* of each rank: its loss */
    bool *with_user;      /* of each rank: its user has MPI, as it said */
    uint64_t losses_seen; /* see mri_losses */
    bool said_with_user;  /* the last word that was sent */
    int64_t last_word;    /* when this rank sent its last */
    int64_t last_tick;
    atomic_uint ticks; /* how often the service thread came by */
    atomic_bool user_holds;
    unsigned int ticks_seen;
    unsigned int still;     /* looks at the same number of ticks */
    unsigned int held_long; /* looks while the user held MPI */
} lives;

static MRI_RANK_LOCAL lives lives_of_rank;
#define own MRI_OWN(lives_of_rank)

/* ---- telling ------------------------------------------------------------- */

static void send_word(unsigned int to, mri_what what, unsigned int argument)
{
    mri_head head = {.what = (uint16_t)what, .argument = argument};

    if (mri_exchange_send_small(to, &head, NULL, NULL)) {
        mri_log(MR_LOG_DEBUG, "a sign of life cannot be sent to rank %u", to);
    }
}

/* Ranks of rank 0's own node read it in the table. */
static void tell_all(mri_what what, unsigned int argument)
{
    for (unsigned int i = 1; i < mri_node.ranks; i++) {
        if (mri_is_far(i) && !mri_rank_is_lost(i)) {
            send_word(i, what, argument);
        }
    }
}

static void say_alive(unsigned int argument)
{
    own.said_with_user = argument == USER_TAKES_MPI;
    if (mri_is_far(0)) {
        send_word(0, MRI_ALIVE, argument);
    } else if (mri_here.rank == 0 && argument != WORD_OF_SERVICE) {
        tell_all(MRI_ALIVE, argument); /* else it answers, see hear */
    }
}

_Noreturn static void end_alone(const char *why)
{
    mri_log(MR_LOG_ERROR, "%s; this rank ends", why);
    _exit(1);
}

/* ---- handling losses ------------------------------------------------- */

static void handle_loss(unsigned int lost)
{
    assert(mri_rank_is_lost(lost) && !own.handled[lost]);
    own.handled[lost] = true;
    if (mri_is_far(lost)) {
        mri_exchange_lose(lost);
    }
    if (mri_here.rank == 0) {
        tell_all(MRI_LOST, lost);
    } else if (mri_is_far(0) && !mri_is_far(lost)) {
        send_word(0, MRI_LOST, lost);
    }
}

static void handle_losses(void)
{
    own.losses_seen = mri_losses();
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        if (!own.handled[i] && mri_rank_is_lost(i)) {
            handle_loss(i);
        }
    }
}

/* At rank 0: of a rank of another node. */
static void lose(unsigned int rank, const char *why)
{
    if (!mri_life_lose(rank)) {
        return;
    }
    mri_log(MR_LOG_ERROR, "rank %u on %s is lost: %s; the job goes on without",
            rank, own.names ? own.names[rank].text : "its host", why);
    handle_loss(rank);
}

/* Rank 0 takes a rank of this node for lost, which its own server does not
 * know: it stands still.  Nobody shall meet it again, so it becomes true; the
 * servers do the rest. */
static void end_neighbour(unsigned int rank)
{
    mri_endpoint *row =
        mri_endpoint_at(mri_endpoint_id(1, rank, MRI_SLOT_RANK));
    pid_t pid = (pid_t)mri_load(&row->pid);

    if (mri_load(mri_life_of(rank)) == MRI_LIVES && pid > 0) {
        mri_log(MR_LOG_ERROR,
                "rank 0 takes rank %u for lost, as it does not answer; it is "
                "ended; MR_PATIENCE is the time that it has",
                rank);
        kill(pid, SIGKILL);
    }
}

static void hear_of_loss(unsigned int rank)
{
    if (rank >= mri_node.ranks) {
        return;
    }
    if (rank == mri_here.rank) {
        end_alone("rank 0 takes this rank for lost");
    }
    if (!mri_is_far(rank)) {
        if (mri_here.rank != 0) {
            end_neighbour(rank);
        }
    } else if (mri_here.rank == 0) {
        lose(rank, "it has died");
    } else if (mri_life_lose(rank) || !own.handled[rank]) {
        handle_loss(rank);
    }
}

/* A word has arrived. */
static void hear(unsigned int from, const mri_head *head)
{
    unsigned int argument = (unsigned int)head->argument;

    if (head->what == MRI_LOST) {
        hear_of_loss(argument);
        return;
    }
    own.with_user[from] = argument == USER_TAKES_MPI;
    if (mri_here.rank == 0 && argument == WORD_OF_SERVICE) {
        send_word(from, MRI_ALIVE, WORD_OF_SERVICE);
    }
}

/* ---- silence ------------------------------------------------------------- */

static void explain(char *why, size_t size, const char *what, unsigned int rank,
                    int64_t patience)
{
    snprintf(why, size, "%s for %lld s%s", what, (long long)patience,
             own.with_user[rank] ? ", since it has taken mr_mpi_lock" : "");
}

/* The word goes first to the one that is lost: should it only have stood still,
 * it ends before it does anything else. */
static void look_for_silence(int64_t now)
{
    char why[96];

    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        int64_t patience = mri_settings()->patience *
                           (own.with_user[i] ? MRI_PATIENCE_WITH_USERS : 1);

        if (!mri_is_far(i) || mri_rank_is_lost(i) ||
            now - mri_exchange_heard(i) < patience * SECOND) {
            continue;
        }
        if (mri_here.rank == 0) {
            explain(why, sizeof why, "no word of it", i, patience);
            send_word(i, MRI_LOST, i);
            lose(i, why);
        } else if (i == 0) {
            explain(why, sizeof why, "rank 0 cannot be reached, no word of it",
                    i, patience);
            end_alone(why);
        }
    }
}

void mri_liveness_moves(void)
{
    atomic_fetch_add(&own.ticks, 1);
}

void mri_liveness_tick(int64_t now)
{
    bool due = now - own.last_word >= SECOND;

    mri_liveness_moves();
    if (now - own.last_tick > 2 * (int64_t)SECOND) {
        mri_exchange_hear_all(); /* it was us who stood still */
    }
    own.last_tick = now;
    if (!due && mri_losses() == own.losses_seen) {
        return;
    }
    mri_exchange_enter();
    handle_losses();
    if (due) {
        own.last_word = now;
        say_alive(WORD_OF_SERVICE);
        if (mri_settings()->patience && (mri_is_far(0) || mri_here.rank == 0)) {
            look_for_silence(now);
        }
    }
    mri_exchange_leave();
}

/* ---- the user's own calls of MPI ----------------------------------------- */

/* Many short ones send no more than one word for each of the service thread's,
 * that is, one a second. */
void mri_liveness_user_holds(bool holds)
{
    if (!mri_exchange_on) {
        return;
    }
    if (holds && !own.said_with_user) {
        say_alive(USER_TAKES_MPI);
    }
    atomic_store(&own.user_holds, holds);
}

/* ---- watching ------------------------------------------------------------ */

static void watch_user(int64_t patience)
{
    if (++own.held_long == patience) {
        mri_log(MR_LOG_WARNING,
                "mr_mpi_lock has been held for %lld s; until mr_mpi_unlock "
                "nothing arrives at this rank",
                (long long)patience);
    }
}

/* Counted, not timed: a job that is stopped and goes on has lost nothing. */
void mri_liveness_watch(void)
{
    unsigned int count = atomic_load(&own.ticks);
    int64_t patience = mri_settings()->patience;

    own.still = count == own.ticks_seen ? own.still + 1 : 0;
    own.ticks_seen = count;
    if (!mri_exchange_on || !patience) {
        return;
    }
    if (atomic_load(&own.user_holds) && own.still) {
        own.still = 1;
        watch_user(patience);
        return;
    }
    own.held_long = 0;
    if (own.still > 3 * patience) {
        end_alone("MPI has not returned for too long, so rank 0 cannot hear of "
                  "this rank");
    }
}

/* ---- begin and end ------------------------------------------------------- */

mr_error mri_liveness_begin(const mri_host_name *hosts)
{
    size_t ranks = mri_node.ranks;

    mri_exchange_word = hear;
    own.last_tick = mri_now();
    own.handled = calloc(ranks, sizeof *own.handled);
    own.with_user = calloc(ranks, sizeof *own.with_user);
    own.names = hosts ? calloc(ranks, sizeof *own.names) : NULL;
    if (!own.handled || !own.with_user || (hosts && !own.names)) {
        return MR_ERR_NO_MEMORY;
    }
    if (hosts) {
        memcpy(own.names, hosts, ranks * sizeof *own.names);
    }
    return MR_OK;
}

void mri_liveness_end(void)
{
    free(own.names);
    free(own.handled);
    free(own.with_user);
    own.names = NULL;
    own.handled = NULL;
    own.with_user = NULL;
}
