/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the parents of the ranks find `multirank run`.
 *
 * It listens on all its IPv4 addresses, on a port that the kernel chooses,
 * until all ranks have started, and tells port, secret and addresses in one
 * text. Which of the addresses a node can reach only the node knows, so it
 * tries all at once.
 */
#ifndef MULTIRANK_APP_MEET_H
#define MULTIRANK_APP_MEET_H

#include "link.h"

enum { ADDRESSES = 32, ADDRESS_SIZE = 64 + 16 * ADDRESSES };

struct meeting {
    int fd; /* -1: closed */
    char token[TOKEN_SIZE];
    char address[ADDRESS_SIZE]; /* PORT:TOKEN:ADDRESS,ADDRESS,... */
};

/** Begins to listen; false, and says why, when that is impossible. */
bool meeting_open(struct meeting *meeting);

bool meeting_is_open(const struct meeting *meeting);
void meeting_close(struct meeting *meeting);

/** Whether a stranger's first message lets it in. */
bool meeting_admits(const struct meeting *meeting, const struct message *hello);

/** Connects to the first of the addresses that gives an answer to HELLO, whose
 *  token is filled in, and brings the answer; false, and says why, when none
 *  does within half a minute. */
bool meet(const char *address, struct message *hello, struct link *link,
          struct message *answer);

#endif
