/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Relayed calls: far calls that a rank makes for its processes and its fork
 * server, which cannot call MPI.
 *
 * Each record has a *relay row* in the segment of its rank: a ring of requests
 * that its thread writes, and a ring of replies that the rank writes.  A small
 * call needs nothing else.  What is larger lies in a block of the segment,
 * which belongs to the rank from the store on that posts the request: so MPI
 * never uses memory that the death of a process frees.
 *
 * The counters of a row only grow.  A row outlives the threads that have its
 * record one after the other, so each request and each reply names the
 * endpoint that it belongs to.
 */
#ifndef MRI_FAR_RELAY_H
#define MRI_FAR_RELAY_H

#include "far/far.h"
#include "far/wire.h"
#include "memory/record.h"

enum {
    MRI_RELAY_REQUESTS = 8,
    MRI_RELAY_REPLIES = 4,
    MRI_RELAY_BRINGS = 160, /* bytes that lie in a request itself */
    MRI_RELAY_GIVES = 176,  /* the same of a reply */
    MRI_RELAY_SMALL = 8192  /* blocks come from memory that users cannot fill */
};

typedef enum mri_relay_kind {
    MRI_RELAY_CALL,
    MRI_RELAY_CANCEL,
    MRI_RELAY_TELL, /* MRI_GONE to `ranks`; nobody waits */
    MRI_RELAY_END   /* the same for an endpoint; its row's `far` becomes 0 */
} mri_relay_kind;

typedef struct mri_relay_request {
    uint32_t to;
    uint32_t what;  /* an mri_relay_kind */
    uint64_t ranks; /* an mri_ranks */
    mri_ref block;  /* 0: none; for what is brought, and room for output */
    uint64_t block_size;
    mri_head head;
    _Alignas(16) unsigned char bytes[MRI_RELAY_BRINGS];
} mri_relay_request;

typedef struct mri_relay_reply {
    mri_ref output; /* 0: it lies here; else in the block of the request */
    uint64_t creates;
    mri_head head;
    _Alignas(16) unsigned char bytes[MRI_RELAY_GIVES];
} mri_relay_reply;

typedef struct mri_relay_row {
    _Alignas(64) mri_word posted;  /* requests; the thread's */
    mri_word wants_room;           /* the thread waits for a free request */
    _Alignas(64) mri_word taken;   /* requests; the rank's */
    _Alignas(64) mri_word replied; /* the rank's */
    mri_word more;                 /* replies wait for room in the ring */
    _Alignas(64) mri_word read;    /* replies; the thread's */
    _Alignas(64) mri_relay_request requests[MRI_RELAY_REQUESTS];
    mri_relay_reply replies[MRI_RELAY_REPLIES];
} mri_relay_row;

_Static_assert(sizeof(mri_relay_row) <= MRI_RELAY_ROW, "a row of the segment");

/* Does what a call brings lie in the request? */
static inline bool mri_relay_brings_little(const mri_head *head)
{
    return mri_brings(head) <= MRI_RELAY_BRINGS;
}

/* Where room for output begins in the block of a request. */
static inline uint64_t mri_relay_output_at(const mri_head *head)
{
    return mri_relay_brings_little(head) ? 0 : mri_padded(mri_brings(head));
}

/* The row of a record, by its number in its segment. */
mri_relay_row *mri_relay_row_at(unsigned int segment, uint64_t record);
uint64_t mri_relay_record_number(mri_ref record);

/* ---- in a process -------------------------------------------------------- */

/* The row of the calling thread, with memory behind it.  NULL: there is
 * none. */
mri_relay_row *mri_relay_row_of(mri_record *self);

/* Post a request, of which `what`, `to`, `ranks` and `head` are set; `in` and
 * `more` as of a call.  Waits for memory, as long as the call itself would, and
 * at most `timeout` seconds for room in the ring.  MR_ERR_NO_MEMORY,
 * MR_ERR_TIMEOUT, MR_ERR_TOO_LARGE, MR_ERR_INTERRUPTED. */
mr_error mri_relay_put(const mri_relay_request *request, const void *in,
                       const void *more, double timeout);

/* Let the rank look at its rows: a reply was read that it waits for. */
void mri_relay_ask(const mri_record *self);

/* Sleep until the bell differs from `bell`.  A fork server notices deaths
 * meanwhile.  MR_ERR_INTERRUPTED. */
mr_error mri_relay_sleep(mri_record *self, uint64_t bell);

/* ---- in the rank --------------------------------------------------------- */

/* By its service thread alone, without the message lock: take what there is and
 * go on with what waits.  True: something was done. */
bool mri_relay_run(void);

/* Is a relayed call under way whose reply may come soon? */
bool mri_relay_expects(void);

#endif
