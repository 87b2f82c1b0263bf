/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draws the Mandelbrot set, and who computed what of it.
 *
 *     mpirun -n 4 multirank-mandelbrot --size 1200x800
 *
 * Each row is a task of one mr_pool_map.  Rows cost very different amounts of
 * work; that the ranks end together all the same is what the second picture
 * and the table show.
 *
 *     main.c      from options to two files: the whole of it
 *     options.c   the command line
 *     rows.c      the tasks: one row each
 *     colour.c    colours of points and of ranks
 *     balance.c   the table, and the picture in the colours of the ranks
 *     legend.c    which colour is which rank
 *     picture.c   pixels, and PNG files
 */
#include "balance.h"
#include "options.h"
#include "picture.h"
#include "rows.h"

#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_MISUSE = 2 };

static bool tell(const char *what)
{
    fprintf(stderr, PROGRAM ": %s\n", what);
    return false;
}

static bool compute(struct rows *rows, const struct view *view)
{
    mr_task_error failure = {.code = MR_OK};
    mr_error error = rows_compute(rows, view, &failure);

    if (error == MR_ERR_NO_MEMORY || error == MR_ERR_TOO_LARGE) {
        return tell("no memory for so many pixels; use a smaller --size");
    }
    if (error && failure.code) {
        fprintf(stderr, PROGRAM ": row %zu, on rank %d of %s: %s\n",
                failure.index, failure.rank, failure.host, failure.text);
        return false;
    }
    return !error || tell(mr_error_text(error));
}

static bool copy_rows(struct picture *picture, const struct rows *rows,
                      int width)
{
    if (!picture_create(picture, width, rows->count)) {
        return false;
    }
    for (int y = 0; y < rows->count; y++) {
        memcpy(picture_at(picture, 0, y), rows_at(rows, y)->pixels,
               3 * (size_t)width);
    }
    return true;
}

static bool write_pictures(const struct options *options,
                           const struct rows *rows, FILE *output, FILE *ranks)
{
    struct picture plain = {0}, coloured = {0};
    int width = options->view.width;
    bool written = (copy_rows(&plain, rows, width) &&
                    balance_draw(&coloured, rows, width, mr_size())) ||
                   tell("no memory to draw in; use a smaller --size");

    written = written && picture_write(&plain, output, options->output) &&
              picture_write(&coloured, ranks, options->ranks);
    picture_destroy(&plain);
    picture_destroy(&coloured);
    return written;
}

static bool draw(const struct options *options, FILE *output, FILE *ranks)
{
    struct rows rows = {0};
    bool drawn = compute(&rows, &options->view) &&
                 write_pictures(options, &rows, output, ranks) &&
                 balance_print(&rows, mr_size());

    free(rows.first);
    return drawn;
}

/* Files are opened first: who cannot write them shall not wait in vain. */
static bool run(const struct options *options)
{
    FILE *output = picture_open(options->output);
    FILE *ranks = output ? picture_open(options->ranks) : NULL;
    bool done = ranks && draw(options, output, ranks);

    done = picture_close(output, options->output, done);
    return picture_close(ranks, options->ranks, done);
}

int main(int argc, char **argv)
{
    struct options options;
    mr_error error;
    int status;

    if (argc == 2 && options_answer(argv[1])) {
        return EXIT_SUCCESS;
    }
    error = mr_init(&argc, &argv); /* returns on rank 0 alone */
    if (error) {
        tell(mr_error_text(error));
        return EXIT_FAILURE;
    }
    if (!options_read(&options, argc, argv)) {
        return EXIT_MISUSE;
    }
    status = options.answered || run(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    return mr_finalize() == MR_OK ? status : EXIT_FAILURE;
}
