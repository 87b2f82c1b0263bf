/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Driver: a thread that has tasks done by a pool, in any endpoint of the job.
 *
 * It works with a copy of the table of workers, which it refreshes when its
 * attention is called.  The driver that finds first that a child is lost starts
 * another in its place; the other drivers are told.
 */
#ifndef MRI_POOL_DRIVER_H
#define MRI_POOL_DRIVER_H

#include "engine/wait.h"
#include "pool/pool.h"

/* What a driver knows of a worker. */
typedef struct mri_known_worker {
    mr_handle mailbox; /* of kind MRI_NONE: it does not live */
    uint64_t version;
    bool lost;     /* another may be started */
    bool coming;   /* another driver starts one */
    bool changed;  /* since mri_driver_refresh was called last */
    bool given_up; /* this driver could not start one */
} mri_known_worker;

typedef struct mri_driver {
    mr_pool pool;        /* its handle's variant is the entry of the driver */
    bool is_creator;     /* of the pool */
    unsigned int shared; /* see mri_pool_body */
    mr_handle setup;     /* the pool, if its workers have to be prepared */
    size_t workers;
    uint64_t changes; /* of the pool's table, before it was copied last */
    mri_known_worker *table; /* NULL before the first mri_driver_refresh */
} mri_driver;

/* Become a driver of a pool, and be one no longer.  An admitted request was
 * accepted before the pool was closed.  MR_ERR_STALE; MR_ERR_CLOSED;
 * MR_ERR_BROKEN: see mri_pool_tell_breach;
 * MR_ERR_LIMIT: the pool has too many. */
mr_error mri_driver_begin(mri_driver *driver, mr_pool pool, bool admitted);
void mri_driver_end(mri_driver *driver);

/* Was the driver's attention called since this was asked last?  Its handle is
 * ready for mri_wait_any as long as that is so. */
mr_error mri_driver_attend(const mri_driver *driver, bool *called);

/* Copy the table.  MR_ERR_BROKEN: see mri_pool_tell_breach; MR_ERR_NO_MEMORY,
 * or as mri_operate. */
mr_error mri_driver_refresh(mri_driver *driver);

/* Start a child in place of a lost one, or do nothing if another driver does.
 * *failed tells why none could be started; then `given_up` is set, unless its
 * rank is lost. */
mr_error mri_driver_restart(mri_driver *driver, unsigned int number,
                            mr_error *failed);

/* A rank is lost: there are no workers on it any more. */
mr_error mri_driver_lose_rank(mri_driver *driver, unsigned int rank);

/* From now on the driver waits for the workers: see mri_spin_beside_own; or it
 * does no longer. */
static inline void mri_driver_waits(const mri_driver *driver, bool waits)
{
    mri_spin_beside_own(waits ? driver->shared : 0);
}

/* ---- the batch that is kept ---------------------------------------------- */

/* Take it, to use it or to free it; NULL: there is none, or the workers have
 * changed. */
mri_kept *mri_kept_take(const mri_driver *driver);

/* What was taken is kept again; or its batch is cancelled; or it is the
 * caller's from now on. */
void mri_kept_return(mri_kept *kept);
void mri_kept_cancel(mri_kept *kept);
void mri_kept_hand_over(mri_kept *kept);

/* Keep a batch of all workers; if another is kept, cancel it. */
void mri_kept_add(const mri_driver *driver, mr_handle batch,
                  const mri_batch_spec *spec);

/* Free the memory of the one that is kept; false: there is none. */
bool mri_kept_free(const mri_driver *driver);

#endif
