/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lives of this process as a worker: a child has one, of one pool; a rank
 * has one in each pool for which it works.
 */
#ifndef MRI_POOL_WORKER_LIFE_H
#define MRI_POOL_WORKER_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include <multirank/pool.h>

/* Before tasks of a pool that has a setup: call its initializer, if that was
 * not done.  False: no tasks can be run, as the pool is broken or gone. */
bool mri_worker_prepare(mr_pool pool, unsigned int number);

/* Of a life that has begun: the tasks that it may still run; NULL: any number.
 * With none left mri_worker_begin_again is to be called. */
uint64_t *mri_worker_budget(mr_pool pool);

/* The life ends after its tasks: as mri_worker_finalize; and a rank looks at
 * the batch again, in another life. */
void mri_worker_begin_again(mr_pool pool, unsigned int number);

/* There are no more tasks of the pool: call its finalizer, if it was begun.  A
 * child leaves its work loop. */
void mri_worker_finalize(mr_pool pool, unsigned int number);

#endif
