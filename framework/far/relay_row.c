/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a process posts requests to its host rank.
 *
 * One store posts a request: `posted`.  Until then its block is in owned slot
 * 0 of the thread, and afterwards it is the rank's; mri_intent binds the one
 * to the other.  A thread that dies between that store and the call for the
 * rank's attention is asked about at the end of its process.
 */
#include <assert.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "far/relay.h"
#include "util/clock.h"

enum { LOOK = 20000000 }; /* nanoseconds that a fork server sleeps */

uint64_t mri_relay_record_number(mri_ref record)
{
    const mri_table *records = &mri_segment_at(mri_segment_of(record))->records;

    assert((record - records->rows) % records->row_size == 0);
    return (record - records->rows) / records->row_size;
}

mri_relay_row *mri_relay_row_at(unsigned int segment, uint64_t record)
{
    assert(record < MRI_RECORDS_MAX);
    return mri_at(mri_segment_at(segment)->relay_rows + record * MRI_RELAY_ROW);
}

/* Also when it is set: the rank that clears it now shall see what we did
 * before. */
static void set_bit(mri_word *words, uint64_t number)
{
    mri_word *word = &words[number / 64];
    uint64_t old = mri_load(word);

    while (!mri_cas(word, &old, old | (uint64_t)1 << number % 64)) {
    }
}

mri_relay_row *mri_relay_row_of(mri_record *self)
{
    unsigned int index = mri_segment_of(mri_ref_of(self));
    mri_segment *segment = mri_segment_at(index);
    uint64_t number = mri_relay_record_number(mri_ref_of(self));
    mri_relay_row *row = mri_relay_row_at(index, number);

    if (!(mri_load(&segment->relay_backed[number / 64]) >> number % 64 & 1)) {
        if (mri_segment_back(mri_ref_of(row), MRI_RELAY_ROW)) {
            return NULL;
        }
        set_bit(segment->relay_backed, number);
    }
    return row;
}

static void ask(mri_segment *segment)
{
    mri_ref service;

    mri_add(&segment->relay_asked, 1);
    service = mri_load(&segment->service);
    if (service) {
        mri_ring(mri_at(service));
    }
}

void mri_relay_ask(const mri_record *self)
{
    ask(mri_segment_at(mri_segment_of(mri_ref_of(self))));
}

mr_error mri_relay_sleep(mri_record *self, uint64_t bell)
{
    while (mri_stalled && mri_bell(self) == bell) {
        mri_sleep(self, bell, mri_now() + LOOK);
        mri_stalled();
    }
    return mri_stalled ? MR_OK : mri_sleep_in_call(self, bell, MRI_NEVER);
}

/* ---- memory -------------------------------------------------------------- */

static mr_error try_allocate(mri_record *self, mri_object *memory,
                             mri_call *call)
{
    unsigned int segment = mri_segment_of(mri_ref_of(memory));
    bool small = call->in_size <= MRI_RELAY_SMALL;
    mr_error error = mri_allocate(self, segment, small ? MRI_RESERVE : MRI_HEAP,
                                  call->in_size, 0);

    /* Room for what comes back is little, and may be what makes room. */
    if (error == MR_ERR_NO_MEMORY && call->argument) {
        error = mri_allocate(self, segment, MRI_RESERVE, call->in_size, 0);
    }
    call->list = MRI_WAIT_MEMORY;
    return error == MR_ERR_NO_MEMORY ? MRI_WOULD_BLOCK : error;
}

/* A block for a call, in owned slot 0.  An operation waits for memory as long
 * as it waits for all else; what makes an object does not. */
static mr_error allocate(mri_record *self, uint64_t size, const mri_head *head)
{
    mri_object *memory =
        mri_object_row(mri_segment_of(mri_ref_of(self)), MRI_ROW_MEMORY);
    mri_call call = {.in_size = size,
                     .argument = mri_relay_brings_little(head)};
    mr_error error = try_allocate(self, memory, &call);

    if (error != MRI_WOULD_BLOCK) {
        return error;
    }
    if (head->what != MRI_CALL && head->what != MRI_WATCH) {
        return MR_ERR_NO_MEMORY;
    }
    mri_be_active(self, mri_ref_of(memory), true);
    error = mri_block(self, memory, mri_load(&memory->identity), try_allocate,
                      &call, head->timeout);
    mri_leave(self);
    return error;
}

static uint64_t block_size(const mri_relay_request *request)
{
    bool calls = request->what == MRI_RELAY_CALL;
    uint64_t output = calls && request->head.out_size > MRI_RELAY_GIVES
                          ? request->head.out_size
                          : 0;

    return mri_relay_output_at(&request->head) + output;
}

/* ---- posting ------------------------------------------------------------- */

static bool is_full(mri_relay_row *row)
{
    uint64_t waiting = mri_peek(&row->posted) - mri_load(&row->taken);

    assert(waiting <= MRI_RELAY_REQUESTS);
    return waiting == MRI_RELAY_REQUESTS;
}

static mr_error wait_for_room(mri_record *self, mri_relay_row *row,
                              double timeout)
{
    mri_spinner spinner;

    if (!is_full(row)) {
        return MR_OK;
    }
    if (timeout == 0) {
        return MR_ERR_TIMEOUT;
    }
    mri_spin_start_or_sleep(&spinner);
    while (is_full(row)) {
        uint64_t bell = mri_bell(self);

        if (mri_spin(&spinner)) {
            continue;
        }
        mri_swap(&row->wants_room, 1);
        if (is_full(row) && mri_relay_sleep(self, bell) == MR_ERR_INTERRUPTED) {
            return MR_ERR_INTERRUPTED;
        }
    }
    return MR_OK;
}

static void write_input(unsigned char *at, const mri_head *head, const void *in,
                        const void *more)
{
    if (head->in_size) {
        memcpy(at, in, head->in_size);
    }
    if (head->more_size) {
        memcpy(at + mri_padded(head->in_size), more, head->more_size);
    }
}

static void post(mri_record *self, mri_relay_row *row,
                 const mri_relay_request *request, const void *in,
                 const void *more)
{
    uint64_t number = mri_peek(&row->posted);
    mri_relay_request *at = &row->requests[number % MRI_RELAY_REQUESTS];
    mri_ref block = block_size(request) ? mri_peek(&self->owned[0].block) : 0;

    at->to = request->to;
    at->what = request->what;
    at->ranks = request->ranks;
    at->block = block;
    at->block_size = mri_peek(&self->owned[0].size);
    at->head = request->head;
    write_input(mri_relay_brings_little(&request->head) ? at->bytes
                                                        : mri_at(block),
                &request->head, in, more);
    if (block) {
        mri_intent(self, &row->posted, number + 1, 0, 0);
    }
    mri_store(&row->posted, number + 1);
    if (block) {
        mri_intent_done(self);
    }
}

mr_error mri_relay_put(const mri_relay_request *request, const void *in,
                       const void *more, double timeout)
{
    mri_record *self = mri_self();
    mri_relay_row *row = self ? mri_relay_row_of(self) : NULL;
    uint64_t size = block_size(request);
    mri_segment *segment;
    mr_error error;

    if (!row) {
        return MR_ERR_NO_MEMORY;
    }
    segment = mri_segment_at(mri_segment_of(mri_ref_of(self)));
    error = wait_for_room(self, row, timeout);
    if (!error && size) {
        assert(!mri_peek(&self->owned[0].block));
        error = allocate(self, size, &request->head);
    }
    if (error) {
        return error;
    }
    post(self, row, request, in, more);
    set_bit(segment->relay_asking, mri_relay_record_number(mri_ref_of(self)));
    ask(segment);
    return MR_OK;
}
