/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that all processes share.  Each process writes a place of its own,
 * therefore nobody needs the lock.
 */
#include "tour.h"

enum { LENGTH = 5 };

/* Arguments are copied byte by byte; handles may be among them. */
struct place {
    mr_array array;
    size_t index;
};

static int write_square(const void *argument, size_t size)
{
    const struct place *place = argument;
    int64_t index = (int64_t)place->index;
    int64_t square = index * index;

    (void)size;
    CHECK(mr_array_set(place->array, place->index, 1, &square));
    return 0;
}

void tour_array(void)
{
    mr_array array;
    mr_process processes[LENGTH];
    int64_t squares[LENGTH];

    CHECK(mr_array_create(&array, MR_INT64, LENGTH, NULL, NULL));
    for (size_t i = 0; i < LENGTH; i++) {
        struct place place = {.array = array, .index = i};

        processes[i] = start(write_square, &place, sizeof place);
    }
    for (size_t i = 0; i < LENGTH; i++) {
        finish(processes[i]);
    }
    CHECK(mr_array_get(array, 0, LENGTH, squares));
    print_list(squares, LENGTH);
    CHECK(mr_array_destroy(array));
}
