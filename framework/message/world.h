/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world: MPI as the job has it, and what all its ranks do together at the
 * start and at the end.  Functions marked collective are called by all ranks,
 * or all ranks of a node, in the same order.
 */
#ifndef MRI_MESSAGE_WORLD_H
#define MRI_MESSAGE_WORLD_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include <multirank/base.h>

typedef struct mri_world {
    MPI_Comm communicator; /* private to the library */
    MPI_Comm node;         /* the ranks that share memory with this one */
    MPI_Comm machine;      /* the ranks on this machine: more, when each is
                              taken for a node of its own */
    unsigned int rank;
    unsigned int size;
    unsigned int local_ranks; /* ranks on this machine */
    unsigned int local_rank;  /* the number of this one among them */
    bool threads;             /* several threads may call MPI, one at a time */
    bool is_part;             /* some ranks of MPI are not in this job */
} mri_world;

/* Written at the start, then constant. */
extern mri_world mri_all;

/* Has MPI been started, and not ended?  Has it ever been started? */
bool mri_world_is_started(void);
bool mri_world_was_started(void);

/* The MPI library that runs, and the one that this was compiled for; at any
 * time. */
void mri_world_library(char *text, size_t size);
void mri_world_compiled_for(char *text, size_t size);

/* The thread level of a started MPI, and who started it. */
void mri_world_level(char *text, size_t size);

/* Start MPI, unless the user did, and make our communicator of the ranks of
 * `from`, an MPI_Comm; NULL: of all; collective.  MR_ERR_MPI. */
mr_error mri_world_start(const void *from);

/* Can it be made of that one?  MPI has been started.  MR_ERR_ARGUMENT. */
mr_error mri_world_check(const void *from);

/* Instead: this is the only rank, and there is no MPI. */
void mri_world_alone(void);

/* Start MPI for the user of such a rank, unless it runs.  MR_ERR_MPI. */
mr_error mri_world_start_mpi(void);

/* End what was started; collective.  `finalize`: MPI, too, if it was started
 * here, and with `user` also if the user started it.  Without an orderly end (a
 * rank is lost) nothing here is called. */
void mri_world_end(bool finalize, bool user);

/* End all ranks of MPI, with a status, whatever they do. */
void mri_world_abort(int status);

/* All ranks get the worst error of any; collective.  Other threads may send and
 * receive meanwhile, as in mri_world_barrier. */
mr_error mri_agree(mr_error error);

/* All ranks get all bits that any of them has; collective. */
unsigned int mri_world_unite(unsigned int mine);

/* Find the node, and write the lowest rank on the node of each rank to
 * `leaders`; collective.  A rank that says `alone` is a node of its own, all
 * others of a machine are one.  May be called again.  MR_ERR_MPI. */
mr_error mri_world_find_nodes(bool alone, uint32_t *leaders);

/* The ranks of the node, and the number of this one among them. */
unsigned int mri_node_size(void);
unsigned int mri_node_rank(void);

/* Collective over the ranks of a node, in the order of their numbers. */
void mri_node_gather(const void *mine, void *all, size_t size);
void mri_node_broadcast(void *bytes, size_t size);

/* Is it so at any rank of the node?  All wait for all. */
bool mri_node_any(bool mine);

/* The same over the ranks of a machine: to its first rank, from it for each one
 * of theirs, from it the same for all.  `all` may be NULL on the others. */
void mri_machine_gather(const void *mine, void *all, size_t size);
void mri_machine_scatter(const void *all, void *mine, size_t size);
void mri_machine_broadcast(void *bytes, size_t size);

/* To rank 0, where *all becomes an array of them to be freed; elsewhere NULL;
 * collective.  MR_ERR_NO_MEMORY. */
mr_error mri_world_gather(const void *mine, size_t size, void **all);

/* Wait for all ranks; collective.  `meanwhile` is called again and again
 * without the message lock, and says whether it did something. */
void mri_world_barrier(bool (*meanwhile)(void));

#endif
