/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeper: counts the holders of an object, which is destroyed with the last.
 * And tickets, which hold an object while it travels.
 *
 * An object lives until it is destroyed.  Where nobody knows who will be the
 * last to use it, a keeper does: holders that end in any way are taken out.
 * Pipes need no keeper, as they count the holders of their ends themselves.
 *
 * A holder that sends its handle in a message may drop the object before the
 * receiver holds it.  So it sends a ticket, which is a holder of its own:
 *
 *     mr_keeper_ticket(keeper, &ticket);       sender
 *     mr_queue_put(queue, &ticket, sizeof ticket, MR_FOREVER);
 *     mr_keeper_drop(keeper);
 *
 *     mr_queue_get(queue, &ticket, sizeof ticket, NULL, MR_FOREVER);
 *     mr_keeper_redeem(ticket, &keeper);       receiver, now a holder
 */
#ifndef MULTIRANK_KEEPER_H
#define MULTIRANK_KEEPER_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_keeper {
    mr_handle handle;
} mr_keeper;

/* Holds an object, or an end of a pipe, until it is redeemed or dropped.  It
 * may be copied, but is redeemed once.  It outlives its maker. */
typedef struct mr_ticket {
    mr_handle handle;
    uint64_t number;
} mr_ticket;

/**
 * Count the holders of an object from now on.  The caller is the first.  Pass
 * the `handle` member of a queue, a value, an array that is on one rank, or an
 * object for synchronisation.
 *
 * Callers:   any endpoint, any thread.  An object has one keeper at most; this
 *            is not checked.
 * Blocks:    never on the object's node; from another node until the owner has
 *            answered.
 * Ownership: the object now belongs to the keeper, which destroys it and itself
 *            when nobody holds it.
 * Errors:    MR_ERR_ARGUMENT - keeper is NULL, or the object is of a kind that
 *            cannot be kept;
 *            MR_ERR_STALE - the object was destroyed;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   Python counts the references of managers' proxies.
 */
MR_CHECKED mr_error mr_keeper_create(mr_keeper *keeper, mr_handle object);

/**
 * Tell which object is kept.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the object's node; from another node until the owner has
 *            answered.
 * Ownership: *object is written on success only.
 * Errors:    MR_ERR_ARGUMENT - object is NULL;
 *            MR_ERR_STALE - nobody held it any more.
 */
MR_CHECKED mr_error mr_keeper_object(mr_keeper keeper, mr_handle *object);

/**
 * Hold the object.  An endpoint that holds it already stays one holder.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the object's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - nobody held it any more;
 *            MR_ERR_LIMIT, MR_ERR_NO_MEMORY - there is no room for another
 *            holder.
 */
MR_CHECKED mr_error mr_keeper_hold(mr_keeper keeper);

/**
 * Hold the object no longer.  The last holder destroys it.
 *
 * Callers:   an endpoint that holds it, any thread.
 * Blocks:    never on the object's node, but for the last holder, which waits
 *            while others are inside a call on the object; from another node
 *            until the owner has answered.
 * Errors:    MR_ERR_NOT_HELD - the caller does not hold it;
 *            MR_ERR_STALE - nobody held it any more.
 */
MR_API mr_error mr_keeper_drop(mr_keeper keeper);

/**
 * Make a ticket, which holds the object.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the object's node; from another node until the owner has
 *            answered.
 * Ownership: *ticket is written on success only.  It holds the object until it
 *            is redeemed or dropped, also if its maker ends.
 * Errors:    MR_ERR_ARGUMENT - ticket is NULL;
 *            MR_ERR_STALE - nobody held it any more;
 *            MR_ERR_LIMIT, MR_ERR_NO_MEMORY - there is no room for another
 *            holder.
 */
MR_CHECKED mr_error mr_keeper_ticket(mr_keeper keeper, mr_ticket *ticket);

/**
 * Hold the object in place of a ticket.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the object's node; from another node until the owner has
 *            answered.
 * Ownership: the ticket is used up; *keeper is written on success only.
 * Errors:    MR_ERR_ARGUMENT - keeper is NULL;
 *            MR_ERR_NOT_HELD - the ticket was redeemed or dropped before;
 *            MR_ERR_STALE - the same, and nobody holds the object any more.
 */
MR_CHECKED mr_error mr_keeper_redeem(mr_ticket ticket, mr_keeper *keeper);

/**
 * Drop a ticket that nobody will redeem, of a keeper or of a pipe.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_keeper_drop and mr_pipe_close.
 * Ownership: the ticket is used up.
 * Errors:    MR_ERR_NOT_HELD - the ticket was redeemed or dropped before;
 *            MR_ERR_STALE - the same, and nobody holds the object any more; or
 *            the ticket names no keeper and no pipe.
 */
MR_API mr_error mr_ticket_drop(mr_ticket ticket);

#ifdef __cplusplus
}
#endif

#endif
