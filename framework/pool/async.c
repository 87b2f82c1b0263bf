/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the asynchronous maps of this endpoint: which of them are under way, and
 * who goes on with them.
 *
 * A thread that waits for a future goes on with its request itself, which is
 * the fastest way.  The thread of the endpoint goes on with all others: with
 * those that have a callback, and with those that nobody has waited for within
 * a moment.  At most MOST requests have begun; the others wait in the list, in
 * the order of the calls.
 *
 * Locks, in this order: `life`, while the thread starts or ends; `lock`, for
 * the list.  An entry whose state is GOING or TOLD belongs to the thread that
 * set it, without the lock.  No call that may wait is made inside `lock`.
 */
#include "pool/async.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/interrupt.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "engine/wait_any.h"
#include "pool/admission.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"
#include "util/thread.h"

enum { MOST = 8 };

/* Nanoseconds: after this nobody seems to wait for a request; and the thread
 * looks each millisecond, until there was none for some time. */
enum { MOMENT = 1000000, CALM = 100000000 };
static const double TICK = 1e-3; /* seconds */

typedef enum state {
    WAITING, /* for its turn to begin */
    RESTING, /* it has begun, and no thread goes on with it */
    GOING,   /* a thread begins it, or goes on with it */
    OVER,    /* the thread of the endpoint shall call its callback */
    TOLD     /* its callback is called, its future told; it has no request */
} state;

typedef struct entry {
    struct entry *next;
    mri_request *request;
    mr_future future;
    mr_pool pool;
    state state;
    int64_t since; /* when it came */
} entry;

typedef struct async {
    pthread_mutex_t life;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an entry has left the list, or the thread has
                               started */
    pthread_t thread;
    bool running;
    bool ending;
    bool ticking;       /* the thread looks by itself soon */
    mri_record *record; /* of the thread */
    mr_error error;     /* why it has none */
    uint64_t endpoint;  /* that it is */
    atomic_bool rung;
    entry *first;
    entry *last;
    size_t begun;  /* entries that are RESTING or GOING */
    int64_t busy;  /* when there was an entry last */
    int64_t swept; /* when cancelled ones were looked for last */
    bool sweeps;   /* look for them now */
} async;

static MRI_RANK_LOCAL async async_of_rank = {.life = PTHREAD_MUTEX_INITIALIZER,
                                             .lock = PTHREAD_MUTEX_INITIALIZER,
                                             .changed =
                                                 PTHREAD_COND_INITIALIZER};
#define own MRI_OWN(async_of_rank)

/* ---- the list; `lock` is held -------------------------------------------- */

static void ring(void)
{
    atomic_store(&own.rung, true);
    if (own.record) {
        mri_ring(own.record);
    }
}

static void append(entry *e)
{
    if (own.last) {
        own.last->next = e;
    } else {
        own.first = e;
    }
    own.last = e;
}

static void take_out(entry *e)
{
    entry *before = NULL;

    for (entry *at = own.first; at != e; at = at->next) {
        before = at;
    }
    if (before) {
        before->next = e->next;
    } else {
        own.first = e->next;
    }
    own.last = own.last == e ? before : own.last;
    free(e);
    pthread_cond_broadcast(&own.changed);
}

static entry *find(mr_future future)
{
    entry *e = own.first;

    while (e && memcmp(&e->future, &future, sizeof future) != 0) {
        e = e->next;
    }
    return e;
}

static entry *first_in(state s)
{
    entry *e = own.first;

    while (e && e->state != s) {
        e = e->next;
    }
    return e;
}

/* The one that is to begin next, if there is a place. */
static entry *next_to_begin(void)
{
    return own.begun < MOST ? first_in(WAITING) : NULL;
}

/* ---- the end of a request ------------------------------------------------ */

static void end_admission(mri_request *r)
{
    if (r->admitted) {
        mri_admission_end(r->pool);
        r->admitted = false;
    }
}

/* In the thread of the endpoint if there is a callback.  Until that has
 * returned the request has an entry in the pool, so that mr_pool_join waits.  A
 * thread that is told may destroy the pool: so it has none then. */
static void tell(mri_request *r)
{
    mr_error code = r->result ? r->result : r->first.code;
    size_t ended = r->begun ? r->scheduler.sink->ended(&r->scheduler) : 0;
    mr_future future = r->future;
    mr_task_error first = r->first;

    if (r->result == MR_ERR_BROKEN) {
        code = mri_pool_tell_breach(r->pool, &first);
    }
    mri_request_stop(r);
    if (r->callback) {
        r->callback(code, &first, r->user);
    }
    end_admission(r);
    mri_request_end(r);
    mri_future_deliver(future, code, &first, ended);
}

/* The lock is held, and released meanwhile. */
static void tell_and_take_out(entry *e)
{
    mri_request *r = e->request;

    e->state = TOLD;
    e->request = NULL;
    pthread_mutex_unlock(&own.lock);
    tell(r);
    pthread_mutex_lock(&own.lock);
    take_out(e);
}

/* Is the caller the thread of the endpoint? */
static bool is_mine(void)
{
    return own.record == mri_self();
}

/* A request that a thread went on with has come to a stop.  The lock is held,
 * and released meanwhile. */
static void stop_going(entry *e)
{
    assert(e->state == GOING);
    if (e->request->result == MRI_WOULD_BLOCK) {
        e->state = RESTING;
        return;
    }
    own.begun--;
    e->state = OVER;
    if (next_to_begin() || (e->request->callback && !is_mine())) {
        ring();
    }
    if (!e->request->callback || is_mine()) {
        tell_and_take_out(e);
    }
}

/* ---- the thread ---------------------------------------------------------- */

static void begin(entry *e)
{
    e->state = GOING;
    own.begun++;
    pthread_mutex_unlock(&own.lock);
    e->request->result = mri_request_begin(e->request);
    end_admission(e->request);
    pthread_mutex_lock(&own.lock);
    if (!e->request->result) {
        e->request->result = MRI_WOULD_BLOCK;
    }
    e->since = mri_now();
    stop_going(e);
}

static entry *first_cancelled(void)
{
    bool cancelled = false;
    bool asked;

    for (entry *e = own.first; e; e = e->next) {
        if (e->state == WAITING &&
            mri_future_look(e->future, &cancelled, &asked) == MR_OK &&
            cancelled) {
            return e;
        }
    }
    return NULL;
}

/* Those that wait for their turn may be many: they are looked at when one was
 * cancelled here, and now and then. */
static void sweep(void)
{
    entry *e;

    if (!own.sweeps && mri_now() - own.swept < CALM) {
        return;
    }
    own.sweeps = false;
    own.swept = mri_now();
    while ((e = first_cancelled()) != NULL) {
        e->request->result = MR_ERR_CANCELLED;
        tell_and_take_out(e);
    }
}

/* The lock is held, and released meanwhile. */
static void look_at_list(void)
{
    entry *e;

    sweep();
    while ((e = next_to_begin()) != NULL) {
        begin(e);
    }
    while ((e = first_in(OVER)) != NULL) {
        tell_and_take_out(e);
    }
}

/* Is it time to go on with a request that rests? */
static bool is_due(const entry *e, int64_t now)
{
    return e->state == RESTING &&
           (own.ending || e->request->callback || own.begun == MOST ||
            now - e->since > MOMENT);
}

/* Takes those that are due; *most becomes the seconds after which to look
 * again. */
static size_t take_due(entry **taken, mri_request **list, double *most)
{
    int64_t now = mri_now();
    size_t count = 0;

    own.busy = own.first ? now : own.busy;
    *most = MR_FOREVER;
    for (entry *e = own.first; e; e = e->next) {
        if (is_due(e, now) && count < MOST) {
            e->state = GOING;
            taken[count] = e;
            list[count++] = e->request;
        } else {
            *most = TICK;
        }
    }
    if (!count && now - own.busy < CALM) {
        *most = TICK;
    }
    return count;
}

/* The lock is held, and released meanwhile. */
static void take_turn(void)
{
    entry *taken[MOST];
    mri_request *list[MOST];
    double most;
    size_t count;

    atomic_store(&own.rung, false);
    look_at_list();
    count = take_due(taken, list, &most);
    own.ticking = most > 0;
    pthread_mutex_unlock(&own.lock);
    if (count) {
        (void)!mri_requests_go_on(list, count, most, &own.rung);
    } else {
        const mri_wait_request nothing = {.timeout = most, .stop = &own.rung};

        (void)!mri_wait_for_any(&nothing);
    }
    pthread_mutex_lock(&own.lock);
    for (size_t i = 0; i < count; i++) {
        stop_going(taken[i]);
    }
}

static void *go_on(void *unused)
{
    (void)unused;
    mri_interrupts_off();
    mri_become(own.endpoint, true);
    pthread_mutex_lock(&own.lock);
    own.record = mri_self();
    own.error = own.record ? MR_OK : MR_ERR_LIMIT;
    pthread_cond_broadcast(&own.changed);
    while (own.record && !(own.ending && !own.first)) {
        take_turn();
    }
    own.record = NULL;
    pthread_mutex_unlock(&own.lock);
    mri_self_leave();
    return NULL;
}

/* ---- life of the thread; the lock `life` is held ------------------------- */

static mr_error start_thread(void)
{
    mr_error error;

    if (own.running) {
        return MR_OK;
    }
    pthread_mutex_lock(&own.lock);
    own.ending = false;
    own.endpoint = mri_self_endpoint();
    own.record = NULL;
    own.error = MR_OK;
    error = mri_thread_start(&own.thread, go_on);
    while (!error && !own.record && !own.error) {
        pthread_cond_wait(&own.changed, &own.lock);
    }
    pthread_mutex_unlock(&own.lock);
    if (!error && own.error) {
        pthread_join(own.thread, NULL);
        error = own.error;
    }
    own.running = !error;
    return error;
}

static bool is_of(const entry *e, const mr_pool *pool)
{
    return !pool || memcmp(&e->pool, pool, sizeof *pool) == 0;
}

/* All requests for a pool; NULL: for any.  The lock is held. */
static void cancel(const mr_pool *pool)
{
    for (const entry *e = own.first; e; e = e->next) {
        if (is_of(e, pool)) {
            (void)!mr_future_cancel(e->future);
        }
    }
    own.sweeps = true;
    ring();
}

void mri_async_end(void)
{
    pthread_mutex_lock(&own.life);
    if (own.running) {
        pthread_mutex_lock(&own.lock);
        own.ending = true;
        cancel(NULL);
        pthread_mutex_unlock(&own.lock);
        pthread_join(own.thread, NULL);
        own.running = false;
    }
    pthread_mutex_unlock(&own.life);
}

/* ---- requests ------------------------------------------------------------ */

/* Takes a place for the caller, who begins it; false: it has to wait. */
static bool enter(entry *e)
{
    bool has_place;

    pthread_mutex_lock(&own.lock);
    has_place = own.begun < MOST && !next_to_begin();
    if (has_place) {
        e->state = GOING;
        own.begun++;
        append(e);
    }
    pthread_mutex_unlock(&own.lock);
    return has_place;
}

/* The thread of the endpoint begins it. */
static mr_error enter_to_wait(entry *e)
{
    mr_error error = mri_admission_begin(e->pool);

    if (error && error != MR_ERR_BROKEN) {
        free(e);
        return error;
    }
    e->request->admitted = !error;
    pthread_mutex_lock(&own.lock);
    e->state = WAITING;
    append(e);
    ring();
    pthread_mutex_unlock(&own.lock);
    return MR_OK;
}

/* The caller has begun it, or the pool is broken. */
static mr_error entered(entry *e)
{
    mr_error error = e->request->result;

    pthread_mutex_lock(&own.lock);
    if (error == MR_ERR_BROKEN) {
        error = MR_OK; /* the future tells how */
        stop_going(e);
    } else if (error) {
        own.begun--;
        take_out(e);
    } else {
        e->request->result = MRI_WOULD_BLOCK;
        e->state = RESTING;
        e->since = mri_now();
        if (e->request->callback || !own.ticking || own.ending) {
            ring();
        }
    }
    pthread_mutex_unlock(&own.lock);
    return error;
}

mr_error mri_async_add(mri_request *request)
{
    entry *e = malloc(sizeof *e);
    mr_error error;

    if (!e) {
        return MR_ERR_NO_MEMORY;
    }
    *e = (entry){.request = request,
                 .future = request->future,
                 .pool = request->pool,
                 .since = mri_now()};
    pthread_mutex_lock(&own.life);
    error = start_thread();
    pthread_mutex_unlock(&own.life);
    if (error) {
        free(e);
        return error;
    }
    if (!enter(e)) {
        return enter_to_wait(e);
    }
    request->result = mri_request_begin(request);
    return entered(e);
}

mr_error mri_async_help(mr_future future, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    mr_error error = MR_OK;
    bool over = false;
    entry *e;

    pthread_mutex_lock(&own.lock);
    e = find(future);
    if (e && e->state == RESTING && !is_mine()) {
        mri_request *request = e->request;

        e->state = GOING;
        pthread_mutex_unlock(&own.lock);
        while (!error && !over) {
            error = mri_requests_go_on(
                &request, 1, mri_timeout_left(timeout, deadline), NULL);
            over = request->result != MRI_WOULD_BLOCK;
        }
        pthread_mutex_lock(&own.lock);
        stop_going(e);
        if (!over) {
            ring();
        }
    }
    pthread_mutex_unlock(&own.lock);
    return over || error == MR_ERR_NO_MEMORY ? MR_OK : error;
}

bool mri_async_has(mr_future future)
{
    bool has;

    pthread_mutex_lock(&own.lock);
    has = find(future) != NULL;
    pthread_mutex_unlock(&own.lock);
    return has;
}

static bool has_request_of(mr_pool pool)
{
    for (const entry *e = own.first; e; e = e->next) {
        if (is_of(e, &pool)) {
            return true;
        }
    }
    return false;
}

mr_error mri_async_may_wait(const char *caller)
{
    mr_error error;

    pthread_mutex_lock(&own.lock);
    error = own.record && is_mine()
                ? mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                           "%s in the callback of a future would wait for "
                           "itself: call it in another thread",
                           caller)
                : MR_OK;
    pthread_mutex_unlock(&own.lock);
    return error;
}

void mri_async_cancel(mr_pool pool)
{
    pthread_mutex_lock(&own.lock);
    cancel(&pool);
    pthread_mutex_unlock(&own.lock);
    mri_async_await(pool);
}

void mri_async_await(mr_pool pool)
{
    pthread_mutex_lock(&own.lock);
    while (has_request_of(pool)) {
        pthread_cond_wait(&own.changed, &own.lock);
    }
    pthread_mutex_unlock(&own.lock);
}
