/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items that are lent: how long one takes from the side that writes it where it
 * lies to the side that reads it there.  Only the first and the last byte are
 * touched, so that the time is that of the hand-over.
 */
#ifndef BENCH_OBJECTS_LENT_H
#define BENCH_OBJECTS_LENT_H

#include "../repeat.h"

typedef struct lent_case {
    size_t size;
    const char *name;
} lent_case;

static const lent_case lent_cases[] = {{64, "there_64"},
                                       {64 << 10, "there_64KiB"},
                                       {1 << 20, "there_1MiB"},
                                       {64 << 20, "there_64MiB"}};

enum { LENT_CASES = sizeof lent_cases / sizeof *lent_cases };

static inline void lent_write(unsigned char *data, size_t size, int what)
{
    data[0] = data[size - 1] = (unsigned char)what;
}

static inline void lent_check(const unsigned char *data, size_t size, int what)
{
    check(data[0] == (unsigned char)what &&
              data[size - 1] == (unsigned char)what,
          "lent: what was written");
}

/* `trip` sends an item of *user there, and takes one that comes back. */
static inline void
lent_report(const char *name, void (*trips)(void *user, long count), void *user)
{
    report(name, seconds_each(trips, user) / 2 * 1e6, "us");
}

#endif
