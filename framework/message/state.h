/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What message.c, small.c and bulk.c share: the state of one rank's messages.
 *
 * All of it is guarded by its lock.  Whatever is under way hangs in a circular
 * list, of which progress looks at a few from the front and moves them to the
 * back.  So the cost of a look does not grow with what is under way, and a
 * rank that does not answer holds nobody up.
 */
#ifndef MRI_MESSAGE_STATE_H
#define MRI_MESSAGE_STATE_H

#include <pthread.h>

#include "message/message.h"
#include "message/transport.h"

enum {
    MRI_STREAMS = 2,
    MRI_FRAGMENTS_UNDER_WAY = 4, /* of one stream */
    MRI_POLLS = 4                /* at each list, of one progress */
};

/* A member of a circular list, or the list itself: it is empty when it is its
 * own neighbour.  What is in no list is so, too. */
typedef struct mri_link {
    struct mri_link *next;
    struct mri_link *previous;
} mri_link;

/* The structure whose member a link is. */
#define MRI_OF(link, type, member) \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void mri_link_reset(mri_link *link)
{
    link->next = link;
    link->previous = link;
}

static inline bool mri_link_alone(const mri_link *link)
{
    return link->next == link;
}

static inline void mri_link_append(mri_link *list, mri_link *link)
{
    link->next = list;
    link->previous = list->previous;
    list->previous->next = link;
    list->previous = link;
}

static inline void mri_link_remove(mri_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    mri_link_reset(link);
}

/* A small message on its way, or held until those before it are complete. */
typedef struct mri_message_buffer {
    mri_link link;
    mri_pending pending;
    unsigned int rank;
    bool is_long;
    bool incomplete; /* being received */
    size_t size;
    _Alignas(16) unsigned char bytes[];
} mri_message_buffer;

/* Bulk.  Its fragments are begun, and counted off, in order. */
typedef struct mri_transfer {
    struct mri_transfer *next;
    unsigned char *bytes;
    uint64_t size;
    uint64_t begun;
    uint64_t ended;
    mri_bulk_done *done;
    void *user;
    bool kept; /* the transport does not let go of its memory */
} mri_transfer;

typedef struct mri_fragment {
    mri_pending pending;
    mri_transfer *transfer;
    size_t size;
} mri_fragment;

/* One stream to or from one rank. */
typedef struct mri_bulk_stream {
    mri_link link; /* among the busy ones */
    unsigned int rank;
    unsigned int channel;
    bool sends;
    mr_error error;        /* its end, for all that is begun later */
    mri_transfer *first;   /* not ended */
    mri_transfer *last;    /* undefined without a first one */
    mri_transfer *unbegun; /* not wholly begun */
    mri_fragment fragments[MRI_FRAGMENTS_UNDER_WAY]; /* a ring */
    unsigned int oldest;
    unsigned int count;
} mri_bulk_stream;

typedef struct mri_peer {
    mri_link holder; /* among those who hold buffers */
    mri_link held;   /* received, not handed out */
    bool lost;
    mri_bulk_stream bulk[2 * MRI_STREAMS]; /* receiving, then sending */
} mri_peer;

/* Memory for buffers, kept for the next ones. */
typedef struct mri_free_list {
    mri_link buffers;
    unsigned int count;
    unsigned int most;
    size_t room;
} mri_free_list;

typedef struct mri_messages {
    pthread_mutex_t lock;
    const mri_transport *transport;
    unsigned int ranks;
    mri_peer *peers;
    size_t
        fragment; /* MRI_FRAGMENT_MAX, in tests less; the same at all ranks */

    mri_link sending;               /* buffers */
    unsigned int under_way;         /* buffers and bulk that are being sent */
    mri_link holders;               /* peers */
    mri_message_buffer *handed_out; /* by the last mri_message_next */
    mri_arrival arrival;            /* the last one */
    bool unplaced;                  /* there was no memory to hold it */
    mri_link abandoned;             /* buffers that the transport still has */
    mri_free_list free_lists[2];    /* short, long */

    mri_link busy; /* streams */
    unsigned int busy_count;
    mri_transfer *spare;
    bool kept; /* see mri_bulk_kept */
} mri_messages;

/* The calling thread's state: that of the process, or in tests, in which
 * ranks are threads, the one that it became. */
mri_messages *mri_messages_self(void);
void mri_messages_become(mri_messages *messages);

/* small.c */
void mri_small_begin(mri_messages *messages);
void mri_small_end(mri_messages *messages);
bool mri_small_progress(mri_messages *messages);
void mri_small_lose(mri_messages *messages, unsigned int rank);

/* bulk.c */
void mri_bulk_begin(mri_messages *messages);
void mri_bulk_end(mri_messages *messages);
bool mri_bulk_progress(mri_messages *messages);
void mri_bulk_lose(mri_messages *messages, unsigned int rank);

#endif
