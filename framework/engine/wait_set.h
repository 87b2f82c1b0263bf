/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait sets at the end of an endpoint.
 */
#ifndef MRI_ENGINE_WAIT_SET_H
#define MRI_ENGINE_WAIT_SET_H

/* End the thread that watches the objects of wait sets, if there is one.  What
 * is left of the sets may be destroyed later. */
void mri_wait_sets_end(void);

#endif
