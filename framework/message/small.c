/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns small messages.
 *
 * What is short goes in one piece, and is handed out from where the transport
 * received it.  What is long goes through a channel of its own, and a short
 * notice says that it comes.  Until it is complete, whatever arrives later
 * from the same rank is held, so that the order stays; messages of other ranks
 * pass.
 *
 * A parcel is in one place: on a shelf, in `sending`, in its peer's `held`,
 * in `abandoned`, or it is `handed_out`.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "message/state.h"
#include "util/fault.h"

enum {
    SHORT_KEPT = MRI_MESSAGES_UNDER_WAY, /* parcels on the shelf: 1 MiB */
    LONG_KEPT = 16                       /* 1 MiB, too */
};

/* ---- memory -------------------------------------------------------------- */

static mri_message_buffer *parcel_take(mri_messages *messages, bool is_long)
{
    mri_free_list *shelf = &messages->shelves[is_long];
    mri_message_buffer *parcel;

    if (shelf->count > 0) {
        parcel = MRI_OF(shelf->parcels.previous, mri_message_buffer, link);
        mri_link_remove(&parcel->link);
        shelf->count--;
        return parcel;
    }
    parcel =
        mri_fault_allocation() ? NULL : malloc(sizeof *parcel + shelf->room);
    if (parcel) {
        mri_link_reset(&parcel->link);
        parcel->is_long = is_long;
        parcel->incomplete = false;
    }
    return parcel;
}

/* The one that was given last is taken first: its memory is warm. */
static void parcel_give(mri_messages *messages, mri_message_buffer *parcel)
{
    mri_free_list *shelf = &messages->shelves[parcel->is_long];

    if (shelf->count == shelf->most) {
        free(parcel);
        return;
    }
    parcel->incomplete = false;
    mri_link_append(&shelf->parcels, &parcel->link);
    shelf->count++;
}

/* A parcel whose operation shall end. */
static void parcel_cancel(mri_messages *messages, mri_message_buffer *parcel)
{
    const mri_transport *transport = messages->transport;

    if (transport->cancel(transport->self, &parcel->pending)) {
        parcel_give(messages, parcel);
    } else {
        mri_link_append(&messages->abandoned, &parcel->link);
    }
}

static void shelf_clear(mri_free_list *shelf)
{
    while (!mri_link_alone(&shelf->parcels)) {
        mri_link *link = shelf->parcels.next;

        mri_link_remove(link);
        free(MRI_OF(link, mri_message_buffer, link));
    }
    shelf->count = 0;
}

/* ---- sending ------------------------------------------------------------- */

/* Sends a parcel and owns it from then on, also when that fails. */
static mr_error parcel_send(mri_messages *messages, mri_message_buffer *parcel,
                            unsigned int channel)
{
    const mri_transport *transport = messages->transport;
    mr_error error =
        transport->send(transport->self, parcel->rank, channel, parcel->bytes,
                        parcel->size, &parcel->pending);

    /* What is short has mostly left already. */
    if (error || transport->test(transport->self, &parcel->pending, &error)) {
        parcel_give(messages, parcel);
        return error;
    }
    mri_link_append(&messages->sending, &parcel->link);
    messages->under_way++;
    return MR_OK;
}

/* The notice last: who gets it can be sure of the rest. */
static mr_error long_send(mri_messages *messages, mri_message_buffer *parcel)
{
    unsigned int rank = parcel->rank;
    mri_message_buffer *notice = parcel_take(messages, false);
    mr_error error;

    if (!notice) {
        parcel_give(messages, parcel);
        return MR_ERR_NO_MEMORY;
    }
    notice->rank = rank;
    notice->size = sizeof parcel->size;
    memcpy(notice->bytes, &parcel->size, sizeof parcel->size);
    error = parcel_send(messages, parcel, MRI_CHANNEL_LONG);
    if (error) {
        parcel_give(messages, notice);
        return error;
    }
    error = parcel_send(messages, notice, MRI_CHANNEL_ANNOUNCEMENT);
    if (error) {
        /* The next long message would be taken for this one. */
        mri_message_lose(rank);
    }
    return error;
}

mr_error mri_message_send(unsigned int to, const void *head, size_t head_size,
                          const void *body, size_t body_size)
{
    mri_messages *messages = mri_messages_self();
    size_t size = head_size + body_size;
    mri_message_buffer *parcel;

    assert(to < messages->ranks);
    if (head_size > MRI_MESSAGE_MAX || body_size > MRI_MESSAGE_MAX ||
        size > MRI_MESSAGE_MAX) {
        return MR_ERR_TOO_LARGE;
    }
    if (messages->peers[to].lost) {
        return MR_ERR_OWNER_LOST;
    }
    parcel = parcel_take(messages, size > MRI_SHORT_MAX);
    if (!parcel) {
        return MR_ERR_NO_MEMORY;
    }
    parcel->rank = to;
    parcel->size = size;
    if (head_size > 0) {
        memcpy(parcel->bytes, head, head_size);
    }
    if (body_size > 0) {
        memcpy(parcel->bytes + head_size, body, body_size);
    }
    return parcel->is_long ? long_send(messages, parcel)
                           : parcel_send(messages, parcel, MRI_CHANNEL_SHORT);
}

/* True when it has left.  One that could not is missed by its receiver, and
 * so the receiver is as good as lost. */
static bool sending_ends(mri_messages *messages, mri_message_buffer *parcel)
{
    const mri_transport *transport = messages->transport;
    unsigned int rank = parcel->rank;
    mr_error error = MR_OK;

    mri_link_remove(&parcel->link);
    if (!transport->test(transport->self, &parcel->pending, &error)) {
        mri_link_append(&messages->sending, &parcel->link);
        return false;
    }
    messages->under_way--;
    parcel_give(messages, parcel);
    if (error) {
        mri_message_lose(rank);
    }
    return true;
}

bool mri_small_progress(mri_messages *messages)
{
    bool ended = false;

    for (int i = 0; i < MRI_POLLS && !mri_link_alone(&messages->sending); i++) {
        mri_link *link = messages->sending.next;

        if (sending_ends(messages, MRI_OF(link, mri_message_buffer, link))) {
            ended = true;
        }
    }
    return ended;
}

/* ---- receiving ----------------------------------------------------------- */

/* Copy an arrival, or begin to receive what it announces.  False: there is no
 * memory now. */
static bool arrival_hold(mri_messages *messages, const mri_arrival *arrival)
{
    const mri_transport *transport = messages->transport;
    mri_peer *peer = &messages->peers[arrival->from];
    bool is_long = arrival->channel == MRI_CHANNEL_ANNOUNCEMENT;
    mri_message_buffer *parcel = parcel_take(messages, is_long);

    if (!parcel) {
        return false;
    }
    parcel->rank = arrival->from;
    parcel->size = arrival->size;
    if (is_long) {
        memcpy(&parcel->size, arrival->bytes, sizeof parcel->size);
        assert(parcel->size <= MRI_MESSAGE_MAX);
        if (transport->receive(transport->self, parcel->rank, MRI_CHANNEL_LONG,
                               parcel->bytes, parcel->size, &parcel->pending)) {
            parcel_give(messages, parcel);
            mri_message_lose(arrival->from);
            return true;
        }
        parcel->incomplete = true;
    } else if (arrival->size > 0) {
        memcpy(parcel->bytes, arrival->bytes, arrival->size);
    }
    if (mri_link_alone(&peer->held)) {
        mri_link_append(&messages->holders, &peer->holder);
    }
    mri_link_append(&peer->held, &parcel->link);
    return true;
}

/* The first parcel that a peer holds, if it is complete. */
static mri_message_buffer *peer_hand_out(mri_messages *messages, mri_peer *peer)
{
    const mri_transport *transport = messages->transport;
    mri_message_buffer *parcel =
        MRI_OF(peer->held.next, mri_message_buffer, link);
    mr_error error = MR_OK;

    if (parcel->incomplete) {
        if (!transport->test(transport->self, &parcel->pending, &error)) {
            return NULL;
        }
        parcel->incomplete = false;
        if (error) {
            mri_message_lose(parcel->rank);
            return NULL;
        }
    }
    mri_link_remove(&parcel->link);
    if (mri_link_alone(&peer->held)) {
        mri_link_remove(&peer->holder);
    }
    return parcel;
}

static mri_message_buffer *held_hand_out(mri_messages *messages)
{
    const mri_link *last = messages->holders.previous;
    mri_link *link = NULL;
    mri_message_buffer *parcel = NULL;

    for (int i = 0; i < MRI_POLLS && !parcel && link != last &&
                    !mri_link_alone(&messages->holders);
         i++) {
        link = messages->holders.next;

        mri_link_remove(link);
        mri_link_append(&messages->holders, link);
        parcel = peer_hand_out(messages, MRI_OF(link, mri_peer, holder));
    }
    return parcel;
}

/* The next arrival that can be handed out at once. */
static bool arrival_next(mri_messages *messages)
{
    const mri_transport *transport = messages->transport;
    mri_arrival *arrival = &messages->arrival;

    while (messages->unplaced || transport->next(transport->self, arrival)) {
        const mri_peer *peer = &messages->peers[arrival->from];

        messages->unplaced = false;
        if (peer->lost) {
            continue;
        }
        if (arrival->channel == MRI_CHANNEL_SHORT &&
            mri_link_alone(&peer->held)) {
            return true;
        }
        if (!arrival_hold(messages, arrival)) {
            messages->unplaced = true;
            return false;
        }
    }
    return false;
}

bool mri_message_next(unsigned int *from, const void **bytes, size_t *size)
{
    mri_messages *messages = mri_messages_self();
    mri_message_buffer *parcel = messages->handed_out;

    if (parcel) {
        messages->handed_out = NULL;
        parcel_give(messages, parcel);
    }
    parcel = held_hand_out(messages);
    if (parcel) {
        messages->handed_out = parcel;
        *from = parcel->rank;
        *bytes = parcel->bytes;
        *size = parcel->size;
        return true;
    }
    if (!arrival_next(messages)) {
        return false;
    }
    *from = messages->arrival.from;
    *bytes = messages->arrival.bytes;
    *size = messages->arrival.size;
    return true;
}

/* ---- begin, end, loss ---------------------------------------------------- */

void mri_small_begin(mri_messages *messages)
{
    mri_link_reset(&messages->sending);
    mri_link_reset(&messages->holders);
    mri_link_reset(&messages->abandoned);
    messages->shelves[false].most = SHORT_KEPT;
    messages->shelves[false].room = MRI_SHORT_MAX;
    messages->shelves[true].most = LONG_KEPT;
    messages->shelves[true].room = MRI_MESSAGE_MAX;
    mri_link_reset(&messages->shelves[false].parcels);
    mri_link_reset(&messages->shelves[true].parcels);
}

void mri_small_lose(mri_messages *messages, unsigned int rank)
{
    mri_peer *peer = &messages->peers[rank];
    mri_link *next;

    for (mri_link *link = messages->sending.next; link != &messages->sending;
         link = next) {
        mri_message_buffer *parcel = MRI_OF(link, mri_message_buffer, link);

        next = link->next;
        if (parcel->rank == rank) {
            mri_link_remove(link);
            messages->under_way--;
            parcel_cancel(messages, parcel);
        }
    }
    while (!mri_link_alone(&peer->held)) {
        mri_message_buffer *parcel =
            MRI_OF(peer->held.next, mri_message_buffer, link);

        mri_link_remove(&parcel->link);
        if (parcel->incomplete) {
            parcel_cancel(messages, parcel);
        } else {
            parcel_give(messages, parcel);
        }
    }
    mri_link_remove(&peer->holder);
}

/* What the transport still has is left to it: its memory is never free. */
void mri_small_end(mri_messages *messages)
{
    const mri_transport *transport = messages->transport;

    if (messages->handed_out) {
        parcel_give(messages, messages->handed_out);
    }
    while (!mri_link_alone(&messages->abandoned)) {
        mri_link *link = messages->abandoned.next;
        mri_message_buffer *parcel = MRI_OF(link, mri_message_buffer, link);
        mr_error error;

        mri_link_remove(link);
        if (transport->test(transport->self, &parcel->pending, &error)) {
            free(parcel);
        }
    }
    shelf_clear(&messages->shelves[false]);
    shelf_clear(&messages->shelves[true]);
}
