/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what both kinds of ports have in common: the port of each thread, the
 * numbers of its calls, and which ranks know of its endpoint.
 */
#include "far/port.h"

#include <assert.h>

#include "engine/elsewhere.h"
#include "far/exchange.h"

static _Thread_local mri_port *my_port;

static void leave(mri_record *self)
{
    mri_port *port = my_port;

    if (port && port->record == self) {
        mri_settle(self);
        assert(atomic_load(&port->pipelined) == 0);
        my_port = NULL;
        port->ops->free(port);
    }
}

mr_error mri_port_of(mri_record *self, mri_port **result)
{
    mri_port *port = my_port;

    if (port && port->record == self) {
        *result = port;
        return MR_OK;
    }
    port = mri_exchange_on ? mri_port_make_in_rank(self)
                           : mri_port_make_relayed(self);
    if (!port) {
        return MR_ERR_NO_MEMORY;
    }
    port->record = self;
    port->endpoint = mri_peek(&self->owner);
    mri_before_leave = leave;
    my_port = port;
    *result = port;
    return MR_OK;
}

/* Told before the first call, so that none is made in secret. */
static void be_known_to(mri_port *port, unsigned int rank)
{
    mri_word *far = &mri_endpoint_at(port->endpoint)->far;
    uint64_t known = mri_load(far);

    if (port->ranks & mri_ranks_bit(rank)) {
        return;
    }
    while (!mri_cas(far, &known, known | mri_ranks_bit(rank))) {
    }
    port->ranks |= mri_ranks_bit(rank);
}

mr_error mri_port_send(mri_port *port, mri_outgoing *outgoing)
{
    assert(mri_is_far(outgoing->to));
    assert(port->endpoint == mri_peek(&port->record->owner));
    outgoing->head.endpoint = port->endpoint;
    outgoing->head.thread = mri_ref_of(port->record);
    outgoing->head.number = ++port->number;
    be_known_to(port, outgoing->to);
    return port->ops->send(port, outgoing);
}
