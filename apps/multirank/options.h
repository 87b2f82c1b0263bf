/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of `multirank run`.
 */
#ifndef MULTIRANK_APP_OPTIONS_H
#define MULTIRANK_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct options {
    int ranks; /* 0: mpirun knows */
    const char *hostfile;
    const char *hosts;
    char **extra; /* words for mpirun */
    size_t extras;
    char **program; /* with its arguments, ends with NULL */
    double grace;   /* seconds that ranks have when rank 0 has ended */
    bool oversubscribe;
    bool dry_run;
};

enum options_result { OPTIONS_FINE, OPTIONS_HELPED, OPTIONS_WRONG };

/** Reads the command line; when it is wrong, says what is. */
enum options_result options_read(struct options *options, int argc,
                                 char **argv);

/** Prints words so that a shell reads them as they are. */
void print_quoted(char *const *words);

#endif
