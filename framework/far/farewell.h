/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Farewells: how a rank tells other nodes that an endpoint of its own has
 * ended.  Its calls are ended first, then each rank that knows of it answers,
 * then the row of the endpoint says that nobody does any more.
 *
 * By the service thread alone.
 */
#ifndef MRI_FAR_FAREWELL_H
#define MRI_FAR_FAREWELL_H

#include "far/far.h"

/* False: there is no memory now. */
bool mri_farewell_begin(mri_ranks ranks, const mri_gone *gone);

/* Has one begun since the last question? */
bool mri_farewells_are_new(void);

/* Are its calls at an end, and others asked to forget it? */
bool mri_farewell_is_said(uint64_t endpoint);

/* True: something was done. */
bool mri_farewells_go_on(void);

#endif
