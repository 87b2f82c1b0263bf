/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An Array: how fast slices of it are read and written.
 *
 *   mpirun -np 2 bench/objects/array
 *
 * It lies on the last rank, so that it is on the other node where there are
 * two.
 */
#include "../bench.h"
#include "slices.h"

static void get(void *user, int64_t *mine, size_t count)
{
    const mr_array *array = user;

    must(mr_array_get(*array, 0, count, mine), "get");
}

static void set(void *user, const int64_t *mine, size_t count)
{
    const mr_array *array = user;

    must(mr_array_set(*array, 0, count, mine), "set");
}

int main(int argc, char **argv)
{
    mr_array_options there = {0};
    mr_array array;

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    there.place = MR_ON_RANK(mr_size() - 1);
    must(mr_array_create(&array, MR_INT64, SLICES_MOST, NULL, &there), "array");
    slices_measure(&(slices){get, set, &array});
    must(mr_array_destroy(array), "array");
    return mr_finalize();
}
