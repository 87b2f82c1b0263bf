/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how pools end, and what an endpoint that ends does with its maps.
 */
#include "pool/end.h"

#include "engine/operation.h"
#include "objects/kinds.h"
#include "objects/process/process.h"
#include "pool/async.h"
#include "pool/pool_ops.h"
#include "runtime/job/identity.h"
#include "util/clock.h"
#include "util/log.h"

mr_error mr_pool_destroy(mr_pool pool)
{
    mri_pool_setup setup = {0};
    mr_error error;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    error = mri_async_may_wait("mr_pool_destroy");
    if (error) {
        return error;
    }
    mri_async_cancel(pool);
    (void)!mri_setup_of(pool, &setup);
    error = mri_pool_end(pool);
    if (!error) {
        error = mri_destroy(&mri_pool_ops, pool.handle);
        mri_setup_destroy(&setup);
    }
    return error;
}

mr_error mr_pool_close(mr_pool pool)
{
    mri_call call = {0};

    return mri_operate(&mri_pool_ops, pool.handle, MRI_POOL_CLOSE, &call, 0);
}

static mr_error may_join(void)
{
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (mri_inside_task) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "a task cannot join a pool, which would wait for the "
                        "task: join it in main or in a process");
    }
    return mri_async_may_wait("mr_pool_join");
}

/* Without a driver, and without a new one, nobody starts workers: so several
 * threads may end them at the same time.  Of the caller's own asynchronous maps
 * only the futures have still to be told. */
mr_error mr_pool_join(mr_pool pool, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    mri_call call = {0};
    mr_error error = may_join();

    if (error) {
        return error;
    }
    error =
        mri_operate(&mri_pool_ops, pool.handle, MRI_POOL_JOIN, &call, timeout);
    if (error) {
        return error;
    }
    mri_async_await(pool);
    error = mri_pool_finalize(pool, mri_timeout_left(timeout, deadline));
    return error ? error : mri_pool_end_workers(pool);
}

void mri_endpoint_end(void)
{
    mri_async_end();
    mri_process_end_all();
}
