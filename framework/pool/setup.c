/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how other endpoints ask a pool about its setup and its breach, and how
 * its workers are made to call the finalizer.
 */
#include "engine/mailbox.h"
#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/pool_ops.h"
#include "util/log.h"

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call,
                        double timeout)
{
    pool.handle.variant = 0;
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, timeout);
}

mr_error mri_setup_of(mr_pool pool, mri_pool_setup *setup)
{
    mri_call call = {.out = setup, .out_size = sizeof *setup};

    return operate(pool, MRI_POOL_SETUP, &call, 0);
}

mr_error mri_pool_tell_breach(mr_pool pool, mr_task_error *first)
{
    mri_call call = {.out = first, .out_size = sizeof *first};
    mr_error error = operate(pool, MRI_POOL_BREACH, &call, 0);

    return error ? error
                 : mri_fail(first->code, MR_LOG_INFO,
                            "the pool is broken: %s; create another",
                            first->text);
}

/* ---- finalizers ---------------------------------------------------------- */

/* A worker that has no finalizer to call takes no notice. */
static mr_error ask_to_finalize(mr_pool pool, const mri_pool_worker *worker,
                                uint64_t number)
{
    const mri_work work = {.what = MRI_WORK_FINALIZE,
                           .worker = (uint32_t)number,
                           .job = pool.handle};
    mr_error error =
        mri_mailbox_put(worker->mailbox, &work, sizeof work, MR_FOREVER);

    return error == MR_ERR_STALE || error == MR_ERR_CLOSED ||
                   error == MR_ERR_OWNER_LOST
               ? MR_OK
               : error;
}

static mr_error ask_all(mr_pool pool)
{
    mri_pool_worker some[MRI_POOL_TABLE_CHUNK];
    mri_call call = {.out = some};
    mr_error error;
    size_t count;

    do {
        call.out_size = sizeof some;
        error = operate(pool, MRI_POOL_TABLE, &call, 0);
        count = error ? 0 : call.result;
        for (size_t i = 0; !error && i < count; i++) {
            if (mri_has_to_finalize(&some[i])) {
                error = ask_to_finalize(pool, &some[i], call.argument + i);
            }
        }
        call.argument += count;
    } while (count && !error);
    return error;
}

mr_error mri_pool_finalize(mr_pool pool, double timeout)
{
    mri_pool_setup setup = {0};
    mr_error error = mri_setup_of(pool, &setup);
    mri_call call = {0};

    if (error || !setup.has_finalizer) {
        return error;
    }
    error = ask_all(pool);
    return error ? error : operate(pool, MRI_POOL_FINAL, &call, timeout);
}
