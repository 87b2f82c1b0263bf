/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Golomb rulers: marks such that no two pairs of them are equally far apart.
 */
#ifndef RULER_H
#define RULER_H

#include <multirank.h>
#include <stdbool.h>
#include <stdint.h>

#define PROGRAM "multirank-search"

enum { FEWEST_MARKS = 4, MOST_MARKS = 14, MOST_LENGTH = 255 };

/* The first mark is 0, and each is beyond the one before. */
typedef struct ruler {
    uint8_t count;
    uint8_t marks[MOST_MARKS];
} ruler;

static inline int ruler_length(const ruler *r)
{
    return r->marks[r->count - 1];
}

/* The least length of so many marks that follow one. */
static inline int ruler_room(int marks)
{
    return marks * (marks + 1) / 2;
}

/* Can that mark be the next? */
bool ruler_takes(const ruler *r, int mark);

ruler ruler_with(const ruler *r, int mark);

/* One of that many marks, each as near as possible to the one before. */
ruler ruler_greedy(int marks);

/* By the numbers of marks, then by these; for qsort. */
int ruler_compare(const void *a, const void *b);

/* A search below a ruler.  Of a ruler and its mirror image one is found. */
typedef struct search {
    int marks;
    int longest;    /* that is sought; what is below may make it less */
    uint64_t steps; /* marks that were set */
    mr_error (*found)(struct search *search, const ruler *r);
    mr_error (*look)(struct search *search); /* each 65,536 steps */
    void *user;
} search;

/* Find all rulers that begin with the marks of this one.  The first error that
 * `found` or `look` returns ends it. */
mr_error search_below(search *s, const ruler *first);

#endif
