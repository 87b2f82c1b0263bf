/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ops tables of all kinds of objects.
 */
#ifndef MRI_OBJECTS_KINDS_H
#define MRI_OBJECTS_KINDS_H

#include "engine/object.h"

extern const mri_kind_ops mri_lock_ops;
extern const mri_kind_ops mri_rlock_ops;
extern const mri_kind_ops mri_semaphore_ops;
extern const mri_kind_ops mri_event_ops;
extern const mri_kind_ops mri_condition_ops;
extern const mri_kind_ops mri_barrier_ops;
extern const mri_kind_ops mri_rwlock_ops;
extern const mri_kind_ops mri_pipe_ops;
extern const mri_kind_ops mri_value_ops;
extern const mri_kind_ops mri_array_ops;
extern const mri_kind_ops mri_keeper_ops;
extern const mri_kind_ops mri_process_ops;
extern const mri_kind_ops mri_pool_ops;
extern const mri_kind_ops mri_future_ops;
extern const mri_kind_ops mri_batch_ops;
extern const mri_kind_ops mri_context_ops;

#endif
