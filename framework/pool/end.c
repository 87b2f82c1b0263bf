/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how pools end, and what an endpoint that ends does with its maps.
 */
#include "pool/end.h"

#include "engine/operation.h"
#include "objects/kinds.h"
#include "objects/process/process.h"
#include "pool/async.h"

mr_error mr_pool_destroy(mr_pool pool)
{
    mr_error error;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    mri_async_cancel(pool);
    error = mri_pool_end(pool);
    return error ? error : mri_destroy(&mri_pool_ops, pool.handle);
}

void mri_endpoint_end(void)
{
    mri_async_end();
    mri_process_end_all();
}
