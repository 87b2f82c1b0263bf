/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the list of kinds: a new object is added here.
 */
#include "objects/kinds.h"

#include "objects/pool.h"
#include "objects/process.h"
#include "route/mailbox.h"
#include "runtime/child.h"
#include "runtime/job.h"
#include "runtime/work.h"

void mri_objects_register(void)
{
    mri_kind_register(&mri_lock_ops);
    mri_kind_register(&mri_mailbox_ops);
    mri_kind_register(&mri_pipe_ops);
    mri_kind_register(&mri_value_ops);
    mri_kind_register(&mri_array_ops);
    mri_kind_register(&mri_process_ops);
    mri_kind_register(&mri_pool_ops);
    mri_kind_register(&mri_part_ops);
    mri_kind_register(&mri_context_ops);
    mri_at_endpoint_end = mri_process_end_all;
    mri_do_work = mri_pool_work;
}
