/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Pool: the object with its table of workers and its drivers, and what is
 * known of deaths.
 *
 * When a child dies, the process that notices finds it in the table of its
 * pool, marks it lost, and calls the attention of the drivers: one of them
 * starts another.  Without a driver the next one does.
 */
#include "pool/pool.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/kinds.h"
#include "pool/pool_ops.h"
#include "runtime/job/identity.h"
#include "runtime/job/place_ranks.h"
#include "util/log.h"

enum { MRI_NO_DRIVER = 0 };

static mri_pool_body *body_of(mri_object *object)
{
    return mri_pool_body_of(object);
}

static size_t detail_size(size_t workers)
{
    return workers * sizeof(mri_pool_worker) +
           MRI_POOL_DRIVERS * sizeof(mri_pool_driver) + sizeof(mri_pool_facts) +
           offsetof(mri_kept, spec) + mri_batch_spec_size(workers);
}

/* ---- drivers ------------------------------------------------------------- */

/* Is there a worker for the new driver to look after? */
static bool anything_lost(mri_object *object)
{
    mri_pool_worker *workers = mri_pool_workers_of(object);
    mri_pool_body *pool = body_of(object);

    if (!mri_load(&pool->losses) || !mri_swap(&pool->losses, 0)) {
        return false;
    }
    for (uint64_t i = 0; i < pool->workers; i++) {
        if (mri_load(&workers[i].lost)) {
            mri_swap(&pool->losses, 1);
            return true;
        }
    }
    return false;
}

static bool take_entry(const mri_record *self, mri_object *object,
                       uint64_t *number)
{
    mri_pool_driver *drivers = mri_pool_drivers_of(object);
    uint64_t me = mri_load(&self->owner);

    for (unsigned int i = 0; i < MRI_POOL_DRIVERS; i++) {
        uint64_t nobody = MRI_NO_DRIVER;

        if (mri_load(&drivers[i].endpoint) == nobody &&
            mri_cas(&drivers[i].endpoint, &nobody, me)) {
            *number = i;
            return true;
        }
    }
    return false;
}

/* A thread that closes the pool writes `closed` and then looks at the entries,
 * so here it is the other way round, with a barrier between. */
static void leave_entry(mri_record *self, mri_object *object,
                        mri_pool_driver *driver)
{
    mri_swap(&driver->endpoint, MRI_NO_DRIVER);
    if (mri_load(&body_of(object)->closed)) {
        mri_wake_all(self, object, 0);
    }
}

mr_error mri_pool_is_closed(void)
{
    return mri_fail(MR_ERR_CLOSED, MR_LOG_INFO,
                    "the pool was closed: begin maps before mr_pool_close, or "
                    "create another pool");
}

/* A driver writes its entry and then looks whether the pool ends or is closed.
 * The thread that ends or closes it does it the other way round: so one of them
 * sees the other.  call->argument: the request is admitted. */
static mr_error try_begin(mri_record *self, mri_object *object, mri_call *call)
{
    mri_pool_body *pool = body_of(object);
    bool creator = mri_load(&pool->creator) == mri_load(&self->owner);
    bool admitted = call->argument;
    mri_pool_driver *driver;
    uint64_t number;

    if (!take_entry(self, object, &number)) {
        return mri_fail(MR_ERR_LIMIT, MR_LOG_INFO,
                        "a pool has %d threads that map already: wait until "
                        "some have ended",
                        MRI_POOL_DRIVERS);
    }
    driver = &mri_pool_drivers_of(object)[number];
    if (mri_load(&pool->ending)) {
        mri_store(&driver->endpoint, MRI_NO_DRIVER);
        return MR_ERR_STALE;
    }
    if (mri_load(&pool->closed) && !admitted) {
        leave_entry(self, object, driver);
        return mri_pool_is_closed();
    }
    if (mri_load(&pool->broken) == MRI_POOL_BROKEN) {
        leave_entry(self, object, driver);
        return MR_ERR_BROKEN;
    }
    if (admitted) {
        mri_add(&pool->admitted, 1);
    }
    mri_store(&driver->attention, anything_lost(object));
    call->result = mri_pool_entry(number, creator ? pool->shared : 0, creator,
                                  pool->has_setup);
    return MR_OK;
}

static mri_pool_driver *driver_of(mri_object *object, const mri_call *call)
{
    assert(call->variant < MRI_POOL_DRIVERS);
    return &mri_pool_drivers_of(object)[call->variant];
}

static mr_error try_end(mri_record *self, mri_object *object, mri_call *call)
{
    assert(mri_peek(&driver_of(object, call)->endpoint) ==
           mri_load(&self->owner));
    leave_entry(self, object, driver_of(object, call));
    return MR_OK;
}

static mr_error try_attend(mri_record *self, mri_object *object, mri_call *call)
{
    mri_word *attention = &driver_of(object, call)->attention;

    (void)self;
    call->result = mri_load(attention) && mri_swap(attention, 0);
    return MR_OK;
}

/* ---- the table ----------------------------------------------------------- */

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->result = mri_pool_looks(
        body_of(object)->workers, mri_load(&body_of(object)->closed),
        mri_load(&body_of(object)->broken) == MRI_POOL_BROKEN,
        mri_load(&body_of(object)->changes));
    return MR_OK;
}

/* An entry; while it is claimed its handles may be written, and say nothing. */
static mri_pool_worker copy_of(const mri_pool_worker *worker)
{
    mri_pool_worker copy;

    do {
        mri_store(&copy.version, mri_load(&worker->version));
        mri_store(&copy.lost, mri_load(&worker->lost));
        mri_store(&copy.life, mri_load(&worker->life));
        copy.mailbox = worker->mailbox;
        copy.process = worker->process;
    } while (mri_load(&worker->version) != mri_peek(&copy.version) ||
             mri_load(&worker->lost) != mri_peek(&copy.lost));
    return copy;
}

/* Copies some workers out, from number call->argument on; call->result is how
 * many. */
static mr_error try_table(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t all = body_of(object)->workers;
    mri_pool_worker *workers = mri_pool_workers_of(object);
    mri_pool_worker *copies = call->out;
    uint64_t count = call->out_size / sizeof *copies;

    (void)self;
    count = call->argument + count > all ? all - call->argument : count;
    for (uint64_t i = 0; i < count; i++) {
        copies[i] = copy_of(&workers[call->argument + i]);
    }
    call->out_size = count * sizeof *copies;
    call->result = count;
    return MR_OK;
}

static uint64_t even_above(uint64_t version)
{
    return (version | 1) + 1;
}

/* call->argument is a number.  Gives what the worker was. */
static mr_error try_claim(mri_record *self, mri_object *object, mri_call *call)
{
    mri_pool_worker *worker = &mri_pool_workers_of(object)[call->argument];
    uint64_t lost = MRI_WORKER_LOST;

    assert(call->argument < body_of(object)->workers);
    if (mri_load(&body_of(object)->broken) == MRI_POOL_BROKEN ||
        !mri_cas(&worker->lost, &lost, mri_load(&self->owner))) {
        return MR_ERR_STATE;
    }
    /* Odd is that of a claimer whose worker died before it had settled. */
    mri_store(&worker->version, even_above(mri_load(&worker->version)));
    memcpy(call->out, worker, sizeof *worker);
    call->out_size = sizeof *worker;
    return MR_OK;
}

/* The handles of a worker, which is about to start.  MR_ERR_STATE: the caller
 * has no claim any more. */
static mr_error try_replace(mri_record *self, mri_object *object,
                            mri_call *call)
{
    const mri_pool_replacement *r = call->in;
    mri_pool_worker *worker = &mri_pool_workers_of(object)[r->number];

    assert(r->number < body_of(object)->workers);
    if (mri_load(&worker->lost) != mri_load(&self->owner)) {
        return MR_ERR_STATE;
    }
    worker->mailbox = r->worker.mailbox;
    worker->process = r->worker.process;
    mri_store(&worker->life, MRI_LIFE_NEW);
    mri_store(&worker->version, mri_load(&worker->version) | 1);
    return MR_OK;
}

/* The claim ends: the worker has started, unless it has died already; or none
 * could be started, then it is lost again, or gone with its rank. */
static mr_error try_settle(mri_record *self, mri_object *object, mri_call *call)
{
    const mri_pool_replacement *r = call->in;
    mri_pool_worker *worker = &mri_pool_workers_of(object)[r->number];
    uint64_t me = mri_load(&self->owner);

    assert(r->number < body_of(object)->workers);
    if (mri_load(&worker->lost) != me) {
        return MR_OK;
    }
    if (r->failed) {
        worker->mailbox.kind = MRI_NONE;
        worker->process.handle.kind = MRI_NONE;
    }
    mri_store(&worker->version, even_above(mri_load(&worker->version)));
    mri_cas(&worker->lost, &me, r->lost);
    mri_swap(&body_of(object)->losses, 1);
    mri_pool_call_attention(self, object);
    return MR_OK;
}

/* call->argument is the rank. */
static mr_error try_lose_rank(mri_record *self, mri_object *object,
                              mri_call *call)
{
    mri_pool_worker *workers = mri_pool_workers_of(object);
    bool changed = false;

    for (uint64_t i = call->argument; i < body_of(object)->workers;
         i += mri_here.size) {
        mri_pool_worker *worker = &workers[i];

        if (worker->mailbox.kind) {
            worker->mailbox.kind = MRI_NONE;
            worker->process.handle.kind = MRI_NONE;
            mri_store(&worker->version, even_above(mri_load(&worker->version)));
            mri_swap(&worker->lost, 0);
            changed = true;
        }
    }
    if (changed) {
        mri_pool_call_attention(self, object);
    }
    return MR_OK;
}

static bool has_driver(mri_object *object)
{
    for (unsigned int i = 0; i < MRI_POOL_DRIVERS; i++) {
        if (mri_load(&mri_pool_drivers_of(object)[i].endpoint)) {
            return true;
        }
    }
    return false;
}

static mr_error try_destroy(mri_record *self, mri_object *object,
                            mri_call *call)
{
    mri_word *ending = &body_of(object)->ending;
    uint64_t nobody = 0;

    (void)call;
    if (!mri_cas(ending, &nobody, mri_load(&self->owner))) {
        return MR_ERR_STALE;
    }
    /* A joined pool has no drivers, though one may be about to see that. */
    if (!mri_load(&body_of(object)->joined) && has_driver(object)) {
        mri_store(ending, 0);
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "a map of this pool is under way: wait until it "
                        "returns, or destroy its iterator");
    }
    return MR_OK;
}

static mr_error try_close(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    (void)call;
    mri_swap(&body_of(object)->closed, 1);
    return MR_OK;
}

/* An admitted request takes an entry before that of its admission ends, but the
 * one may lie before the other: so nothing counts that was seen while one has
 * begun. */
static bool had_no_driver(mri_object *object)
{
    uint64_t admitted;

    do {
        admitted = mri_load(&body_of(object)->admitted);
        if (has_driver(object)) {
            return false;
        }
    } while (admitted != mri_load(&body_of(object)->admitted));
    return true;
}

static mr_error try_join(mri_record *self, mri_object *object, mri_call *call)
{
    mri_pool_body *pool = body_of(object);

    (void)self;
    call->list = 0;
    if (!mri_load(&pool->closed)) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "the pool is open: call mr_pool_close first");
    }
    if (!mri_load(&pool->joined) && !had_no_driver(object)) {
        return MRI_WOULD_BLOCK;
    }
    mri_swap(&pool->joined, 1);
    return MR_OK;
}

static mri_try *const tries[] = {
    [MRI_POOL_LOOK] = try_look,
    [MRI_POOL_BEGIN] = try_begin,
    [MRI_POOL_END] = try_end,
    [MRI_POOL_ATTEND] = try_attend,
    [MRI_POOL_TABLE] = try_table,
    [MRI_POOL_CLAIM] = try_claim,
    [MRI_POOL_REPLACE] = try_replace,
    [MRI_POOL_SETTLE] = try_settle,
    [MRI_POOL_LOSE_RANK] = try_lose_rank,
    [MRI_POOL_CLOSE] = try_close,
    [MRI_POOL_JOIN] = try_join,
    [MRI_POOL_SETUP] = mri_pool_try_setup,
    [MRI_POOL_PREPARE] = mri_pool_try_prepare,
    [MRI_POOL_LIVES] = mri_pool_try_lives,
    [MRI_POOL_BREAK] = mri_pool_try_break,
    [MRI_POOL_BREACH] = mri_pool_try_breach,
    [MRI_POOL_FINAL] = mri_pool_try_final,
    [MRI_POOL_DESTROY] = try_destroy,
};

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call)
{
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, 0);
}

/* ---- deaths -------------------------------------------------------------- */

static void cancel_kept(mri_kept *kept)
{
    if (mri_load(&kept->state) != MRI_KEPT_EMPTY) {
        mri_store(&kept->state, MRI_KEPT_EMPTY);
        mri_batch_cancel(kept->batch);
    }
}

static void dispose(mri_record *self, mri_object *object)
{
    if (mri_peek(&object->detail)) {
        cancel_kept(mri_pool_kept_of(object));
    }
    mri_object_free(self, object, &object->detail,
                    detail_size(body_of(object)->workers));
}

/* As its process, or with its rank. */
static bool is_gone(const mri_pool_worker *worker, const mri_gone *gone)
{
    if (gone->process.kind == MRI_PROCESS) {
        return memcmp(&worker->process.handle, &gone->process,
                      sizeof gone->process) == 0;
    }
    return worker->mailbox.kind != MRI_NONE &&
           mri_is_gone(
               gone, mri_endpoint_id(1, worker->mailbox.owner, MRI_SLOT_RANK));
}

/* A death may be told twice: that of a worker whose place is claimed counts
 * only if its claimer has put it there.  The claimer may be gone, too. */
static bool loses(mri_pool_worker *worker, const mri_gone *gone)
{
    uint64_t lost = mri_load(&worker->lost);
    bool is_claimed = lost > MRI_WORKER_LOST;
    bool is_new = mri_load(&worker->version) % 2;

    return lost != MRI_WORKER_LOST &&
           ((is_gone(worker, gone) && (!is_claimed || is_new)) ||
            (is_claimed && mri_is_gone(gone, lost))) &&
           mri_cas(&worker->lost, &lost, MRI_WORKER_LOST);
}

static void forget_drivers(mri_record *self, mri_object *object,
                           const mri_gone *gone)
{
    mri_word *ending = &body_of(object)->ending;
    mri_pool_driver *drivers = mri_pool_drivers_of(object);

    if (mri_is_gone(gone, mri_load(ending))) {
        mri_store(ending, 0);
    }
    for (unsigned int i = 0; i < MRI_POOL_DRIVERS; i++) {
        if (mri_is_gone(gone, mri_load(&drivers[i].endpoint))) {
            leave_entry(self, object, &drivers[i]);
        }
    }
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_pool_worker *workers = mri_pool_workers_of(object);
    bool changed = false;

    forget_drivers(self, object, gone);
    mri_pool_writer_gone(self, object, gone);
    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        if (is_gone(&workers[i], gone)) {
            mri_pool_worker_gone(self, object, i, gone);
        }
        changed |= loses(&workers[i], gone);
    }
    if (changed) {
        mri_swap(&body_of(object)->losses, 1);
        mri_pool_call_attention(self, object);
    }
}

static bool ready(mri_object *object, unsigned int variant)
{
    return variant < MRI_POOL_DRIVERS &&
           mri_load(&mri_pool_drivers_of(object)[variant].attention) != 0;
}

const mri_kind_ops mri_pool_ops = {.name = "pool",
                                   .kind = MRI_POOL,
                                   .tries = tries,
                                   .count = MRI_POOL_TRIES,
                                   .ready = ready,
                                   .ready_internal = true,
                                   .dispose = dispose,
                                   .forget = forget};

/* ---- creation ------------------------------------------------------------ */

static mr_error start_workers(mri_object *object)
{
    uint64_t workers = body_of(object)->workers;
    unsigned int home = mri_endpoint_rank(mri_self_endpoint());
    mr_error error = MR_OK;

    for (uint64_t i = 0; !error && i < workers; i++) {
        mri_pool_worker *worker = &mri_pool_workers_of(object)[i];

        error = mri_worker_create((unsigned int)i, workers, home, worker);
        error = error ? error : mri_worker_start(worker);
    }
    return error;
}

/* The caller may be on another node than the table. */
mr_error mri_pool_end_workers(mr_pool pool)
{
    mri_pool_worker some[MRI_POOL_TABLE_CHUNK];
    mri_call call = {.out = some};
    mr_error error;
    size_t count;

    do {
        call.out_size = sizeof some;
        error = operate(pool, MRI_POOL_TABLE, &call);
        count = error ? 0 : call.result;
        mri_workers_end(some, count);
        call.argument += count;
    } while (count);
    return error;
}

/* Workers beside a rank may run on its processors alone, see
 * topology/placement.h; worker 0 is beside rank 0. */
static unsigned int shared_processors(const mri_record *self, size_t workers)
{
    uint64_t id = mri_load(&self->owner);
    unsigned int rank = mri_endpoint_rank(id);
    unsigned int on_it = mri_workers_on(rank, workers);

    return mri_endpoint_slot(id) == MRI_SLOT_RANK && on_it > (rank != 0) &&
                   mri_placement_for_workers(&mri_my_placement, on_it) ==
                       &mri_my_placement.bound
               ? mri_processors_count(&mri_my_placement.bound)
               : 0;
}

static mr_error build(mri_record *self, size_t workers,
                      const mri_pool_setup *setup, mri_object **result)
{
    unsigned int index = mri_segment_of(mri_ref_of(self));
    size_t size = detail_size(workers);
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_POOL, &object);

    if (error) {
        return error;
    }
    body_of(object)->workers = workers;
    body_of(object)->shared = shared_processors(self, workers);
    mri_store(&body_of(object)->creator, mri_load(&self->owner));
    error = mri_allocate(self, index, MRI_HEAP, size, 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    memset(mri_at(mri_peek(&self->owned[0].block)), 0, size);
    mri_object_detail(self, object);
    if (setup) {
        body_of(object)->has_setup = 1;
        mri_pool_facts_of(object)->setup = *setup;
    }
    *result = object;
    return MR_OK;
}

/* On this node; the others are taken to be like it. */
static void warn_if_crowded(size_t workers)
{
    static bool warned;
    uint64_t processors = mri_segment_at(0)->processors;
    size_t here = 0;

    for (size_t i = 0; i < workers; i++) {
        here += !mri_is_far((unsigned int)(i % mri_here.size));
    }
    if (here > mri_node.count && here > processors && !warned) {
        warned = true;
        mri_log(MR_LOG_INFO,
                "%zu workers of a pool share %llu processors; more workers "
                "than processors make nothing faster",
                here, (unsigned long long)processors);
    }
}

mr_error mr_pool_create(mr_pool *pool, const mr_pool_options *options)
{
    mri_record *self = mri_self();
    mri_object *object = NULL;
    size_t workers = options ? options->workers : 0;
    mri_pool_setup setup = {0};
    bool has_setup = false;
    mr_pool made;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!pool) {
        return mri_bad_argument("mr_pool_create", "pool", "is NULL");
    }
    if (workers > MRI_POOL_WORKERS) {
        return mri_bad_argument("mr_pool_create", "options->workers",
                                "is above 4096");
    }
    error = mri_may_create_processes("mr_pool_create");
    if (!error && options) {
        error = mri_setup_create(&setup, options, &has_setup);
    }
    if (!error) {
        workers = workers ? workers : mri_here.size;
        error = build(self, workers, has_setup ? &setup : NULL, &object);
    }
    if (error) {
        mri_setup_destroy(&setup);
        return error;
    }
    warn_if_crowded(workers);
    made.handle = mri_object_publish(self, object);
    error = start_workers(object);
    if (error) {
        (void)!mri_pool_end(made);
        (void)!mri_destroy(&mri_pool_ops, made.handle);
        mri_setup_destroy(&setup);
        return error;
    }
    *pool = made;
    return MR_OK;
}

mr_error mr_pool_size(mr_pool pool, size_t *workers)
{
    mri_call call = {0};
    mr_error error;

    if (!workers) {
        return mri_bad_argument("mr_pool_size", "workers", "is NULL");
    }
    error = operate(pool, MRI_POOL_LOOK, &call);
    if (!error) {
        *workers = mri_pool_looks_workers(call.result);
    }
    return error;
}

mr_error mr_pool_worker(mr_pool pool, size_t number, mr_pool_worker_info *info)
{
    mri_pool_worker worker;
    mri_call call = {
        .out = &worker, .out_size = sizeof worker, .argument = number};
    size_t workers;
    mr_error error;

    if (!info) {
        return mri_bad_argument("mr_pool_worker", "info", "is NULL");
    }
    error = mr_pool_size(pool, &workers);
    if (!error && number >= workers) {
        return mri_bad_argument("mr_pool_worker", "number",
                                "is not below the number of workers");
    }
    error = error ? error : operate(pool, MRI_POOL_TABLE, &call);
    if (!error) {
        *info = mri_worker_describe(&worker, (unsigned int)number);
    }
    return error;
}

mr_error mri_pool_end(mr_pool pool)
{
    mri_call call = {0};
    mr_error error = operate(pool, MRI_POOL_DESTROY, &call);

    return error ? error : mri_pool_end_workers(pool);
}
