/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the state of this rank's messages, its lock, its begin and its end.
 */
#include "message/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "message/state.h"
#include "util/fault.h"
#include "util/rank_local.h"

static MRI_RANK_LOCAL mri_messages messages_of_rank;

static _Thread_local mri_messages *of_thread
    __attribute__((tls_model("initial-exec")));

mri_messages *mri_messages_self(void)
{
    return __builtin_expect(of_thread == NULL, 1) ? &MRI_OWN(messages_of_rank)
                                                  : of_thread;
}

void mri_messages_become(mri_messages *messages)
{
    of_thread = messages;
}

/* ---- begin and end ------------------------------------------------------- */

static mri_peer *make_peers(unsigned int ranks)
{
    mri_peer *peers =
        mri_fault_allocation() ? NULL : calloc(ranks, sizeof *peers);

    for (unsigned int rank = 0; peers && rank < ranks; rank++) {
        mri_link_reset(&peers[rank].holder);
        mri_link_reset(&peers[rank].held);
    }
    return peers;
}

mr_error mri_message_begin(const mri_transport *transport, unsigned int ranks)
{
    mri_messages *messages = mri_messages_self();

    memset(messages, 0, sizeof *messages);
    messages->peers = make_peers(ranks);
    if (!messages->peers) {
        return MR_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&messages->lock, NULL);
    messages->transport = transport;
    messages->ranks = ranks;
    messages->fragment = MRI_FRAGMENT_MAX;
    mri_small_begin(messages);
    mri_bulk_begin(messages);
    return MR_OK;
}

void mri_message_end(void)
{
    mri_messages *messages = mri_messages_self();

    if (!messages->peers) {
        return;
    }
    for (unsigned int rank = 0; rank < messages->ranks; rank++) {
        mri_message_lose(rank);
    }
    mri_bulk_end(messages);
    mri_small_end(messages);
    free(messages->peers);
    messages->peers = NULL;
    messages->ranks = 0; /* the lock is the caller's, who may keep it */
}

/* ---- the lock ------------------------------------------------------------ */

void mri_message_lock(void)
{
    pthread_mutex_lock(&mri_messages_self()->lock);
}

bool mri_message_try_lock(void)
{
    return pthread_mutex_trylock(&mri_messages_self()->lock) == 0;
}

void mri_message_unlock(void)
{
    pthread_mutex_unlock(&mri_messages_self()->lock);
}

/* ---- all messages -------------------------------------------------------- */

bool mri_message_progress(void)
{
    mri_messages *messages = mri_messages_self();
    bool small = mri_small_progress(messages);
    bool bulk = mri_bulk_progress(messages);

    return small || bulk;
}

bool mri_message_crowded(void)
{
    return mri_messages_self()->under_way >= MRI_MESSAGES_UNDER_WAY;
}

bool mri_message_idle(void)
{
    const mri_messages *messages = mri_messages_self();

    return mri_link_alone(&messages->sending) && messages->busy_count == 0;
}

void mri_message_lose(unsigned int rank)
{
    mri_messages *messages = mri_messages_self();

    assert(rank < messages->ranks);
    if (!messages->peers[rank].lost) {
        messages->peers[rank].lost = true;
        mri_small_lose(messages, rank);
        mri_bulk_lose(messages, rank);
    }
}
