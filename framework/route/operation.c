/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the path of a call: find the object, try, spin, wait, try again.
 *
 * `active` is set whenever a thread may touch the object, and not while it
 * sleeps: a destroyer waits for active threads only.
 */
#include "route/operation.h"

#include <multirank/wait.h>

#include "route/wait.h"
#include "util/clock.h"

enum { LOOK_UP = 20000000 }; /* nanoseconds that a server sleeps in a call */

static mri_object *memory_object(unsigned int segment)
{
    return mri_object_row(segment, MRI_ROW_MEMORY);
}

/* The caller stays active on its own object, which may have wakes to come.
 * Should it die here, the reaper wakes for memory in any case. */
void mri_wake_for_memory(mri_record *self, unsigned int segment)
{
    mri_object *memory = memory_object(segment);

    if (mri_peek(&memory->lists[0].first)) {
        mri_wake_all(self, memory, 0);
    }
}

void mri_give_back(mri_record *self, unsigned int hand)
{
    mri_ref block = mri_peek(&self->hands[hand].block);

    if (block) {
        mri_release(self, hand);
        mri_wake_for_memory(self, mri_segment_of(block));
    }
}

/* What a blocked call knows. */
typedef struct blocked {
    mri_record *self;
    mri_object *object;
    uint64_t identity;
    mri_try *try;
    mri_call *call;
    int64_t deadline;
} blocked;

static mr_error spin(blocked *b)
{
    mr_error error = MRI_WOULD_BLOCK;
    mri_spinner spinner;

    mri_spin_start(&spinner);
    while (error == MRI_WOULD_BLOCK && mri_spin(&spinner)) {
        error = b->try(b->self, b->object, b->call);
        if (error == MRI_WOULD_BLOCK &&
            mri_load(&b->object->identity) != b->identity) {
            error = MR_ERR_CLOSED;
        }
    }
    return error;
}

/* Be in `list` of the object, or in none for NULL.  True: that is new. */
static bool change_list(blocked *b, mri_wait *entry, mri_object *object,
                        unsigned int list)
{
    mri_ref now = mri_load(&entry->list);

    if (now == (object ? mri_ref_of(&object->lists[list]) : 0)) {
        return false;
    }
    mri_wait_leave(b->self, entry, false);
    if (object) {
        /* Not entered when it is destroyed; the next try finds that. */
        mri_wait_enter(b->self, entry, object, list,
                       object == b->object ? b->identity
                                           : mri_load(&object->identity));
    }
    return true;
}

/* Wait where the last try said. */
static bool change_lists(blocked *b)
{
    mri_wait *entries = b->self->inline_waits;
    bool memory = b->call->list == MRI_LISTS;
    unsigned int segment = mri_segment_of(mri_ref_of(b->object));
    bool changed =
        change_list(b, &entries[0], memory ? NULL : b->object, b->call->list);

    return change_list(b, &entries[1], memory ? memory_object(segment) : NULL,
                       0) ||
           changed;
}

/* A fork server that waits here still notices deaths. */
static bool sleep_on(blocked *b, uint64_t bell)
{
    while (mri_stalled) {
        int64_t next = mri_now() + LOOK_UP;

        if (next >= b->deadline) {
            break;
        }
        if (mri_sleep(b->self, bell, next)) {
            return true;
        }
        mri_stalled();
    }
    return mri_sleep(b->self, bell, b->deadline);
}

/* Before each sleep there is a try while the thread stands in the lists. */
static mr_error sleep_until_done(blocked *b)
{
    mri_record *self = b->self;
    bool rung = true;
    mr_error error;

    for (;;) {
        uint64_t bell = mri_bell(self);

        for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
            mri_wait_arm(&self->inline_waits[i]);
        }
        if (mri_load(&b->object->identity) != b->identity) {
            error = MR_ERR_CLOSED;
            break;
        }
        error = b->try(self, b->object, b->call);
        if (error != MRI_WOULD_BLOCK) {
            break;
        }
        if (!rung) {
            error = MR_ERR_TIMEOUT;
            break;
        }
        if (change_lists(b)) {
            continue;
        }
        mri_store(&self->active, 0);
        rung = sleep_on(b, bell);
        mri_store(&self->active, mri_ref_of(b->object));
    }
    for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
        mri_wait_leave(self, &self->inline_waits[i], error == MR_OK);
    }
    return error;
}

mr_error mri_block(mri_record *self, mri_object *object, uint64_t identity,
                   mri_try *try, mri_call *call, double timeout)
{
    blocked b = {.self = self,
                 .object = object,
                 .identity = identity,
                 .try = try,
                 .call = call};
    mr_error error = MR_ERR_TIMEOUT;

    if (timeout != 0) {
        b.deadline = mri_deadline(timeout);
        error = spin(&b);
        if (error == MRI_WOULD_BLOCK) {
            error = sleep_until_done(&b);
        }
    }
    if (error && call->keeps_hand) {
        mri_give_back(self, 0);
    }
    return error;
}

/* ---- any of several ------------------------------------------------------ */

typedef struct several {
    mri_record *self;
    const mr_handle *handles;
    size_t count;
    mri_wait *entries;
    bool *found; /* written at each look, copied out on success */
} several;

/* MR_OK: at least one is ready. */
static mr_error look(several *s)
{
    mr_error error = MRI_WOULD_BLOCK;

    for (size_t i = 0; i < s->count; i++) {
        mri_kind kind = (mri_kind)s->handles[i].kind;
        mri_object *object = mri_enter(s->self, s->handles[i], kind);

        if (!object) {
            return MR_ERR_STALE;
        }
        s->found[i] = mri_ops_of(kind)->ready(object, s->handles[i].part);
        if (s->found[i]) {
            error = MR_OK;
        }
        mri_leave(s->self);
    }
    return error;
}

static mr_error enter_all(several *s)
{
    for (size_t i = 0; i < s->count; i++) {
        mri_kind kind = (mri_kind)s->handles[i].kind;
        mri_object *object = mri_row(s->handles[i]);
        unsigned int list =
            mri_ops_of(kind)->ready_list(object, s->handles[i].part);

        if (!mri_wait_enter(s->self, &s->entries[i], object, list,
                            mri_identity(s->handles[i]))) {
            return MR_ERR_CLOSED;
        }
    }
    return MR_OK;
}

static mr_error sleep_for_any(several *s, int64_t deadline)
{
    for (;;) {
        uint64_t bell = mri_bell(s->self);
        mr_error error;

        for (size_t i = 0; i < s->count; i++) {
            mri_wait_arm(&s->entries[i]);
        }
        error = look(s);
        if (error == MR_ERR_STALE) {
            return MR_ERR_CLOSED;
        }
        if (error != MRI_WOULD_BLOCK) {
            return error;
        }
        if (!mri_sleep(s->self, bell, deadline)) {
            error = look(s);
            return error == MRI_WOULD_BLOCK ? MR_ERR_TIMEOUT : error;
        }
    }
}

/* The entries lie in a block in hand 1, which a death frees after it has
 * taken them out of their lists. */
static mr_error wait_for_any(several *s, int64_t deadline)
{
    unsigned int segment = mri_segment_of(mri_ref_of(s->self));
    mr_error error = mri_allocate(s->self, segment, MRI_HEAP,
                                  s->count * sizeof *s->entries, 1);

    if (error) {
        return error;
    }
    s->entries = mri_at(mri_peek(&s->self->hands[1].block));
    for (size_t i = 0; i < s->count; i++) {
        mri_store(&s->entries[i].list, 0);
        mri_store(&s->entries[i].object, 0);
    }
    mri_store(&s->self->waits, mri_ref_of(s->entries));
    mri_store(&s->self->waits_count, s->count);
    error = enter_all(s);
    if (!error) {
        error = sleep_for_any(s, deadline);
    }
    for (size_t i = 0; i < s->count; i++) {
        mri_store(&s->self->active, mri_peek(&s->entries[i].object));
        mri_wait_leave(s->self, &s->entries[i], false);
    }
    mri_leave(s->self);
    mri_store(&s->self->waits_count, 0);
    mri_give_back(s->self, 1);
    return error;
}

static mr_error check_handles(const mr_handle *handles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const mri_kind_ops *ops = mri_ops_of((mri_kind)handles[i].kind);
        mri_object *object = mri_row(handles[i]);

        if (!object) {
            return MR_ERR_STALE;
        }
        if (!ops->ready) {
            return mri_bad_argument("mr_wait", "handles",
                                    "has one that cannot be waited for");
        }
        if (ops->ready_list(object, handles[i].part) >= MRI_LISTS) {
            return MR_ERR_STALE; /* no such part */
        }
    }
    return MR_OK;
}

mr_error mr_wait(const mr_handle *handles, size_t count, double timeout,
                 bool *ready)
{
    bool found[MR_WAIT_MAX];
    several s = {
        .self = mri_self(), .handles = handles, .count = count, .found = found};
    mri_spinner spinner;
    mr_error error;

    if (!s.self) {
        return MR_ERR_STATE;
    }
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
    error = check_handles(handles, count);
    if (error) {
        return error;
    }
    error = look(&s);
    if (error == MRI_WOULD_BLOCK && timeout != 0) {
        int64_t deadline = mri_deadline(timeout);

        mri_spin_start(&spinner);
        while (error == MRI_WOULD_BLOCK && mri_spin(&spinner)) {
            error = look(&s);
        }
        if (error == MRI_WOULD_BLOCK) {
            error = wait_for_any(&s, deadline);
        }
    }
    if (error == MRI_WOULD_BLOCK) {
        error = MR_ERR_TIMEOUT;
    }
    for (size_t i = 0; !error && i < count; i++) {
        ready[i] = found[i];
    }
    return error;
}
