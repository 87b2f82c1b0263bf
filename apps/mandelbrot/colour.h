/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Colours, as red, green and blue of 0 to 255.
 */
#ifndef MANDELBROT_COLOUR_H
#define MANDELBROT_COLOUR_H

#include <stdint.h>

/** The colour of a point that escaped after so many iterations; black for one
 *  that did not, whose depth is negative. */
void colour_of_depth(double depth, uint8_t colour[3]);

/** A colour for each rank, those of neighbours easy to tell apart. */
void colour_of_rank(int rank, uint8_t colour[3]);

/** A rank's colour, as bright as what is seen there, but never black. */
void colour_shade(const uint8_t rank[3], const uint8_t seen[3],
                  uint8_t colour[3]);

#endif
