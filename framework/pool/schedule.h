/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The schedule: how the tasks of a map come to the nodes.
 */
#ifndef MRI_POOL_SCHEDULE_H
#define MRI_POOL_SCHEDULE_H

#include <multirank/pool.h>

#include "pool/driver.h"
#include "runtime/code/function.h"

/* A map, checked. */
typedef struct mri_map_request {
    mri_function_ref function;
    const void *context;
    size_t context_size;
    const void *inputs;
    size_t input_size;
    void *outputs;
    size_t output_size;
    size_t total;
    size_t chunk;
    double timeout;
    bool single; /* it is one task, and the user knows it as such */
} mri_map_request;

/* What the user passes for `total` tasks. */
static inline mri_map_request
mri_map_of(const void *context, size_t context_size, const void *inputs,
           size_t input_size, void *outputs, size_t output_size, size_t total)
{
    return (mri_map_request){.context = context,
                             .context_size = context_size,
                             .inputs = inputs,
                             .input_size = input_size,
                             .outputs = outputs,
                             .output_size = output_size,
                             .total = total};
}

/* Bytes of inputs and outputs of a batch that is worth to be kept; also tasks.
 */
enum { MRI_MAX_KEPT = 64 << 10 };

/* May a batch of this map be kept for others? */
static inline bool mri_map_is_small(const mri_map_request *r)
{
    size_t size = r->input_size + r->output_size;

    return r->total > 0 && r->total <= MRI_MAX_KEPT && r->context_size == 0 &&
           (size == 0 || r->total <= MRI_MAX_KEPT / size);
}

/* Look at the arguments of a call, and fill in the function and the time-out of
 * its options.  MR_ERR_ARGUMENT, MR_ERR_FUNCTION. */
mr_error mri_map_prepare(mri_map_request *request, const char *caller,
                         mr_task_function *function, double timeout);

/* May this thread begin a map?  MR_ERR_STATE. */
mr_error mri_map_allowed(void);

/* May this thread begin a map of the pool?  If so it is a driver of it.
 * MR_ERR_STATE, or as mri_driver_begin. */
mr_error mri_map_begin(mri_driver *driver, mr_pool pool);

#endif
