/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns bulk: transfers, cut into fragments, from and to the memory of the
 * callers.
 *
 * A stream is one stream to or from one rank.  Its fragments pass one channel,
 * so they are begun in order, and both sides cut alike.  A few are under way at
 * a time, also of several transfers, and the oldest is looked at.  A stream
 * that failed is out of step with its other side and stays failed.
 *
 * `done` is called when all lists are in order, and may begin more.  What the
 * transport does not let go of is never asked about again: see mri_bulk_kept.
 */
#include <assert.h>
#include <stdlib.h>

#include "message/state.h"
#include "util/fault.h"

/* ---- memory -------------------------------------------------------------- */

static mri_transfer *transfer_take(mri_messages *messages)
{
    mri_transfer *transfer = messages->spare;

    if (transfer) {
        messages->spare = transfer->next;
        return transfer;
    }
    return mri_fault_allocation() ? NULL : malloc(sizeof *transfer);
}

static void transfer_conclude(mri_messages *messages, mri_transfer *transfer,
                              mr_error error)
{
    mri_bulk_done *done = transfer->done;
    void *user = transfer->user;
    bool kept = transfer->kept;
    bool before = messages->kept; /* `done` may lose another rank */

    assert(!kept || error);
    transfer->next = messages->spare;
    messages->spare = transfer;
    messages->kept = kept;
    done(user, error);
    messages->kept = before;
}

bool mri_bulk_kept(void)
{
    return mri_messages_self()->kept;
}

/* ---- streams ---------------------------------------------------------------
 */

static mri_bulk_stream *stream_at(mri_messages *messages, unsigned int rank,
                                  mri_stream stream, bool sends)
{
    return &messages->peers[rank].bulk[(sends ? MRI_STREAMS : 0) + stream];
}

static void stream_becomes_busy(mri_messages *messages, mri_bulk_stream *bulk)
{
    mri_link_append(&messages->busy, &bulk->link);
    messages->busy_count++;
}

static void stream_becomes_free(mri_messages *messages, mri_bulk_stream *bulk)
{
    mri_link_remove(&bulk->link);
    messages->busy_count--;
}

static mr_error fragment_begin(mri_messages *messages, mri_bulk_stream *bulk)
{
    const mri_transport *transport = messages->transport;
    mri_transfer *transfer = bulk->unbegun;
    unsigned char *bytes = transfer->bytes + transfer->begun;
    uint64_t left = transfer->size - transfer->begun;
    mri_fragment *fragment = &bulk->fragments[(bulk->oldest + bulk->count) %
                                              MRI_FRAGMENTS_UNDER_WAY];

    fragment->transfer = transfer;
    fragment->size =
        left < messages->fragment ? (size_t)left : messages->fragment;
    return bulk->sends
               ? transport->send(transport->self, bulk->rank, bulk->channel,
                                 bytes, fragment->size, &fragment->pending)
               : transport->receive(transport->self, bulk->rank, bulk->channel,
                                    bytes, fragment->size, &fragment->pending);
}

/* Errors are told by the next progress, as here is no place for `done`. */
static void stream_begin_fragments(mri_messages *messages,
                                   mri_bulk_stream *bulk)
{
    while (bulk->unbegun && bulk->count < MRI_FRAGMENTS_UNDER_WAY &&
           !bulk->error) {
        mri_transfer *transfer = bulk->unbegun;

        bulk->error = fragment_begin(messages, bulk);
        if (bulk->error == MR_OK) {
            transfer->begun += bulk->fragments[(bulk->oldest + bulk->count) %
                                               MRI_FRAGMENTS_UNDER_WAY]
                                   .size;
            bulk->count++;
            if (transfer->begun == transfer->size) {
                bulk->unbegun = transfer->next;
            }
        }
    }
}

/* Take the oldest fragment, which has ended, from the ring; and its transfer
 * from the stream, if that was its last one. */
static mri_transfer *stream_retire_fragment(mri_messages *messages,
                                            mri_bulk_stream *bulk)
{
    const mri_fragment *fragment = &bulk->fragments[bulk->oldest];
    mri_transfer *transfer = fragment->transfer;

    bulk->oldest = (bulk->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
    bulk->count--;
    transfer->ended += fragment->size;
    if (transfer->ended < transfer->size) {
        return NULL;
    }
    bulk->first = transfer->next;
    messages->under_way -= bulk->sends;
    if (!bulk->first) {
        stream_becomes_free(messages, bulk);
    }
    return transfer;
}

/* End all that is in a stream.  Those who wait are told even where the
 * transport goes on, as with a dead rank that takes for ever; the memory stays
 * its own.
 */
static void stream_fail(mri_messages *messages, mri_bulk_stream *bulk)
{
    const mri_transport *transport = messages->transport;
    mri_transfer *transfer = bulk->first;

    if (!transfer) {
        return;
    }
    bulk->first = NULL;
    bulk->unbegun = NULL;
    stream_becomes_free(messages, bulk);
    for (; bulk->count > 0; bulk->count--) {
        mri_fragment *fragment = &bulk->fragments[bulk->oldest];

        if (!transport->cancel(transport->self, &fragment->pending)) {
            fragment->transfer->kept = true;
        }
        bulk->oldest = (bulk->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
    }
    while (transfer) {
        mri_transfer *next = transfer->next;

        messages->under_way -= bulk->sends;
        transfer_conclude(messages, transfer, bulk->error);
        transfer = next;
    }
}

/* The oldest fragments that have ended make room for others. */
static bool stream_progress(mri_messages *messages, mri_bulk_stream *bulk)
{
    const mri_transport *transport = messages->transport;
    mr_error error = MR_OK;
    bool ended = false;

    for (int i = 0;
         i < MRI_FRAGMENTS_UNDER_WAY && !bulk->error && bulk->count > 0; i++) {
        mri_transfer *transfer;

        if (!transport->test(transport->self,
                             &bulk->fragments[bulk->oldest].pending, &error)) {
            break;
        }
        ended = true;
        if (error) {
            bulk->oldest = (bulk->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
            bulk->count--;
            bulk->error = error;
            break;
        }
        transfer = stream_retire_fragment(messages, bulk);
        stream_begin_fragments(messages, bulk);
        if (transfer) {
            transfer_conclude(messages, transfer, MR_OK);
        }
    }
    if (bulk->error) {
        stream_fail(messages, bulk);
        ended = true;
    }
    return ended;
}

/* ---- from outside -------------------------------------------------------- */

static mr_error stream_enter(mri_messages *messages, mri_bulk_stream *bulk,
                             const mri_transfer *wanted)
{
    mri_transfer *transfer;

    assert(wanted->size > 0);
    if (bulk->error) {
        return bulk->error;
    }
    transfer = transfer_take(messages);
    if (!transfer) {
        return MR_ERR_NO_MEMORY;
    }
    *transfer = *wanted;
    if (bulk->first) {
        bulk->last->next = transfer;
    } else {
        bulk->first = transfer;
        stream_becomes_busy(messages, bulk);
    }
    bulk->last = transfer;
    if (!bulk->unbegun) {
        bulk->unbegun = transfer;
    }
    messages->under_way += bulk->sends;
    stream_begin_fragments(messages, bulk);
    return MR_OK;
}

mr_error mri_bulk_send(unsigned int to, mri_stream stream, const void *bytes,
                       uint64_t size, mri_bulk_done *done, void *user)
{
    mri_messages *messages = mri_messages_self();
    /* A stream that sends only reads. */
    const mri_transfer wanted = {.bytes = (unsigned char *)bytes,
                                 .size = size,
                                 .done = done,
                                 .user = user};

    assert(to < messages->ranks);
    return stream_enter(messages, stream_at(messages, to, stream, true),
                        &wanted);
}

mr_error mri_bulk_receive(unsigned int from, mri_stream stream, void *bytes,
                          uint64_t size, mri_bulk_done *done, void *user)
{
    mri_messages *messages = mri_messages_self();
    const mri_transfer wanted = {
        .bytes = bytes, .size = size, .done = done, .user = user};

    assert(from < messages->ranks);
    return stream_enter(messages, stream_at(messages, from, stream, false),
                        &wanted);
}

bool mri_bulk_progress(mri_messages *messages)
{
    unsigned int looks =
        messages->busy_count < MRI_POLLS ? messages->busy_count : MRI_POLLS;
    bool ended = false;

    for (; looks > 0 && messages->busy_count > 0; looks--) {
        mri_link *link = messages->busy.next;

        mri_link_remove(link);
        mri_link_append(&messages->busy, link);
        if (stream_progress(messages, MRI_OF(link, mri_bulk_stream, link))) {
            ended = true;
        }
    }
    return ended;
}

void mri_bulk_lose(mri_messages *messages, unsigned int rank)
{
    for (int i = 0; i < 2 * MRI_STREAMS; i++) {
        mri_bulk_stream *bulk = &messages->peers[rank].bulk[i];

        bulk->error = MR_ERR_OWNER_LOST;
        stream_fail(messages, bulk);
    }
}

void mri_bulk_begin(mri_messages *messages)
{
    mri_link_reset(&messages->busy);
    for (unsigned int rank = 0; rank < messages->ranks; rank++) {
        for (unsigned int i = 0; i < 2 * MRI_STREAMS; i++) {
            mri_bulk_stream *bulk = &messages->peers[rank].bulk[i];

            mri_link_reset(&bulk->link);
            bulk->rank = rank;
            bulk->channel = MRI_CHANNEL_BULK + i % MRI_STREAMS;
            bulk->sends = i >= MRI_STREAMS;
        }
    }
}

void mri_bulk_end(mri_messages *messages)
{
    while (messages->spare) {
        mri_transfer *transfer = messages->spare;

        messages->spare = transfer->next;
        free(transfer);
    }
}
