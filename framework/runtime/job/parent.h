/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a rank says to the process that `multirank run` has put above it; see
 * apps/multirank/parent.h, which describes the other side.
 */
#ifndef MRI_RUNTIME_JOB_PARENT_H
#define MRI_RUNTIME_JOB_PARENT_H

#include <stdbool.h>

typedef enum mri_parent_word {
    MRI_PARENT_READY = 'r', /* mr_init is done: my death need not end the job */
    MRI_PARENT_END = 'e'    /* I end in order */
} mri_parent_word;

/* Take the descriptor from the environment; there is none under plain mpirun,
 * and nothing is said then. */
void mri_parent_find(void);

/* Say nothing to it: then the death of any rank ends the job. */
void mri_parent_leave(void);

/* True: the job is to outlive the death of a rank. */
bool mri_parent_is_there(void);
void mri_parent_say(mri_parent_word word);

#endif
