/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what happens after a death.  The record of each thread tells what the
 * dead one was doing; nothing else is needed.
 */
#include "engine/reaper.h"

#include <assert.h>

#include "engine/lent.h"
#include "engine/object.h"
#include "engine/operation.h"
#include "engine/wait.h"

static void repair_record(mri_record *record, void *user)
{
    const mri_gone *gone = user;

    if (mri_is_gone(gone, mri_load(&record->owner))) {
        mri_record_repair(record);
    }
}

void mri_reap_repair(uint64_t endpoint)
{
    mri_gone gone = {.endpoint = endpoint};

    mri_records_visit(mri_index_of(mri_endpoint_rank(endpoint)), repair_record,
                      &gone);
}

typedef struct description {
    uint64_t endpoint;
    char *text;
    size_t size;
} description;

static void describe_record(mri_record *record, void *user)
{
    const description *d = user;
    mri_ref working = mri_load(&record->working);
    const mri_kind_ops *ops;
    mri_object *object;

    if (!working || mri_load(&record->owner) != d->endpoint) {
        return;
    }
    object = mri_at(working);
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE) {
        ops = mri_ops_of(mri_identity_kind(mri_load(&object->identity)));
        if (ops->describe) {
            ops->describe(object, record, d->text, d->size);
        }
    }
}

void mri_reap_describe(uint64_t endpoint, char *text, size_t size)
{
    description d = {.endpoint = endpoint, .text = text, .size = size};

    *text = 0;
    mri_records_visit(mri_index_of(mri_endpoint_rank(endpoint)),
                      describe_record, &d);
}

/* Free the dead one's blocks. */
static void free_owned(mri_record *self, mri_record *dead)
{
    mri_segment *segment = mri_segment_at(mri_segment_of(mri_ref_of(dead)));

    for (unsigned int i = 0; i < MRI_OWNED_MAX; i++) {
        mri_give_back_from(self, &dead->owned[i], &segment->objects_latch);
    }
}

static void leave_lists(mri_record *self, mri_record *dead)
{
    mri_wait *more = mri_at(mri_load(&dead->waits));

    for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
        mri_wait_leave(self, &dead->inline_waits[i], false);
    }
    for (uint64_t i = 0; i < mri_load(&dead->waits_count); i++) {
        mri_wait_leave(self, &more[i], false);
    }
}

/* The object was inside a call of the dead one: its wakes may be missing. */
static void repair_object(mri_record *self, mri_record *dead, mri_ref ref)
{
    mri_object *object = mri_at(ref);
    const mri_kind_ops *ops;

    if (!ref) {
        return;
    }
    mri_be_active(self, ref, true);
    ops = mri_ops_of(mri_identity_kind(mri_load(&object->identity)));
    if (ops->repair) {
        ops->repair(self, object, dead);
    }
    for (unsigned int i = 0; i < mri_lists_of(object); i++) {
        mri_wake_all(self, object, i);
    }
    mri_store(&self->active, 0);
}

/* This thread is in the objects in which the dead one was before it takes it
 * out of them.  So they stay, and nobody who destroys one of them waits for the
 * dead. */
static void repair_objects(mri_record *self, mri_record *dead)
{
    mri_ref active = mri_load(&dead->active);
    mri_ref second = mri_load(&dead->second);
    mri_ref working = mri_load(&dead->working);

    mri_store(&self->active, active);
    mri_store(&self->second, second);
    mri_store(&self->working, working);
    mri_store(&dead->active, 0);
    mri_store(&dead->second, 0);
    mri_store(&dead->working, 0);
    repair_object(self, dead, active);
    repair_object(self, dead, second);
    if (working != active) {
        repair_object(self, dead, working);
    }
    mri_store(&self->second, 0);
    mri_store(&self->working, 0);
}

/* The dead one waited in a call that has left something in its object: the
 * object takes it back. */
static void abandon(mri_record *self, mri_record *dead)
{
    mri_object *object = mri_at(mri_load(&dead->wait_object));
    uint64_t identity = mri_load(&dead->wait_identity);

    if (!mri_load(&dead->wait_state)) {
        return;
    }
    mri_be_active(self, mri_ref_of(object), true);
    if (mri_load(&object->identity) == identity) {
        (void)!mri_ops_of(mri_identity_kind(identity))
            ->abandon(self, object, dead, MR_ERR_CLOSED);
    } else {
        mri_store(&dead->wait_state, 0); /* it went with the object */
    }
    mri_store(&self->active, 0);
    assert(!mri_load(&dead->wait_state));
}

typedef struct reap_job {
    mri_record *self;
    const mri_gone *gone;
} reap_job;

static void reap_record(mri_record *dead, void *user)
{
    reap_job *job = user;
    mri_record *self = job->self;

    if (!mri_is_gone(job->gone, mri_load(&dead->owner))) {
        return;
    }
    abandon(self, dead);
    leave_lists(self, dead);
    repair_objects(self, dead);
    free_owned(self, dead);
    mri_objects_repair(self, dead);
    if (mri_is_awake(mri_swap(&dead->sleeping, MRI_AWAKE))) {
        /* Wrong by one if it, or who rang it, died between two stores; the
         * count is for the policy of spinning alone. */
        mri_add(&mri_segment_at(mri_segment_of(mri_ref_of(dead)))->awake,
                (uint64_t)-1);
    }
    mri_record_free(dead);
}

static void forget_in(mri_object *object, void *user)
{
    reap_job *job = user;
    uint64_t identity = mri_load(&object->identity);
    const mri_kind_ops *ops = mri_ops_of(mri_identity_kind(identity));

    if (mri_identity_state(identity) == MRI_LIVE && ops->forget) {
        ops->forget(job->self, object, job->gone);
    }
}

/* A reaper that dies in there is one that worked for the object. */
static void forget(mri_object *object, void *user)
{
    reap_job *job = user;

    mri_store(&job->self->working, mri_ref_of(object));
    forget_in(object, user);
    mri_store(&job->self->working, 0);
}

/* In one segment: the records of the dead one, and memory that they gave
 * back and may have told nobody of. */
static void reap_records(reap_job *job, unsigned int index)
{
    mri_gone gone = *job->gone;

    mri_records_visit(index, repair_record, &gone);
    mri_records_visit(index, reap_record, job);
}

void mri_reap(mri_record *self, const mri_gone *gone)
{
    mri_endpoint *row = mri_endpoint_at(gone->endpoint);
    reap_job job = {.self = self, .gone = gone};

    reap_records(&job, mri_index_of(mri_endpoint_rank(gone->endpoint)));
    mri_lent_reap(self, row);
    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_wake_for_memory(self, i);
    }
    if (mri_load(&row->holds) || mri_load(&row->children)) {
        for (unsigned int i = 0; i < mri_node.count; i++) {
            mri_objects_visit(i, forget, &job);
        }
    }
}

void mri_reap_far(mri_record *self, unsigned int index, const mri_gone *gone)
{
    reap_job job = {.self = self, .gone = gone};

    reap_records(&job, index);
    mri_wake_for_memory(self, index);
    mri_objects_visit(index, forget, &job);
}

void mri_reap_unstarted(const mri_gone *gone)
{
    reap_job job = {.self = mri_self(), .gone = gone};

    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_objects_visit(i, forget_in, &job);
    }
}

void mri_reap_rank(mri_record *self, unsigned int index, unsigned int rank)
{
    mri_gone gone = {
        .process = {.owner = rank}, .status = -9, .whole_rank = true};

    mri_reap_far(self, index, &gone);
}
