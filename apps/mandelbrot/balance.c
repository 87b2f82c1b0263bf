/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The load balance; see the header.
 */
#include "balance.h"

#include "colour.h"
#include "legend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct share {
    int rows;
    uint64_t iterations;
    double seconds;
};

static void add(struct share *share, const struct row *row)
{
    share->rows++;
    share->iterations += row->iterations;
    share->seconds += row->seconds;
}

static void print_share(int rank, const struct share *share, uint64_t all)
{
    uint8_t colour[3];

    colour_of_rank(rank, colour);
    printf("%4d  #%02x%02x%02x  %6d  %8.1f %%  %8.2f s\n", rank, colour[0],
           colour[1], colour[2], share->rows,
           100.0 * (double)share->iterations / (double)all, share->seconds);
}

bool balance_print(const struct rows *rows, int ranks)
{
    struct share *shares = calloc((size_t)ranks, sizeof *shares);
    struct share all = {0};

    if (!shares) {
        fputs(PROGRAM ": no memory for the table\n", stderr);
        return false;
    }
    for (int y = 0; y < rows->count; y++) {
        add(&shares[rows_at(rows, y)->rank], rows_at(rows, y));
        add(&all, rows_at(rows, y));
    }
    puts("rank  colour     rows  iterations        busy");
    for (int rank = 0; rank < ranks; rank++) {
        print_share(rank, &shares[rank], all.iterations);
    }
    free(shares);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": stdout: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static void draw_row(const struct picture *picture, int y, int width,
                     const struct row *row)
{
    uint8_t colour[3];

    colour_of_rank(row->rank, colour);
    for (int x = 0; x < width; x++) {
        colour_shade(colour, row->pixels + 3 * (size_t)x,
                     picture_at(picture, x, y));
    }
}

bool balance_draw(struct picture *picture, const struct rows *rows, int width,
                  int ranks)
{
    if (!picture_create(picture, width + legend_width(ranks, rows->count),
                        rows->count)) {
        return false;
    }
    for (int y = 0; y < rows->count; y++) {
        draw_row(picture, y, width, rows_at(rows, y));
    }
    legend_draw(picture, width, ranks);
    return true;
}
