/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

struct options {
    int marks;
    int split;
    bool serial;
    bool answered; /* there is nothing else to do */
};

/* Answers --help and --version; false: the word is neither. */
bool options_answer(const char *word);

/* False: it is wrong, and that was said. */
bool options_read(struct options *options, int argc, char **argv);

#endif
