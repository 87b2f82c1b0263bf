/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job within one process: the segments are anonymous memory, and each
 * thread can be an endpoint of its own.  So ThreadSanitizer sees all that
 * happens between endpoints, and a death is a thread that leaves its record
 * as it was and a reaper that finds it.
 */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include "engine/object.h"
#include "harness/harness.h"
#include "memory/record.h"
#include "memory/segment.h"

/* A time-out that only guards against hanging. */
#define GUARD (15 * mrt_scale())

/* Bytes of a segment, where nothing else is said. */
enum { FAKE_MEMORY = 4 << 20 };

typedef void fake_body(unsigned int number, void *user);

/* Begin and end a job.  The caller becomes rank 0.  The end checks that
 * nothing was left over: see fake_quiet. */
bool fake_start(unsigned int ranks, int64_t memory);
void fake_stop(void);

/* The calling thread becomes a new endpoint, in a slot of a rank. */
uint64_t fake_endpoint(unsigned int rank, unsigned int slot);

/* The calling thread becomes an endpoint that it, or another, was before. */
void fake_return(uint64_t endpoint, mri_record *record);

/* Run a body in that many threads, thread i as an endpoint of rank
 * i % ranks.  Returns when all have returned or died. */
void fake_threads(unsigned int count, fake_body *body, void *user);

/* The endpoint that thread `number` of the last fake_threads was. */
uint64_t fake_endpoint_of(unsigned int number);

/* Wait until that thread has died, or any of the first `count`. */
void fake_await_death(unsigned int number);
unsigned int fake_await_any_death(unsigned int count);

/* Run a body in the calling thread; true if it died in it. */
bool fake_dies(fake_body *body, unsigned int number, void *user);

/* Die: leave the record as it is and go to the end of fake_dies, or of the
 * thread. */
_Noreturn void fake_die(void);

/* Clean up after a dead endpoint, as a reaper of rank 0. */
void fake_reap(uint64_t endpoint);

/* As fake_dies, but at the k-th kill point; false: there are fewer.  Needs a
 * debug build. */
bool fake_dies_at(int64_t k, fake_body *body, unsigned int number, void *user);

/* Inside such a body: at the k-th point from now on instead. */
void fake_die_later(int64_t k);

/* Run a body; at its k-th kill point, unless a latch is held there, run
 * another, as another endpoint.  False: there are fewer points. */
bool fake_meets_at(int64_t k, fake_body *body, fake_body *other, void *user);

/* True in a debug build; else the test is skipped. */
bool fake_has_points(void);

/* Bytes of a segment's arenas that are not free; nobody else runs. */
uint64_t fake_used(unsigned int rank);

/* Living objects of all ranks. */
unsigned int fake_objects(void);

/* No latch is held, no list has a waiter, no record has anything under way;
 * fails the test otherwise. */
void fake_quiet(void);

/* Numbers of a generator that gives each thread its own, from a seed. */
uint64_t fake_random(uint64_t *state);

/* Wait until a thread of the endpoint sleeps in the lists. */
void fake_await_sleep(uint64_t endpoint);

#endif
