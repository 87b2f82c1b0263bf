/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools inside the library.
 */
#ifndef MRI_OBJECTS_POOL_H
#define MRI_OBJECTS_POOL_H

#include "runtime/work.h"

/* Work for a map, as a hosting rank or a child; see mri_do_work. */
void mri_pool_work(const mri_work *work);

#endif
