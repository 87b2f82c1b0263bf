/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns maps inside tasks.  A task that maps spawns the tasks of the map, some
 * at a time, so that the memory for those that have ended has a bound, and
 * waits for them.
 */
#include "pool/worker/map_inside.h"

#include <string.h>

#include "pool/worker/place.h"
#include "util/log.h"

enum { AT_ONCE = 512 };

static bool is_pool_of(const mri_batch *batch, mr_pool pool)
{
    return batch->pool.owner == pool.handle.owner &&
           batch->pool.slot == pool.handle.slot &&
           batch->pool.generation == pool.handle.generation &&
           batch->pool.kind == pool.handle.kind;
}

/* MR_ERR_NO_MEMORY. */
static mr_error add_context(mri_place *p, const mri_map_request *r,
                            mri_ref *context)
{
    mri_frame *frame;

    *context = MRI_CONTEXT_NONE;
    if (r->context_size == 0) {
        return MR_OK;
    }
    *context =
        mri_frame_allocate(p->self, p->object, p->deque, r->context_size);
    if (!*context) {
        return MR_ERR_NO_MEMORY;
    }
    frame = mri_frame_at(*context);
    frame->input_size = r->context_size;
    memcpy(frame->bytes, r->context, r->context_size);
    return MR_OK;
}

/* Some tasks of the map, from `first` on. */
static mr_error spawn(mri_place *p, const char *caller, mri_spawn *s,
                      const mri_map_request *r, size_t first, size_t count)
{
    mr_error error = MR_OK;

    for (size_t i = first; !error && i < first + count; i++) {
        s->index = i;
        s->input = r->inputs
                       ? (const unsigned char *)r->inputs + i * r->input_size
                       : NULL;
        s->output = r->outputs
                        ? (unsigned char *)r->outputs + i * r->output_size
                        : NULL;
        error = mri_place_spawn(p, caller, s);
    }
    return error;
}

static mr_error wait(mri_place *p, mr_task_error *first)
{
    mri_ref frame = mri_place_current(p, false);
    mr_task_error failure = {.code = MR_OK};
    mr_error error =
        frame ? mri_place_wait(p, mri_frame_at(frame), false, &failure) : MR_OK;

    if (!failure.code) {
        return error;
    }
    if (!first->code) {
        *first = failure;
    }
    return MR_OK;
}

mr_error mri_map_inside(const char *caller, mr_pool pool,
                        mr_task_function *function,
                        const mri_map_request *request, mr_task_error *first)
{
    mri_spawn s = {.function = function,
                   .input_size = request->input_size,
                   .output_size = request->output_size,
                   .count = request->total};
    mr_error error;
    mri_place *p = mri_place_enter(caller, &error);

    if (error) {
        return error;
    }
    if (!is_pool_of(p->batch, pool)) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "%s: a task can map only with the pool that runs it",
                        caller);
    }
    error = add_context(p, request, &s.context);
    for (size_t i = 0; !error && i < request->total; i += AT_ONCE) {
        size_t left = request->total - i;
        mr_error waited;

        error =
            spawn(p, caller, &s, request, i, left < AT_ONCE ? left : AT_ONCE);
        waited = wait(p, first);
        error = error ? error : waited;
    }
    if (s.context > MRI_CONTEXT_NONE && error != MR_ERR_CANCELLED) {
        mri_frame_free(p->deque, s.context);
    }
    return error;
}
