/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipelined calls that travel together: what goes in comes out, in order, and
 * what does not fit, or is broken, is refused.
 */
#include "harness/harness.h"

#include <stdlib.h>
#include <string.h>

#include "far/coalesce.h"

static mri_head call_of(size_t size, uint64_t number)
{
    return (mri_head){.what = MRI_CALL,
                      .flags = MRI_PIPELINED,
                      .number = number,
                      .handle = {.owner = 3, .slot = 7},
                      .in_size = size};
}

/* Bytes that tell of which call they are. */
static void fill(unsigned char *bytes, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(number * 31 + i);
    }
}

static void calls_come_out_as_they_went_in(void)
{
    static const size_t sizes[] = {8, 0, 1, 15, 16, 17, 500};
    unsigned char bytes[512];
    mri_coalesced *batch = NULL;
    const mri_head *message;
    const void *body;
    const void *in;
    mri_head head;
    size_t at = 0;

    for (uint64_t i = 0; i < MRT_COUNT(sizes); i++) {
        mri_head call = call_of(sizes[i], 100 + i);

        fill(bytes, sizes[i], i);
        MRT_CHECK(mri_coalesced_add(&batch, &call, bytes));
        MRT_EQUAL(mri_coalesced_count(batch), i + 1);
    }
    message = mri_coalesced_close(batch, &body);
    MRT_EQUAL(mri_coalesced_count(batch), 0);
    MRT_CHECK(message->flags & MRI_COALESCED);
    for (uint64_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_CHECK(mri_coalesced_next(message, body, &at, &head, &in));
        MRT_EQUAL(head.number, 100 + i);
        MRT_EQUAL(head.in_size, sizes[i]);
        MRT_EQUAL(head.flags, MRI_PIPELINED);
        MRT_EQUAL(head.handle.slot, 7);
        fill(bytes, sizes[i], i);
        MRT_CHECK(memcmp(bytes, in, sizes[i]) == 0);
    }
    MRT_CHECK(!mri_coalesced_next(message, body, &at, &head, &in));
    mri_coalesced_free(batch);
}

/* As many as go into one short message, and then from the start. */
static void full_batch_takes_no_more_until_it_is_sent(void)
{
    int64_t item = 5;
    mri_coalesced *batch = NULL;
    mri_head call = call_of(sizeof item, 0);
    unsigned int count = 0;
    const mri_head *message;
    const void *body;

    while (mri_coalesced_add(&batch, &call, &item)) {
        call.number++;
        count++;
    }
    MRT_CHECK(count > 64);
    message = mri_coalesced_close(batch, &body);
    MRT_CHECK(sizeof *message + message->in_size <= MRI_MESSAGE_SHORT);
    MRT_CHECK(mri_coalesced_add(&batch, &call, &item));
    mri_coalesced_drop(batch);
    MRT_EQUAL(mri_coalesced_count(batch), 0);
    mri_coalesced_free(batch);
}

static void calls_that_are_unlike_do_not_mix(void)
{
    mri_coalesced *batch = NULL;
    mri_head call = call_of(0, 0);
    mri_head other = call;
    mri_head large = call_of(MRI_MESSAGE_SHORT, 1);
    mri_head two = call;

    two.more_size = 1;
    MRT_CHECK(!mri_coalesced_add(&batch, &two, NULL));
    MRT_CHECK(mri_coalesced_add(&batch, &call, NULL));
    other.handle.slot++;
    MRT_CHECK(!mri_coalesced_add(&batch, &other, NULL));
    other = call;
    other.operation++;
    MRT_CHECK(!mri_coalesced_add(&batch, &other, NULL));
    MRT_CHECK(!mri_coalesced_add(&batch, &large, NULL));
    MRT_EQUAL(mri_coalesced_count(batch), 1);
    mri_coalesced_free(batch);
}

static void broken_batch_ends(void)
{
    int64_t item = 5;
    mri_coalesced *batch = NULL;
    mri_head call = call_of(sizeof item, 0);
    _Alignas(16) uint64_t body[4] = {UINT64_MAX - 8};
    mri_head message;
    mri_head head;
    const void *in;
    size_t at = 0;

    MRT_CHECK(mri_coalesced_add(&batch, &call, &item));
    message = *mri_coalesced_close(batch, &in);
    MRT_CHECK(!mri_coalesced_next(&message, body, &at, &head, &in));
    body[0] = 17; /* more than there is */
    MRT_CHECK(!mri_coalesced_next(&message, body, &at, &head, &in));
    message.in_size = 8; /* not even a size */
    MRT_CHECK(!mri_coalesced_next(&message, body, &at, &head, &in));
    MRT_EQUAL(at, 0);
    mri_coalesced_free(batch);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"calls_come_out_as_they_went_in", calls_come_out_as_they_went_in, 0},
        {"full_batch_takes_no_more_until_it_is_sent",
         full_batch_takes_no_more_until_it_is_sent, 0},
        {"calls_that_are_unlike_do_not_mix", calls_that_are_unlike_do_not_mix,
         0},
        {"broken_batch_ends", broken_batch_ends, 0},
    };

    return mrt_main("batch", tests, MRT_COUNT(tests), argc, argv);
}
