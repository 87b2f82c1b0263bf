/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a hosting rank is asked to do through its row MRI_ROW_MAILBOX.
 */
#ifndef MRI_RUNTIME_WORK_LOOP_H
#define MRI_RUNTIME_WORK_LOOP_H

#include <stdint.h>

#include <multirank/base.h>

enum { MRI_WORK_BATCH = 1, MRI_WORK_STOP, MRI_WORK_FINALIZE };

typedef struct mri_work {
    uint32_t what;
    uint32_t worker; /* its number in the pool */
    mr_handle job;   /* a batch; or the pool, for MRI_WORK_FINALIZE */
    uint32_t slot;   /* its own in the batch */
} mri_work;

/* Does the work of one message.  Set by the layer above. */
extern void (*mri_do_work)(const mri_work *work);

/* From the work of a message: the loop ends after it. */
void mri_work_stop(void);

/* Take work from a mailbox until told to stop, or the mailbox is gone. */
void mri_work_loop(mr_handle mailbox);

/* What a rank does when its loop has ended; it does not return.  NULL in a
 * process, which may end instead. */
extern void (*mri_work_end)(void);

/* The work that this thread has begun is to be begun again, later. */
void mri_work_again(void);

/* This thread ends, and must not: its loop goes on in another while it waits.
 * It has no record any more.  A process ends instead. */
_Noreturn void mri_work_in_another_thread(void);

#endif
