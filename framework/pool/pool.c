/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Pool: its table of workers, how they start and end, and what is known
 * of their deaths.
 *
 * A worker is a mailbox: that of a hosting rank, or of a daemon child that
 * the pool made.  Worker 0 is a child beside rank 0, workers 1 to size - 1
 * are the ranks, the others are children, in turn on all ranks.  The mailbox
 * of a child is on the rank of the child, so that work is near for it.
 *
 * When a child dies, the process that notices finds it in the table of its
 * pool, marks it lost, and calls the attention of the creator, which starts
 * another if a map is under way, or when the next begins.
 */
#include "pool/pool.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/kinds.h"
#include "objects/process/process.h"
#include "pool/worker/run.h"
#include "runtime/job/identity.h"
#include "runtime/job/place_ranks.h"
#include "runtime/server/child.h"
#include "util/log.h"

enum { MAX_WORKERS = 4096, TABLE_CHUNK = 256 };

/* The body; the detail is the table of workers, and the batch that is kept. */
typedef struct pool_body {
    mri_word creator;
    mri_word busy;      /* record of the thread inside a map or the end */
    mri_word attention; /* the creator shall look after its workers */
    uint64_t workers;
    uint64_t shared; /* processors that the creator, if it is a rank, shares
                        with workers beside it; 0: none */
} pool_body;

enum { LOOK = 0, BEGIN, END, TABLE, TRIES };

static pool_body *body_of(mri_object *object)
{
    return (pool_body *)object->body;
}

static mri_pool_worker *workers_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
}

static mri_pool_kept *kept_of(mri_object *object)
{
    return (mri_pool_kept *)(workers_of(object) + body_of(object)->workers);
}

static size_t detail_size(size_t workers)
{
    return workers * sizeof(mri_pool_worker) + offsetof(mri_pool_kept, spec) +
           mri_batch_spec_size(workers);
}

/* ---- operations ---------------------------------------------------------- */

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->result = body_of(object)->workers;
    return MR_OK;
}

/* One thread at a time; call->argument: also if it is not the creator. */
static mr_error try_begin(mri_record *self, mri_object *object, mri_call *call)
{
    pool_body *pool = body_of(object);
    uint64_t nobody = 0;

    if (!call->argument && mri_load(&pool->creator) != mri_load(&self->owner)) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "only the process that has created a pool may use "
                        "it: create another here");
    }
    if (!mri_cas(&pool->busy, &nobody, mri_ref_of(self))) {
        return mri_fail(
            MR_ERR_STATE, MR_LOG_INFO,
            "another map of this pool is under way: wait until it returns, "
            "or destroy its iterator, or create another pool");
    }
    return MR_OK;
}

static mr_error try_end(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    (void)call;
    mri_store(&body_of(object)->busy, 0);
    return MR_OK;
}

/* Copies some workers out, from number call->argument on. */
static mr_error try_table(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t all = body_of(object)->workers;
    uint64_t most = call->out_size / sizeof(mri_pool_worker);
    uint64_t left = call->argument < all ? all - call->argument : 0;

    (void)self;
    call->result = left < most ? left : most;
    assert(call->argument + call->result <= all || !call->result);
    call->out_size = call->result * sizeof(mri_pool_worker);
    memcpy(call->out, workers_of(object) + call->argument, call->out_size);
    return MR_OK;
}

static mri_try *const tries[] = {
    [LOOK] = try_look,
    [BEGIN] = try_begin,
    [END] = try_end,
    [TABLE] = try_table,
};

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call)
{
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, 0);
}

/* ---- deaths -------------------------------------------------------------- */

static void dispose(mri_record *self, mri_object *object)
{
    if (mri_peek(&object->detail) && mri_load(&kept_of(object)->is_kept)) {
        mri_batch_cancel(kept_of(object)->batch);
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

/* Was the dead one a worker of this pool, or its creator inside a map? */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_pool_worker *workers = workers_of(object);

    if (mri_is_gone(gone, mri_load(&body_of(object)->creator))) {
        mri_store(&body_of(object)->busy, 0);
    }
    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        if (is_gone(&workers[i], gone)) {
            mri_swap(&workers[i].lost, 1);
            mri_swap(&body_of(object)->attention, 1);
            mri_wake_all(self, object, 0);
        }
    }
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return mri_load(&body_of(object)->attention) != 0;
}

const mri_kind_ops mri_pool_ops = {.name = "pool",
                                   .kind = MRI_POOL,
                                   .tries = tries,
                                   .count = TRIES,
                                   .ready = ready,
                                   .ready_internal = true,
                                   .dispose = dispose,
                                   .forget = forget};

/* ---- workers ------------------------------------------------------------- */

void mri_pool_work(const mri_work *work)
{
    mri_record *self = mri_self();
    mri_object *job = mri_enter(self, work->job, MRI_BATCH);

    if (!job) {
        return; /* it ended, or was cancelled, meanwhile */
    }
    mri_store(&self->working, mri_ref_of(job));
    mri_leave(self);
    mri_batch_run(self, job, work->slot, work->worker);
}

/* What a child of a pool runs. */
static int child_main(const void *argument, size_t size)
{
    mr_handle mailbox;

    (void)size;
    memcpy(&mailbox, argument, sizeof mailbox);
    mri_work_loop(mailbox);
    return 0;
}

/* Worker w is on rank w % mri_here.size. */
static unsigned int workers_on(unsigned int rank, size_t workers)
{
    return (unsigned int)((workers + mri_here.size - 1 - rank) / mri_here.size);
}

static mr_error start_child(unsigned int number, size_t workers,
                            mri_pool_worker *worker)
{
    unsigned int rank = number % mri_here.size;
    mri_process_role role = {
        /* Its end has to be told to the pool. */
        .holds = mri_ranks_bit(mri_endpoint_rank(mri_self_endpoint())),
        .workers = workers_on(rank, workers)};

    char name[MR_NAME_SIZE];
    mr_process_options options = {
        .name = name, .daemon = true, .place = MR_ON_RANK((int)rank)};
    mr_process process;
    mr_error error;

    assert(number < workers && worker->mailbox.kind == MRI_MAILBOX);
    snprintf(name, sizeof name, "PoolWorker-%u", number);
    error = mri_process_create(&process, child_main, &worker->mailbox,
                               sizeof worker->mailbox, &options, &role);
    if (error) {
        return error;
    }
    worker->process = process;
    mri_store(&worker->lost, 0);
    return mr_process_start(process);
}

/* The others are children. */
static bool is_rank(unsigned int number)
{
    return number > 0 && number < mri_here.size;
}

static mr_error start_worker(unsigned int number, size_t workers,
                             mri_pool_worker *worker)
{
    unsigned int rank = number % mri_here.size;
    mri_mailbox_spec spec = {.maxsize = 0};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_handle mailbox;
    mr_error error;

    if (is_rank(number)) {
        worker->mailbox = mri_mailbox_at(number, MRI_ROW_MAILBOX);
        return MR_OK;
    }
    error = mri_create(&mri_mailbox_ops, rank, &call, &mailbox);
    if (error) {
        return error;
    }
    worker->mailbox = mailbox;
    return start_child(number, workers, worker);
}

static bool is_child(const mri_pool_worker *worker)
{
    return worker->process.handle.kind == MRI_PROCESS;
}

static void end_worker(mri_pool_worker *worker)
{
    if (is_child(worker)) {
        if (mr_process_kill(worker->process) == MR_OK) {
            (void)!mr_process_join(worker->process, MR_FOREVER);
        }
        mr_process_destroy(worker->process);
    }
    if (worker->mailbox.slot != MRI_ROW_MAILBOX &&
        worker->mailbox.kind == MRI_MAILBOX) {
        (void)!mri_destroy(&mri_mailbox_ops, worker->mailbox);
    }
    memset(worker, 0, sizeof *worker);
}

/* All are told first, so that they end at the same time. */
static void end_some(mri_pool_worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_child(&workers[i])) {
            (void)!mr_process_kill(workers[i].process);
        }
    }
    for (size_t i = 0; i < count; i++) {
        end_worker(&workers[i]);
    }
}

/* The caller may be on another node than the table. */
static mr_error end_workers(mr_pool pool)
{
    mri_pool_worker some[TABLE_CHUNK];
    mri_call call = {.out = some};
    mr_error error;

    do {
        call.out_size = sizeof some;
        error = operate(pool, TABLE, &call);
        if (!error) {
            end_some(some, call.result);
            call.argument += call.result;
        }
    } while (!error && call.result);
    return error;
}

static mr_error start_workers(mri_object *object)
{
    uint64_t workers = body_of(object)->workers;
    mr_error error = MR_OK;

    for (uint64_t i = 0; !error && i < workers; i++) {
        error = start_worker((unsigned int)i, workers, &workers_of(object)[i]);
    }
    return error;
}

/* ---- within a map -------------------------------------------------------- */

mr_error mri_pool_begin(mr_pool pool)
{
    mri_call call = {0};

    return operate(pool, BEGIN, &call);
}

void mri_pool_end(mr_pool pool)
{
    mri_call call = {0};

    (void)!operate(pool, END, &call);
}

/* For the creator: it is on the rank of the pool. */
static mri_object *object_of(mr_pool pool)
{
    assert(!mri_is_far(pool.handle.owner));
    return mri_object_row(mri_index_of(pool.handle.owner), pool.handle.slot);
}

mri_pool_worker *mri_pool_workers(mr_pool pool, size_t *count)
{
    mri_object *object = object_of(pool);

    *count = body_of(object)->workers;
    return workers_of(object);
}

bool mri_pool_wants_attention(mr_pool pool)
{
    mri_word *attention = &body_of(object_of(pool))->attention;

    return mri_load(attention) && mri_swap(attention, 0);
}

void mri_pool_give_way(mr_pool pool, bool waits)
{
    mri_spin_beside_own(waits ? (unsigned int)body_of(object_of(pool))->shared
                              : 0);
}

mri_pool_kept *mri_pool_kept_batch(mr_pool pool)
{
    mri_object *object = object_of(pool);
    mri_pool_kept *kept = kept_of(object);

    return mri_load(&kept->is_kept) && !mri_load(&body_of(object)->attention)
               ? kept
               : NULL;
}

void mri_pool_keep(mr_pool pool, const mr_handle *batch,
                   const mri_batch_spec *spec)
{
    mri_pool_kept *kept = kept_of(object_of(pool));
    bool had_one = mri_load(&kept->is_kept) != 0;
    mr_handle old = kept->batch;

    assert(!batch || spec);
    mri_store(&kept->is_kept, 0);
    if (batch) {
        memcpy(&kept->spec, spec, mri_batch_spec_size(spec->workers));
        kept->batch = *batch;
        mri_store(&kept->is_kept, 1);
    }
    if (had_one) {
        mri_batch_cancel(old);
    }
}

/* The mailbox goes with the old child, which may have died inside it. */
mr_error mri_pool_restart(mr_pool pool, unsigned int number)
{
    mri_object *object = object_of(pool);
    mri_pool_worker *worker = &workers_of(object)[number];
    mr_error error = MR_ERR_OWNER_LOST;

    assert(number < body_of(object)->workers && mri_load(&worker->lost));
    end_worker(worker);
    if (!is_rank(number)) {
        error = start_worker(number, body_of(object)->workers, worker);
    }
    if (error) {
        end_worker(worker);
        mri_store(&worker->lost, error != MR_ERR_OWNER_LOST);
    }
    return error;
}

void mri_pool_ask_for_lost(mr_pool pool)
{
    mri_object *object = object_of(pool);

    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        if (mri_load(&workers_of(object)[i].lost)) {
            mri_swap(&body_of(object)->attention, 1);
        }
    }
}

void mri_pool_lose_rank(mr_pool pool, unsigned int rank)
{
    mri_object *object = object_of(pool);

    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        mri_pool_worker *worker = &workers_of(object)[i];

        if (worker->mailbox.kind && worker->mailbox.owner == rank) {
            memset(worker, 0, sizeof *worker);
        }
    }
}

/* ---- creation ------------------------------------------------------------ */

/* Workers beside a rank may run on its processors alone, see
 * topology/placement.h; worker 0 is beside rank 0. */
static unsigned int shared_processors(const mri_record *self, size_t workers)
{
    uint64_t id = mri_load(&self->owner);
    unsigned int rank = mri_endpoint_rank(id);
    unsigned int on_it = workers_on(rank, workers);

    return mri_endpoint_slot(id) == MRI_SLOT_RANK && on_it > (rank != 0) &&
                   mri_placement_for_workers(&mri_my_placement, on_it) ==
                       &mri_my_placement.bound
               ? mri_processors_count(&mri_my_placement.bound)
               : 0;
}

static mr_error build(mri_record *self, size_t workers, mri_object **result)
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
    mr_pool made;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!pool) {
        return mri_bad_argument("mr_pool_create", "pool", "is NULL");
    }
    if (workers > MAX_WORKERS) {
        return mri_bad_argument("mr_pool_create", "options->workers",
                                "is above 4096");
    }
    error = mri_may_create_processes("mr_pool_create");
    if (!error) {
        workers = workers ? workers : mri_here.size;
        error = build(self, workers, &object);
    }
    if (error) {
        return error;
    }
    warn_if_crowded(workers);
    made.handle = mri_object_publish(self, object);
    error = start_workers(object);
    if (error) {
        mr_pool_destroy(made);
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
    error = operate(pool, LOOK, &call);
    if (!error) {
        *workers = call.result;
    }
    return error;
}

mr_error mr_pool_destroy(mr_pool pool)
{
    mri_call call = {.argument = 1};
    mr_error error = operate(pool, BEGIN, &call);

    if (error) {
        return error;
    }
    error = end_workers(pool);
    return error ? error : mri_destroy(&mri_pool_ops, pool.handle);
}
