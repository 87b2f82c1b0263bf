/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the list of kinds: a new object is added here.
 */
#include "objects/kinds.h"

#include "engine/mailbox.h"
#include "objects/data/array.h"
#include "objects/data/replica.h"
#include "objects/queue/queue.h"
#include "pool/batch.h"
#include "pool/context.h"
#include "pool/end.h"
#include "pool/pool.h"
#include "pool/worker/life.h"
#include "pool/worker/run.h"
#include "runtime/job/job.h"
#include "runtime/server/child.h"
#include "runtime/work_loop.h"

void mri_objects_register(void)
{
    mri_kind_register(&mri_lock_ops);
    mri_kind_register(&mri_rlock_ops);
    mri_kind_register(&mri_semaphore_ops);
    mri_kind_register(&mri_event_ops);
    mri_kind_register(&mri_condition_ops);
    mri_kind_register(&mri_barrier_ops);
    mri_kind_register(&mri_rwlock_ops);
    mri_kind_register(&mri_mailbox_ops);
    mri_kind_register(&mri_queue_ops);
    mri_kind_register(&mri_pipe_ops);
    mri_kind_register(&mri_value_ops);
    mri_kind_register(&mri_array_ops);
    mri_kind_register(&mri_keeper_ops);
    mri_kind_register(&mri_process_ops);
    mri_kind_register(&mri_pool_ops);
    mri_kind_register(&mri_future_ops);
    mri_kind_register(&mri_batch_ops);
    mri_kind_register(&mri_context_ops);
    mri_at_endpoint_end = mri_endpoint_end;
    mri_array_begin_copy = mri_replica_begin;
    mri_do_work = mri_pool_work;
    mri_work_with_setup = mri_worker_do;
    mri_misuse_begin();
}
