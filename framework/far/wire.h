/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What travels between nodes: a head, then what its kind brings.
 *
 * A CALL brings call->in, padded to 16 bytes, and call->more; a REPLY what was
 * written to call->out.  What does not fit into a small message (MRI_BULK)
 * follows as bulk: that of a call when the owner has memory for it and says
 * so by CLEAR, that of a reply at once.
 *
 * Where the MPI window works it carries the bulk of some operations
 * (mri_kind_ops.windowed): the caller puts it to, or gets it from, the place
 * in the owner's window that CLEAR or REPLY names, and then says so by MOVED.
 */
#ifndef MRI_FAR_WIRE_H
#define MRI_FAR_WIRE_H

#include "engine/object.h"
#include "message/message.h"

typedef enum mri_what {
    MRI_CALL = 1,
    MRI_CREATE,  /* in place of an operation: mri_kind_ops.create */
    MRI_DESTROY, /* likewise mri_object_destroy */
    MRI_WATCH,   /* likewise mr_wait, for the handles in `in` */
    MRI_GONE,    /* an endpoint has ended: `in` is an mri_gone */
    MRI_CANCEL,  /* end that call now; its reply tells how it ended */
    MRI_CLEAR,   /* send the bulk of that call */
    MRI_MOVED,   /* the window has carried the bulk of that call */
    MRI_ALIVE,   /* a word between rank 0 and others, see runtime/liveness.h */
    MRI_LOST,    /* likewise: rank `argument` is lost */
    MRI_REPLY
} mri_what;

enum {
    MRI_BULK = 1,         /* what it brings follows as bulk */
    MRI_PIPELINED = 2,    /* the caller does not wait for the reply */
    MRI_WINDOW = 4,       /* the window carries the bulk */
    MRI_COALESCED = 8,    /* several pipelined calls, see far/coalesce.h */
    MRI_CALLER_ENDED = 16 /* of a CANCEL: the caller has died */
};

typedef struct mri_head {
    uint16_t what;
    uint16_t operation;
    uint32_t flags;
    uint64_t endpoint; /* the caller */
    uint64_t thread;   /* the reference of its record, on its own node */
    uint64_t number;   /* of the call, counted by the thread */
    mr_handle handle;
    double timeout;
    uint64_t argument;
    uint64_t result;
    uint64_t in_size;
    uint64_t more_size;
    uint64_t out_size; /* room for output; of a reply: what there is */
    int32_t error;     /* of a reply, and of what was moved */
    uint32_t acked;    /* by the way: so many calls of ... */
    uint64_t acked_endpoint;
    uint64_t acked_thread; /* ... that were pipelined are done */
    uint64_t place;        /* of bulk, in the owner's window */
} mri_head;

_Static_assert(sizeof(mri_head) % 16 == 0, "what it brings is aligned to 16");

/* Where `more` begins, behind `in`. */
static inline uint64_t mri_padded(uint64_t in_size)
{
    return (in_size + 15) & ~(uint64_t)15;
}

static inline uint64_t mri_brings(const mri_head *head)
{
    return head->what == MRI_REPLY
               ? head->out_size
               : mri_padded(head->in_size) + head->more_size;
}

/* All of it in one small message? */
static inline bool mri_is_small(const mri_head *head)
{
    return mri_brings(head) <= MRI_MESSAGE_MAX - sizeof *head;
}

#endif
