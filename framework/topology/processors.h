/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of processors (hwloc PUs, Linux CPUs), by the numbers that the system
 * gives them, in a fixed size: so they travel in messages.
 */
#ifndef MRI_TOPOLOGY_PROCESSORS_H
#define MRI_TOPOLOGY_PROCESSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MRI_PROCESSORS_MAX = 4096, MRI_PROCESSORS_WORDS = 64 };

typedef struct mri_processors {
    unsigned long words[MRI_PROCESSORS_WORDS];
} mri_processors;

bool mri_processors_has(const mri_processors *set, unsigned int number);
void mri_processors_add(mri_processors *set, unsigned int number);
unsigned int mri_processors_count(const mri_processors *set);
bool mri_processors_same(const mri_processors *a, const mri_processors *b);
void mri_processors_unite(mri_processors *set, const mri_processors *other);
void mri_processors_remove(mri_processors *set, const mri_processors *other);

/* Keep what both have, unless that is nothing; false: it is nothing, and the
 * set is as it was. */
bool mri_processors_narrow(mri_processors *set, const mri_processors *other);

/* The numbers of a list like 0-3,8; what is no list ends it. */
void mri_processors_read(mri_processors *set, const char *list);

/* That list, which is cut where it is too long. */
void mri_processors_write(const mri_processors *set, char *list, size_t size);

/* Where a process or thread may run, 0: the calling thread; false: it is not
 * to be known. */
bool mri_processors_of(pid_t process, mri_processors *set);

/* Let a thread or process, 0: the caller, run there and nowhere else; what it
 * starts from now on inherits that.  False: the system refuses. */
bool mri_processors_bind(pid_t process, const mri_processors *set);

/* The same for all threads that the calling process has. */
void mri_processors_bind_all(const mri_processors *set);

#endif
