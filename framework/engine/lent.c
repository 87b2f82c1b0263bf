/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the rows of lent blocks.
 *
 * A row is claimed, filled, emptied and free again by one store each, so that
 * only a new page needs the latch of the endpoint.
 */
#include "engine/lent.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"

enum { ROWS = 63 };

/* A row is an owned slot whose size tells whether it is free or claimed.  One
 * that a thread empties has the thread's record and this bit as its block. */
typedef struct rows_page {
    mri_word next;
    uint64_t spare;
    mri_owned rows[ROWS];
} rows_page;

_Static_assert(sizeof(rows_page) == 1024, "a size class of the allocator");

enum { FREE = 0, CLAIMED = 1, EMPTIED = 1 };

static mri_endpoint *mine(const mri_record *self)
{
    return mri_endpoint_at(mri_peek(&self->owner));
}

static mri_owned *claim_row(const mri_endpoint *me)
{
    for (mri_ref at = mri_load(&me->lent); at;) {
        rows_page *page = mri_at(at);

        for (unsigned int i = 0; i < ROWS; i++) {
            uint64_t free = FREE;

            if (mri_peek(&page->rows[i].size) == FREE &&
                mri_cas(&page->rows[i].size, &free, CLAIMED)) {
                return &page->rows[i];
            }
        }
        at = mri_load(&page->next);
    }
    return NULL;
}

/* A page in front of the others. */
static mr_error add_page(mri_record *self, mri_endpoint *me)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(self)),
                                  MRI_HEAP, sizeof(rows_page), 0);
    rows_page *page;

    if (error) {
        return error;
    }
    page = mri_at(mri_peek(&self->owned[0].block));
    memset(page, 0, sizeof *page);
    mri_latch(self, &me->lent_latch);
    mri_store(&page->next, mri_peek(&me->lent));
    mri_owned_move(self, 0, &me->lent);
    mri_commit(self);
    mri_unlatch(self, &me->lent_latch);
    return MR_OK;
}

mr_error mri_lent_claim(mri_record *self, mri_ref *row)
{
    mri_endpoint *me = mine(self);
    mri_owned *claimed = claim_row(me);

    assert(!mri_peek(&self->owned[0].block));
    while (!claimed) {
        mr_error error = add_page(self, me);

        if (error) {
            return error;
        }
        claimed = claim_row(me);
    }
    *row = mri_ref_of(claimed);
    return MR_OK;
}

bool mri_lent_has(const mri_record *self, mri_ref row, const void *data)
{
    for (mri_ref at = mri_load(&mine(self)->lent); at;) {
        rows_page *page = mri_at(at);
        uint64_t number = (row - mri_ref_of(page->rows)) / sizeof(mri_owned);

        if (number < ROWS && row == mri_ref_of(&page->rows[number])) {
            return data &&
                   mri_load(&page->rows[number].block) == mri_ref_of(data);
        }
        at = mri_load(&page->next);
    }
    return false;
}

size_t mri_lent_capacity(mri_ref row)
{
    const mri_owned *from = mri_at(row);

    return mri_peek(&from->size);
}

void mri_lent_keep(mri_record *self, mri_ref row)
{
    mri_ref block = mri_peek(&self->owned[0].block);
    mri_owned *to = mri_at(row);

    assert(block && !mri_peek(&to->block) && mri_peek(&to->size) == CLAIMED);
    mri_store(&to->size, mri_peek(&self->owned[0].size));
    mri_intent(self, &to->block, block, 0, 0);
    mri_store(&to->block, block);
    mri_intent_done(self);
}

bool mri_lent_return(mri_record *self, mri_ref row, const void *data)
{
    mri_owned *from = mri_at(row);
    mri_ref block = mri_ref_of(data);
    uint64_t by_me = mri_ref_of(self) | EMPTIED;
    bool has;

    assert(!mri_peek(&self->owned[0].block));
    mri_intent(self, &from->block, by_me, block, mri_load(&from->size));
    has = mri_cas(&from->block, &block, by_me);
    if (has) {
        mri_intent_done(self);
        mri_store(&from->block, 0);
        mri_store(&from->size, FREE);
    } else {
        mri_store(&self->intent_word, 0);
    }
    return has;
}

void mri_lent_free(mri_record *self, mri_ref row, const void *data)
{
    if (mri_lent_return(self, row, data)) {
        mri_give_back(self, 0);
    }
}

void mri_lent_unclaim(mri_ref row)
{
    mri_owned *from = mri_at(row);

    assert(!mri_peek(&from->block));
    mri_store(&from->size, FREE);
}

void mri_lent_reap(mri_record *self, mri_endpoint *dead)
{
    while (mri_load(&dead->lent)) {
        rows_page *page = mri_at(mri_load(&dead->lent));

        for (unsigned int i = 0; i < ROWS; i++) {
            if (!(mri_load(&page->rows[i].block) & EMPTIED)) {
                mri_give_back_from(self, &page->rows[i], &dead->lent_latch);
            }
        }
        mri_latch(self, &dead->lent_latch);
        mri_owned_take(self, 0, &dead->lent, sizeof(rows_page));
        mri_set(self, &dead->lent, mri_load(&page->next));
        mri_commit(self);
        mri_unlatch(self, &dead->lent_latch);
        mri_give_back(self, 0);
    }
}
