/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the whole job by mr_job_abort, as the processes of a rank see it.
 */
#ifndef MRI_RUNTIME_JOB_ABORT_H
#define MRI_RUNTIME_JOB_ABORT_H

#include <stdbool.h>
#include <stdint.h>

/* What fork servers are asked for, and note for their node: who has called, and
 * 1 more than the exit status. */
typedef struct mri_abort {
    uint64_t by; /* an endpoint */
    uint64_t status_and_1;
} mri_abort;

/* Write down that the job of this node is aborted.  The first caller counts. */
void mri_job_note_abort(const mri_abort *abort);

/* Is it? */
bool mri_job_is_aborted(void);

/* In a rank, whose server has ended upon it. */
_Noreturn void mri_job_end_by_abort(void);

#endif
