/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transport within one process: ranks are threads, or one thread that plays
 * them in turn.
 *
 * Each message is delayed by a number of polls, so that messages of different
 * pairs and channels overtake each other, and those of one do not, as with
 * MPI.  What is allowed and what not is checked: sizes that both sides agree
 * on, bytes that stay unchanged until the sending is done.  A seed makes it
 * happen again.
 */
#ifndef TESTS_UNIT_MESSAGE_FAKE_H
#define TESTS_UNIT_MESSAGE_FAKE_H

#include "harness/harness.h"
#include "message/transport.h"

typedef struct fake_net fake_net;

/* A net whose messages need up to `delay` polls. */
fake_net *fake_net_make(unsigned int ranks, uint64_t seed, unsigned int delay);
void fake_net_free(fake_net *net);

const mri_transport *fake_net_transport(fake_net *net, unsigned int rank);

/* From now on all that goes to and from a rank is lost, also what is under
 * way: nobody is told. */
void fake_net_cut(fake_net *net, unsigned int rank);

/* From now on nothing can be cancelled: it ends by itself, later. */
void fake_net_be_stubborn(fake_net *net);

/* Refuse to begin the n-th from now of what a rank begins in a channel. */
void fake_net_refuse(fake_net *net, unsigned int rank, unsigned int channel,
                     unsigned int n);

/* Let nothing arrive through a channel from one rank to another, until it is
 * let go again. */
void fake_net_hold(fake_net *net, unsigned int from, unsigned int to,
                   unsigned int channel, bool held);

/* Messages and operations that are under way. */
unsigned int fake_net_under_way(fake_net *net);

#endif
