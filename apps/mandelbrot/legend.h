/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key to the colours of ranks: a strip with a patch and the number of each.
 */
#ifndef MANDELBROT_LEGEND_H
#define MANDELBROT_LEGEND_H

#include "picture.h"

/** The pixels that a legend for so many ranks takes in a picture so high. */
int legend_width(int ranks, int height);

/** Draws it, from column x on. */
void legend_draw(const struct picture *picture, int x, int ranks);

#endif
