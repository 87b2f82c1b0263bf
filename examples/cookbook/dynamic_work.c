/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dynamic work: tasks that find more tasks.  How many ways are there to place
 * eight queens on a chess board so that none attacks another?
 *
 * Each item of the queue is a board with some queens.  A worker takes a board,
 * puts the boards with one queen more, and counts the full ones.  A shared
 * Value counts the boards that are not yet done: when it falls to 0 there is no
 * work left, and the last worker puts the end marks.
 */
#include "../check.h"

enum { WORKERS = 3, SIZE = 8 };

struct board {
    int queens;
    int row[SIZE]; /* of the queen in each column */
};

struct search {
    mr_queue boards;
    mr_value open, found;
};

static bool is_free(const struct board *board, int row)
{
    for (int i = 0; i < board->queens; i++) {
        const int distance = board->queens - i;

        if (board->row[i] == row || board->row[i] == row - distance ||
            board->row[i] == row + distance) {
            return false;
        }
    }
    return true;
}

/* [recipe] */
static void add(mr_value value, int64_t amount, int64_t *before)
{
    CHECK(mr_value_add(value, &amount, before));
}

static void expand(const struct search *search, struct board board)
{
    for (int row = 0; row < SIZE; row++) {
        if (is_free(&board, row)) {
            struct board next = board;

            next.row[next.queens++] = row;
            add(search->open, 1, NULL); /* first count it, then put it */
            CHECK(mr_queue_put(search->boards, &next, sizeof next, MR_FOREVER));
        }
    }
}

static int work(const void *argument, size_t size)
{
    const struct search *search = argument;
    struct board board;
    int64_t open;

    for (;;) {
        CHECK(mr_queue_get(search->boards, &board, sizeof board, &size,
                           MR_FOREVER));
        if (size == 0) {
            return 0;
        }
        if (board.queens == SIZE) {
            add(search->found, 1, NULL);
        } else {
            expand(search, board);
        }
        add(search->open, -1, &open);
        for (int i = 0; open == 1 && i < WORKERS; i++) { /* that was the last */
            CHECK(mr_queue_put(search->boards, NULL, 0, MR_FOREVER));
        }
    }
}
/* [end] */

int main(int argc, char **argv)
{
    const struct board empty = {0};
    const int64_t one = 1;
    mr_process workers[WORKERS];
    struct search search;
    int64_t found;

    CHECK(mr_init(&argc, &argv));                 /* returns on rank 0 only */
    CHECK(mr_queue_create(&search.boards, NULL)); /* without maxsize */
    CHECK(mr_value_create(&search.open, MR_INT64, &one, NULL));
    CHECK(mr_value_create(&search.found, MR_INT64, NULL, NULL));
    CHECK(mr_queue_put(search.boards, &empty, sizeof empty, MR_FOREVER));
    for (int i = 0; i < WORKERS; i++) {
        CHECK(
            mr_process_create(&workers[i], work, &search, sizeof search, NULL));
        CHECK(mr_process_start(workers[i]));
    }
    for (int i = 0; i < WORKERS; i++) {
        CHECK(mr_process_join(workers[i], MR_FOREVER));
    }
    CHECK(mr_value_get(search.found, &found));
    printf("%d queens: %lld ways\n", SIZE, (long long)found);
    return mr_finalize();
}
