/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the loop of whoever works for pools: hosting ranks and children.
 */
#include "runtime/work_loop.h"

#include "engine/mailbox.h"

void (*mri_do_work)(const mri_work *work);

void mri_work_loop(mr_handle mailbox)
{
    mri_work work;
    size_t size;

    while (mri_mailbox_get(mailbox, &work, sizeof work, &size, MR_FOREVER) ==
               MR_OK &&
           work.what != MRI_WORK_STOP) {
        mri_do_work(&work);
    }
}
