/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns tables of holders.
 */
#include "objects/holders.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"

enum { FIRST_ROWS = 8, ROWS_MAX = 1 << 20 };

#define PROCESS_HOLDER ((uint64_t)1 << 63)

_Static_assert(MRI_RANKS_MAX <= 1 << 15, "a rank has 15 bits of a holder");

uint64_t mri_holder_of_process(mr_handle process)
{
    return PROCESS_HOLDER | (uint64_t)process.owner << 48 |
           (uint64_t)process.slot << 32 | process.generation;
}

uint64_t mri_holder_of_self(void)
{
    uint64_t me = mri_self_endpoint();
    mri_ref process = mri_load(&mri_endpoint_at(me)->process);

    return process ? mri_holder_of_process(mri_handle_of(mri_at(process))) : me;
}

/* No endpoint has generation 0. */
uint64_t mri_holder_of_ticket(mri_word *tickets)
{
    return (mri_add(tickets, 1) + 1) & UINT32_MAX;
}

bool mri_holder_is_ticket(uint64_t id)
{
    return id != 0 && id <= UINT32_MAX;
}

static unsigned int rank_of(uint64_t id)
{
    if (mri_holder_is_ticket(id)) {
        return UINT32_MAX;
    }
    return id & PROCESS_HOLDER ? id >> 48 & 0x7fff : mri_endpoint_rank(id);
}

static size_t size_of(uint64_t rows)
{
    return rows * sizeof(mri_holder);
}

static mr_error allocate(mri_record *self, const mri_object *object,
                         uint64_t rows)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_HEAP, size_of(rows), 0);

    if (!error) {
        memset(mri_at(mri_peek(&self->owned[0].block)), 0, size_of(rows));
    }
    return error;
}

mr_error mri_holders_format(mri_record *self, mri_object *object,
                            mri_holders *holders)
{
    mr_error error = allocate(self, object, FIRST_ROWS);

    if (error) {
        return error;
    }
    mri_store(&holders->capacity, FIRST_ROWS);
    mri_latch(self, &holders->latch);
    mri_owned_move(self, 0, &holders->rows);
    mri_commit(self);
    mri_unlatch(self, &holders->latch);
    return MR_OK;
}

mri_holder *mri_holders_find(const mri_holders *holders, uint64_t id,
                             uint64_t role)
{
    mri_holder *rows = mri_at(mri_peek(&holders->rows));

    for (uint64_t i = 0; i < mri_peek(&holders->capacity); i++) {
        if (mri_peek(&rows[i].id) == id && mri_peek(&rows[i].role) == role) {
            return &rows[i];
        }
    }
    return NULL;
}

static mri_holder *free_row(const mri_holders *holders)
{
    mri_holder *rows = mri_at(mri_peek(&holders->rows));

    for (uint64_t i = 0; i < mri_peek(&holders->capacity); i++) {
        if (mri_peek(&rows[i].id) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Twice as many rows, or the first; the old table goes to owned slot 0. */
static mr_error grow(mri_record *self, const mri_object *object,
                     mri_holders *holders)
{
    uint64_t capacity = mri_peek(&holders->capacity);
    uint64_t rows = capacity ? 2 * capacity : FIRST_ROWS;
    mri_ref old = mri_peek(&holders->rows);
    mri_ref new;
    mr_error error;

    if (rows > ROWS_MAX) {
        return MR_ERR_LIMIT;
    }
    error = allocate(self, object, rows);
    if (error) {
        return error;
    }
    new = mri_peek(&self->owned[0].block);
    memcpy(mri_at(new), mri_at(old), size_of(capacity));
    mri_set(self, &holders->rows, new);
    mri_set(self, &holders->capacity, rows);
    mri_set(self, &self->owned[0].size, size_of(capacity));
    mri_set(self, &self->owned[0].block, old);
    mri_commit(self);
    return MR_OK;
}

mr_error mri_holders_room(mri_record *self, mri_object *object,
                          mri_holders *holders, mri_holder **row)
{
    mr_error error = MR_OK;

    assert(!mri_peek(&self->notes) && !mri_peek(&self->owned[0].block));
    *row = free_row(holders);
    if (!*row) {
        error = grow(self, object, holders);
        *row = error ? NULL : free_row(holders);
    }
    return error;
}

mri_holder *mri_holders_find_gone(const mri_holders *holders,
                                  const mri_gone *gone)
{
    mri_holder *rows = mri_at(mri_peek(&holders->rows));
    uint64_t process = gone->process.kind == MRI_PROCESS
                           ? mri_holder_of_process(gone->process)
                           : 0;

    for (uint64_t i = 0; i < mri_peek(&holders->capacity); i++) {
        uint64_t id = mri_peek(&rows[i].id);

        if (id && (gone->whole_rank ? rank_of(id) == gone->process.owner
                                    : id == gone->endpoint || id == process)) {
            return &rows[i];
        }
    }
    return NULL;
}

mr_error mri_holders_add(mri_record *self, mri_object *object,
                         mri_holders *holders, uint64_t id, uint64_t role,
                         mri_word *count, bool others)
{
    mr_error error = MR_OK;

    mri_latch(self, &holders->latch);
    if (others && !mri_peek(count)) {
        error = MR_ERR_STALE;
    } else if (!mri_holders_find(holders, id, role)) {
        mri_holder *row;

        error = mri_holders_room(self, object, holders, &row);
        if (row) {
            mri_set(self, &row->role, role);
            mri_set(self, &row->id, id);
            mri_set(self, count, mri_peek(count) + 1);
            mri_commit(self);
        }
    }
    mri_unlatch(self, &holders->latch);
    mri_give_back(self, 0);
    return error;
}

mr_error mri_holders_drop(mri_record *self, mri_holders *holders, uint64_t id,
                          uint64_t role, mri_word *count)
{
    mri_holder *row;

    mri_latch(self, &holders->latch);
    row = mri_holders_find(holders, id, role);
    if (row) {
        assert(mri_peek(count) > 0);
        mri_set(self, &row->id, 0);
        mri_set(self, count, mri_peek(count) - 1);
        mri_commit(self);
    }
    mri_unlatch(self, &holders->latch);
    return row ? MR_OK : MR_ERR_NOT_HELD;
}

mr_error mri_holders_redeem(mri_record *self, mri_holders *holders,
                            const mri_call *call, uint64_t role,
                            mri_word *count)
{
    mri_holder *ticket = NULL;
    uint64_t id = 0;

    if (call->in_size == sizeof id) {
        memcpy(&id, call->in, sizeof id);
    }
    mri_latch(self, &holders->latch);
    if (id && mri_holder_is_ticket(call->argument)) {
        ticket = mri_holders_find(holders, call->argument, role);
    }
    if (ticket && mri_holders_find(holders, id, role)) {
        mri_set(self, &ticket->id, 0);
        mri_set(self, count, mri_peek(count) - 1);
    } else if (ticket) {
        mri_set(self, &ticket->id, id);
    }
    mri_commit(self);
    mri_unlatch(self, &holders->latch);
    return ticket ? MR_OK : MR_ERR_NOT_HELD;
}

uint64_t mri_holders_gone(mri_record *self, mri_holders *holders,
                          const mri_gone *gone)
{
    const mri_holder *row;
    uint64_t id;

    mri_latch(self, &holders->latch);
    row = mri_holders_find_gone(holders, gone);
    id = row ? mri_peek(&row->id) : 0;
    mri_unlatch(self, &holders->latch);
    return id;
}

void mri_holders_dispose(mri_record *self, mri_object *object,
                         mri_holders *holders)
{
    mri_object_free(self, object, &holders->rows,
                    size_of(mri_peek(&holders->capacity)));
}
