/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A picture; see the header.  The simple interface of libpng returns its
 * errors, so that no longjmp crosses this program.
 */
#include "picture.h"

#include "view.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

bool picture_create(struct picture *picture, int width, int height)
{
    *picture = (struct picture){.width = width, .height = height};
    picture->pixels = calloc((size_t)width * (size_t)height, 3);
    return picture->pixels;
}

void picture_destroy(struct picture *picture)
{
    free(picture->pixels);
    picture->pixels = NULL;
}

uint8_t *picture_at(const struct picture *picture, int x, int y)
{
    return picture->pixels + 3 * ((size_t)y * (size_t)picture->width + x);
}

void picture_fill(const struct picture *picture, int x, int y, int width,
                  int height, const uint8_t colour[3])
{
    for (int i = y; i < y + height; i++) {
        for (int j = x; j < x + width; j++) {
            memcpy(picture_at(picture, j, i), colour, 3);
        }
    }
}

static bool cannot_write(const char *name, const char *why)
{
    fprintf(stderr, PROGRAM ": cannot write %s: %s\n", name, why);
    return false;
}

FILE *picture_open(const char *name)
{
    FILE *file = fopen(name, "wb");

    if (!file) {
        cannot_write(name, strerror(errno));
    }
    return file;
}

bool picture_write(const struct picture *picture, FILE *file, const char *name)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)picture->width,
                       .height = (png_uint_32)picture->height,
                       .format = PNG_FORMAT_RGB};
    bool written =
        png_image_write_to_stdio(&image, file, 0, picture->pixels, 0, NULL);

    return written || cannot_write(name, image.message);
}

bool picture_close(FILE *file, const char *name, bool so_far)
{
    if (file && fclose(file) != 0 && so_far) {
        return cannot_write(name, strerror(errno));
    }
    return so_far;
}
