/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns lent and gathered items.
 *
 * On the node of the channel a lent item is a block of the channel's memory; it
 * goes from the row of the borrower into a cell and back.  For a channel of
 * another node it is a block of the borrower's own rank, which is copied into
 * the message, or sent and received in place if it is large.
 */
#include "objects/lending.h"

#include <math.h>
#include <string.h>

#include "engine/channel.h"
#include "engine/lent.h"
#include "engine/operation.h"
#include "util/clock.h"
#include "util/log.h"

enum { FIRST_CAPACITY = 1024, GATHERED_ON_STACK = 2048 };

static void lend(mr_item *item, mri_ref row, size_t size)
{
    const mri_owned *from = mri_at(row);

    *item = (mr_item){
        .data = mri_at(mri_peek(&from->block)), .size = size, .row = row};
}

/* ---- reserve ------------------------------------------------------------- */

mr_error mri_lending_try_reserve(mri_record *self, mri_channel *channel,
                                 mri_call *call)
{
    mr_error error = mri_channel_reserve(self, channel, call);

    if (!error) {
        mri_lent_keep(self, call->argument);
    }
    return error;
}

/* Memory of the own rank, into a row. */
static mr_error allocate_here(const mri_lending *kind, mri_record *self,
                              size_t size, mri_ref row)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(self)),
                                  kind->ops->bulk, size ? size : 1, 0);

    if (!error) {
        mri_lent_keep(self, row);
    }
    return error;
}

mr_error mri_lending_reserve(const mri_lending *kind, mr_handle handle,
                             size_t size, mr_item *item, double timeout)
{
    mri_record *self = mri_self();
    mri_call call = {.in_size = size};
    mr_error error;

    if (!item) {
        return mri_bad_argument(kind->reserve_call, "item", "is NULL");
    }
    if (isnan(timeout)) {
        return mri_bad_argument(kind->reserve_call, "timeout", "is NaN");
    }
    error = self ? mri_lent_claim(self, &call.argument) : MR_ERR_STATE;
    if (error) {
        return error;
    }
    error = mri_is_far(handle.owner)
                ? allocate_here(kind, self, size, call.argument)
                : mri_operate(kind->ops, handle, kind->reserve, &call, timeout);
    if (error) {
        mri_lent_unclaim(call.argument);
    } else {
        lend(item, call.argument, size);
    }
    return error;
}

/* ---- commit -------------------------------------------------------------- */

static mr_error check(const char *function, const mri_record *self,
                      const mr_item *item)
{
    if (!self) {
        return MR_ERR_STATE;
    }
    if (!item) {
        return mri_bad_argument(function, "item", "is NULL");
    }
    if (!mri_lent_has(self, item->row, item->data)) {
        return mri_bad_argument(function, "item", "is not lent to the caller");
    }
    if (item->size > mri_lent_capacity(item->row)) {
        return mri_bad_argument(function, "item", "has become larger");
    }
    return MR_OK;
}

/* Can the block itself become an item of the channel?  That takes memory of the
 * channel's own segment. */
static bool moves(mr_handle handle, const mr_item *item)
{
    return !mri_is_far(handle.owner) &&
           mri_segment_of(mri_ref_of(item->data)) == mri_index_of(handle.owner);
}

mr_error mri_lending_commit(const mri_lending *kind, mr_handle handle,
                            mr_item *item, double timeout)
{
    mri_record *self = mri_self();
    mr_error error = check(kind->commit_call, self, item);
    mri_call call = {0};

    if (error) {
        return error;
    }
    call.in = item->data;
    call.in_size = item->size;
    call.argument = item->row;
    if (moves(handle, item)) {
        error = mri_operate(kind->ops, handle, kind->commit, &call, timeout);
    } else {
        error = mri_operate(kind->ops, handle, kind->put, &call, timeout);
        if (!error) {
            mri_lent_free(self, item->row, item->data);
        }
    }
    if (!error) {
        *item = (mr_item){0};
    }
    return error;
}

/* ---- take ---------------------------------------------------------------- */

mr_error mri_lending_try_take(mri_record *self, mri_channel *channel,
                              mri_call *call)
{
    mr_error error = mri_channel_take(self, channel, call);

    if (!error) {
        mri_lent_keep(self, call->argument);
    }
    return error;
}

/* Of a row that may have a block. */
static void give_up(mri_record *self, mri_ref row, const mr_item *item)
{
    if (item->data) {
        mri_lent_free(self, row, item->data);
    } else {
        mri_lent_unclaim(row);
    }
}

/* The item comes into a block of the own rank; until its size is known that is
 * a guess. */
static mr_error take_from_far(const mri_lending *kind, mri_record *self,
                              mr_handle handle, mr_item *item, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    mri_call call = {.result = FIRST_CAPACITY};
    mr_item lent;
    mr_error error;

    do {
        mri_ref row;

        call.out_size = call.result;
        lent = (mr_item){0};
        error = mri_lent_claim(self, &row);
        if (error) {
            return error;
        }
        error = allocate_here(kind, self, call.out_size, row);
        if (!error) {
            lend(&lent, row, call.out_size);
            call.out = lent.data;
            error = mri_operate(kind->ops, handle, kind->get, &call, timeout);
            timeout = mri_timeout_left(timeout, deadline);
        }
        if (error) {
            give_up(self, row, &lent);
        }
    } while (error == MR_ERR_TRUNCATED);
    if (!error) {
        lent.size = call.result;
        *item = lent;
    }
    return error;
}

static mr_error take_near(const mri_lending *kind, mri_record *self,
                          mr_handle handle, mr_item *item, double timeout)
{
    mri_call call = {0};
    mr_error error = mri_lent_claim(self, &call.argument);

    if (error) {
        return error;
    }
    error = mri_operate(kind->ops, handle, kind->take, &call, timeout);
    if (error) {
        mri_lent_unclaim(call.argument);
    } else {
        lend(item, call.argument, call.result);
    }
    return error;
}

mr_error mri_lending_take(const mri_lending *kind, mr_handle handle,
                          mr_item *item, double timeout)
{
    mri_record *self = mri_self();

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!item) {
        return mri_bad_argument(kind->take_call, "item", "is NULL");
    }
    return (mri_is_far(handle.owner) ? take_from_far : take_near)(
        kind, self, handle, item, timeout);
}

mr_error mr_item_release(mr_item *item)
{
    mri_record *self = mri_self();
    mr_error error = check("mr_item_release", self, item);

    if (!error) {
        mri_lent_free(self, item->row, item->data);
        *item = (mr_item){0};
    }
    return error;
}

/* ---- gathered items ------------------------------------------------------ */

static void gather(unsigned char *to, const mr_buffer *buffers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (buffers[i].size) {
            memcpy(to, buffers[i].data, buffers[i].size);
        }
        to += buffers[i].size;
    }
}

/* Their bytes in all; SIZE_MAX: one is NULL, or they are too many. */
static size_t size_of(const mr_buffer *buffers, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        if ((!buffers[i].data && buffers[i].size) ||
            buffers[i].size >= SIZE_MAX - size) {
            return SIZE_MAX;
        }
        size += buffers[i].size;
    }
    return size;
}

mr_error mri_lending_put_gathered(const mri_lending *kind, mr_handle handle,
                                  const mr_buffer *buffers, size_t count,
                                  double timeout)
{
    unsigned char small[GATHERED_ON_STACK];
    int64_t deadline = mri_deadline(timeout);
    size_t size = buffers || !count ? size_of(buffers, count) : SIZE_MAX;
    mr_item item;
    mr_error error;

    if (size == SIZE_MAX) {
        return mri_bad_argument(kind->gathered_call, "buffers",
                                "is NULL, or has one without data");
    }
    if (size <= sizeof small) {
        mri_call call = {.in = small, .in_size = size};

        gather(small, buffers, count);
        return mri_operate(kind->ops, handle, kind->put, &call, timeout);
    }
    error = mri_lending_reserve(kind, handle, size, &item, timeout);
    if (error) {
        return error;
    }
    gather(item.data, buffers, count);
    error = mri_lending_commit(kind, handle, &item,
                               mri_timeout_left(timeout, deadline));
    if (error) {
        (void)!mr_item_release(&item);
    }
    return error;
}
