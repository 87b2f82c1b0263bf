/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tasks: each computes one row of the picture.
 */
#ifndef MANDELBROT_ROWS_H
#define MANDELBROT_ROWS_H

#include "view.h"

#include <multirank.h>
#include <stddef.h>
#include <stdint.h>

/** One result: the pixels, and who computed them with how much effort. */
struct row {
    int32_t rank;
    uint64_t iterations;
    double seconds;
    uint8_t pixels[]; /* red, green and blue of each */
};

/** All rows, one after the other. */
struct rows {
    size_t size; /* bytes from one row to the next */
    int count;
    void *first;
};

/** Computes all rows, by the ranks of the job.  MR_ERR_NO_MEMORY when the
 *  picture is too large; *failure tells more when a task failed.  The caller
 *  calls free(rows->first), also after an error. */
mr_error rows_compute(struct rows *rows, const struct view *view,
                      mr_task_error *failure);

/** The row at this height, from 0, the top. */
const struct row *rows_at(const struct rows *rows, int y);

#endif
