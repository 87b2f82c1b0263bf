/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One-sided transfers between this rank's memory and the window of another:
 * MPI_Get and MPI_Put, begun here and completed by mri_onesided_progress.
 *
 * All functions want the caller to hold the lock of messages, as MPI is
 * initialised at MPI_THREAD_SERIALIZED, and return soon.  The one wait inside
 * MPI is the flush behind a put, which takes as long as its target needs to
 * look at its messages: MPI has no request that tells of a put's arrival.
 *
 * MPI moves bytes, and over a network not in steps of an element.  So what it
 * moves is a block that nobody else uses meanwhile, and never an object.
 */
#ifndef MRI_MEMORY_ONESIDED_H
#define MRI_MEMORY_ONESIDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <multirank/base.h>

#include "memory/word.h"

/* What was shown to work between all ranks of the job; set at start. */
extern bool mri_onesided_gets;
extern bool mri_onesided_puts;

/* Where a block lies in the window of its rank, from the window's start. */
uint64_t mri_onesided_place(mri_ref block);

/* Does a block lie in a window? */
bool mri_onesided_covers(mri_ref block);

/* Told under the lock when all has arrived, or never will. */
typedef void mri_onesided_done(void *user, mr_error error);

/* Read from, or write to, a place in the window of a rank.  The local memory
 * is the library's until `done` is called.  MR_ERR_NO_MEMORY, MR_ERR_MPI:
 * then `done` is not called. */
mr_error mri_onesided_get(unsigned int rank, uint64_t place, void *out,
                          uint64_t size, mri_onesided_done *done, void *user);
mr_error mri_onesided_put(unsigned int rank, uint64_t place, const void *in,
                          uint64_t size, mri_onesided_done *done, void *user);

/* Complete what can be completed.  True: something was. */
bool mri_onesided_progress(void);

/* A rank is gone: what is under way to and from it ends with
 * MR_ERR_OWNER_LOST. */
void mri_onesided_lose(unsigned int rank);

#endif
