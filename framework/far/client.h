/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of other nodes that call here: each has a proxy, its calls in
 * order, and acknowledgements that are due for pipelined ones.
 *
 * All of this happens inside the exchange.
 */
#ifndef MRI_FAR_CLIENT_H
#define MRI_FAR_CLIENT_H

#include "far/wire.h"

typedef struct mri_client {
    struct mri_client *next;
    uint64_t endpoint;
    uint64_t thread;
    unsigned int host; /* its rank */
    uint32_t done;     /* pipelined calls, to be acknowledged */
    struct mri_client *next_done;
    mri_record *proxy;
    struct mri_served *first; /* its calls; the first is under way */
    struct mri_served *last;
} mri_client;

/* Of the segment of the endpoint that acts now. */
static inline unsigned int mri_index_of_self(void)
{
    return mri_segment_of(mri_ref_of(mri_self()));
}

/* The client that sent that head, or NULL. */
mri_client *mri_client_find(const mri_head *head);

/* Likewise; a new one if need be.  NULL: there is no memory, or no record. */
mri_client *mri_client_of(unsigned int from, const mri_head *head);

/* A pipelined call of it is done. */
void mri_client_done(mri_client *client);

/* Acknowledge pipelined calls in a message that goes to their host anyway. */
void mri_clients_acknowledge(unsigned int to, mri_head *head);

/* Likewise by messages of their own: `any`, as nothing else is to be done, or
 * only if there are many. */
void mri_clients_flush(bool any);

/* Forget those of an endpoint, of a host, or all; `end` first ends the calls
 * of each. */
typedef void mri_client_end(mri_client *client);
void mri_clients_end_of_endpoint(uint64_t endpoint, mri_client_end *end);
void mri_clients_end_of_host(unsigned int rank, mri_client_end *end);
void mri_clients_end_all(mri_client_end *end);

#endif
