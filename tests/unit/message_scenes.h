/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ranks do with messages, whatever carries them: threads over the fake
 * in tests/unit, processes over MPI in tests/mpi.  Each rank plays a scene,
 * all at once; it ends when nothing of its own is under way.
 */
#ifndef TESTS_UNIT_MESSAGE_SCENES_H
#define TESTS_UNIT_MESSAGE_SCENES_H

#include "harness/harness.h"
#include "message/state.h"

/* Bytes of a fragment in tests. */
enum { SCENE_FRAGMENT = 1000 };

typedef void scene(unsigned int rank, unsigned int ranks);

/* Everybody sends messages of all sizes to everybody, itself too. */
scene scene_all_to_all;

/* Everybody sends many to rank 0. */
scene scene_many_to_one;

/* Bulk in both streams to the next rank, from the one before, and small
 * messages meanwhile. */
scene scene_bulk;

/* The first of two ranks sends until it is crowded, and then no more. */
scene scene_crowd;

/* There and back between the first two ranks. */
scene scene_ping_pong;

/* Bytes that tell from which message they are. */
void scene_fill(void *bytes, size_t size, uint64_t seed);
bool scene_holds(const void *bytes, size_t size, uint64_t seed);

/* The next small message, within a time that only guards. */
bool scene_next(unsigned int *from, const void **bytes, size_t *size);

/* Complete what is under way, within such a time. */
bool scene_settle(void);

#endif
