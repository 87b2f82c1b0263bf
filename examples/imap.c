/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterator: the Collatz sequences of some numbers.
 *
 * Nobody knows beforehand how long a sequence is: mr_task_return gives a result
 * of any size.  Results come one by one, in order, while other tasks still run.
 */
#include "check.h"

enum { MOST = 200 };

/* Halve an even number, else take three times it and one, down to 1. */
static mr_error collatz(const void *input, void *output, const mr_task *task)
{
    uint64_t numbers[MOST];
    size_t count = 0;
    uint64_t number = *(const uint64_t *)input;

    (void)output;
    (void)task;
    for (; count < MOST; number = number % 2 ? 3 * number + 1 : number / 2) {
        numbers[count++] = number;
        if (number == 1) {
            return mr_task_return(numbers, count * sizeof *numbers);
        }
    }
    return mr_task_fail(MR_ERR_USER, "more than %d numbers", MOST);
}

static void print(const mr_result *result)
{
    const uint64_t *numbers = result->data;

    if (result->error.code) {
        printf("sequence %zu: %s\n", result->index, result->error.text);
        return;
    }
    printf("sequence %zu:", result->index);
    for (size_t i = 0; i < result->size / sizeof *numbers; i++) {
        printf(" %llu", (unsigned long long)numbers[i]);
    }
    puts("");
}

int main(int argc, char **argv)
{
    const uint64_t starts[] = {6, 7, 12, 1, 9, 6171};
    mr_iterator *sequences;
    mr_result result;
    mr_error error;
    mr_pool pool;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 alone */
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_imap(&sequences, pool, collatz, NULL, 0, starts,
                       sizeof *starts, sizeof starts / sizeof *starts, NULL));
    while (!(error = mr_iterator_next(sequences, &result, MR_FOREVER))) {
        print(&result);
    }
    if (error != MR_ERR_END_OF_FILE) {
        check(error, "mr_iterator_next");
    }
    mr_iterator_destroy(sequences);
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
