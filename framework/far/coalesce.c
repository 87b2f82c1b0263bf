/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the form of batches: the head of the first call, then for each call
 * the size of what it brings, and that, padded.  The calls are alike in all
 * else, and numbered on from the first.
 */
#include "far/coalesce.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = MRI_MESSAGE_SHORT - (int)sizeof(mri_head) };

typedef struct item {
    uint64_t size;
    uint64_t unused; /* what follows is aligned to 16 */
} item;

struct mri_coalesced {
    mri_head head; /* of the first */
    uint32_t count;
    size_t used;
    _Alignas(16) unsigned char bytes[ROOM];
};

static bool is_alike(const mri_head *a, const mri_head *b)
{
    return a->operation == b->operation && a->flags == b->flags &&
           a->argument == b->argument && a->result == b->result &&
           a->out_size == b->out_size &&
           memcmp(&a->handle, &b->handle, sizeof a->handle) == 0;
}

bool mri_coalesced_add(mri_coalesced **coalesced, const mri_head *head,
                       const void *in)
{
    size_t padded = mri_padded(head->in_size);
    mri_coalesced *b = *coalesced;
    item *at;

    if (head->more_size || head->in_size > ROOM) {
        return false;
    }
    if (!b) {
        b = *coalesced = calloc(1, sizeof *b);
    }
    if (!b || b->used + sizeof *at + padded > ROOM ||
        (b->count && !is_alike(&b->head, head))) {
        return false;
    }
    assert(b->count == 0 || head->number == b->head.number + b->count);
    if (b->count++ == 0) {
        b->head = *head;
    }
    at = (item *)(b->bytes + b->used);
    at->size = head->in_size;
    if (head->in_size) {
        memcpy(at + 1, in, head->in_size);
    }
    b->used += sizeof *at + padded;
    return true;
}

uint32_t mri_coalesced_count(const mri_coalesced *coalesced)
{
    return coalesced ? coalesced->count : 0;
}

const mri_head *mri_coalesced_close(mri_coalesced *coalesced, const void **in)
{
    assert(coalesced->count > 0 && coalesced->used <= ROOM);
    coalesced->head.flags |= MRI_COALESCED;
    coalesced->head.in_size = coalesced->used;
    mri_coalesced_drop(coalesced);
    *in = coalesced->bytes;
    return &coalesced->head;
}

void mri_coalesced_drop(mri_coalesced *coalesced)
{
    if (coalesced) {
        coalesced->count = 0;
        coalesced->used = 0;
    }
}

bool mri_coalesced_next(const mri_head *message, const void *body, size_t *at,
                        mri_head *head, const void **in)
{
    const unsigned char *bytes = body;
    const item *next = (const item *)(bytes + *at);
    bool first = *at == 0;

    if (*at + sizeof *next > message->in_size ||
        next->size > message->in_size - *at - sizeof *next) {
        return false;
    }
    if (first) {
        *head = *message;
        head->flags &= ~(uint32_t)MRI_COALESCED;
    } else {
        head->number++;
    }
    head->in_size = next->size;
    *in = next + 1;
    *at += sizeof *next + mri_padded(next->size);
    return true;
}

void mri_coalesced_free(mri_coalesced *coalesced)
{
    free(coalesced);
}
