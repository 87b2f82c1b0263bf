/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the batch that a pool keeps for small maps: a small map would spend most
 * of its time on making and destroying one, see pool/batch_reuse.c.
 *
 * Only the creator of the pool uses it, as a batch ends with the endpoint that
 * made it.  Its threads take it in turn; one that comes while it is taken makes
 * a batch of its own.
 */
#include <assert.h>
#include <string.h>

#include "pool/driver.h"

enum { EMPTY = 0, FULL, TAKEN }; /* of a mri_kept */

/* The creator is on the rank of the pool. */
static mri_object *object_of(const mri_driver *driver)
{
    assert(driver->is_creator);
    return mri_object_row(mri_index_of(driver->pool.handle.owner),
                          driver->pool.handle.slot);
}

static bool change(mri_kept *kept, uint64_t from, uint64_t to)
{
    return mri_load(&kept->state) == from && mri_cas(&kept->state, &from, to);
}

mri_kept *mri_kept_take(const mri_driver *driver)
{
    mri_object *object;
    mri_kept *kept;

    if (!driver->is_creator) {
        return NULL;
    }
    object = object_of(driver);
    kept = mri_pool_kept_of(object);
    if (!change(kept, FULL, TAKEN)) {
        return NULL;
    }
    if (kept->changes != mri_load(&mri_pool_body_of(object)->changes)) {
        mri_kept_cancel(kept);
        return NULL;
    }
    return kept;
}

void mri_kept_return(mri_kept *kept)
{
    assert(mri_load(&kept->state) == TAKEN);
    mri_store(&kept->state, FULL);
}

void mri_kept_hand_over(mri_kept *kept)
{
    assert(mri_load(&kept->state) == TAKEN);
    mri_store(&kept->state, EMPTY);
}

void mri_kept_cancel(mri_kept *kept)
{
    mr_handle batch = kept->batch;

    mri_kept_hand_over(kept);
    mri_batch_cancel(batch);
}

void mri_kept_add(const mri_driver *driver, mr_handle batch,
                  const mri_batch_spec *spec)
{
    mri_object *object = object_of(driver);
    mri_kept *kept = mri_pool_kept_of(object);

    if (!change(kept, EMPTY, TAKEN)) {
        mri_batch_cancel(batch);
        return;
    }
    assert(spec->workers <= mri_pool_body_of(object)->workers);
    memcpy(&kept->spec, spec, mri_batch_spec_size(spec->workers));
    kept->batch = batch;
    kept->changes = driver->changes;
    mri_kept_return(kept);
}

bool mri_kept_free(const mri_driver *driver)
{
    mri_kept *kept = mri_kept_take(driver);

    if (kept) {
        mri_kept_cancel(kept);
    }
    return kept != NULL;
}

void mri_kept_dispose(mri_kept *kept)
{
    if (mri_load(&kept->state) != EMPTY) {
        mri_store(&kept->state, EMPTY);
        mri_batch_cancel(kept->batch);
    }
}
