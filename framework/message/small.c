/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns small messages.
 *
 * What is short goes in one fragment, and is handed out from where the
 * transport received it.  What is long goes through a channel of its own, and a
 * short announcement says that it comes.  Until it is complete, whatever
 * arrives later from the same rank is held, so that the order stays; messages
 * of other ranks pass.
 *
 * A buffer is in one place: on a free list, in `sending`, in its peer's `held`,
 * in `abandoned`, or it is `handed_out`.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "message/state.h"
#include "util/fault.h"

enum {
    SHORT_KEPT = MRI_MESSAGES_UNDER_WAY, /* buffers on the free list: 1 MiB */
    LONG_KEPT = 16                       /* 1 MiB, too */
};

/* ---- memory -------------------------------------------------------------- */

static mri_message_buffer *buffer_take(mri_messages *messages, bool is_long)
{
    mri_free_list *free_list = &messages->free_lists[is_long];
    mri_message_buffer *buffer;

    if (free_list->count > 0) {
        buffer = MRI_OF(free_list->buffers.previous, mri_message_buffer, link);
        mri_link_remove(&buffer->link);
        free_list->count--;
        return buffer;
    }
    buffer = mri_fault_allocation() ? NULL
                                    : malloc(sizeof *buffer + free_list->room);
    if (buffer) {
        mri_link_reset(&buffer->link);
        buffer->is_long = is_long;
        buffer->incomplete = false;
    }
    return buffer;
}

/* The one that was given last is taken first: its memory is warm. */
static void buffer_give(mri_messages *messages, mri_message_buffer *buffer)
{
    mri_free_list *free_list = &messages->free_lists[buffer->is_long];

    if (free_list->count == free_list->most) {
        free(buffer);
        return;
    }
    buffer->incomplete = false;
    mri_link_append(&free_list->buffers, &buffer->link);
    free_list->count++;
}

/* A buffer whose operation shall end. */
static void buffer_cancel(mri_messages *messages, mri_message_buffer *buffer)
{
    const mri_transport *transport = messages->transport;

    if (transport->cancel(transport->self, &buffer->pending)) {
        buffer_give(messages, buffer);
    } else {
        mri_link_append(&messages->abandoned, &buffer->link);
    }
}

static void free_list_clear(mri_free_list *free_list)
{
    while (!mri_link_alone(&free_list->buffers)) {
        mri_link *link = free_list->buffers.next;

        mri_link_remove(link);
        free(MRI_OF(link, mri_message_buffer, link));
    }
    free_list->count = 0;
}

/* ---- sending ------------------------------------------------------------- */

/* Sends a buffer and owns it from then on, also when that fails. */
static mr_error buffer_send(mri_messages *messages, mri_message_buffer *buffer,
                            unsigned int channel)
{
    const mri_transport *transport = messages->transport;
    mr_error error =
        transport->send(transport->self, buffer->rank, channel, buffer->bytes,
                        buffer->size, &buffer->pending);

    /* What is short has mostly left already. */
    if (error || transport->test(transport->self, &buffer->pending, &error)) {
        buffer_give(messages, buffer);
        return error;
    }
    mri_link_append(&messages->sending, &buffer->link);
    messages->under_way++;
    return MR_OK;
}

/* The announcement last: who gets it can be sure of the rest. */
static mr_error long_send(mri_messages *messages, mri_message_buffer *buffer)
{
    unsigned int rank = buffer->rank;
    mri_message_buffer *announcement = buffer_take(messages, false);
    mr_error error;

    if (!announcement) {
        buffer_give(messages, buffer);
        return MR_ERR_NO_MEMORY;
    }
    announcement->rank = rank;
    announcement->size = sizeof buffer->size;
    memcpy(announcement->bytes, &buffer->size, sizeof buffer->size);
    error = buffer_send(messages, buffer, MRI_CHANNEL_LONG);
    if (error) {
        buffer_give(messages, announcement);
        return error;
    }
    error = buffer_send(messages, announcement, MRI_CHANNEL_ANNOUNCEMENT);
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
    mri_message_buffer *buffer;

    assert(to < messages->ranks);
    if (head_size > MRI_MESSAGE_MAX || body_size > MRI_MESSAGE_MAX ||
        size > MRI_MESSAGE_MAX) {
        return MR_ERR_TOO_LARGE;
    }
    if (messages->peers[to].lost) {
        return MR_ERR_OWNER_LOST;
    }
    buffer = buffer_take(messages, size > MRI_SHORT_MAX);
    if (!buffer) {
        return MR_ERR_NO_MEMORY;
    }
    buffer->rank = to;
    buffer->size = size;
    if (head_size > 0) {
        memcpy(buffer->bytes, head, head_size);
    }
    if (body_size > 0) {
        memcpy(buffer->bytes + head_size, body, body_size);
    }
    return buffer->is_long ? long_send(messages, buffer)
                           : buffer_send(messages, buffer, MRI_CHANNEL_SHORT);
}

/* True when it has left.  One that could not is missed by its receiver, and
 * so the receiver is as good as lost. */
static bool sending_ends(mri_messages *messages, mri_message_buffer *buffer)
{
    const mri_transport *transport = messages->transport;
    unsigned int rank = buffer->rank;
    mr_error error = MR_OK;

    mri_link_remove(&buffer->link);
    if (!transport->test(transport->self, &buffer->pending, &error)) {
        mri_link_append(&messages->sending, &buffer->link);
        return false;
    }
    messages->under_way--;
    buffer_give(messages, buffer);
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
    mri_message_buffer *buffer = buffer_take(messages, is_long);

    if (!buffer) {
        return false;
    }
    buffer->rank = arrival->from;
    buffer->size = arrival->size;
    if (is_long) {
        memcpy(&buffer->size, arrival->bytes, sizeof buffer->size);
        assert(buffer->size <= MRI_MESSAGE_MAX);
        if (transport->receive(transport->self, buffer->rank, MRI_CHANNEL_LONG,
                               buffer->bytes, buffer->size, &buffer->pending)) {
            buffer_give(messages, buffer);
            mri_message_lose(arrival->from);
            return true;
        }
        buffer->incomplete = true;
    } else if (arrival->size > 0) {
        memcpy(buffer->bytes, arrival->bytes, arrival->size);
    }
    if (mri_link_alone(&peer->held)) {
        mri_link_append(&messages->holders, &peer->holder);
    }
    mri_link_append(&peer->held, &buffer->link);
    return true;
}

/* The first buffer that a peer holds, if it is complete. */
static mri_message_buffer *peer_hand_out(mri_messages *messages, mri_peer *peer)
{
    const mri_transport *transport = messages->transport;
    mri_message_buffer *buffer =
        MRI_OF(peer->held.next, mri_message_buffer, link);
    mr_error error = MR_OK;

    if (buffer->incomplete) {
        if (!transport->test(transport->self, &buffer->pending, &error)) {
            return NULL;
        }
        buffer->incomplete = false;
        if (error) {
            mri_message_lose(buffer->rank);
            return NULL;
        }
    }
    mri_link_remove(&buffer->link);
    if (mri_link_alone(&peer->held)) {
        mri_link_remove(&peer->holder);
    }
    return buffer;
}

static mri_message_buffer *held_hand_out(mri_messages *messages)
{
    const mri_link *last = messages->holders.previous;
    mri_link *link = NULL;
    mri_message_buffer *buffer = NULL;

    for (int i = 0; i < MRI_POLLS && !buffer && link != last &&
                    !mri_link_alone(&messages->holders);
         i++) {
        link = messages->holders.next;

        mri_link_remove(link);
        mri_link_append(&messages->holders, link);
        buffer = peer_hand_out(messages, MRI_OF(link, mri_peer, holder));
    }
    return buffer;
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
    mri_message_buffer *buffer = messages->handed_out;

    if (buffer) {
        messages->handed_out = NULL;
        buffer_give(messages, buffer);
    }
    buffer = held_hand_out(messages);
    if (buffer) {
        messages->handed_out = buffer;
        *from = buffer->rank;
        *bytes = buffer->bytes;
        *size = buffer->size;
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
    messages->free_lists[false].most = SHORT_KEPT;
    messages->free_lists[false].room = MRI_SHORT_MAX;
    messages->free_lists[true].most = LONG_KEPT;
    messages->free_lists[true].room = MRI_MESSAGE_MAX;
    mri_link_reset(&messages->free_lists[false].buffers);
    mri_link_reset(&messages->free_lists[true].buffers);
}

void mri_small_lose(mri_messages *messages, unsigned int rank)
{
    mri_peer *peer = &messages->peers[rank];
    mri_link *next;

    for (mri_link *link = messages->sending.next; link != &messages->sending;
         link = next) {
        mri_message_buffer *buffer = MRI_OF(link, mri_message_buffer, link);

        next = link->next;
        if (buffer->rank == rank) {
            mri_link_remove(link);
            messages->under_way--;
            buffer_cancel(messages, buffer);
        }
    }
    while (!mri_link_alone(&peer->held)) {
        mri_message_buffer *buffer =
            MRI_OF(peer->held.next, mri_message_buffer, link);

        mri_link_remove(&buffer->link);
        if (buffer->incomplete) {
            buffer_cancel(messages, buffer);
        } else {
            buffer_give(messages, buffer);
        }
    }
    mri_link_remove(&peer->holder);
}

/* What the transport still has is left to it: its memory is never free. */
void mri_small_end(mri_messages *messages)
{
    const mri_transport *transport = messages->transport;

    if (messages->handed_out) {
        buffer_give(messages, messages->handed_out);
    }
    while (!mri_link_alone(&messages->abandoned)) {
        mri_link *link = messages->abandoned.next;
        mri_message_buffer *buffer = MRI_OF(link, mri_message_buffer, link);
        mr_error error;

        mri_link_remove(link);
        if (transport->test(transport->self, &buffer->pending, &error)) {
            free(buffer);
        }
    }
    free_list_clear(&messages->free_lists[false]);
    free_list_clear(&messages->free_lists[true]);
}
