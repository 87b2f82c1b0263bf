/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the fake job of several nodes: its ranks, its actors, and their ends.
 * The ranks are begun and ended by the thread of the test, one by one.
 */
#include "unit/fake_nodes.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/reaper.h"
#include "far/exchange.h"
#include "far/far.h"
#include "far/relay.h"
#include "memory/liveness.h"
#include "message/state.h"
#include "runtime/job/identity.h"
#include "runtime/job/job.h"
#include "runtime/job/map_segments.h"
#include "runtime/liveness.h"
#include "runtime/service.h"
#include "unit/message_fake.h"
#include "util/log.h"

enum {
    MOST_RANKS = 8,
    MOST_ACTORS = 16,
    PROCESSORS = 2,
    FRAGMENT = 10000,   /* bytes of bulk in one message */
    QUIET_ROUNDS = 2000 /* polls without anything under way */
};

typedef struct fake_rank {
    mri_rank_state *state;
    bool lost;
} fake_rank;

typedef struct actor {
    nodes_actor is;
    pthread_t thread;
    unsigned int number;
    mri_word ended;
} actor;

static fake_rank ranks[MOST_RANKS];
static unsigned int ranks_count;
static uint32_t leaders[MOST_RANKS];
static fake_net *net;
static actor actors[MOST_ACTORS];

void nodes_enter(unsigned int rank)
{
    mri_rank_enter(ranks[rank].state);
}

void nodes_leave(void)
{
    mri_self_leave();
    mri_become(0, true);
    mri_rank_enter(NULL);
}

/* ---- start --------------------------------------------------------------- */

/* The first rank of a node maps its region; the others use the same. */
static mr_error map(unsigned int rank)
{
    mri_region shared;
    mr_error error;

    if (leaders[rank] == rank) {
        error = mri_region_lay_out(leaders, ranks_count, rank);
        return error ? error : mri_region_fake(FAKE_MEMORY);
    }
    mri_rank_enter(ranks[leaders[rank]].state);
    shared = mri_node;
    mri_rank_enter(ranks[rank].state);
    error = mri_region_lay_out(leaders, ranks_count, leaders[rank]);
    shared.leaders = mri_node.leaders;
    shared.indices = mri_node.indices;
    mri_node = shared;
    return error;
}

static bool start_rank(unsigned int number)
{
    fake_rank *r = &ranks[number];
    bool good;

    *r = (fake_rank){.state = mri_rank_make()};
    if (!MRT_CHECK(r->state != NULL)) {
        return false;
    }
    mri_rank_enter(r->state);
    mri_here = (mri_job_identity){
        .role = MRI_RANK, .pid = getpid(), .rank = number, .size = ranks_count};
    snprintf(mri_here.host, sizeof mri_here.host, "fake");
    mri_log_set_place("rank %u", number);
    good =
        MRT_OK(map(number)) &&
        MRT_OK(mri_segment_format(mri_index_of(number), number)) &&
        MRT_OK(mri_rank_format(number, PROCESSORS)) &&
        MRT_OK(mri_liveness_begin(NULL)) &&
        MRT_OK(mri_message_begin(fake_net_transport(net, number), ranks_count));
    if (good) {
        mri_far_begin();
        mri_messages_self()->fragment = FRAGMENT;
        good = MRT_OK(mri_exchange_begin());
    }
    nodes_leave();
    return good;
}

bool nodes_start(const uint32_t *of_nodes, unsigned int count, uint64_t seed,
                 unsigned int delay)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
    mri_objects_begin();
    mri_objects_register();
    net = fake_net_make(count, seed, delay);
    ranks_count = count;
    for (unsigned int i = 0; i < count; i++) {
        leaders[i] = of_nodes[i];
    }
    for (unsigned int i = 0; i < count; i++) {
        if (!start_rank(i)) {
            return false;
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        nodes_enter(i);
        if (!MRT_OK(mri_service_start())) {
            return false;
        }
        nodes_leave();
    }
    return true;
}

/* ---- end ----------------------------------------------------------------- */

/* Let all ranks receive until nothing has been under way for long. */
static void settle(void)
{
    double end = mrt_now() + GUARD;

    for (unsigned int quiet = 0; quiet < QUIET_ROUNDS && mrt_now() < end;
         quiet++) {
        for (unsigned int i = 0; i < ranks_count; i++) {
            nodes_enter(i);
            if (!ranks[i].lost && mri_exchange_poll()) {
                quiet = 0;
            }
            nodes_leave();
        }
    }
}

static bool any_is_lost(void)
{
    bool any = false;

    for (unsigned int i = 0; i < ranks_count; i++) {
        any |= ranks[i].lost;
    }
    return any;
}

static void stop_rank(unsigned int number)
{
    bool leads = leaders[number] == number;

    nodes_enter(number);
    if (leads && !ranks[number].lost) {
        fake_quiet();
    }
    mri_exchange_end();
    mri_message_end();
    mri_liveness_end();
    if (!leads) {
        mri_node.base = NULL;
        mri_node.descriptors = NULL;
    }
    mri_region_unmap();
    mri_become(0, true);
    mri_rank_enter(NULL);
    mri_rank_free(ranks[number].state);
}

void nodes_stop(void)
{
    settle();
    for (unsigned int i = 0; i < ranks_count; i++) {
        nodes_enter(i);
        mri_service_stop();
        nodes_leave();
    }
    settle();
    if (!any_is_lost()) {
        MRT_EQUAL(fake_net_under_way(net), 0);
    }
    for (unsigned int i = ranks_count; i-- > 0;) {
        stop_rank(i);
    }
    fake_net_free(net);
}

/* ---- actors -------------------------------------------------------------- */

/* The variables of a process of the rank, as its fork makes them. */
static mri_rank_state *make_process(unsigned int number)
{
    mri_rank_state *state = mri_rank_make();
    mri_region node;
    mri_job_identity here;

    nodes_enter(number);
    node = mri_node;
    here = mri_here;
    mri_rank_enter(state);
    mri_node = node;
    mri_here = here;
    mri_here.role = MRI_CHILD;
    mri_far_begin();
    return state;
}

/* As the fork server of its rank: reap it, and let the rank tell the others. */
static void conclude(unsigned int number, uint64_t endpoint)
{
    mri_gone gone = {.endpoint = endpoint};
    mri_endpoint *row = mri_endpoint_at(endpoint);
    mri_relay_request request = {.what = MRI_RELAY_END};

    mri_become(mri_endpoint_id(1, number, MRI_SLOT_SERVER), true);
    mri_reap(mri_self(), &gone);
    request.ranks = mri_load(&row->far);
    request.head.in_size = sizeof gone;
    if (mri_ranks_any_far(request.ranks)) {
        while (mri_relay_put(&request, &gone, NULL, 0)) {
            mrt_pause(); /* again, as a fork server does */
        }
        while (mri_load(&row->far)) {
            mrt_pause();
        }
    }
    mri_store(&row->id, 0);
}

static void act_as_process(actor *a)
{
    mri_rank_state *state = make_process(a->is.rank);
    uint64_t endpoint =
        fake_endpoint(a->is.rank, MRI_SLOT_FIRST_PROCESS + a->number);

    if (!fake_dies(a->is.body, a->number, a->is.user)) {
        mri_self_leave();
    }
    mri_store(&a->ended, 1);
    conclude(a->is.rank, endpoint);
    nodes_leave();
    mri_rank_free(state);
}

static void *act(void *user)
{
    actor *a = user;

    if (a->is.process) {
        act_as_process(a);
        return NULL;
    }
    nodes_enter(a->is.rank);
    fake_dies(a->is.body, a->number, a->is.user);
    mri_store(&a->ended, 1);
    nodes_leave();
    return NULL;
}

void nodes_play(const nodes_actor *cast, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        actors[i].is = cast[i];
        actors[i].number = i;
        mri_store(&actors[i].ended, 0);
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_create(&actors[i].thread, NULL, act, &actors[i]);
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(actors[i].thread, NULL);
    }
}

void nodes_await_end(unsigned int number)
{
    while (!mri_load(&actors[number].ended)) {
        mrt_pause();
    }
}

/* ---- losses -------------------------------------------------------------- */

void nodes_lose(unsigned int number)
{
    mri_rank_state *before = mri_rank_entered();

    fake_net_cut(net, number);
    nodes_enter(number);
    mri_service_stop();
    ranks[number].lost = true;
    nodes_enter(0);
    MRT_CHECK(mri_life_lose(number));
    mri_rank_enter(before);
}

void nodes_await_waiter(unsigned int number, mr_handle handle)
{
    mri_rank_state *before = mri_rank_entered();
    bool waits = false;

    nodes_enter(number);
    while (!waits) {
        const mri_object *object = mri_row(handle);

        for (unsigned int i = 0; i < MRI_LISTS; i++) {
            waits |= mri_load(&object->lists[i].first) != 0;
        }
        mrt_pause();
    }
    mri_rank_enter(before);
}

/* For LeakSanitizer: an actor that dies leaves its port, as the memory of a
 * killed process goes with it.  A suite whose actors leave more has its own. */
const char *__lsan_default_suppressions(void);
__attribute__((weak)) const char *__lsan_default_suppressions(void)
{
    return "leak:mri_port_of\n";
}
