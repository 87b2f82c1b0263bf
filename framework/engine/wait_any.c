/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns waiting for any of several: mr_wait, and its parts that are served for
 * far callers.
 *
 * The entries of the lists lie in a block in owned slot 2, which a death frees
 * after it has taken them out of their lists.
 */
#include "engine/wait_any.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/elsewhere.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "util/clock.h"

/* Owned slots 0 and 1 are for calls that a far watch makes meanwhile. */
enum { ENTRIES = 2 };

mr_error mri_wait_set_look(mri_wait_set *s)
{
    mr_error error = MRI_WOULD_BLOCK;

    for (size_t i = 0; i < s->count; i++) {
        mri_kind kind = (mri_kind)s->handles[i].kind;
        mri_object *object = mri_enter(s->self, s->handles[i], kind);

        if (!object) {
            return mri_why_stale(s->handles[i]);
        }
        s->found[i] = mri_ops_of(kind)->ready(object, s->handles[i].variant);
        if (s->found[i]) {
            error = MR_OK;
        }
        mri_leave(s->self);
    }
    return error;
}

static mr_error enter_all(mri_wait_set *s)
{
    for (size_t i = 0; i < s->count; i++) {
        mri_kind kind = (mri_kind)s->handles[i].kind;
        mri_object *object = mri_row(s->handles[i]);
        unsigned int list =
            mri_ready_list(mri_ops_of(kind), object, s->handles[i].variant);

        if (!mri_wait_enter(s->self, &s->entries[i], object, list,
                            mri_identity(s->handles[i]))) {
            return MR_ERR_CLOSED;
        }
    }
    return MR_OK;
}

mr_error mri_wait_set_enter(mri_wait_set *s)
{
    unsigned int segment = mri_segment_of(mri_ref_of(s->self));
    mr_error error = MR_OK;

    assert(!s->entered && !mri_peek(&s->self->owned[ENTRIES].block));
    s->entered = true;
    if (s->count == 0) {
        return MR_OK;
    }
    error = mri_allocate(s->self, segment, MRI_HEAP,
                         s->count * sizeof *s->entries, ENTRIES);
    if (error) {
        s->entered = false;
        return error;
    }
    s->entries = mri_at(mri_peek(&s->self->owned[ENTRIES].block));
    for (size_t i = 0; i < s->count; i++) {
        mri_store(&s->entries[i].list, 0);
        mri_store(&s->entries[i].object, 0);
    }
    mri_store(&s->self->waits, mri_ref_of(s->entries));
    mri_store(&s->self->waits_count, s->count);
    return enter_all(s);
}

mr_error mri_wait_set_try(mri_wait_set *s)
{
    mr_error error;

    assert(s->entered);
    s->bell = mri_bell(s->self);
    for (size_t i = 0; i < s->count; i++) {
        mri_wait_arm(&s->entries[i]);
    }
    error = mri_wait_set_look(s);
    return error == MR_ERR_STALE ? MR_ERR_CLOSED : error;
}

void mri_wait_set_leave(mri_wait_set *s)
{
    if (!s->entered || s->count == 0) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        mri_store(&s->self->active, mri_peek(&s->entries[i].object));
        mri_wait_leave(s->self, &s->entries[i], false);
    }
    mri_leave(s->self);
    mri_store(&s->self->waits_count, 0);
    mri_give_back(s->self, ENTRIES);
    s->entered = false;
}

static mr_error never_ready(void)
{
    return mri_bad_argument("mr_wait", "handles",
                            "has one that cannot be waited for");
}

mr_error mri_wait_set_check(const mr_handle *handles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const mri_kind_ops *ops = mri_ops_of((mri_kind)handles[i].kind);
        mri_object *object = mri_row(handles[i]);

        if (!object) {
            return mri_why_stale(handles[i]);
        }
        if (!ops->ready) {
            return never_ready();
        }
        if (mri_ready_list(ops, object, handles[i].variant) >=
            MRI_LISTS + ops->more_lists) {
            return MR_ERR_STALE; /* no such part */
        }
    }
    return MR_OK;
}

/* ---- mr_wait ------------------------------------------------------------- */

/* The handles in an order in which those of one owner stand together: first
 * those of this node, then a part for each rank of another. */
typedef struct waiting {
    mri_wait_set near;
    mr_handle handles[MR_WAIT_MAX];
    bool found[MR_WAIT_MAX];
    uint16_t places[MR_WAIT_MAX]; /* where each stood */
    size_t count;
    mri_watch *watches[MR_WAIT_MAX];
    size_t firsts[MR_WAIT_MAX + 1]; /* of the watches; then `count` */
    size_t watches_count;
} waiting;

static void take_owned_by(waiting *w, const mr_handle *handles, size_t count,
                          const mr_handle *owned, bool *taken)
{
    for (size_t i = 0; i < count; i++) {
        bool near = !mri_is_far(handles[i].owner);

        if (!taken[i] && (owned ? handles[i].owner == owned->owner : near)) {
            taken[i] = true;
            w->handles[w->count] = handles[i];
            w->found[w->count] = false;
            w->places[w->count++] = (uint16_t)i;
        }
    }
}

static void sort(waiting *w, const mr_handle *handles, size_t count)
{
    bool taken[MR_WAIT_MAX] = {false};

    take_owned_by(w, handles, count, NULL, taken);
    w->near.count = w->count;
    for (size_t i = 0; i < count; i++) {
        if (!taken[i]) {
            w->firsts[w->watches_count++] = w->count;
            take_owned_by(w, handles, count, &handles[i], taken);
        }
    }
    w->firsts[w->watches_count] = w->count;
}

/* MR_OK when a watch has found something. */
static mr_error look_at_watches(waiting *w)
{
    mr_error error = MRI_WOULD_BLOCK;

    for (size_t i = 0; i < w->watches_count; i++) {
        const bool *found;
        mr_error one = mri_elsewhere->watch_poll(w->watches[i], &found);

        if (one == MR_OK) {
            memcpy(w->found + w->firsts[i], found,
                   (w->firsts[i + 1] - w->firsts[i]) * sizeof *found);
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
    mr_error near = w->near.entered ? mri_wait_set_try(&w->near)
                                    : mri_wait_set_look(&w->near);
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
        error = look(w);
    }
    return error;
}

static mr_error sleep_for_any(waiting *w, int64_t deadline)
{
    mr_error slept = MR_OK;

    for (;;) {
        mr_error error = look(w);

        if (error != MRI_WOULD_BLOCK) {
            return error;
        }
        if (slept) {
            return slept;
        }
        slept = mri_sleep_in_call(w->near.self, w->near.bell, deadline);
    }
}

static mr_error begin_watches(waiting *w, double timeout)
{
    size_t wanted = w->watches_count;
    mr_error error = MR_OK;

    w->watches_count = 0;
    for (size_t i = 0; !error && i < wanted; i++) {
        error = mri_elsewhere->watch_begin(
            w->near.self, w->handles + w->firsts[i],
            w->firsts[i + 1] - w->firsts[i], timeout, &w->watches[i]);
        w->watches_count += !error;
    }
    return error;
}

/* One more look from all, so that each that is ready is told of. */
static mr_error stop_watches(waiting *w, mr_error error)
{
    mr_error last;

    for (size_t i = 0; i < w->watches_count; i++) {
        mri_elsewhere->watch_stop(w->watches[i]);
    }
    last = look_at_watches(w);
    for (size_t i = 0; i < w->watches_count; i++) {
        mri_elsewhere->watch_free(w->watches[i]);
    }
    return last == MR_OK && error == MR_ERR_TIMEOUT ? MR_OK : error;
}

static mr_error wait_for_any(waiting *w, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    mr_error error = mri_wait_set_look(&w->near);
    bool over = error != MRI_WOULD_BLOCK || timeout == 0;
    mr_error begun;

    if (error != MR_OK && error != MRI_WOULD_BLOCK) {
        return error;
    }
    begun = begin_watches(w, over ? 0 : timeout);
    if (begun || over) {
        error = begun ? begun : error;
    } else {
        error = spin(w);
    }
    if (error == MRI_WOULD_BLOCK && !over) {
        error = mri_wait_set_enter(&w->near);
        if (!error) {
            error = sleep_for_any(w, deadline);
        }
    }
    mri_wait_set_leave(&w->near);
    return stop_watches(w, error == MRI_WOULD_BLOCK ? MR_ERR_TIMEOUT : error);
}

static mr_error check(const mr_handle *handles, size_t count, double timeout,
                      const bool *ready)
{
    if (!handles || !ready) {
        return mri_bad_argument("mr_wait", handles ? "ready" : "handles",
                                "is NULL");
    }
    if (count == 0 || count > MR_WAIT_MAX) {
        return mri_bad_argument("mr_wait", "count", "is out of range");
    }
    if (isnan(timeout)) {
        return mri_bad_argument("mr_wait", "timeout", "is NaN");
    }
    for (size_t i = 0; i < count; i++) {
        if (mri_ops_of((mri_kind)handles[i].kind)->ready_internal) {
            return never_ready();
        }
    }
    return MR_OK;
}

mr_error mri_wait_any(const mr_handle *handles, size_t count, double timeout,
                      bool *ready)
{
    waiting w; /* most of it is never looked at */
    mr_error error;

    w.near = (mri_wait_set){.self = mri_self()};
    w.count = 0;
    w.watches_count = 0;
    mri_settle(w.near.self);
    sort(&w, handles, count);
    w.near.handles = w.handles;
    w.near.found = w.found;
    error = mri_wait_set_check(w.handles, w.near.count);
    if (!error) {
        error = wait_for_any(&w, timeout);
    }
    for (size_t i = 0; !error && i < count; i++) {
        ready[w.places[i]] = w.found[i];
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
