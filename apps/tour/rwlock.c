/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader-writer lock: readers do not keep each other out, and never see what
 * a writer has half changed.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { READERS = 3, TIMES = 50 };

typedef struct account {
    mr_rwlock lock;
    mr_array both; /* two numbers whose sum is always 0 */
} account;

static int move_money(const void *argument, size_t size)
{
    const account *a = argument;
    const int64_t one = 1, minus_one = -1;

    (void)size;
    for (int i = 0; i < TIMES; i++) {
        CHECK(mr_rwlock_acquire_write(a->lock, MR_FOREVER));
        CHECK(mr_array_add(a->both, 0, &one, NULL));
        CHECK(mr_array_add(a->both, 1, &minus_one, NULL));
        CHECK(mr_rwlock_release(a->lock));
    }
    return 0;
}

static int look(const void *argument, size_t size)
{
    const account *a = argument;
    int64_t wrong = 0;

    (void)size;
    for (int i = 0; i < TIMES; i++) {
        int64_t both[2];

        CHECK(mr_rwlock_acquire_read(a->lock, MR_FOREVER));
        CHECK(MR_ARRAY_GET(a->both, 0, 2, both));
        CHECK(mr_rwlock_release(a->lock));
        wrong += both[0] + both[1] != 0;
    }
    printf("a reader saw %" PRId64 " half changes\n", wrong);
    return 0;
}

void tour_rwlock(void)
{
    mr_process readers[READERS];
    mr_process writer;
    account a;

    CHECK(mr_rwlock_create(&a.lock, NULL));
    CHECK(mr_array_create(&a.both, MR_INT64, 2, NULL, NULL));
    writer = start(move_money, &a, sizeof a);
    for (int i = 0; i < READERS; i++) {
        readers[i] = start(look, &a, sizeof a);
    }
    for (int i = 0; i < READERS; i++) {
        finish(readers[i]);
    }
    finish(writer);
    CHECK(mr_rwlock_destroy(a.lock));
    CHECK(mr_array_destroy(a.both));
}
