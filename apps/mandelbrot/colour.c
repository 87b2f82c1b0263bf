/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Colours; see the header.
 */
#include "colour.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* From deep blue over white and amber to black, and round again. */
static const uint8_t gradient[][3] = {
    {0, 7, 100}, {32, 107, 203}, {237, 255, 255}, {255, 170, 0}, {0, 2, 0}};

enum { GRADIENT = sizeof gradient / sizeof gradient[0] };

/* Okabe and Ito's, which the colour-blind can tell apart as well. */
static const uint8_t first_ranks[][3] = {
    {230, 159, 0},   {86, 180, 233}, {0, 158, 115}, {240, 228, 66},
    {204, 121, 167}, {213, 94, 0},   {0, 114, 178}, {190, 190, 190}};

enum { FIRST_RANKS = sizeof first_ranks / sizeof first_ranks[0] };

static uint8_t between(uint8_t from, uint8_t to, double part)
{
    return (uint8_t)(from + (to - from) * part + 0.5);
}

void colour_of_depth(double depth, uint8_t colour[3])
{
    double place;
    size_t below;

    if (depth < 0) {
        memset(colour, 0, 3);
        return;
    }
    /* By the logarithm, as the bands become ever narrower. */
    place = fmod(log2(depth + 1) * 1.25, GRADIENT);
    below = (size_t)place;
    for (int i = 0; i < 3; i++) {
        colour[i] =
            between(gradient[below][i], gradient[(below + 1) % GRADIENT][i],
                    place - (double)below);
    }
}

/* A full colour of a hue of 0 to 1. */
static void colour_of_hue(double hue, uint8_t colour[3])
{
    for (int i = 0; i < 3; i++) {
        double distance = fabs(fmod(hue + 1 - i / 3.0, 1) * 6 - 3) - 1;

        colour[i] = between(60, 250, fmin(fmax(distance, 0), 1));
    }
}

void colour_of_rank(int rank, uint8_t colour[3])
{
    if (rank >= 0 && rank < FIRST_RANKS) {
        memcpy(colour, first_ranks[rank], 3);
        return;
    }
    /* In steps of the golden ratio it takes long until two hues are alike. */
    colour_of_hue(fmod(rank * 0.6180339887, 1), colour);
}

void colour_shade(const uint8_t rank[3], const uint8_t seen[3],
                  uint8_t colour[3])
{
    double bright = (0.30 * seen[0] + 0.59 * seen[1] + 0.11 * seen[2]) / 255;

    for (int i = 0; i < 3; i++) {
        colour[i] = between(0, rank[i], 0.4 + 0.6 * bright);
    }
}
