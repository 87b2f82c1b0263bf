/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of an endpoint, as far as it has to do with pools.
 */
#ifndef MRI_POOL_END_H
#define MRI_POOL_END_H

/* Its asynchronous maps are cancelled; then its processes end, see
 * mri_process_end_all. */
void mri_endpoint_end(void);

#endif
