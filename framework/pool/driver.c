/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns drivers of pools: their copy of the table, and how one of them starts a
 * child in place of a lost one.
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

mr_error mri_driver_begin(mri_driver *driver, mr_pool pool)
{
    mri_call call = {0};
    mr_error error;

    mri_may_hold(mri_self());
    error = operate(pool, MRI_POOL_BEGIN, &call);
    if (!error) {
        pool.handle.variant = (uint16_t)call.result;
        *driver = (mri_driver){.pool = pool,
                               .shared = call.result >> 16 & 0xffff,
                               .is_creator = call.result >> 32};
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

    if (error) {
        return error;
    }
    driver->changes = call.result >> 16;
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

/* The table names the worker before it starts, so that its death is noticed. */
static mr_error start(const mri_driver *driver, mri_pool_replacement *r)
{
    unsigned int number = (unsigned int)r->number;
    mr_error error = MR_ERR_OWNER_LOST;

    if (!mri_worker_is_rank(number)) {
        error = mri_worker_create(number, driver->workers,
                                  driver->pool.handle.owner, &r->worker);
    }
    if (!error) {
        error = tell(driver, MRI_POOL_REPLACE, r);
    }
    return error ? error : mri_worker_start(&r->worker);
}

/* The mailbox goes with the old child, which may have died inside it. */
mr_error mri_driver_restart(mri_driver *driver, unsigned int number,
                            mr_error *failed)
{
    mri_pool_replacement r = {.number = number};
    mri_pool_worker old;
    mri_call claim = {.out = &old, .out_size = sizeof old, .argument = number};
    mr_error error = operate(driver->pool, MRI_POOL_CLAIM, &claim);

    *failed = MR_OK;
    if (error) {
        return error == MR_ERR_STATE ? MR_OK : error;
    }
    mri_workers_end(&old, 1);
    *failed = start(driver, &r);
    if (*failed) {
        mri_workers_end(&r.worker, 1);
        r.failed = 1;
        r.lost = *failed == MR_ERR_OWNER_LOST ? 0 : MRI_WORKER_LOST;
        driver->table[number].given_up = r.lost != 0;
    }
    return tell(driver, MRI_POOL_SETTLE, &r);
}

mr_error mri_driver_lose_rank(mri_driver *driver, unsigned int rank)
{
    mri_call call = {.argument = rank};

    return operate(driver->pool, MRI_POOL_LOSE_RANK, &call);
}
