/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An iterator gives the results of a pool one by one, while other tasks still
 * run.  Each is as large as its task makes it, and one that failed does not
 * keep the others from coming.
 */
#include "tour.h"

#include <stdio.h>
#include <string.h>

enum { FRUITS = 4, ROOM = 16 };

/* Returns the word, as many times as the number of the task. */
static mr_error repeat(const void *input, void *output, const mr_task *task)
{
    char text[FRUITS * ROOM] = "";

    (void)output;
    if (strcmp(input, "plum") == 0) {
        return mr_task_fail(MR_ERR_USER, "a worm in number %zu",
                            task->index + 1);
    }
    for (size_t i = 0; i <= task->index; i++) {
        strcat(text, input);
        strcat(text, " ");
    }
    return mr_task_return(text, strlen(text));
}

static void print(const mr_result *result)
{
    if (result->error.code != MR_OK) {
        printf("Task %zu failed: %s\n", result->index, result->error.text);
        return;
    }
    printf("Task %zu gave %zu bytes: \"%.*s\"\n", result->index, result->size,
           (int)result->size, (const char *)result->data);
}

void tour_iterator(void)
{
    const char fruits[FRUITS][ROOM] = {"apple", "pear", "plum", "fig"};
    bool came[FRUITS] = {false};
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    CHECK(mr_pool_create(&pool, NULL));

    /* In the order of the tasks ... */
    CHECK(mr_pool_imap(&iterator, pool, repeat, NULL, 0, fruits,
                       sizeof fruits[0], FRUITS, NULL));
    while (mr_iterator_next(iterator, &result, MR_FOREVER) == MR_OK) {
        print(&result);
    }
    mr_iterator_destroy(iterator);

    /* ... or as soon as they are there. */
    CHECK(mr_pool_imap_unordered(&iterator, pool, repeat, NULL, 0, fruits,
                                 sizeof fruits[0], FRUITS, NULL));
    while (mr_iterator_next(iterator, &result, MR_FOREVER) == MR_OK) {
        came[result.index] = true;
    }
    mr_iterator_destroy(iterator);
    printf("All came, in any order: %s\n",
           came[0] && came[1] && came[2] && came[3] ? "yes" : "no");

    CHECK(mr_pool_destroy(pool));
}
