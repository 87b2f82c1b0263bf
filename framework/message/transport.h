/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transports: what carries messages.  MPI in a job, and in tests a fake that
 * delays, reorders and loses.
 *
 * Short messages come from anybody: the transport has memory of its own ready
 * for them and hands them out one by one.  All else is received from a known
 * rank into known memory.  That split was measured: there and back of 8 bytes
 * between two ranks of a node takes 1.3 us with MPI_Send and MPI_Recv, 1.4 us
 * with receives that are posted beforehand, and 2.0 us with MPI_Improbe and
 * MPI_Imrecv; a poll that finds nothing takes 50 ns and 150 ns.  And what is
 * short travels at once, so a rank that dies while it sends leaves no receive
 * pending whose sender nobody knows.
 */
#ifndef MRI_MESSAGE_TRANSPORT_H
#define MRI_MESSAGE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "message/message.h"

enum {
    /* Below what MPIs send without asking the receiver first: 4096 bytes with
     * a header in Open MPI's shared memory, more elsewhere. */
    MRI_SHORT_MAX = MRI_MESSAGE_SHORT,
    MRI_FRAGMENT_MAX = 64 << 20
};

/* Between two ranks each channel keeps its own order, but the first two share
 * one: they are what `next` brings. */
typedef enum mri_channel {
    MRI_CHANNEL_SHORT,
    MRI_CHANNEL_ANNOUNCEMENT, /* short, too: a long message comes */
    MRI_CHANNEL_LONG,
    MRI_CHANNEL_BULK, /* + stream */
    MRI_CHANNELS = MRI_CHANNEL_BULK + 2
} mri_channel;

/* Of an operation that was begun: an MPI_Request, or the fake's own. */
typedef union mri_pending {
    void *pointer;
    int number;
} mri_pending;

/* A short message that has arrived. */
typedef struct mri_arrival {
    unsigned int from;
    mri_channel channel;
    const void *bytes; /* aligned to 16 */
    size_t size;
} mri_arrival;

/* None of these waits, and no two run at once.  Errors are logged here. */
typedef struct mri_transport {
    const char *name;
    void *self; /* the first argument of each */

    /* Begin to send at most MRI_FRAGMENT_MAX bytes, at most MRI_SHORT_MAX
     * through the first two channels; they stay unchanged until it is done. */
    mr_error (*send)(void *self, unsigned int to, unsigned int channel,
                     const void *bytes, size_t size, mri_pending *pending);

    /* Begin to receive exactly `size` bytes, not short ones. */
    mr_error (*receive)(void *self, unsigned int from, unsigned int channel,
                        void *bytes, size_t size, mri_pending *pending);

    /* Is it done?  Then `pending` is used up. */
    bool (*test)(void *self, mri_pending *pending, mr_error *error);

    /* Give up.  True: `pending` is used up, and the memory is not touched any
     * more.  False: it goes on, as MPI can recall neither sends nor receives
     * whose message has begun to arrive. */
    bool (*cancel)(void *self, mri_pending *pending);

    /* The next short message, in the order of arrival; false: none.  Its
     * bytes are valid until the next call. */
    bool (*next)(void *self, mri_arrival *arrival);
} mri_transport;

#endif
