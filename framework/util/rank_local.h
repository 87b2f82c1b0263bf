/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rank-local variables: those of which each rank has its own.
 *
 * A process is at most one rank, so in the library such a variable is an
 * ordinary one and costs nothing.  For tests the same sources are compiled
 * once more, with MRI_RANKS_ARE_THREADS: then several ranks live in one
 * process, as the variables of several processors do in the Linux kernel
 * (linux/percpu.h).  All rank-local variables lie in one section, each rank
 * has a copy of it, and a thread finds the copy of its rank by a displacement
 * of its own.
 *
 * A file puts its variables into one structure, and names it for its code:
 *
 *     static MRI_RANK_LOCAL struct service service_of_rank;
 *     #define own MRI_OWN(service_of_rank)
 *
 * A mutable variable that is not rank-local belongs to the process, and
 * tests/style/globals wants to know why.
 */
#ifndef MRI_UTIL_RANK_LOCAL_H
#define MRI_UTIL_RANK_LOCAL_H

#include <stddef.h>
#include <stdint.h>

/* All rank-local variables of one rank; or of one of its processes, which has
 * variables of its own just as well. */
typedef struct mri_rank_state mri_rank_state;

#ifdef MRI_RANKS_ARE_THREADS

#define MRI_RANK_LOCAL __attribute__((section("mri_rank")))

/* The calling thread's copy of a rank-local variable. */
#define MRI_OWN(variable) \
    (*(__typeof__(variable) *)mri_rank_own((uintptr_t) & (variable)))

/* From a variable to the copy that the calling thread's rank has of it. */
extern _Thread_local uintptr_t mri_rank_shift;

/* The compiler shall not know from which variable the address comes, or it
 * takes all copies for that one. */
static inline void *mri_rank_own(uintptr_t variable)
{
    __asm__("" : "+r"(variable));
    return (void *)(variable + mri_rank_shift);
}

/* Variables of a new rank, as they are at the start of a process; NULL: there
 * is no memory. */
mri_rank_state *mri_rank_make(void);
void mri_rank_free(mri_rank_state *state);

/* The calling thread belongs to that rank from now on, or to none for NULL:
 * then it has the variables of the process.  The result is the rank that it
 * belonged to. */
mri_rank_state *mri_rank_enter(mri_rank_state *state);
mri_rank_state *mri_rank_entered(void);

#else

#define MRI_RANK_LOCAL
#define MRI_OWN(variable) (variable)

static inline mri_rank_state *mri_rank_enter(mri_rank_state *state)
{
    return state;
}

static inline mri_rank_state *mri_rank_entered(void)
{
    return NULL;
}

#endif

#endif
