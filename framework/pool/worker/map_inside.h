/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A map that a task begins: its tasks are spawned by the one that maps.
 */
#ifndef MRI_POOL_WORKER_MAP_INSIDE_H
#define MRI_POOL_WORKER_MAP_INSIDE_H

#include <multirank/pool.h>

#include "pool/schedule.h"

/* Have the tasks of a request run by the workers of this node, the calling one
 * with them.  *first, of the code MR_OK, becomes the first failure.
 * MR_ERR_STATE: the caller is a task of another pool, or not in the thread of a
 * task; MR_ERR_FUNCTION, MR_ERR_NO_MEMORY, MR_ERR_LIMIT, MR_ERR_CANCELLED. */
mr_error mri_map_inside(const char *caller, mr_pool pool,
                        mr_task_function *function,
                        const mri_map_request *request, mr_task_error *first);

#endif
