/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Array: a million numbers that lie in the memory of all ranks.
 *
 * A process on each rank fills the block that its rank has, by plain stores.
 * Everybody reads any of it by mr_array_get, whichever node it lies on.
 */
#include "check.h"

enum { COUNT = 1000000 };

static int fill_block(const void *argument, size_t size)
{
    mr_array array = *(const mr_array *)argument;
    size_t first, count;
    void *data;
    double *block;

    (void)size;
    CHECK(mr_array_local(array, &first, &count, &data));
    block = data;
    for (size_t i = 0; i < count; i++) {
        block[i] = 1.0 / (double)(first + i + 1);
    }
    return 0;
}

/* By all ranks at once. */
static void fill(mr_array array)
{
    int ranks = mr_size();
    mr_process *processes = calloc((size_t)ranks, sizeof *processes);

    CHECK(processes ? MR_OK : MR_ERR_NO_MEMORY);
    for (int rank = 0; rank < ranks; rank++) {
        const mr_process_options there = {.place = MR_ON_RANK(rank)};

        CHECK(mr_process_create(&processes[rank], fill_block, &array,
                                sizeof array, &there));
        CHECK(mr_process_start(processes[rank]));
    }
    for (int rank = 0; rank < ranks; rank++) {
        CHECK(mr_process_join(processes[rank], MR_FOREVER));
    }
    free(processes);
}

int main(int argc, char **argv)
{
    const mr_array_options spread = {.spread = true};
    double *numbers, sum = 0;
    mr_array array;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 alone */
    CHECK(mr_array_create(&array, MR_DOUBLE, COUNT, NULL, &spread));
    fill(array);
    numbers = malloc(COUNT * sizeof *numbers);
    CHECK(numbers ? MR_OK : MR_ERR_NO_MEMORY);
    CHECK(mr_array_get(array, 0, COUNT, numbers));
    for (int i = COUNT - 1; i >= 0; i--) {
        sum += numbers[i];
    }
    printf("1 + 1/2 + 1/3 + ... + 1/%d = %.9f\n", COUNT, sum);
    free(numbers);
    return mr_finalize();
}
