/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What no count of an int holds: an item and a task of 3 GiB.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mpi/support.h"

#define HUGE ((size_t)3 << 30)
#define ENOUGH ((long long)16 << 30)

enum { STRIDE = 4096, LIMIT = 280 };

/* A number in each page, which depends on where it lies. */
static void fill(unsigned char *bytes)
{
    for (size_t at = 0; at < HUGE; at += STRIDE) {
        *(uint64_t *)(bytes + at) = at * 0x9e3779b97f4a7c15 + 1;
    }
}

static size_t count_wrong(const unsigned char *bytes)
{
    size_t wrong = 0;

    for (size_t at = 0; at < HUGE; at += STRIDE) {
        wrong += *(const uint64_t *)(bytes + at) != at * 0x9e3779b97f4a7c15 + 1;
    }
    return wrong;
}

static long long bytes_available(void)
{
    long long kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "re");

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %lld", &kilobytes) == 1) {
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    return kilobytes * 1024;
}

static unsigned char *make(void)
{
    unsigned char *bytes;

    if (bytes_available() < ENOUGH) {
        mrt_skip("wants 16 GiB of free memory");
        return NULL;
    }
    bytes = malloc(HUGE);
    if (MRT_CHECK(bytes != NULL)) {
        fill(bytes);
    }
    return bytes;
}

static int get_it(const void *argument, size_t size)
{
    unsigned char *bytes = malloc(HUGE);
    mr_queue queue;
    size_t got = 0;

    memcpy(&queue, argument, size);
    if (CHILD_CHECK(bytes != NULL) &&
        CHILD_OK(mr_queue_get(queue, bytes, HUGE, &got, LIMIT))) {
        CHILD_CHECK(got == HUGE);
        CHILD_CHECK(count_wrong(bytes) == 0);
    }
    free(bytes);
    return child_result();
}

static void item_of_3_gib_arrives(void)
{
    mr_queue_options options = {.place = MR_ON_RANK(mr_size() - 1)};
    unsigned char *bytes = make();
    mr_process child;
    mr_queue queue;

    if (!bytes || !MRT_OK(mr_queue_create(&queue, &options))) {
        free(bytes);
        return;
    }
    START(&child, mr_size() - 1, get_it, &queue, sizeof queue);
    MRT_OK(mr_queue_put(queue, bytes, HUGE, LIMIT));
    free(bytes);
    MRT_OK(mr_process_join(child, LIMIT)); /* it touches its memory first */
    END(child, 0);
    MRT_OK(mr_queue_destroy(queue));
}

static mr_error look(const void *in, void *out, const mr_task *task)
{
    *(size_t *)out = task->input_size == HUGE ? count_wrong(in) : 1;
    return MR_OK;
}

static void task_of_3_gib_is_done(void)
{
    unsigned char *bytes = make();
    size_t wrong = 1;
    mr_pool pool;

    if (!bytes || !MRT_OK(mr_pool_create(&pool, NULL))) {
        free(bytes);
        return;
    }
    MRT_OK(mr_pool_map(pool, look, NULL, 0, bytes, HUGE, &wrong, sizeof wrong,
                       1, NULL));
    MRT_EQUAL(wrong, 0);
    free(bytes);
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"item_of_3_gib_arrives", item_of_3_gib_arrives, LIMIT},
    {"task_of_3_gib_is_done", task_of_3_gib_is_done, LIMIT},
};

int main(int argc, char **argv)
{
    return suite_main("huge", tests, MRT_COUNT(tests), argc, argv);
}
