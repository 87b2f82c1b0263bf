/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns drivers of pools: their copy of the table, how one of them starts a
 * child in place of a lost one, and the batch that is kept for small maps.
 */
#include "pool/driver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/pool_ops.h"
#include "runtime/job/identity.h"

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call)
{
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, 0);
}

mr_error mri_driver_begin(mri_driver *driver, mr_pool pool, bool admitted)
{
    mri_call call = {.argument = admitted};
    mr_error error;

    mri_may_hold(mri_self());
    error = operate(pool, MRI_POOL_BEGIN, &call);
    if (!error) {
        pool.handle.variant = mri_pool_entry_driver(call.result);
        *driver =
            (mri_driver){.pool = pool,
                         .shared = mri_pool_entry_shared(call.result),
                         .is_creator = mri_pool_entry_is_creator(call.result)};
        if (mri_pool_entry_has_setup(call.result)) {
            driver->setup = pool.handle;
            driver->setup.variant = 0;
        }
    }
    return error;
}

void mri_driver_end(mri_driver *driver)
{
    mri_call call = {0};

    (void)!operate(driver->pool, MRI_POOL_END, &call);
    free(driver->table);
    driver->table = NULL;
}

mr_error mri_driver_attend(const mri_driver *driver, bool *called)
{
    mri_call call = {0};
    mr_error error = operate(driver->pool, MRI_POOL_ATTEND, &call);

    *called = !error && call.result;
    return error;
}

/* ---- the copy of the table ----------------------------------------------- */

static void note(mri_known_worker *known, const mri_pool_worker *worker)
{
    uint64_t lost = mri_peek(&worker->lost);
    bool lived = known->mailbox.kind != MRI_NONE;

    known->changed |=
        known->version != mri_peek(&worker->version) || (lived && lost != 0);
    known->version = mri_peek(&worker->version);
    known->mailbox = worker->mailbox;
    if (lost) {
        known->mailbox.kind = MRI_NONE;
    }
    known->lost = lost == MRI_WORKER_LOST;
    known->coming = lost > MRI_WORKER_LOST;
    known->given_up &= known->lost;
}

static mr_error copy_some(mri_driver *driver, size_t first, size_t *count)
{
    mri_pool_worker some[MRI_POOL_TABLE_CHUNK];
    mri_call call = {.out = some, .out_size = sizeof some, .argument = first};
    mr_error error = operate(driver->pool, MRI_POOL_TABLE, &call);

    *count = error ? 0 : call.result;
    for (size_t i = 0; i < *count; i++) {
        note(&driver->table[first + i], &some[i]);
    }
    return error;
}

mr_error mri_driver_refresh(mri_driver *driver)
{
    bool first = !driver->table;
    mri_call call = {0};
    mr_error error = operate(driver->pool, MRI_POOL_LOOK, &call);
    size_t count;

    if (!error && call.result & MRI_POOL_LOOKS_BROKEN) {
        error = MR_ERR_BROKEN;
    }
    if (error) {
        return error;
    }
    driver->changes = mri_pool_looks_changes(call.result);
    if (first) {
        driver->workers = mri_pool_looks_workers(call.result);
        driver->table = calloc(driver->workers, sizeof *driver->table);
    }
    if (!driver->table) {
        return MR_ERR_NO_MEMORY;
    }
    for (size_t i = 0; !error && i < driver->workers; i += count) {
        error = copy_some(driver, i, &count);
    }
    for (size_t i = 0; first && i < driver->workers; i++) {
        driver->table[i].changed = false;
    }
    return error;
}

/* ---- workers that are lost ----------------------------------------------- */

static mr_error tell(const mri_driver *driver, unsigned int operation,
                     const mri_pool_replacement *replacement)
{
    mri_call call = {.in = replacement, .in_size = sizeof *replacement};

    return operate(driver->pool, operation, &call);
}

/* The table names the worker before it starts, so that its death is noticed.
 * *claimed becomes false if the claim is lost, as a death was told late: then
 * another claims the entry, perhaps this driver once more. */
static mr_error start(const mri_driver *driver, mri_pool_replacement *r,
                      bool *claimed)
{
    unsigned int number = (unsigned int)r->number;
    mr_error error = MR_ERR_OWNER_LOST;

    if (!mri_worker_is_rank(number)) {
        error = mri_worker_create(number, driver->workers,
                                  driver->pool.handle.owner, &r->worker);
    }
    if (!error) {
        error = tell(driver, MRI_POOL_REPLACE, r);
        *claimed = error != MR_ERR_STATE;
    }
    return error ? error : mri_worker_start(&r->worker);
}

static void give_up(mri_driver *driver, mri_pool_replacement *r,
                    mr_error failed)
{
    r->failed = 1;
    r->lost = failed == MR_ERR_OWNER_LOST ? 0 : MRI_WORKER_LOST;
    driver->table[r->number].given_up = r->lost != 0;
}

/* The mailbox goes with the old child, which may have died inside it. */
mr_error mri_driver_restart(mri_driver *driver, unsigned int number,
                            mr_error *failed)
{
    mri_pool_replacement r = {.number = number};
    mri_pool_worker old;
    mri_call claim = {.out = &old, .out_size = sizeof old, .argument = number};
    mr_error error = operate(driver->pool, MRI_POOL_CLAIM, &claim);
    bool claimed = true;

    *failed = MR_OK;
    if (error) {
        return error == MR_ERR_STATE ? MR_OK : error;
    }
    mri_workers_end(&old, 1);
    error = start(driver, &r, &claimed);
    if (error) {
        mri_workers_end(&r.worker, 1);
    }
    if (!claimed) {
        return MR_OK;
    }
    if (error) {
        give_up(driver, &r, error);
    }
    *failed = error;
    return tell(driver, MRI_POOL_SETTLE, &r);
}

mr_error mri_driver_lose_rank(mri_driver *driver, unsigned int rank)
{
    mri_call call = {.argument = rank};

    return operate(driver->pool, MRI_POOL_LOSE_RANK, &call);
}

/* ---- the batch that is kept ---------------------------------------------- */

/* A small map would spend most of its time on making and destroying a batch,
 * see pool/batch_reuse.c.  Only the creator of the pool uses the one that is
 * kept, as a batch ends with the endpoint that made it.  Its threads take it in
 * turn; one that comes while it is taken makes a batch of its own. */

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
    if (!change(kept, MRI_KEPT_FULL, MRI_KEPT_TAKEN)) {
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
    assert(mri_load(&kept->state) == MRI_KEPT_TAKEN);
    mri_store(&kept->state, MRI_KEPT_FULL);
}

void mri_kept_hand_over(mri_kept *kept)
{
    assert(mri_load(&kept->state) == MRI_KEPT_TAKEN);
    mri_store(&kept->state, MRI_KEPT_EMPTY);
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

    if (!change(kept, MRI_KEPT_EMPTY, MRI_KEPT_TAKEN)) {
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
