/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns bulk: transfers, cut into pieces, from and to the memory of whoever
 * began them.
 *
 * A lane is one stream to or from one rank.  Its pieces pass one channel, so
 * they are begun in order, and both sides cut alike.  A few are under way at a
 * time, also of several transfers, and the oldest is looked at.  A lane that
 * failed is out of step with its other side and stays failed.
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

/* ---- lanes --------------------------------------------------------------- */

static mri_bulk_stream *lane_at(mri_messages *messages, unsigned int rank,
                                mri_stream stream, bool sends)
{
    return &messages->peers[rank].lanes[(sends ? MRI_STREAMS : 0) + stream];
}

static void lane_becomes_busy(mri_messages *messages, mri_bulk_stream *lane)
{
    mri_link_append(&messages->busy, &lane->link);
    messages->busy_count++;
}

static void lane_becomes_free(mri_messages *messages, mri_bulk_stream *lane)
{
    mri_link_remove(&lane->link);
    messages->busy_count--;
}

static mr_error piece_begin(mri_messages *messages, mri_bulk_stream *lane)
{
    const mri_transport *transport = messages->transport;
    mri_transfer *transfer = lane->unbegun;
    unsigned char *bytes = transfer->bytes + transfer->begun;
    uint64_t left = transfer->size - transfer->begun;
    mri_fragment *piece =
        &lane->pieces[(lane->oldest + lane->count) % MRI_FRAGMENTS_UNDER_WAY];

    piece->transfer = transfer;
    piece->size = left < messages->piece ? (size_t)left : messages->piece;
    return lane->sends
               ? transport->send(transport->self, lane->rank, lane->channel,
                                 bytes, piece->size, &piece->pending)
               : transport->receive(transport->self, lane->rank, lane->channel,
                                    bytes, piece->size, &piece->pending);
}

/* Errors are told by the next progress, as here is no place for `done`. */
static void lane_begin_pieces(mri_messages *messages, mri_bulk_stream *lane)
{
    while (lane->unbegun && lane->count < MRI_FRAGMENTS_UNDER_WAY &&
           !lane->error) {
        mri_transfer *transfer = lane->unbegun;

        lane->error = piece_begin(messages, lane);
        if (lane->error == MR_OK) {
            transfer->begun += lane->pieces[(lane->oldest + lane->count) %
                                            MRI_FRAGMENTS_UNDER_WAY]
                                   .size;
            lane->count++;
            if (transfer->begun == transfer->size) {
                lane->unbegun = transfer->next;
            }
        }
    }
}

/* Take the oldest piece, which has ended, from the ring; and its transfer from
 * the lane, if that was its last one. */
static mri_transfer *lane_retire_piece(mri_messages *messages,
                                       mri_bulk_stream *lane)
{
    const mri_fragment *piece = &lane->pieces[lane->oldest];
    mri_transfer *transfer = piece->transfer;

    lane->oldest = (lane->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
    lane->count--;
    transfer->ended += piece->size;
    if (transfer->ended < transfer->size) {
        return NULL;
    }
    lane->first = transfer->next;
    messages->under_way -= lane->sends;
    if (!lane->first) {
        lane_becomes_free(messages, lane);
    }
    return transfer;
}

/* End all that is in a lane.  Those who wait are told even where the transport
 * goes on, as with a dead rank that takes for ever; the memory stays its own.
 */
static void lane_fail(mri_messages *messages, mri_bulk_stream *lane)
{
    const mri_transport *transport = messages->transport;
    mri_transfer *transfer = lane->first;

    if (!transfer) {
        return;
    }
    lane->first = NULL;
    lane->unbegun = NULL;
    lane_becomes_free(messages, lane);
    for (; lane->count > 0; lane->count--) {
        mri_fragment *piece = &lane->pieces[lane->oldest];

        if (!transport->cancel(transport->self, &piece->pending)) {
            piece->transfer->kept = true;
        }
        lane->oldest = (lane->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
    }
    while (transfer) {
        mri_transfer *next = transfer->next;

        messages->under_way -= lane->sends;
        transfer_conclude(messages, transfer, lane->error);
        transfer = next;
    }
}

/* The oldest pieces that have ended make room for others. */
static bool lane_progress(mri_messages *messages, mri_bulk_stream *lane)
{
    const mri_transport *transport = messages->transport;
    mr_error error = MR_OK;
    bool ended = false;

    for (int i = 0;
         i < MRI_FRAGMENTS_UNDER_WAY && !lane->error && lane->count > 0; i++) {
        mri_transfer *transfer;

        if (!transport->test(transport->self,
                             &lane->pieces[lane->oldest].pending, &error)) {
            break;
        }
        ended = true;
        if (error) {
            lane->oldest = (lane->oldest + 1) % MRI_FRAGMENTS_UNDER_WAY;
            lane->count--;
            lane->error = error;
            break;
        }
        transfer = lane_retire_piece(messages, lane);
        lane_begin_pieces(messages, lane);
        if (transfer) {
            transfer_conclude(messages, transfer, MR_OK);
        }
    }
    if (lane->error) {
        lane_fail(messages, lane);
        ended = true;
    }
    return ended;
}

/* ---- from outside -------------------------------------------------------- */

static mr_error lane_enter(mri_messages *messages, mri_bulk_stream *lane,
                           const mri_transfer *wanted)
{
    mri_transfer *transfer;

    assert(wanted->size > 0);
    if (lane->error) {
        return lane->error;
    }
    transfer = transfer_take(messages);
    if (!transfer) {
        return MR_ERR_NO_MEMORY;
    }
    *transfer = *wanted;
    if (lane->first) {
        lane->last->next = transfer;
    } else {
        lane->first = transfer;
        lane_becomes_busy(messages, lane);
    }
    lane->last = transfer;
    if (!lane->unbegun) {
        lane->unbegun = transfer;
    }
    messages->under_way += lane->sends;
    lane_begin_pieces(messages, lane);
    return MR_OK;
}

mr_error mri_bulk_send(unsigned int to, mri_stream stream, const void *bytes,
                       uint64_t size, mri_bulk_done *done, void *user)
{
    mri_messages *messages = mri_messages_self();
    /* A lane that sends only reads. */
    const mri_transfer wanted = {.bytes = (unsigned char *)bytes,
                                 .size = size,
                                 .done = done,
                                 .user = user};

    assert(to < messages->ranks);
    return lane_enter(messages, lane_at(messages, to, stream, true), &wanted);
}

mr_error mri_bulk_receive(unsigned int from, mri_stream stream, void *bytes,
                          uint64_t size, mri_bulk_done *done, void *user)
{
    mri_messages *messages = mri_messages_self();
    const mri_transfer wanted = {
        .bytes = bytes, .size = size, .done = done, .user = user};

    assert(from < messages->ranks);
    return lane_enter(messages, lane_at(messages, from, stream, false),
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
        if (lane_progress(messages, MRI_OF(link, mri_bulk_stream, link))) {
            ended = true;
        }
    }
    return ended;
}

void mri_bulk_lose(mri_messages *messages, unsigned int rank)
{
    for (int i = 0; i < 2 * MRI_STREAMS; i++) {
        mri_bulk_stream *lane = &messages->peers[rank].lanes[i];

        lane->error = MR_ERR_OWNER_LOST;
        lane_fail(messages, lane);
    }
}

void mri_bulk_begin(mri_messages *messages)
{
    mri_link_reset(&messages->busy);
    for (unsigned int rank = 0; rank < messages->ranks; rank++) {
        for (unsigned int i = 0; i < 2 * MRI_STREAMS; i++) {
            mri_bulk_stream *lane = &messages->peers[rank].lanes[i];

            mri_link_reset(&lane->link);
            lane->rank = rank;
            lane->channel = MRI_CHANNEL_BULK + i % MRI_STREAMS;
            lane->sends = i >= MRI_STREAMS;
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
