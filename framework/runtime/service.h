/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The service thread: in a job of several nodes each rank has one.  It
 * receives while the user's code runs, and makes the far calls of the rank's
 * processes.
 */
#ifndef MRI_RUNTIME_SERVICE_H
#define MRI_RUNTIME_SERVICE_H

#include <multirank/base.h>

/* Start and end it; the exchange has begun.  MR_ERR_SYSTEM. */
mr_error mri_service_start(void);
void mri_service_stop(void);

#endif
