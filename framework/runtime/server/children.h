/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The children of a fork server.
 */
#ifndef MRI_RUNTIME_SERVER_CHILDREN_H
#define MRI_RUNTIME_SERVER_CHILDREN_H

#include <multirank/base.h>

#include "engine/object.h"
#include "memory/record.h"

typedef struct mri_server_child mri_server_child;

/* Once: the rank, the server's record, the epoll descriptor to which pipes of
 * children are added with the child as data, and what a new child closes. */
void mri_children_begin(unsigned int rank, mri_record *self, int epoll,
                        void (*close_server)(void));

/* Fork a process.  MR_ERR_LIMIT, MR_ERR_SYSTEM, MR_ERR_FUNCTION,
 * MR_ERR_NO_MEMORY. */
mr_error mri_children_start(mri_object *process, mr_handle handle);

/* Send a signal to one, if it lives, or to all. */
void mri_children_signal(mr_handle process, int number);
void mri_children_signal_all(int number);

/* There is something to read from this one. */
void mri_children_readable(mri_server_child *child);

/* Collect those that have ended, and repair what they were changing. */
void mri_children_collect(void);

/* Forward output, conclude the dead.  True: call again soon, as rank 0 had no
 * room for some output. */
bool mri_children_run(void);

bool mri_children_any(void);

/* Kill all and wait for their end; shared memory is not touched. */
void mri_children_kill(void);

#endif
