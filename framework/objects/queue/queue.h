/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations of a Queue, for the files that own its calls.
 */
#ifndef MRI_OBJECTS_QUEUE_H
#define MRI_OBJECTS_QUEUE_H

#include "engine/channel.h"
#include "objects/holders.h"

/* The try functions, by number. */
enum {
    MRI_QUEUE_PUT = 0,
    MRI_QUEUE_GET,
    MRI_QUEUE_COUNT,
    MRI_QUEUE_PUT_MANY, /* see mri_channel_put_many */
    MRI_QUEUE_GET_MANY, /* see mri_channel_get_many */
    MRI_QUEUE_CLOSE,
    MRI_QUEUE_ATTACH, /* argument: a holder; in: the one that attaches it */
    MRI_QUEUE_DETACH, /* argument: a holder */
    MRI_QUEUE_DONE,   /* argument: how many items */
    MRI_QUEUE_JOIN,
    MRI_QUEUE_RESERVE, /* these three: see objects/lending.h */
    MRI_QUEUE_COMMIT,
    MRI_QUEUE_TAKE,
    MRI_QUEUE_TRIES
};

/* Bits of the variant of a handle. */
enum { MRI_QUEUE_EXACT = 1 };

/* What mri_create wants. */
typedef struct mri_queue_spec {
    uint64_t maxsize; /* 0: none */
    uint64_t per_producer;
} mri_queue_spec;

/* The caller, a producer, attaches another, e.g. a process before its start.
 * Errors as of mr_queue_attach, and MR_ERR_NOT_HELD. */
mr_error mri_queue_attach_other(mr_handle queue, uint64_t id);

extern const mri_kind_ops mri_queue_ops;

#endif
