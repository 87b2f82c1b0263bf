/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key to the colours; see the header.  Entries go down in columns, as many
 * as the ranks need.  Where not even one entry fits there is no legend.
 */
#include "legend.h"

#include "colour.h"

enum {
    DOT = 2, /* pixels on a side of a dot of a digit */
    DIGIT_WIDTH = 3,
    DIGIT_HEIGHT = 5,
    DIGIT_STEP = (DIGIT_WIDTH + 1) * DOT,
    PATCH = DIGIT_HEIGHT * DOT,
    GAP = 6,
    ENTRY_HEIGHT = PATCH + GAP
};

/* Each digit as rows of three dots, the top row first. */
static const char *const digits[10] = {
    "####.##.##.####", ".#.##..#..#.###", "###..#####..###", "###..####..####",
    "#.##.####..#..#", "####..###..####", "####..####.####", "###..#..#..#..#",
    "####.#####.####", "####.####..####"};

static int digits_of(int number)
{
    return number < 10 ? 1 : 1 + digits_of(number / 10);
}

static int entry_width(int ranks)
{
    return PATCH + GAP + digits_of(ranks - 1) * DIGIT_STEP + GAP;
}

static int entries_in_column(int height)
{
    return (height - GAP) / ENTRY_HEIGHT;
}

int legend_width(int ranks, int height)
{
    int entries = entries_in_column(height);

    return entries < 1
               ? 0
               : GAP + (ranks + entries - 1) / entries * entry_width(ranks);
}

static void draw_digit(const struct picture *picture, int x, int y, int digit)
{
    static const uint8_t white[3] = {255, 255, 255};

    for (int i = 0; i < DIGIT_WIDTH * DIGIT_HEIGHT; i++) {
        if (digits[digit][i] == '#') {
            picture_fill(picture, x + i % DIGIT_WIDTH * DOT,
                         y + i / DIGIT_WIDTH * DOT, DOT, DOT, white);
        }
    }
}

/* The last digit ends before x, so that numbers stand in a column. */
static void draw_number(const struct picture *picture, int x, int y, int number)
{
    do {
        x -= DIGIT_STEP;
        draw_digit(picture, x, y, number % 10);
        number /= 10;
    } while (number > 0);
}

void legend_draw(const struct picture *picture, int x, int ranks)
{
    int entries = entries_in_column(picture->height);

    for (int rank = 0; entries > 0 && rank < ranks; rank++) {
        int left = x + GAP + rank / entries * entry_width(ranks);
        int top = GAP + rank % entries * ENTRY_HEIGHT;
        uint8_t colour[3];

        colour_of_rank(rank, colour);
        picture_fill(picture, left, top, PATCH, PATCH, colour);
        draw_number(picture,
                    left + PATCH + GAP + digits_of(ranks - 1) * DIGIT_STEP, top,
                    rank);
    }
}
