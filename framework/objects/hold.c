/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the calls by which endpoints and tickets hold objects.
 */
#include "objects/hold.h"

#include "engine/operation.h"
#include "objects/holders.h"
#include "util/log.h"

static mr_error operate(const mri_kind_ops *ops, mr_handle object,
                        unsigned int operation, uint64_t holder)
{
    mri_call call = {.argument = holder};

    return mri_operate(ops, object, operation, &call, 0);
}

/* The caller may hold something from now on.  MR_ERR_STATE outside a job, which
 * a thread may outlive. */
static mr_error begin(uint64_t *me)
{
    mri_record *self = mri_self();

    if (!self || !mri_node.base) {
        return MR_ERR_STATE;
    }
    mri_may_hold(self);
    *me = mri_holder_of_self();
    return MR_OK;
}

mr_error mri_hold(const mri_kind_ops *ops, mr_handle object,
                  unsigned int operation)
{
    uint64_t me;
    mr_error error = begin(&me);

    return error ? error : operate(ops, object, operation, me);
}

mr_error mri_hold_no_more(const mri_kind_ops *ops, mr_handle object,
                          unsigned int operation)
{
    return mri_self() ? operate(ops, object, operation, mri_holder_of_self())
                      : MR_ERR_STATE;
}

mr_error mri_ticket_make(const mri_kind_ops *ops, mr_handle object,
                         unsigned int operation, const char *function,
                         mr_ticket *ticket)
{
    mri_call call = {0};
    mr_error error;

    if (!ticket) {
        return mri_bad_argument(function, "ticket", "is NULL");
    }
    error = mri_operate(ops, object, operation, &call, 0);
    if (!error) {
        *ticket = (mr_ticket){.handle = object, .number = call.result};
    }
    return error;
}

mr_error mri_ticket_redeem(const mri_kind_ops *ops, mr_ticket ticket,
                           unsigned int operation)
{
    uint64_t me;
    mri_call call = {
        .argument = ticket.number, .in = &me, .in_size = sizeof me};
    mr_error error = begin(&me);

    return error ? error : mri_operate(ops, ticket.handle, operation, &call, 0);
}

mr_error mri_ticket_drop(const mri_kind_ops *ops, mr_ticket ticket,
                         unsigned int operation)
{
    return operate(ops, ticket.handle, operation, ticket.number);
}
