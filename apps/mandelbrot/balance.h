/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rank computed which row: a table, and the picture in the colours of the
 * ranks.
 */
#ifndef MANDELBROT_BALANCE_H
#define MANDELBROT_BALANCE_H

#include "picture.h"
#include "rows.h"

/** Prints what each rank did, to stdout; false: stderr says why. */
bool balance_print(const struct rows *rows, int ranks);

/** Makes the picture with a legend at its right; false: no memory. */
bool balance_draw(struct picture *picture, const struct rows *rows, int width,
                  int ranks);

#endif
