/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a thread knows of the task that it runs: the slot, and the text
 * that the task gave with mr_task_fail; and how the creator of the map is told
 * that a task has failed.
 */
#include "pool/worker/failure.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "runtime/job/identity.h"
#include "util/clock.h"

_Thread_local mri_task_now mri_task;

/* What a task of this thread said last. */
static _Thread_local char task_text[MR_TEXT_SIZE];

static uint64_t current_task(void)
{
    if (mri_task.frame) {
        return mri_task.frame | (uint64_t)1 << 63;
    }
    return mri_task.slot ? mri_peek(&mri_task.slot->current) : 0;
}

mr_error mr_task_fail(mr_error code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(task_text, sizeof task_text, format, arguments);
    va_end(arguments);
    mri_task.with_text = current_task();
    mri_task.signal = 0;
    return code == MR_OK ? MR_ERR_USER : code;
}

void mri_batch_fail(mri_record *self, mri_batch *batch,
                    const mr_task_error *error)
{
    uint64_t none = 0;

    if (mri_cas(&batch->error_state, &none, mri_ref_of(self))) {
        batch->error = *error;
        batch->failed_at = mri_now();
        mri_store(&batch->error_state, MRI_ERROR_SET);
    }
}

void mri_batch_describe_failure(mri_record *self, size_t index, mr_error code,
                                mr_task_error *error)
{
    bool has_text = mri_task.with_text == current_task();

    *error =
        (mr_task_error){.code = code,
                        .index = index,
                        .rank = (int)mri_endpoint_rank(mri_load(&self->owner)),
                        .signal = has_text ? mri_task.signal : 0};
    snprintf(error->host, sizeof error->host, "%s", mri_here.host);
    snprintf(error->text, sizeof error->text, "%s",
             has_text ? task_text : mr_error_text(code));
    mri_task.with_text = 0;
}

void mri_batch_keep_failure(mri_slot *slot, const mr_task_error *error)
{
    slot->failure = *error;
    mri_store(&slot->has_failure, 1);
}

void mri_batch_await_told(const mri_batch *batch, const mri_slot *slot)
{
    const struct timespec moment = {.tv_nsec = 10000000};

    while (mri_load(&slot->has_failure) && !mri_load(&batch->cancelled)) {
        nanosleep(&moment, NULL);
    }
}
