/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the tasks of a map that are still to be scheduled: all from some number
 * on, and ranges that came back.
 */
#include <assert.h>
#include <stdlib.h>

#include "pool/scheduler.h"

mri_schedule_range mri_schedule_take(mri_scheduler *d, size_t most)
{
    mri_schedule_range r = {.first = d->next};

    assert(most > 0 && most <= d->left);
    d->left -= most;
    r.count = most;
    if (d->again_count) {
        mri_schedule_range *again = &d->again[d->again_count - 1];

        r.first = again->first;
        r.again = again->again;
        r.count = most < again->count ? most : again->count;
        d->left += most - r.count;
        assert(again->count > 0 && again->first + again->count <= d->next);
        again->first += r.count;
        again->count -= r.count;
        d->again_count -= again->count == 0;
    } else {
        d->next += r.count;
    }
    assert(r.count > 0 && r.first + r.count <= d->next);
    return r;
}

mr_error mri_schedule_give_back(mri_scheduler *d, mri_schedule_range r)
{
    mri_schedule_range *more;

    assert(r.count > 0 && r.first + r.count <= d->next);
    d->left += r.count;
    if (r.first + r.count == d->next && !r.again) {
        d->next = r.first;
        return MR_OK;
    }
    more = realloc(d->again, (d->again_count + 1) * sizeof *more);
    if (!more) {
        return MR_ERR_NO_MEMORY;
    }
    d->again = more;
    d->again[d->again_count++] = r;
    return MR_OK;
}
