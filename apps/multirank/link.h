/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection between `multirank run` and the parent of a rank, and what
 * travels over it.
 *
 * All messages are the same struct, so that nobody has to parse.  It is sent as
 * it lies in memory: the ranks of a job are one binary, so that the tool beside
 * it has one layout on all hosts.
 */
#ifndef MULTIRANK_APP_LINK_H
#define MULTIRANK_APP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_SIZE = 33, HOST_SIZE = 64 };

enum message_kind {
    /* From the parent of a rank. */
    MESSAGE_HELLO = 0x6d720001, /* the first; its low byte is the version */
    MESSAGE_STARTED,            /* the rank runs */
    MESSAGE_FAILED,             /* it cannot: number is an errno */
    MESSAGE_READY,              /* it said 'r' */
    MESSAGE_ENDED,              /* number is the wait status */
    /* From `multirank run`. */
    MESSAGE_WELCOME, /* start the rank */
    MESSAGE_SIGNAL,  /* number is a signal for the rank */
    MESSAGE_LEAVE,   /* the job is over */
};

struct message {
    int32_t kind;
    int32_t number;
    int32_t pid;            /* of the rank, once it is known */
    int32_t rank, size;     /* in HELLO, like the next two */
    char token[TOKEN_SIZE]; /* the secret that lets a stranger in */
    char host[HOST_SIZE];   /* where the rank is */
    bool in_order;          /* in ENDED: the rank said 'e' */
    bool told;              /* in ENDED: the launcher terminated the rank */
};

struct link {
    int fd; /* -1: broken or closed */
    size_t have;
    struct message in; /* `have` bytes of the next message */
};

enum link_news { LINK_NOTHING, LINK_MESSAGE, LINK_BROKEN };

/** Takes over a connected socket: it no longer blocks, sends at once, and
 *  breaks when the other host has not answered for LINK_SILENCE seconds. */
void link_open(struct link *link, int fd);
enum { LINK_SILENCE = 30 };

void link_close(struct link *link);

/** Never blocks; a link that cannot take a message is broken, which
 *  link_receive will tell. */
void link_send(struct link *link, const struct message *message);

/** Never blocks.  After LINK_MESSAGE ask again; LINK_BROKEN puts the reason
 *  into errno, 0 for an end in order. */
enum link_news link_receive(struct link *link, struct message *message);

#endif
