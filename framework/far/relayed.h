/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls that a rank makes for threads of its processes, and their replies.
 *
 * A thread's calls end with its endpoint (far/farewell.h).  Until then what
 * MPI uses of a call lies in memory of the rank, whatever becomes of the
 * process.  All of this happens inside the exchange.
 */
#ifndef MRI_FAR_RELAYED_H
#define MRI_FAR_RELAYED_H

#include "far/caller.h"
#include "far/relay.h"

typedef struct mri_relayed_thread mri_relayed_thread;

typedef struct mri_relayed_call {
    mri_outgoing outgoing;
    struct mri_relayed_call *next; /* of a list of those that are complete */
    mri_relayed_thread *thread;
    mri_ref block; /* of the request */
    uint64_t block_size;
    uint64_t lent; /* replies of its row that are read when its output is */
    bool creates;
    _Alignas(16) unsigned char output[MRI_RELAY_GIVES];
} mri_relayed_call;

struct mri_relayed_thread {
    mri_caller caller;
    struct mri_relayed_thread *next;
    struct mri_relayed_thread *next_of_row;
    uint64_t number;           /* of its record, and of its relay row */
    bool ended;                /* nobody reads its replies */
    uint32_t done;             /* pipelined calls that it is to hear of */
    mr_error done_error;       /* of one of them */
    mri_relayed_call *first;   /* replies that wait for room in the row */
    mri_relayed_call *last;    /* undefined without a first one */
    mri_relayed_call *orphans; /* calls of which it will not know */
    mri_relayed_call *spare;   /* memory for the next call */
};

/* The thread of an endpoint that has that record; a new one if need be.  NULL:
 * there is no memory. */
mri_relayed_thread *mri_relayed_thread_of(uint64_t number, uint64_t endpoint);

/* A call as its request wants it, which owns the block from then on; NULL:
 * there is no memory.  Then it is sent, and how that went is told. */
mri_relayed_call *mri_relayed_call_make(mri_relayed_thread *thread,
                                        const mri_relay_request *request);
void mri_relayed_call_sent(mri_relayed_call *call, mr_error error);

/* Write a reply that no call has.  False: there is no room. */
bool mri_relayed_write(uint64_t number, const mri_relay_reply *reply);

/* Outside the exchange: free what has been read, and write replies that waited.
 * True: something was done. */
bool mri_relayed_go_on(void);

/* Awaited calls that are under way; at any time. */
unsigned int mri_relayed_under_way(void);

/* Nobody waits for the calls of an endpoint any more.  True: none is under
 * way.  To be called again until then. */
bool mri_relayed_end_calls(uint64_t endpoint);

/* Forget its threads. */
void mri_relayed_forget(uint64_t endpoint);

#endif
