/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Pool: its workers, and the caller's side of a map.
 *
 * A worker is a mailbox: that of a hosting rank, or of a daemon child that
 * the pool made.  Worker 0 is a child beside rank 0, workers 1 to size - 1
 * are the ranks, the others are children, in turn on all ranks.
 *
 * When a child dies, the reaper finds it in the table of its pool, marks it
 * lost, and calls the attention of the map under way; the caller, who waits
 * for that map, then starts another child.
 */
#include <multirank/pool.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "objects/kinds.h"
#include "objects/map.h"
#include "objects/pool.h"
#include "objects/process.h"
#include "route/mailbox.h"
#include "route/operation.h"
#include "route/wait.h"
#include "runtime/child.h"
#include "runtime/place.h"
#include "util/clock.h"
#include "util/log.h"

enum { MOST_WORKERS = 4096, FUTILE_RESTARTS = 8 };

typedef struct pool_worker {
    mr_handle mailbox;
    mr_process process; /* of kind MRI_NONE: a rank */
    mri_word lost;      /* the child died */
} pool_worker;

/* The body; the detail is the table of workers. */
typedef struct pool_body {
    mri_word creator;
    mri_word job;  /* reference of the map under way */
    mri_word busy; /* record of the thread inside a map or the end */
    uint64_t workers;
} pool_body;

enum { LOOK = 0, BEGIN, SET_JOB, END };

static pool_body *body_of(mri_object *object)
{
    return (pool_body *)object->body;
}

static pool_worker *workers_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
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

    call->result = pool->workers;
    if (!call->argument && mri_load(&pool->creator) != mri_load(&self->owner)) {
        return MR_ERR_STATE;
    }
    return mri_cas(&pool->busy, &nobody, mri_ref_of(self)) ? MR_OK
                                                           : MR_ERR_STATE;
}

static mr_error try_set_job(mri_record *self, mri_object *object,
                            mri_call *call)
{
    (void)self;
    mri_store(&body_of(object)->job, call->argument);
    return MR_OK;
}

static mr_error try_end(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    (void)call;
    mri_store(&body_of(object)->busy, 0);
    return MR_OK;
}

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call)
{
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, 0);
}

/* ---- deaths -------------------------------------------------------------- */

static void dispose(mri_record *self, mri_object *object)
{
    mri_object_free(self, object, &object->detail,
                    body_of(object)->workers * sizeof(pool_worker));
}

static bool is_process(const pool_worker *worker, mr_handle process)
{
    return process.kind == MRI_PROCESS &&
           memcmp(&worker->process.handle, &process, sizeof process) == 0;
}

static void call_attention(mri_record *self, mri_object *pool)
{
    mri_ref job = mri_load(&body_of(pool)->job);
    mri_object *object = mri_at(job);

    if (!job) {
        return;
    }
    mri_be_active(self, job);
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE &&
        mri_identity_kind(mri_load(&object->identity)) == MRI_JOB) {
        mri_swap(&mri_map_of(object)->attention, 1);
        mri_wake_all(self, object, 0);
    }
    mri_store(&self->active, 0);
}

/* Was the dead one a worker of this pool, or its creator inside a map? */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    pool_worker *workers = workers_of(object);

    if (mri_load(&body_of(object)->creator) == gone->endpoint) {
        mri_store(&body_of(object)->busy, 0);
    }
    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        if (is_process(&workers[i], gone->process)) {
            mri_swap(&workers[i].lost, 1);
            call_attention(self, object);
        }
    }
}

static mri_try *const tries[] = {
    [LOOK] = try_look,
    [BEGIN] = try_begin,
    [SET_JOB] = try_set_job,
    [END] = try_end,
};

const mri_kind_ops mri_pool_ops = {.name = "pool",
                                   .kind = MRI_POOL,
                                   .tries = tries,
                                   .dispose = dispose,
                                   .forget = forget};

/* ---- workers ------------------------------------------------------------- */

void mri_pool_work(const mri_work *work)
{
    mri_record *self = mri_self();
    mri_object *job = mri_enter(self, work->job, MRI_JOB);

    if (!job) {
        return; /* it ended, or was cancelled, meanwhile */
    }
    mri_store(&self->working, mri_ref_of(job));
    mri_leave(self);
    mri_map_work(self, job, work->worker);
}

/* What a child of a pool runs. */
static int child_main(const void *argument, size_t size)
{
    mr_handle mailbox;

    (void)size;
    memcpy(&mailbox, argument, sizeof mailbox);
    mri_serve(mailbox);
    return 0;
}

static mr_error start_child(unsigned int number, pool_worker *worker)
{
    char name[MR_NAME_SIZE];
    mr_process_options options = {
        .name = name,
        .daemon = true,
        .place = MR_ON_RANK((int)(number % mri_here.size)),
    };
    mr_process process;
    mr_error error;

    snprintf(name, sizeof name, "PoolWorker-%u", number);
    /* Its end has to be told to the pool. */
    error = mri_process_create(
        &process, child_main, &worker->mailbox, sizeof worker->mailbox,
        &options, mri_ranks_bit(mri_endpoint_rank(mri_self_endpoint())));
    if (error) {
        return error;
    }
    worker->process = process;
    mri_store(&worker->lost, 0);
    return mr_process_start(process);
}

static mr_error start_worker(mri_record *self, unsigned int number,
                             pool_worker *worker)
{
    unsigned int rank = mri_endpoint_rank(mri_load(&self->owner));
    mr_error error;

    if (number > 0 && number < mri_here.size) {
        worker->mailbox = mri_mailbox_at(number, MRI_ROW_MAILBOX);
        return MR_OK;
    }
    error = mri_mailbox_build(self, mri_index_of(rank), 0, MRI_HEAP,
                              &worker->mailbox);
    return error ? error : start_child(number, worker);
}

static void end_worker(pool_worker *worker)
{
    if (worker->process.handle.kind == MRI_PROCESS) {
        if (mr_process_kill(worker->process) == MR_OK) {
            (void)!mr_process_join(worker->process, MR_FOREVER);
        }
        mr_process_destroy(worker->process);
    }
    if (worker->mailbox.slot != MRI_ROW_MAILBOX &&
        worker->mailbox.kind == MRI_QUEUE) {
        mri_object_destroy(worker->mailbox, MRI_QUEUE);
    }
    memset(worker, 0, sizeof *worker);
}

static void end_workers(mri_object *object)
{
    for (uint64_t i = 0; i < body_of(object)->workers; i++) {
        end_worker(&workers_of(object)[i]);
    }
}

static mr_error start_workers(mri_record *self, mri_object *object)
{
    mr_error error = MR_OK;

    for (uint64_t i = 0; !error && i < body_of(object)->workers; i++) {
        error = start_worker(self, (unsigned int)i, &workers_of(object)[i]);
    }
    return error;
}

/* ---- creation ------------------------------------------------------------ */

static mr_error build(mri_record *self, size_t workers, mri_object **result)
{
    unsigned int index = mri_segment_of(mri_ref_of(self));
    size_t size = workers * sizeof(pool_worker);
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_POOL, &object);

    if (error) {
        return error;
    }
    body_of(object)->workers = workers;
    mri_store(&body_of(object)->creator, mri_load(&self->owner));
    error = mri_allocate(self, index, MRI_HEAP, size, 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    memset(mri_at(mri_peek(&self->hands[0].block)), 0, size);
    mri_object_detail(self, object);
    *result = object;
    return MR_OK;
}

static void warn_if_crowded(size_t workers)
{
    static bool warned;
    uint64_t processors = mri_segment_at(0)->processors;

    if (workers > mri_here.size && workers > processors && !warned) {
        warned = true;
        mri_log(MR_LOG_INFO,
                "a pool of %zu workers shares %llu processors; more workers "
                "than processors make nothing faster",
                workers, (unsigned long long)processors);
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
    if (workers > MOST_WORKERS) {
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
    error = start_workers(self, object);
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
    end_workers(mri_row(pool.handle));
    return mri_object_destroy(pool.handle, MRI_POOL);
}

/* ---- map ----------------------------------------------------------------- */

/* The caller's side of one map. */
typedef struct mapping {
    mri_record *self;
    mr_pool pool;
    mri_object *object; /* of the pool */
    mr_handle job;
    int64_t deadline;
    double timeout;
    uint64_t restarts; /* of children, since a task ended last */
    uint64_t ended;    /* tasks, at the last restart */
} mapping;

static mr_error post(const mapping *m, unsigned int number)
{
    mri_work work = {.what = MRI_WORK_MAP, .worker = number, .job = m->job};

    return mri_mailbox_put(workers_of(m->object)[number].mailbox, &work,
                           sizeof work,
                           mri_timeout_left(m->timeout, m->deadline));
}

/* Another child in place of a lost one.  The old one's mailbox goes with it,
 * since it may have died inside that. */
static mr_error restart(mapping *m, unsigned int number)
{
    pool_worker *worker = &workers_of(m->object)[number];

    end_worker(worker);
    return start_worker(m->self, number, worker);
}

static mr_error restart_lost(mapping *m, bool post_again)
{
    mr_error error = MR_OK;

    for (uint64_t i = 0; !error && i < body_of(m->object)->workers; i++) {
        if (mri_load(&workers_of(m->object)[i].lost)) {
            m->restarts++;
            error = restart(m, (unsigned int)i);
            if (!error && post_again) {
                error = post(m, (unsigned int)i);
            }
        }
    }
    return error;
}

/* Children that die again and again without finishing a task would keep us
 * for ever. */
static mr_error look_after_workers(mapping *m)
{
    uint64_t ended = mri_map_ended(mri_map_of(mri_row(m->job)));

    if (ended != m->ended) {
        m->ended = ended;
        m->restarts = 0;
    }
    if (m->restarts > FUTILE_RESTARTS) {
        mri_log(MR_LOG_ERROR, "the children of a pool die before they finish "
                              "a task; the map is given up");
        return MR_ERR_WORKER_DIED;
    }
    return restart_lost(m, true);
}

static mr_error wait_for_map(mapping *m)
{
    for (;;) {
        mri_call call = {0};
        mr_error error = mri_operate(&mri_map_ops, m->job, MRI_MAP_DONE, &call,
                                     mri_timeout_left(m->timeout, m->deadline));

        if (error != MR_ERR_WORKER_DIED) {
            return error;
        }
        error = look_after_workers(m);
        if (error) {
            return error;
        }
    }
}

static mr_error post_all(mapping *m)
{
    mr_error error = MR_OK;

    for (uint64_t i = 0; !error && i < body_of(m->object)->workers; i++) {
        error = post(m, (unsigned int)i);
    }
    return error;
}

/* Give up: tasks that have begun go on in memory that is the map's. */
static void cancel(mapping *m)
{
    mri_object *object = mri_enter(m->self, m->job, MRI_JOB);

    if (object) {
        mri_map_cancel(m->self, object);
    }
}

static mr_error collect(mapping *m, const mri_map_request *request,
                        mr_task_error *first)
{
    mri_map *map = mri_map_of(mri_row(m->job));

    mri_map_gather(mri_row(m->job), request);
    if (mri_load(&map->error_state) == MRI_ERROR_SET && first->code == MR_OK) {
        *first = map->error;
    }
    return mri_object_destroy(m->job, MRI_JOB);
}

static void set_job(mapping *m, mri_ref job)
{
    mri_call call = {.argument = job};

    (void)!operate(m->pool, SET_JOB, &call);
}

static mr_error map_part(mapping *m, const mri_map_request *request,
                         mr_task_error *first)
{
    mr_error error = restart_lost(m, false);

    if (!error) {
        error = mri_map_create(m->self, request, &m->job);
    }
    if (error) {
        return error;
    }
    set_job(m, mri_ref_of(mri_row(m->job)));
    error = post_all(m);
    if (!error) {
        /* Who died before the job was known called nobody's attention. */
        error = restart_lost(m, true);
    }
    if (!error) {
        error = wait_for_map(m);
    }
    if (error) {
        cancel(m);
    } else {
        error = collect(m, request, first);
    }
    set_job(m, 0);
    return error;
}

/* From one part to the next. */
static void advance(mri_map_request *request)
{
    if (request->inputs) {
        request->inputs = (const unsigned char *)request->inputs +
                          request->count * request->input_size;
    }
    if (request->outputs) {
        request->outputs = (unsigned char *)request->outputs +
                           request->count * request->output_size;
    }
}

/* A range holds 32 bits, so larger maps are done part by part. */
static mr_error map_parts(mapping *m, mri_map_request *request,
                          mr_task_error *first)
{
    const size_t most = UINT32_MAX;
    size_t left = request->total;
    mr_error error = MR_OK;

    while (!error && left > 0) {
        request->count = left < most ? left : most;
        error = map_part(m, request, first);
        left -= request->count;
        request->first += request->count;
        if (left > 0) {
            advance(request);
        }
    }
    return error;
}

static mr_error check_memory(const char *name, const void *memory, size_t size,
                             size_t count)
{
    if (!memory && size && count) {
        return mri_bad_argument("mr_pool_map", name, "is NULL");
    }
    if (size && count > (SIZE_MAX / 2) / size) {
        return mri_bad_argument("mr_pool_map", "count",
                                "times a size overflows");
    }
    return MR_OK;
}

static mr_error check(const mri_map_request *request, bool has_function,
                      const mr_map_options *options)
{
    mr_error error = MR_OK;

    if (!has_function) {
        error = mri_bad_argument("mr_pool_map", "function", "is NULL");
    }
    if (!error && options && isnan(options->timeout)) {
        error = mri_bad_argument("mr_pool_map", "options->timeout", "is NaN");
    }
    if (!error) {
        error =
            check_memory("context", request->context, request->context_size, 1);
    }
    if (!error) {
        error = check_memory("inputs", request->inputs, request->input_size,
                             request->total);
    }
    if (!error) {
        error = check_memory("outputs", request->outputs, request->output_size,
                             request->total);
    }
    return error;
}

static mr_error run(mr_pool pool, mri_map_request *request,
                    const mr_map_options *options)
{
    mapping m = {.self = mri_self(), .pool = pool, .timeout = MR_FOREVER};
    mr_task_error first = {.code = MR_OK};
    mri_call call = {0};
    mr_error error;

    if (!m.self || mri_inside_task) {
        return MR_ERR_STATE;
    }
    if (options && options->timeout > 0) {
        m.timeout = options->timeout;
    }
    m.deadline = mri_deadline(m.timeout);
    error = operate(pool, BEGIN, &call);
    if (error) {
        return error;
    }
    m.object = mri_row(pool.handle);
    request->workers = call.result;
    error = map_parts(&m, request, &first);
    (void)!operate(pool, END, &call);
    if (options && options->error) {
        *options->error = first;
    }
    return error ? error : first.code;
}

mr_error mr_pool_map(mr_pool pool, mr_task_function *function,
                     const void *context, size_t context_size,
                     const void *inputs, size_t input_size, void *outputs,
                     size_t output_size, size_t count,
                     const mr_map_options *options)
{
    mri_map_request request = {
        .context = context,
        .context_size = context_size,
        .inputs = inputs,
        .input_size = input_size,
        .outputs = outputs,
        .output_size = output_size,
        .total = count,
        .chunk = options ? options->chunk : 0,
    };
    mr_error error = check(&request, function != NULL, options);

    if (!error) {
        error =
            mri_function_encode((mri_function *)function, &request.function);
    }
    return error ? error : run(pool, &request, options);
}
