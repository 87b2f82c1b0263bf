/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lives of this process as a worker: a child has one, of one pool; a rank
 * has one in each pool for which it works.
 */
#ifndef MRI_POOL_WORKER_LIFE_H
#define MRI_POOL_WORKER_LIFE_H

#include <multirank/pool.h>

#include "runtime/work_loop.h"

/* Work for a batch of a pool that has a setup; or end a life. */
void mri_worker_do(const mri_work *work, mr_pool pool);

#endif
