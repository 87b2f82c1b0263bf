/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the scenes.  A message tells by its length and its bytes which one it
 * should be: the n-th from its sender.
 */
#include "unit/message_scenes.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_RANKS = 16, ROUNDS = 5, MANY = 300 };

static const size_t sizes[] = {0,
                               1,
                               8,
                               57,
                               MRI_SHORT_MAX - 1,
                               MRI_SHORT_MAX,
                               MRI_SHORT_MAX + 1,
                               20000,
                               3,
                               MRI_MESSAGE_MAX - 1,
                               MRI_MESSAGE_MAX};

void scene_fill(void *bytes, size_t size, uint64_t seed)
{
    unsigned char *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        byte[i] = (unsigned char)(seed * 31 + i * 7 + (i >> 8));
    }
}

bool scene_holds(const void *bytes, size_t size, uint64_t seed)
{
    const unsigned char *byte = bytes;
    size_t i = 0;

    while (i < size &&
           byte[i] == (unsigned char)(seed * 31 + i * 7 + (i >> 8))) {
        i++;
    }
    return i == size;
}

/* ---- small --------------------------------------------------------------- */

static double guard(void)
{
    return mrt_now() + 15 * mrt_scale();
}

bool scene_next(unsigned int *from, const void **bytes, size_t *size)
{
    double end = guard();

    while (!mri_message_next(from, bytes, size)) {
        if (!mri_message_progress()) {
            mrt_pause();
        }
        if (mrt_now() > end) {
            return MRT_FAIL("no message comes");
        }
    }
    return true;
}

bool scene_settle(void)
{
    double end = guard();

    while (!mri_message_idle()) {
        if (!mri_message_progress()) {
            mrt_pause();
        }
        if (mrt_now() > end) {
            return MRT_FAIL("something is under way for ever");
        }
    }
    return true;
}

/* The n-th message of a rank to any other. */
static size_t size_of(unsigned int from, unsigned int n)
{
    return sizes[(n + from) % MRT_COUNT(sizes)];
}

static void send_nth(unsigned int rank, unsigned int to, unsigned int n)
{
    static _Thread_local unsigned char bytes[MRI_MESSAGE_MAX];
    size_t size = size_of(rank, n);
    size_t head = size < 16 ? size / 2 : 16;

    scene_fill(bytes, size, rank * 1000 + n);
    MRT_OK(mri_message_send(to, bytes, head, bytes + head, size - head));
}

/* Take one message and count it; false if none came. */
static bool take_nth(unsigned int *counts, unsigned int ranks)
{
    const void *bytes;
    unsigned int from, n;
    size_t size;

    if (!scene_next(&from, &bytes, &size) || !MRT_CHECK(from < ranks)) {
        return false;
    }
    n = counts[from]++;
    MRT_EQUAL((uintptr_t)bytes % 16, 0);
    return MRT_EQUAL(size, size_of(from, n)) &&
           MRT_CHECK(scene_holds(bytes, size, from * 1000 + n));
}

static bool nothing_is_left(void)
{
    const void *bytes;
    unsigned int from;
    size_t size;

    return MRT_CHECK(!mri_message_next(&from, &bytes, &size));
}

void scene_all_to_all(unsigned int rank, unsigned int ranks)
{
    const unsigned int each = ROUNDS * MRT_COUNT(sizes);
    unsigned int counts[MOST_RANKS] = {0};
    unsigned int taken = 0;

    for (unsigned int n = 0; n < each; n++) {
        for (unsigned int to = 0; to < ranks; to++) {
            send_nth(rank, to, n);
        }
        while (taken < n * ranks / 2 && take_nth(counts, ranks)) {
            taken++;
        }
    }
    while (taken < each * ranks && take_nth(counts, ranks)) {
        taken++;
    }
    for (unsigned int from = 0; from < ranks; from++) {
        MRT_EQUAL(counts[from], each);
    }
    scene_settle();
    nothing_is_left();
}

void scene_many_to_one(unsigned int rank, unsigned int ranks)
{
    unsigned int counts[MOST_RANKS] = {0};
    unsigned int taken = 0;
    double end = guard();

    for (unsigned int n = 0; n < MANY; n++) {
        while (mri_message_crowded() && mrt_now() < end) {
            mri_message_progress();
            /* What crowds rank 0 is under way to itself. */
            if (rank == 0 && take_nth(counts, ranks)) {
                taken++;
            }
        }
        send_nth(rank, 0, n);
    }
    while (rank == 0 && taken < MANY * ranks && take_nth(counts, ranks)) {
        taken++;
    }
    for (unsigned int from = 0; rank == 0 && from < ranks; from++) {
        MRT_EQUAL(counts[from], MANY);
    }
    scene_settle();
    nothing_is_left();
}

void scene_ping_pong(unsigned int rank, unsigned int ranks)
{
    const unsigned int other = ranks > 1 ? 1 - rank : 0;
    const void *bytes;
    unsigned int from;
    size_t size;

    for (uint64_t i = 0; rank < 2 && i < 2000; i++) {
        const uint32_t head = (uint32_t)i, body = (uint32_t)~i;

        if (rank == 0) {
            MRT_OK(mri_message_send(other, &head, 4, &body, 4));
        }
        if (!scene_next(&from, &bytes, &size)) {
            break;
        }
        MRT_EQUAL(from, other);
        MRT_EQUAL(size, 8);
        MRT_CHECK(memcmp(bytes, &head, 4) == 0);
        MRT_CHECK(memcmp((const char *)bytes + 4, &body, 4) == 0);
        if (rank == 1) {
            MRT_OK(mri_message_send(other, bytes, size, NULL, 0));
        }
    }
    scene_settle();
}

/* ---- bulk ---------------------------------------------------------------- */

static const size_t bulk_sizes[] = {1,
                                    SCENE_FRAGMENT - 1,
                                    SCENE_FRAGMENT,
                                    SCENE_FRAGMENT + 1,
                                    11 * SCENE_FRAGMENT + 3,
                                    7,
                                    100 * SCENE_FRAGMENT};

enum { BULKS = sizeof bulk_sizes / sizeof *bulk_sizes };

typedef struct bulk {
    unsigned char *bytes;
    size_t size;
    int calls; /* of done */
    mr_error error;
} bulk;

static void bulk_done(void *user, mr_error error)
{
    bulk *b = user;

    b->calls++;
    b->error = error;
}

static bool bulk_make(bulk *b, size_t size)
{
    *b = (bulk){.bytes = malloc(size), .size = size};
    return MRT_CHECK(b->bytes != NULL);
}

static uint64_t bulk_seed(unsigned int from, unsigned int stream,
                          unsigned int n)
{
    return from * 100 + stream * 10 + n;
}

static void bulk_check_and_free(bulk *b, uint64_t seed)
{
    MRT_EQUAL(b->calls, 1);
    MRT_EQUAL(b->error, MR_OK);
    MRT_CHECK(scene_holds(b->bytes, b->size, seed));
    free(b->bytes);
}

void scene_bulk(unsigned int rank, unsigned int ranks)
{
    const unsigned int to = (rank + 1) % ranks;
    const unsigned int from = (rank + ranks - 1) % ranks;
    unsigned int counts[MOST_RANKS] = {0};
    bulk out[MRI_STREAMS][BULKS], in[MRI_STREAMS][BULKS];

    for (unsigned int n = 0; n < BULKS; n++) {
        for (unsigned int s = 0; s < MRI_STREAMS; s++) {
            /* The streams of one rank differ in their order of sizes. */
            size_t size = bulk_sizes[s == 0 ? n : BULKS - 1 - n];

            if (!bulk_make(&out[s][n], size) || !bulk_make(&in[s][n], size)) {
                return;
            }
            scene_fill(out[s][n].bytes, size, bulk_seed(rank, s, n));
            MRT_OK(mri_bulk_send(to, (mri_stream)s, out[s][n].bytes, size,
                                 bulk_done, &out[s][n]));
            MRT_OK(mri_bulk_receive(from, (mri_stream)s, in[s][n].bytes, size,
                                    bulk_done, &in[s][n]));
        }
        send_nth(rank, to, n);
    }
    while (counts[from] < BULKS && take_nth(counts, ranks)) {
        mri_message_progress();
    }
    scene_settle();
    for (unsigned int s = 0; s < MRI_STREAMS; s++) {
        for (unsigned int n = 0; n < BULKS; n++) {
            bulk_check_and_free(&out[s][n], bulk_seed(rank, s, n));
            bulk_check_and_free(&in[s][n], bulk_seed(from, s, n));
        }
    }
}

/* ---- back-pressure ------------------------------------------------------- */

static void crowd_send(unsigned int to, bulk *out)
{
    for (int i = 0; i < MRI_MESSAGES_UNDER_WAY; i++) {
        MRT_CHECK(!mri_message_crowded());
        if (!bulk_make(&out[i], 9000)) {
            return;
        }
        scene_fill(out[i].bytes, out[i].size, (uint64_t)i);
        MRT_OK(mri_bulk_send(to, MRI_CALL_BULK, out[i].bytes, out[i].size,
                             bulk_done, &out[i]));
    }
    MRT_CHECK(mri_message_crowded());
    MRT_CHECK(!mri_message_idle());
    /* What is not asked for by the other side stays under way. */
    MRT_OK(mri_message_send(to, "go", 2, NULL, 0));
}

static void crowd_receive(unsigned int from, bulk *in)
{
    const void *bytes;
    unsigned int who;
    size_t size;

    if (!scene_next(&who, &bytes, &size)) {
        return;
    }
    MRT_EQUAL(who, from);
    for (int i = 0; i < MRI_MESSAGES_UNDER_WAY; i++) {
        if (!bulk_make(&in[i], 9000)) {
            return;
        }
        MRT_OK(mri_bulk_receive(from, MRI_CALL_BULK, in[i].bytes, in[i].size,
                                bulk_done, &in[i]));
    }
}

void scene_crowd(unsigned int rank, unsigned int ranks)
{
    static _Thread_local bulk out[MRI_MESSAGES_UNDER_WAY];
    static _Thread_local bulk in[MRI_MESSAGES_UNDER_WAY];
    const unsigned int receiver = ranks > 1 ? 1 : 0;

    if (rank == 0) {
        crowd_send(receiver, out);
    }
    if (rank == receiver) {
        crowd_receive(0, in);
        MRT_CHECK(ranks == 1 || !mri_message_crowded());
    }
    scene_settle();
    MRT_CHECK(!mri_message_crowded());
    for (int i = 0; i < MRI_MESSAGES_UNDER_WAY; i++) {
        if (rank == 0) {
            bulk_check_and_free(&out[i], (uint64_t)i);
        }
        if (rank == receiver) {
            bulk_check_and_free(&in[i], (uint64_t)i);
        }
    }
}
