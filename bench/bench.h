/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the programs that measure Multirank have in common.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "figure.h"

#include <multirank.h>
#include <stdlib.h>

/* An error ends the program. */
static inline void must(mr_error error, const char *what)
{
    if (error) {
        fprintf(stderr, "%s: %s\n", what, mr_error_text(error));
        exit(1);
    }
}

#endif
