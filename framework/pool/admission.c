/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the admissions of this endpoint: for each pool that has waiting requests
 * here one entry of a driver, which starts no worker.  If the endpoint dies the
 * entry goes with it, as that of any driver does.
 *
 * Lock: `lock`, for the list.  No call that may wait is made inside it.
 */
#include "pool/admission.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/driver.h"
#include "pool/pool_ops.h"
#include "util/rank_local.h"

typedef struct admission {
    struct admission *next;
    mr_pool pool;
    mri_driver driver;
    size_t users; /* requests that wait */
} admission;

typedef struct admissions {
    pthread_mutex_t lock;
    admission *first;
} admissions;

static MRI_RANK_LOCAL admissions admissions_of_rank = {
    .lock = PTHREAD_MUTEX_INITIALIZER};
#define own MRI_OWN(admissions_of_rank)

/* The pointer to the admission, or to the end of the list. */
static admission **find(mr_pool pool)
{
    admission **at = &own.first;

    while (*at && memcmp(&(*at)->pool, &pool, sizeof pool) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static void give_up(admission *h)
{
    if (h) {
        mri_driver_end(&h->driver);
        free(h);
    }
}

static mr_error is_open(mr_pool pool)
{
    mri_call call = {0};
    mr_error error =
        mri_operate(&mri_pool_ops, pool.handle, MRI_POOL_LOOK, &call, 0);

    return !error && call.result & MRI_POOL_LOOKS_CLOSED ? mri_pool_is_closed()
                                                         : error;
}

/* Another request waits already. */
static bool join(mr_pool pool)
{
    admission *there;

    pthread_mutex_lock(&own.lock);
    there = *find(pool);
    if (there) {
        there->users++;
    }
    pthread_mutex_unlock(&own.lock);
    return there != NULL;
}

/* Another thread may have made one at the same time. */
static mr_error make(mr_pool pool)
{
    admission *made = calloc(1, sizeof *made);
    mr_error error =
        made ? mri_driver_begin(&made->driver, pool, false) : MR_ERR_NO_MEMORY;
    admission **at;

    if (error) {
        free(made);
        return error;
    }
    made->pool = pool;
    pthread_mutex_lock(&own.lock);
    at = find(pool);
    if (!*at) {
        *at = made;
        made = NULL;
    }
    (*at)->users++;
    pthread_mutex_unlock(&own.lock);
    give_up(made);
    return MR_OK;
}

/* Its entry is there before the pool is asked: so mr_pool_join sees it. */
mr_error mri_admission_begin(mr_pool pool)
{
    mr_error error;

    if (!join(pool)) {
        return make(pool);
    }
    error = is_open(pool);
    if (error) {
        mri_admission_end(pool);
    }
    return error;
}

void mri_admission_end(mr_pool pool)
{
    admission *last = NULL;
    admission **at;

    pthread_mutex_lock(&own.lock);
    at = find(pool);
    assert(*at && (*at)->users > 0);
    if (--(*at)->users == 0) {
        last = *at;
        *at = last->next;
    }
    pthread_mutex_unlock(&own.lock);
    give_up(last);
}
