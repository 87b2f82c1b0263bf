/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool: how many primes are there below two million?
 *
 * Each task counts those in a range of numbers.  Higher ranges take longer; the
 * pool hands out the tasks so that all ranks end together.
 */
#include "check.h"

enum { RANGE = 20000, RANGES = 100 };

static bool is_prime(uint64_t number)
{
    for (uint64_t i = 2; i * i <= number; i++) {
        if (number % i == 0) {
            return false;
        }
    }
    return number > 1;
}

/* A task knows its index; this one needs no other input. */
static mr_error count_primes(const void *input, void *output,
                             const mr_task *task)
{
    uint64_t first = task->index * RANGE;
    uint64_t *count = output;

    (void)input;
    for (uint64_t number = first; number < first + RANGE; number++) {
        *count += is_prime(number);
    }
    return MR_OK;
}

int main(int argc, char **argv)
{
    uint64_t counts[RANGES] = {0}, sum = 0;
    mr_pool pool;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 alone */
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_map(pool, count_primes, NULL, 0, NULL, 0, counts,
                      sizeof *counts, RANGES, NULL));
    for (int i = 0; i < RANGES; i++) {
        sum += counts[i];
    }
    printf("primes below %d: %llu\n", RANGE * RANGES, (unsigned long long)sum);
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
