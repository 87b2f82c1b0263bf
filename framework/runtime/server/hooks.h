/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a language's runtime wants to do around the fork of the fork server, and
 * first and last in each child.
 */
#ifndef MRI_RUNTIME_SERVER_HOOKS_H
#define MRI_RUNTIME_SERVER_HOOKS_H

/* In a rank, around its fork of the server. */
void mri_hooks_before_fork(void);
void mri_hooks_after_fork(void);

/* In a child, each once. */
void mri_hooks_begin(void);
void mri_hooks_end(void);

#endif
