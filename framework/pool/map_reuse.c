/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the short way of small maps.  When all workers are on the caller's node
 * the pool keeps the batch of a small map that went well: it is filled with the
 * tasks of the next one, the workers are told, and one call waits for them and
 * brings the outputs.  What does not fit goes the long way from the start, and
 * what has not ended soon goes on there, where deaths are looked after.
 */
#include "engine/operation.h"
#include "pool/scheduler.h"

/* Bytes of inputs and outputs of a batch that is worth to be kept; also tasks.
 */
enum { MOST_KEPT = 64 << 10 };

static bool is_small(const mri_map_request *r)
{
    size_t size = r->input_size + r->output_size;

    return r->total > 0 && r->total <= MOST_KEPT && r->context_size == 0 &&
           (size == 0 || r->total <= MOST_KEPT / size);
}

bool mri_map_keeps(const mri_scheduler *d, const mri_schedule_node *n,
                   const mri_schedule_batch *p)
{
    return d->nodes_count == 1 && n->near &&
           p->tasks.count == d->request->total && is_small(d->request) &&
           n->workers == d->table_size;
}

static void describe(mri_batch_spec *spec, const mri_map_request *r)
{
    mri_schedule_describe(r, spec);
    spec->count = r->total;
    spec->inputs = mri_schedule_in_place(r->inputs, r->total * r->input_size);
    spec->outputs =
        mri_schedule_in_place(r->outputs, r->total * r->output_size);
}

/* Seconds to wait here. */
static double soon(const mri_map_request *r)
{
    double most = MRI_SCHEDULE_DEFER / 1e9;

    return r->timeout >= 0 && r->timeout < most ? r->timeout : most;
}

/* All have been told. */
static mr_error finish(mr_pool pool, const mri_map_request *r,
                       mr_task_error *first, mr_handle batch)
{
    mri_batch_result result;
    mr_error error;

    mri_pool_give_way(pool, true);
    error = mri_batch_end(batch, true, soon(r), r->outputs,
                          r->total * r->output_size, &result);
    mri_pool_give_way(pool, false);
    if (error == MR_ERR_TIMEOUT) {
        return MRI_WOULD_BLOCK;
    }
    if (error || result.error.code) {
        mri_pool_keep(pool, NULL, NULL);
    }
    if (result.error.code) {
        *first = result.error;
    }
    return error;
}

mr_error mri_map_reuse(mr_pool pool, const mri_map_request *request,
                       mr_task_error *first, mr_handle *batch)
{
    mri_pool_kept *kept = mri_pool_kept_batch(pool);
    mr_error error;
    size_t size;

    *batch = (mr_handle){0};
    if (!kept || !is_small(request)) {
        return MRI_WOULD_BLOCK;
    }
    describe(&kept->spec, request);
    size = kept->spec.inputs ? 0 : request->total * request->input_size;
    if (mri_batch_refill(kept->batch, &kept->spec, request->inputs, size)) {
        mri_pool_keep(pool, NULL, NULL);
        return MRI_WOULD_BLOCK;
    }
    error = mri_batch_notify_all(kept->batch, &kept->spec);
    if (error) {
        mri_pool_keep(pool, NULL, NULL);
        return error;
    }
    error = finish(pool, request, first, kept->batch);
    if (error == MRI_WOULD_BLOCK) {
        *batch = kept->batch;
        mri_store(&kept->is_kept, 0);
    }
    return error;
}
