/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns waiting for any of several objects: mr_wait.
 *
 * The objects of this node are looked at by the thread itself.  Those of
 * another node are watched by their owners: each gets one message with all of
 * its handles.  So the handles are sorted by owner, if any of them is far.
 */
#include "engine/wait_any.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/elsewhere.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "util/clock.h"

/* Up to FEW handles no memory is allocated; above MANY a look takes so long
 * that the clock is read after each. */
enum { FEW = 512, MANY = 32 };

/* The handles of one other rank. */
typedef struct part {
    size_t first;
    size_t count;
    mri_watch *watch;
} part;

typedef struct waiting {
    const mri_wait_request *request;
    mri_wait_near near;
    unsigned char few[FEW / MRI_FOUND_PER_BYTE];
    /* Only if there are far handles: all in the order of their owners, where
     * each stood, and a part for each other rank. */
    mr_handle *handles;
    uint64_t *places;
    part *parts;
    size_t parts_count;
} waiting;

/* ---- far handles --------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;

    return (first > second) - (first < second);
}

/* What sorts a handle: its owner, but all of this node are one, then its place.
 */
static uint64_t key_of(const mr_handle *handles, size_t i)
{
    uint64_t owner =
        mri_is_far(handles[i].owner) ? (uint64_t)handles[i].owner + 1 : 0;

    return owner << 32 | i;
}

static bool any_is_far(const mri_wait_request *r)
{
    if (mri_node.count == mri_node.ranks) {
        return false;
    }
    for (size_t i = 0; i < r->count; i++) {
        if (mri_is_far(r->handles[i].owner)) {
            return true;
        }
    }
    return false;
}

static size_t count_parts(const waiting *w)
{
    size_t count = 0;

    for (size_t i = w->near.count; i < w->request->count; i++) {
        count += i == w->near.count ||
                 w->handles[i].owner != w->handles[i - 1].owner;
    }
    return count;
}

static void fill_parts(waiting *w)
{
    part *p = w->parts - 1;

    for (size_t i = w->near.count; i < w->request->count; i++) {
        if (i == w->near.count ||
            w->handles[i].owner != w->handles[i - 1].owner) {
            *++p = (part){.first = i};
        }
        p->count++;
    }
}

static mr_error sort(waiting *w)
{
    const mri_wait_request *r = w->request;

    if (r->count > UINT32_MAX) {
        return MR_ERR_NO_MEMORY;
    }
    w->places = malloc(r->count * sizeof *w->places);
    w->handles = malloc(r->count * sizeof *w->handles);
    if (!w->places || !w->handles) {
        return MR_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < r->count; i++) {
        w->places[i] = key_of(r->handles, i);
    }
    qsort(w->places, r->count, sizeof *w->places, compare);
    w->near.count = 0;
    for (size_t i = 0; i < r->count; i++) {
        w->near.count += w->places[i] >> 32 == 0;
        w->places[i] &= UINT32_MAX;
        w->handles[i] = r->handles[w->places[i]];
    }
    w->near.handles = w->handles;
    w->parts_count = count_parts(w);
    w->parts = malloc(w->parts_count * sizeof *w->parts);
    if (!w->parts) {
        return MR_ERR_NO_MEMORY;
    }
    fill_parts(w);
    return MR_OK;
}

/* ---- looking ------------------------------------------------------------- */

/* MR_OK when a watch has found something.  A lost rank is something for those
 * who tolerate that. */
static mr_error look_at_watches(waiting *w)
{
    mr_error error = MRI_WOULD_BLOCK;

    for (size_t i = 0; i < w->parts_count; i++) {
        mr_error one = mri_elsewhere->watch_poll(w->parts[i].watch, NULL);

        if (one == MR_OK ||
            (one == MR_ERR_OWNER_LOST && w->request->tolerates)) {
            error = MR_OK;
        } else if (one != MRI_WOULD_BLOCK && one != MR_ERR_TIMEOUT &&
                   error != MR_OK) {
            error = one;
        }
    }
    return error;
}

static mr_error look(waiting *w)
{
    mr_error near = w->near.entered ? mri_wait_near_try(&w->near)
                                    : mri_wait_near_look(&w->near);
    mr_error far = look_at_watches(w);

    return near == MRI_WOULD_BLOCK ? far : near;
}

static mr_error spin(waiting *w)
{
    mr_error error = MRI_WOULD_BLOCK;
    mri_spinner spinner;

    mri_spin_start(&spinner);
    while (error == MRI_WOULD_BLOCK && mri_spin(&spinner)) {
        if (mri_elsewhere->poll) {
            mri_elsewhere->poll();
        }
        if (w->request->count > MANY) {
            mri_spin_look(&spinner);
        }
        error = look(w);
    }
    return error;
}

static bool is_stopped(const waiting *w)
{
    return w->request->stop && atomic_load(w->request->stop);
}

static mr_error sleep_for_any(waiting *w, int64_t deadline)
{
    mr_error slept = MR_OK;

    for (;;) {
        mr_error error = look(w);

        if (error != MRI_WOULD_BLOCK) {
            return error;
        }
        if (slept || is_stopped(w)) {
            return slept ? slept : MR_ERR_INTERRUPTED;
        }
        slept = mri_sleep_in_call(w->near.self, w->near.bell, deadline);
    }
}

/* ---- watches ------------------------------------------------------------- */

static mr_error begin_watches(waiting *w, double timeout)
{
    size_t wanted = w->parts_count;
    mr_error error = MR_OK;

    w->parts_count = 0;
    for (size_t i = 0; !error && i < wanted; i++) {
        part *p = &w->parts[i];

        error = mri_elsewhere->watch_begin(w->near.self, w->handles + p->first,
                                           p->count, w->request->tolerates,
                                           timeout, &p->watch);
        w->parts_count += !error;
    }
    return error;
}

/* Every owner looks once more.  So the answer has all objects that are ready,
 * and all that are gone. */
static mr_error stop_watches(waiting *w, mr_error error)
{
    mr_error last;

    for (size_t i = 0; i < w->parts_count; i++) {
        mri_elsewhere->watch_cancel(w->parts[i].watch);
    }
    for (size_t i = 0; i < w->parts_count; i++) {
        mri_elsewhere->watch_await(w->parts[i].watch);
    }
    last = look_at_watches(w);
    if (error == MR_ERR_TIMEOUT && last != MRI_WOULD_BLOCK) {
        return last;
    }
    return error == MR_ERR_INTERRUPTED && last == MR_OK ? MR_OK : error;
}

/* ---- one wait ------------------------------------------------------------ */

static mr_error enter_and_sleep(waiting *w, int64_t deadline)
{
    mr_error error = mri_wait_near_enter(&w->near);

    return error ? error : sleep_for_any(w, deadline);
}

static mr_error wait_for_any(waiting *w)
{
    double timeout = w->request->timeout;
    int64_t deadline = mri_deadline(timeout);
    mr_error error = mri_wait_near_look(&w->near);
    bool over = error != MRI_WOULD_BLOCK || timeout == 0;
    mr_error begun;

    if (error != MR_OK && error != MRI_WOULD_BLOCK) {
        w->parts_count = 0;
        return error;
    }
    begun = begin_watches(w, over ? 0 : timeout);
    if (begun || over) {
        error = begun ? begun : error;
    } else if (!w->request->stop) {
        error = spin(w);
    }
    if (error == MRI_WOULD_BLOCK && !over) {
        error = enter_and_sleep(w, deadline);
    }
    mri_wait_near_leave(&w->near);
    return stop_watches(w, error == MRI_WOULD_BLOCK ? MR_ERR_TIMEOUT : error);
}

/* ---- what was found ------------------------------------------------------ */

/* A lost rank is something for those who tolerate that; others get truths. */
static mri_found found_far(const waiting *w, const part *p, size_t i)
{
    const unsigned char *found;

    switch (mri_elsewhere->watch_poll(p->watch, &found)) {
    case MR_OK:
        return mri_found_at(found, i);
    case MR_ERR_OWNER_LOST:
        return w->request->tolerates ? MRI_FOUND_LOST : MRI_FOUND_NOTHING;
    default:
        return MRI_FOUND_NOTHING;
    }
}

static void tell(const waiting *w)
{
    unsigned char *found = w->request->found;

    for (size_t i = 0; i < w->near.count; i++) {
        size_t place = w->places ? w->places[i] : i;

        found[place] = (unsigned char)mri_found_at(w->near.found, i);
    }
    for (size_t k = 0; k < w->parts_count; k++) {
        const part *p = &w->parts[k];

        for (size_t i = 0; i < p->count; i++) {
            found[w->places[p->first + i]] = (unsigned char)found_far(w, p, i);
        }
    }
}

static mr_error begin(waiting *w)
{
    size_t size = mri_found_size(w->request->count);
    mr_error error = MR_OK;

    w->near.found = size <= sizeof w->few ? w->few : malloc(size);
    if (!w->near.found) {
        return MR_ERR_NO_MEMORY;
    }
    if (any_is_far(w->request)) {
        error = sort(w);
    }
    return error ? error : mri_wait_near_check(&w->near);
}

static void end(waiting *w)
{
    if (w->near.found != w->few) {
        free(w->near.found);
    }
    free(w->places);
    free(w->handles);
    free(w->parts);
}

mr_error mri_wait_for_any(const mri_wait_request *request)
{
    waiting w;
    mr_error error;

    w.request = request;
    w.near = (mri_wait_near){.self = mri_self(),
                             .handles = request->handles,
                             .count = request->count,
                             .tolerates = request->tolerates};
    w.handles = NULL;
    w.places = NULL;
    w.parts = NULL;
    w.parts_count = 0;
    mri_settle(w.near.self);
    error = begin(&w);
    if (!error) {
        error = wait_for_any(&w);
        if (!error) {
            tell(&w);
        }
        for (size_t i = 0; i < w.parts_count; i++) {
            mri_elsewhere->watch_free(w.parts[i].watch);
        }
    }
    end(&w);
    return error;
}

/* A truth is a byte that is MRI_FOUND_READY or MRI_FOUND_NOTHING. */
mr_error mri_wait_any(const mr_handle *handles, size_t count, double timeout,
                      bool *ready)
{
    _Static_assert(sizeof *ready == 1 && MRI_FOUND_READY == true,
                   "found is ready");
    const mri_wait_request request = {.handles = handles,
                                      .count = count,
                                      .timeout = timeout,
                                      .found = (unsigned char *)ready};

    return mri_wait_for_any(&request);
}

static mr_error check(const mr_handle *handles, size_t count, double timeout,
                      const bool *ready)
{
    mr_error error = MR_OK;

    if (!handles || !ready) {
        return mri_bad_argument("mr_wait", handles ? "ready" : "handles",
                                "is NULL");
    }
    if (count == 0) {
        return mri_bad_argument("mr_wait", "count", "is 0");
    }
    if (count > SIZE_MAX / sizeof *handles) {
        return mri_bad_argument("mr_wait", "count", "is out of range");
    }
    if (isnan(timeout)) {
        return mri_bad_argument("mr_wait", "timeout", "is NaN");
    }
    for (size_t i = 0; !error && i < count; i++) {
        if (mri_ops_of((mri_kind)handles[i].kind)->ready_internal) {
            error = mri_wait_near_kind("mr_wait", "handles", handles[i]);
        }
    }
    return error;
}

mr_error mr_wait(const mr_handle *handles, size_t count, double timeout,
                 bool *ready)
{
    mr_error error = MR_ERR_STATE;

    if (mri_self()) {
        error = check(handles, count, timeout, ready);
    }
    return error ? error : mri_wait_any(handles, count, timeout, ready);
}
