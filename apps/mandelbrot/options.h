/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#ifndef MANDELBROT_OPTIONS_H
#define MANDELBROT_OPTIONS_H

#include "view.h"

#include <stdbool.h>

struct options {
    struct view view;
    const char *output; /* the picture itself */
    const char *ranks;  /* the one in the colours of the ranks */
    bool answered;      /* the command line asked for words, not for pictures */
};

/** Prints what needs no job, the help or the version; false: the word asks for
 *  nothing of that. */
bool options_answer(const char *word);

/** False: there is something wrong, which has been said. */
bool options_read(struct options *options, int argc, char **argv);

#endif
