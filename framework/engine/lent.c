/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the rows of lent blocks.  Latch: that of the endpoint.
 */
#include "engine/lent.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"

enum { ROWS = 63 };

/* A row is an owned slot.  Without a block its size tells whether it is
 * claimed. */
typedef struct rows_page {
    mri_word next;
    uint64_t spare;
    mri_owned rows[ROWS];
} rows_page;

_Static_assert(sizeof(rows_page) == 1024, "a size class of the allocator");

enum { FREE = 0, CLAIMED = 1 };

static mri_endpoint *mine(const mri_record *self)
{
    return mri_endpoint_at(mri_peek(&self->owner));
}

static bool is_free(const mri_owned *row)
{
    return !mri_peek(&row->block) && mri_peek(&row->size) == FREE;
}

static mri_owned *free_row(const mri_endpoint *me)
{
    for (mri_ref at = mri_peek(&me->lent); at;) {
        rows_page *page = mri_at(at);

        for (unsigned int i = 0; i < ROWS; i++) {
            if (is_free(&page->rows[i])) {
                return &page->rows[i];
            }
        }
        at = mri_peek(&page->next);
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
    mri_store(&page->next, mri_peek(&me->lent));
    mri_owned_move(self, 0, &me->lent);
    mri_commit(self);
    return MR_OK;
}

mr_error mri_lent_claim(mri_record *self, mri_ref *row)
{
    mri_endpoint *me = mine(self);
    mri_owned *found;
    mr_error error = MR_OK;

    assert(!mri_peek(&self->owned[0].block));
    mri_latch(self, &me->lent_latch);
    found = free_row(me);
    if (!found) {
        error = add_page(self, me);
        found = error ? NULL : free_row(me);
    }
    if (found) {
        mri_store(&found->size, CLAIMED);
        *row = mri_ref_of(found);
    }
    mri_unlatch(self, &me->lent_latch);
    return error;
}

bool mri_lent_has(mri_record *self, mri_ref row, const void *data)
{
    mri_endpoint *me = mine(self);
    bool found = false;

    mri_latch(self, &me->lent_latch);
    for (mri_ref at = mri_peek(&me->lent); at && !found;) {
        rows_page *page = mri_at(at);
        uint64_t number = (row - mri_ref_of(page->rows)) / sizeof(mri_owned);

        found = number < ROWS && row == mri_ref_of(&page->rows[number]) &&
                mri_peek(&page->rows[number].block) &&
                mri_at(mri_peek(&page->rows[number].block)) == data;
        at = mri_peek(&page->next);
    }
    mri_unlatch(self, &me->lent_latch);
    return found;
}

size_t mri_lent_capacity(mri_ref row)
{
    const mri_owned *from = mri_at(row);

    return mri_peek(&from->size);
}

void mri_lent_keep(mri_record *self, mri_ref row)
{
    mri_endpoint *me = mine(self);

    mri_latch(self, &me->lent_latch);
    mri_owned_hand_over(self, &self->owned[0], mri_at(row));
    mri_unlatch(self, &me->lent_latch);
}

bool mri_lent_return(mri_record *self, mri_ref row, const void *data)
{
    mri_endpoint *me = mine(self);
    mri_owned *from = mri_at(row);
    bool has;

    mri_latch(self, &me->lent_latch);
    has = mri_peek(&from->block) == mri_ref_of(data);
    if (has) {
        mri_owned_hand_over(self, from, &self->owned[0]);
    }
    mri_unlatch(self, &me->lent_latch);
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
            mri_give_back_from(self, &page->rows[i], &dead->lent_latch);
        }
        mri_latch(self, &dead->lent_latch);
        mri_owned_take(self, 0, &dead->lent, sizeof(rows_page));
        mri_set(self, &dead->lent, mri_load(&page->next));
        mri_commit(self);
        mri_unlatch(self, &dead->lent_latch);
        mri_give_back(self, 0);
    }
}
