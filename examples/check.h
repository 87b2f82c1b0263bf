/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every call of an example is checked; one that fails ends the process with a
 * line that names it.
 */
#ifndef CHECK_H
#define CHECK_H

#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(call) check((call), #call)

static inline void check(mr_error error, const char *call)
{
    if (error) {
        fprintf(stderr, "%s: %s\n", call, mr_error_text(error));
        exit(1);
    }
}

#endif
