/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The others: who is at the other side of an object, while main measures.
 * They are ranks, inside a task of a pool, or child processes.
 *
 * Pointers to functions mean nothing in another process.  So what the others
 * do is named once, before mr_init, where all of them run through.
 */
#ifndef BENCH_OBJECTS_OTHERS_H
#define BENCH_OBJECTS_OTHERS_H

#include <stdbool.h>
#include <stddef.h>

enum { OTHERS_ARGUMENT = 256 }; /* bytes, at most */

/* What one of them does; `which` counts ranks, or children. */
typedef void others_function(const void *argument, int which);

void others_are(others_function *function);

/* Have those from `first` to `last` begin, as ranks or as children.  The
 * argument is copied.  One call at a time, by main. */
void others_begin(bool children, int first, int last, const void *argument,
                  size_t size);

/* Wait until they have returned, for a minute at most. */
void others_end(void);

#endif
