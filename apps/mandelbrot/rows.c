/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows as tasks of a map; see the header.
 *
 * The work in a row differs a thousandfold, since points inside of the set
 * need all iterations.  The well-known tests that find most of them at once
 * are left out on purpose: uneven tasks are what this program shows.
 */
#include "rows.h"

#include "colour.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Far outside, so that the fraction of an iteration is smooth. */
#define ESCAPED 65536.0

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* How long a point takes to escape, with a fraction; below 0: it does not.
 * *iterations grows by the steps that were taken. */
static double depth_of(double x0, double y0, long limit, uint64_t *iterations)
{
    double x = 0, y = 0, xx = 0, yy = 0;
    long i;

    for (i = 0; i < limit && xx + yy < ESCAPED; i++) {
        y = 2 * x * y + y0;
        x = xx - yy + x0;
        xx = x * x;
        yy = y * y;
    }
    *iterations += (uint64_t)i;
    if (xx + yy < ESCAPED) {
        return -1;
    }
    return fmax(0, (double)i + 1 - log2(log2(xx + yy) / 2));
}

static mr_error compute_row(const void *input, void *output,
                            const mr_task *task)
{
    const struct view *view = task->context;
    struct row *row = output;
    double begun = seconds_now();
    double y = view->centre_y +
               (view->height / 2.0 - (double)task->index - 0.5) * view->step;

    (void)input;
    for (int column = 0; column < view->width; column++) {
        double x =
            view->centre_x + (column + 0.5 - view->width / 2.0) * view->step;

        colour_of_depth(depth_of(x, y, view->iterations, &row->iterations),
                        row->pixels + 3 * (size_t)column);
    }
    row->rank = mr_rank();
    row->seconds = seconds_now() - begun;
    return MR_OK;
}

static mr_error map_rows(struct rows *rows, const struct view *view,
                         mr_task_error *failure)
{
    const mr_map_options options = {.error = failure};
    mr_pool pool;
    mr_error error = mr_pool_create(&pool, NULL);

    if (error) {
        return error;
    }
    error = mr_pool_map(pool, compute_row, view, sizeof *view, NULL, 0,
                        rows->first, rows->size, (size_t)rows->count, &options);
    mr_pool_destroy(pool);
    return error;
}

mr_error rows_compute(struct rows *rows, const struct view *view,
                      mr_task_error *failure)
{
    const size_t align = _Alignof(struct row);
    size_t size = sizeof(struct row) + 3 * (size_t)view->width;

    rows->size = (size + align - 1) / align * align;
    rows->count = view->height;
    rows->first = calloc((size_t)view->height, rows->size);
    if (!rows->first) {
        return MR_ERR_NO_MEMORY;
    }
    return map_rows(rows, view, failure);
}

const struct row *rows_at(const struct rows *rows, int y)
{
    return (const void *)((const char *)rows->first + rows->size * (size_t)y);
}
