/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Holders: the table inside an object that tells which endpoints hold a part
 * of it: an end of a pipe, a reader's share of a lock, a place at a barrier.
 *
 * The table changes under its latch by noted changes, and grows.  When an
 * endpoint ends, the object's `forget` asks the table for its rows.
 */
#ifndef MRI_OBJECTS_HOLDERS_H
#define MRI_OBJECTS_HOLDERS_H

#include "engine/object.h"

/* In the body of an object. */
typedef struct mri_holders {
    mri_word latch;
    mri_word rows; /* a block of mri_holder */
    mri_word capacity;
} mri_holders;

typedef struct mri_holder {
    mri_word id;   /* an endpoint, a process or a ticket; 0: a free row */
    mri_word role; /* what it holds, a number of the object's own */
    mri_word times;
} mri_holder;

/* A holder that is a process, which may not have been started yet. */
uint64_t mri_holder_of_process(mr_handle process);

/* The calling endpoint as a holder: its process, or its endpoint id. */
uint64_t mri_holder_of_self(void);

/* A new ticket of an object that counts its tickets there: a holder that is no
 * endpoint and does not end. */
uint64_t mri_holder_of_ticket(mri_word *tickets);
bool mri_holder_is_ticket(uint64_t id);

/* Make the first table of an object that is being made.  Without this the first
 * holder makes it.  MR_ERR_NO_MEMORY. */
mr_error mri_holders_format(mri_record *self, mri_object *object,
                            mri_holders *holders);

/* The row of a holder in a role; NULL: none.  The latch is held. */
mri_holder *mri_holders_find(const mri_holders *holders, uint64_t id,
                             uint64_t role);

/*
 * A free row.  The latch is held, owned slot 0 is empty, and no noted change
 * is under way.  If the table grew, the old one lies in owned slot 0: the
 * caller gives it back (mri_give_back) after the latch.  MR_ERR_NO_MEMORY,
 * MR_ERR_LIMIT.
 */
mr_error mri_holders_room(mri_record *self, mri_object *object,
                          mri_holders *holders, mri_holder **row);

/* A row of an endpoint, process or rank that is gone; NULL: none.  The latch is
 * held. */
mri_holder *mri_holders_find_gone(const mri_holders *holders,
                                  const mri_gone *gone);

/*
 * Changes that a table makes by itself, for an object whose holders are counted
 * in a word of it.  They take the latch.
 *
 * Add: begin to hold, unless it holds already.  With `others` somebody must be
 * holding: MR_ERR_STALE.  Drop: hold no more; MR_ERR_NOT_HELD.  Redeem: the
 * ticket call->argument becomes the holder at call->in, or ends if that one
 * holds already; MR_ERR_NOT_HELD.  Gone: a holder that is gone, or 0.
 */
mr_error mri_holders_add(mri_record *self, mri_object *object,
                         mri_holders *holders, uint64_t id, uint64_t role,
                         mri_word *count, bool others);
mr_error mri_holders_drop(mri_record *self, mri_holders *holders, uint64_t id,
                          uint64_t role, mri_word *count);
mr_error mri_holders_redeem(mri_record *self, mri_holders *holders,
                            const mri_call *call, uint64_t role,
                            mri_word *count);
uint64_t mri_holders_gone(mri_record *self, mri_holders *holders,
                          const mri_gone *gone);

/* Free the table; nobody uses the object. */
void mri_holders_dispose(mri_record *self, mri_object *object,
                         mri_holders *holders);

#endif
