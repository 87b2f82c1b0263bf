/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the service thread.  It polls as long as there is something, and
 * sleeps longer and longer when there is nothing.  Its bell is rung by requests
 * of processes, and by what parked calls wait for.
 */
#include "runtime/service.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "engine/interrupt.h"
#include "engine/wait.h"
#include "far/exchange.h"
#include "far/relay.h"
#include "memory/record.h"
#include "runtime/job/identity.h"
#include "runtime/liveness.h"
#include "util/clock.h"
#include "util/rank_local.h"
#include "util/thread.h"

/* Pauses in nanoseconds, and how many there are of each length.  A cap of 1.6
 * ms costs 3 % of a core; what comes after a short silence does not wait for
 * it.
 */
enum {
    FIRST_PAUSE = 25000,
    LAST_PAUSE = 1600000,
    PAUSES = 12,
    SOON = 200000,       /* until a process asks again */
    FIRST_REST = 100000, /* while other threads poll */
    LAST_REST = 400000
};

typedef struct service {
    pthread_t thread;
    sem_t begun;
    atomic_bool stopping;
    bool running;
    uint64_t polls_seen; /* of all threads */
    int64_t relayed_at;  /* when a process last asked for something */
} service;

static MRI_RANK_LOCAL service service_of_rank;
#define own MRI_OWN(service_of_rank)

/* Threads that wait for something receive by themselves, faster than we. */
static bool others_poll(void)
{
    uint64_t now = mri_exchange_polls();
    bool others = now != own.polls_seen;

    own.polls_seen = now;
    return others;
}

static bool work(bool poll)
{
    int64_t now = mri_now();
    bool any = poll && mri_exchange_poll();

    if (mri_relay_run()) {
        own.relayed_at = now;
        any = true;
    }
    mri_exchange_check_deadlines(now);
    mri_liveness_tick(now);
    return any;
}

/* A process that calls may need our processor to go on, and calls again soon.
 */
static void start_spinning(mri_spinner *spinner)
{
    if (mri_relay_expects() || mri_now() - own.relayed_at < SOON) {
        mri_spin_start_anyway(spinner);
    } else {
        mri_spin_start(spinner);
    }
}

static void *serve(void *unused)
{
    mri_record *self = mri_self();
    mri_segment *segment = mri_segment_at(mri_segment_of(mri_ref_of(self)));
    int64_t pause = FIRST_PAUSE;
    int64_t rest = FIRST_REST;
    unsigned int pauses = 0;
    mri_spinner spinner;
    bool others;
    bool any;

    mri_interrupts_off();
    mri_spin_start(&spinner);
    prctl(PR_SET_TIMERSLACK, 1000UL);
    mri_store(&segment->service, mri_ref_of(self));
    sem_post(&own.begun);
    while (!atomic_load(&own.stopping)) {
        uint64_t bell = mri_bell(self);

        others = others_poll();
        any = work(!others);
        others_poll(); /* what we did ourselves does not count */
        if (any || others) {
            start_spinning(&spinner);
            pause = FIRST_PAUSE;
            pauses = 0;
        }
        if (others) {
            mri_sleep(self, bell, mri_now() + rest);
            rest = rest < LAST_REST ? 2 * rest : LAST_REST;
            continue;
        }
        rest = FIRST_REST;
        if (any || mri_spin(&spinner)) {
            continue;
        } else if (mri_sleep(self, bell, mri_now() + pause)) {
            pause = FIRST_PAUSE;
            pauses = 0;
        } else if (++pauses % PAUSES == 0 && pause < LAST_PAUSE) {
            pause *= 2;
        }
    }
    mri_store(&segment->service, 0);
    return unused;
}

mr_error mri_service_start(void)
{
    mr_error error;

    sem_init(&own.begun, 0, 0);
    error = mri_thread_start(&own.thread, serve);
    own.running = error == MR_OK;
    while (own.running && sem_wait(&own.begun) != 0) {
    }
    return error;
}

void mri_service_stop(void)
{
    if (own.running) {
        atomic_store(&own.stopping, true);
        pthread_join(own.thread, NULL);
        own.running = false;
    }
}
