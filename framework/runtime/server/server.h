/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fork server: a child of each rank, forked before MPI starts, that forks
 * all processes of the rank, and outlives it to clean up.
 */
#ifndef MRI_RUNTIME_SERVER_SERVER_H
#define MRI_RUNTIME_SERVER_SERVER_H

#include <stdint.h>

#include <multirank/base.h>

#include "topology/placement.h"

/* What the rank tells its server once the segments exist. */
typedef struct mri_server_setup {
    uint32_t rank;
    uint32_t size;
    uint32_t files_size; /* bytes of the list of files that follows */
    int64_t allowance;
    char host[64];
    mri_placement placement;
} mri_server_setup;

/* Fork the server of this process.  MR_ERR_SYSTEM. */
mr_error mri_server_fork(void);

/* Give it the layout and the segments of the node, and the files, each ended
 * by a zero, that it shall remove if the rank dies; wait until it is ready.
 * Then it is watched: its death ends the rank.  MR_ERR_SYSTEM. */
mr_error mri_server_setup_send(const mri_server_setup *setup,
                               const char *files);

/* Terminate all processes of the rank; they have ended on return. */
void mri_server_quiet(void);

/* End the server itself, last of all. */
void mri_server_stop(void);

#endif
