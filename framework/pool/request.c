/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how requests go on.  Each round first does what can be done without
 * waiting, for all of them, and then waits for any.
 */
#include "pool/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait_any.h"
#include "util/clock.h"

/* How old the progress may be that a user is told. */
enum { NOTE_EACH = 100000000 }; /* nanoseconds */

/* Of two time-outs. */
static double shorter(double a, double b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* ---- what can be done without waiting ------------------------------------ */

static void note_progress(mri_request *r)
{
    if (mri_now() - r->noted >= NOTE_EACH) {
        mri_future_note(r->future, r->scheduler.sink->ended(&r->scheduler));
        r->noted = mri_now();
    }
}

/* MRI_WOULD_BLOCK: something has to come first.  *most becomes no more than the
 * seconds after which it should be called again. */
static mr_error step(mri_request *r, double *most)
{
    mri_scheduler *d = &r->scheduler;
    bool cancelled, asked;
    mr_error error = mri_future_look(r->future, &cancelled, &asked);
    double left = mri_schedule_time_left(d);

    if (error || cancelled) {
        return error ? error : MR_ERR_CANCELLED;
    }
    error = mri_schedule_more(d);
    if (error) {
        return error;
    }
    if (d->under_way == 0 && !mri_schedule_is_hopeful(d)) {
        return d->left ? mri_schedule_refusal(d) : MR_OK;
    }
    if (left == 0) {
        return MR_ERR_TIMEOUT;
    }
    mri_gather_list(d, &r->gather);
    *most = shorter(*most, left);
    *most = shorter(*most, mri_gather_patience(d, &r->gather));
    if (asked) {
        note_progress(r);
        *most = shorter(*most, NOTE_EACH / 1e9);
    }
    return MRI_WOULD_BLOCK;
}

/* ---- waiting ------------------------------------------------------------- */

static size_t handles_of(const mri_request *r)
{
    return 1 + r->gather.count;
}

/* For one request the arrays are its own. */
static mr_error wait_for_one(mri_request *r, mri_wait_request *wait)
{
    mr_error error;

    wait->handles = r->handles;
    wait->count = handles_of(r);
    wait->found = r->found;
    memset(r->found, 0, wait->count);
    mri_driver_waits(&r->driver, true);
    error = mri_wait_for_any(wait);
    mri_driver_waits(&r->driver, false);
    return error;
}

static mr_error wait_for_several(mri_request **list, size_t count,
                                 mri_wait_request *wait)
{
    mr_handle *handles;
    unsigned char *found;
    mr_error error;
    size_t place = 0;

    for (size_t i = 0; i < count; i++) {
        wait->count += handles_of(list[i]);
    }
    handles = malloc(wait->count * (sizeof *handles + 1));
    if (!handles) {
        return MR_ERR_NO_MEMORY;
    }
    found = (unsigned char *)(handles + wait->count);
    memset(found, 0, wait->count);
    for (size_t i = 0; i < count; i++) {
        memcpy(handles + place, list[i]->handles,
               handles_of(list[i]) * sizeof *handles);
        place += handles_of(list[i]);
    }
    wait->handles = handles;
    wait->found = found;
    error = mri_wait_for_any(wait);
    place = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(list[i]->found, found + place, handles_of(list[i]));
        place += handles_of(list[i]);
    }
    free(handles);
    return error;
}

/* One that is gone counts as ready: its owner is asked, and tells why. */
static mr_error collect(mri_request *r)
{
    mr_error error;

    for (size_t i = 0; i < r->gather.count; i++) {
        r->gather.ready[i] = r->found[1 + i] != MRI_FOUND_NOTHING;
    }
    error = mri_gather_collect(&r->scheduler, &r->gather);
    return error ? error : MRI_WOULD_BLOCK;
}

mr_error mri_requests_go_on(mri_request **list, size_t count, double most,
                            atomic_bool *stop)
{
    mri_wait_request wait = {.tolerates = true, .stop = stop};
    bool over = false;
    mr_error error;

    assert(count > 0);
    wait.timeout = most;
    for (size_t i = 0; i < count; i++) {
        list[i]->result = step(list[i], &wait.timeout);
        over |= list[i]->result != MRI_WOULD_BLOCK;
    }
    if (over) {
        return MR_OK;
    }
    error = count == 1 ? wait_for_one(list[0], &wait)
                       : wait_for_several(list, count, &wait);
    if (error && error != MR_ERR_TIMEOUT) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        list[i]->result = collect(list[i]);
    }
    return error && wait.timeout == most ? error : MR_OK;
}

/* ---- begin and end ------------------------------------------------------- */

static mr_error make_room(mri_request *r)
{
    size_t room = mri_gather_room(&r->scheduler);
    mri_gather *g = &r->gather;

    r->handles = malloc((room + 1) * sizeof *r->handles);
    r->found = malloc(room + 1);
    *g = (mri_gather){.handles = r->handles + 1,
                      .ready = malloc(room * sizeof *g->ready),
                      .batches = malloc(room * sizeof *g->batches),
                      .nodes = malloc(room * sizeof *g->nodes),
                      .room = room};
    if (!r->handles || !r->found || !g->ready || !g->batches || !g->nodes) {
        return MR_ERR_NO_MEMORY;
    }
    r->handles[0] = r->future.handle;
    r->handles[0].variant = MRI_FUTURE_CANCELLED;
    return MR_OK;
}

mr_error mri_request_begin(mri_request *r)
{
    mr_error error = mri_driver_begin(&r->driver, r->pool, r->admitted);

    if (error) {
        return error;
    }
    r->begun = true;
    r->scheduler.sink = &mri_map_sink;
    r->scheduler.first = &r->first;
    r->scheduler.deadline = r->deadline;
    error = mri_schedule_begin(&r->scheduler, &r->driver, &r->map);
    if (!error) {
        error = make_room(r);
    }
    return error ? error : mri_schedule_more(&r->scheduler);
}

void mri_request_stop(mri_request *r)
{
    if (r->begun && !r->stopped) {
        mri_schedule_end(&r->scheduler);
    }
    r->stopped = true;
}

void mri_request_end(mri_request *r)
{
    mri_request_stop(r);
    if (r->begun) {
        mri_driver_end(&r->driver);
    }
    free(r->handles);
    free(r->found);
    free(r->gather.ready);
    free(r->gather.batches);
    free(r->gather.nodes);
    free(r);
}
