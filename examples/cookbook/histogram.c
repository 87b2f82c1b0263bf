/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histogram: tasks add what they have counted to a shared Array.
 *
 * mr_array_add is atomic, so no lock is needed.  Each task counts in memory of
 * its own first and adds its counts once, as one shared addition for each
 * number would be slower, above all from another node.
 */
#include "../check.h"

enum { BINS = 10, TASKS = 64, DRAWS = 100000 };

/* [recipe] */
/* A simple generator of random numbers; each task has its own seed. */
static uint64_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static mr_error count(const void *input, void *output, const mr_task *task)
{
    const mr_array *bins = task->context;
    int64_t counts[BINS] = {0};
    uint64_t state = task->index;

    (void)input, (void)output;
    for (int i = 0; i < DRAWS; i++) {
        counts[draw(&state) % BINS]++;
    }
    for (size_t bin = 0; bin < BINS; bin++) {
        mr_error error = mr_array_add(*bins, bin, &counts[bin], NULL);

        if (error) {
            return error;
        }
    }
    return MR_OK;
}
/* [end] */

int main(int argc, char **argv)
{
    int64_t counts[BINS], sum = 0;
    bool even = true;
    mr_array bins;
    mr_pool pool;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    CHECK(mr_array_create(&bins, MR_INT64, BINS, NULL, NULL));
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_map(pool, count, &bins, sizeof bins, NULL, 0, NULL, 0, TASKS,
                      NULL));
    CHECK(mr_array_get(bins, 0, BINS, counts));
    for (int bin = 0; bin < BINS; bin++) {
        sum += counts[bin];
        even = even && counts[bin] > TASKS * DRAWS / BINS * 95LL / 100;
    }
    printf("%lld numbers in %d bins, %s\n", (long long)sum, BINS,
           even ? "evenly" : "not evenly");
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
