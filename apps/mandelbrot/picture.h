/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A picture in memory, and as a PNG.
 */
#ifndef MANDELBROT_PICTURE_H
#define MANDELBROT_PICTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct picture {
    int width, height;
    uint8_t *pixels; /* red, green and blue of each, row by row */
};

/** Makes a black picture; false: no memory. */
bool picture_create(struct picture *picture, int width, int height);

/** Frees what a picture has; may be repeated. */
void picture_destroy(struct picture *picture);

/** The pixel in this place, of three bytes. */
uint8_t *picture_at(const struct picture *picture, int x, int y);

/** Fills a rectangle, which must lie inside. */
void picture_fill(const struct picture *picture, int x, int y, int width,
                  int height, const uint8_t colour[3]);

/** Opens the file of a picture, before the work for it is done; NULL: it
 *  cannot be written, and stderr says why. */
FILE *picture_open(const char *name);

/** Writes a picture; false: stderr says why. */
bool picture_write(const struct picture *picture, FILE *file, const char *name);

/** Closes what picture_open gave, also NULL, and tells whether all is well: it
 *  was so far, and the last bytes, too, could be written. */
bool picture_close(FILE *file, const char *name, bool so_far);

#endif
