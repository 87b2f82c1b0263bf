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

static bool has_many_letters(const mri_part_worker *worker)
{
    uint64_t unread = 0;
    uint64_t maxsize;

    return mri_mailbox_count(worker->mailbox, &unread, &maxsize) == MR_OK &&
           unread >= MANY_LETTERS;
}

/* Who is told at once. */
typedef enum audience {
    IDLE, /* those that may begin soon */
    MOST, /* busy ones, too */
    ALL   /* and the spared */
} audience;

static bool is_meant(const mri_part_spec *spec, unsigned int slot,
                     audience whom)
{
    const mri_part_worker *worker = &spec->list[slot];

    return worker->mailbox.kind != MRI_NONE &&
           (whom == ALL || !mri_part_spares(spec, spec->count, slot)) &&
           (whom > IDLE || !has_many_letters(worker));
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

/* One that works is enough, as it takes what the others leave.  Only where
 * results come one by one are parts so many that a mailbox might fill. */
mr_error mri_part_post_all(mr_handle part, const mri_part_spec *spec)
{
    audience first = spec->results.kind == MRI_NONE ? MOST : IDLE;
    mr_error refused = MR_OK;

    if (post(part, spec, first, &refused) || post(part, spec, ALL, &refused)) {
        return MR_OK;
    }
    return refused == MR_ERR_TIMEOUT ? MR_ERR_NO_MEMORY : refused;
}

void mri_part_post_rest(mr_handle part, const mri_part_spec *spec,
                        uint64_t count)
{
    for (unsigned int i = 0; i < spec->workers; i++) {
        if (spec->list[i].mailbox.kind != MRI_NONE &&
            mri_part_spares(spec, count, i)) {
            (void)!mri_part_post(part, &spec->list[i], i, 0);
        }
    }
}
