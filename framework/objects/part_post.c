/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how workers are told of a part: by letters to their mailboxes.
 */
#include "objects/part.h"
#include "route/mailbox.h"
#include "runtime/work.h"

/* A worker with so many letters unread is in a long task, and does without
 * more of them.  One that only wakes late, on a busy machine, has fewer: it
 * would not hear of the parts that it does without. */
enum { MANY_LETTERS = 256 };

mr_error mri_part_post(mr_handle part, const mri_part_worker *worker,
                       unsigned int slot, double timeout)
{
    mri_work work = {.what = MRI_WORK_MAP,
                     .worker = (uint32_t)worker->number,
                     .job = part,
                     .slot = slot};

    return mri_mailbox_put(worker->mailbox, &work, sizeof work, timeout);
}

static uint64_t unread_letters(const mri_part_worker *worker)
{
    uint64_t unread = 0;
    uint64_t maxsize;

    return worker->mailbox.kind != MRI_NONE &&
                   mri_mailbox_count(worker->mailbox, &unread, &maxsize) ==
                       MR_OK
               ? unread
               : 0;
}

/* Who is told at once: those with tasks in their slots, or all; of these only
 * such that may begin soon, or any. */
typedef enum audience { IDLE, ALL_IDLE, ALL } audience;

static bool is_meant(const mri_part_spec *spec, unsigned int slot,
                     audience whom)
{
    const mri_part_worker *worker = &spec->list[slot];

    return worker->mailbox.kind != MRI_NONE &&
           (whom > IDLE || !mri_part_spares(spec, spec->count, slot)) &&
           (whom == ALL || unread_letters(worker) < MANY_LETTERS);
}

/* True when at least one was told. */
static bool post(mr_handle part, const mri_part_spec *spec, audience whom,
                 mr_error *refused)
{
    bool told = false;

    for (unsigned int i = 0; i < spec->workers; i++) {
        if (is_meant(spec, i, whom)) {
            mr_error error = mri_part_post(part, &spec->list[i], i, 0);

            told |= error == MR_OK;
            *refused = error ? error : *refused;
        }
    }
    return told;
}

/* Nobody is spared when workers with tasks in their slots are in others. */
static bool spares_some(const mri_part_spec *spec)
{
    if (!mri_part_is_for_few(spec, spec->count)) {
        return false;
    }
    for (unsigned int i = 0; i < spec->workers; i++) {
        if (!mri_part_spares(spec, spec->count, i) &&
            unread_letters(&spec->list[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* One that works is enough, as it takes what the others leave. */
mr_error mri_part_post_all(mr_handle part, const mri_part_spec *spec)
{
    mr_error refused = MR_OK;

    if ((spares_some(spec) && post(part, spec, IDLE, &refused)) ||
        post(part, spec, ALL_IDLE, &refused) ||
        post(part, spec, ALL, &refused)) {
        return MR_OK;
    }
    return refused == MR_ERR_TIMEOUT ? MR_ERR_NO_MEMORY : refused;
}

bool mri_part_post_rest(mr_handle part, const mri_part_spec *spec,
                        uint64_t count)
{
    bool all = true;

    for (unsigned int i = 0; i < spec->workers; i++) {
        if (spec->list[i].mailbox.kind != MRI_NONE &&
            mri_part_spares(spec, count, i)) {
            all &= mri_part_post(part, &spec->list[i], i, 0) == MR_OK;
        }
    }
    return all;
}
