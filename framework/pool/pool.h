/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools inside the library: their table of workers, and the work itself.
 *
 * The table lies on the rank of the pool's creator, which alone changes it,
 * inside a map or at the end.
 */
#ifndef MRI_POOL_POOL_H
#define MRI_POOL_POOL_H

#include <multirank/pool.h>
#include <multirank/process.h>

#include "pool/batch.h"
#include "runtime/work_loop.h"

typedef struct mri_pool_worker {
    mr_handle mailbox;  /* of kind MRI_NONE: its rank is lost */
    mr_process process; /* of kind MRI_NONE: it is a rank */
    mri_word lost;      /* it died, and another has to be started */
} mri_pool_worker;

/* A batch that is used again, for maps of all workers on the pool's node;
 * behind the table. */
typedef struct mri_pool_kept {
    mri_word is_kept; /* else there is none */
    mr_handle batch;
    mri_batch_spec spec;
} mri_pool_kept;

/* Work for a map, as a hosting rank or a child; see mri_do_work. */
void mri_pool_work(const mri_work *work);

/* Begin and end a map, as the creator.  MR_ERR_STATE, MR_ERR_STALE. */
mr_error mri_pool_begin(mr_pool pool);
void mri_pool_end(mr_pool pool);

/* ---- within a map -------------------------------------------------------- */

/* The table. */
mri_pool_worker *mri_pool_workers(mr_pool pool, size_t *count);

/* Has a worker died since this was asked last?  The pool is ready for
 * mr_wait as long as that is so. */
bool mri_pool_wants_attention(mr_pool pool);

/* From now on the creator waits for the workers: see mri_spin_beside_own; or it
 * does no longer. */
void mri_pool_give_way(mr_pool pool, bool waits);

/* The batch that is kept; NULL: there is none, or the workers have changed. */
mri_pool_kept *mri_pool_kept_batch(mr_pool pool);

/* Keep a batch, in place of the one that was kept, which is cancelled.  NULL:
 * none. */
void mri_pool_keep(mr_pool pool, const mr_handle *batch,
                   const mri_batch_spec *spec);

/* Start another child in place of a lost one.  MR_ERR_OWNER_LOST: its rank is
 * lost, and the worker's entry is empty from now on.  After another error the
 * entry is empty and stays marked as lost, so that this can be tried again. */
mr_error mri_pool_restart(mr_pool pool, unsigned int number);

/* A map ends.  If workers are lost the next map finds that the pool wants
 * attention, and starts others. */
void mri_pool_ask_for_lost(mr_pool pool);

/* A rank is lost: the entries of its workers become empty. */
void mri_pool_lose_rank(mr_pool pool, unsigned int rank);

#endif
