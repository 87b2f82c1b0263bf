/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls by which an endpoint holds an object, and holds it no more, and
 * those of tickets.  A kind that has holders gives the numbers of its
 * operations; objects/holders.h has their bodies.
 */
#ifndef MRI_OBJECTS_HOLD_H
#define MRI_OBJECTS_HOLD_H

#include <multirank/keeper.h>

#include "engine/object.h"

/* Call an operation whose argument is the holder, for the calling endpoint: to
 * hold, and to hold no more.  Errors as of mri_operate. */
mr_error mri_hold(const mri_kind_ops *ops, mr_handle object,
                  unsigned int operation);
mr_error mri_hold_no_more(const mri_kind_ops *ops, mr_handle object,
                          unsigned int operation);

/* Make a ticket by an operation whose result is one; `function` is the caller's
 * name for messages. */
mr_error mri_ticket_make(const mri_kind_ops *ops, mr_handle object,
                         unsigned int operation, const char *function,
                         mr_ticket *ticket);

/* Hold in place of a ticket, by an operation that mri_holders_redeem serves. */
mr_error mri_ticket_redeem(const mri_kind_ops *ops, mr_ticket ticket,
                           unsigned int operation);

/* Hold no more, for a ticket. */
mr_error mri_ticket_drop(const mri_kind_ops *ops, mr_ticket ticket,
                         unsigned int operation);

#endif
