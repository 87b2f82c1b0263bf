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

/* True when at least one was told. */
static bool post(mr_handle part, const mri_part_spec *spec, bool busy_too,
                 mr_error *refused)
{
    bool told = false;

    for (unsigned int i = 0; i < spec->workers; i++) {
        const mri_part_worker *worker = &spec->list[i];

        if (worker->mailbox.kind != MRI_NONE &&
            (busy_too || !has_many_letters(worker))) {
            mr_error error = mri_part_post(part, worker, i, 0);

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
    bool busy_too = spec->results.kind == MRI_NONE;
    mr_error refused = MR_OK;

    if (post(part, spec, busy_too, &refused) ||
        post(part, spec, true, &refused)) {
        return MR_OK;
    }
    return refused == MR_ERR_TIMEOUT ? MR_ERR_NO_MEMORY : refused;
}
