/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of the fork server.
 */
#ifndef MRI_RUNTIME_SERVER_SERVER_MAIN_H
#define MRI_RUNTIME_SERVER_SERVER_MAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Messages between a rank and its server, one byte each, but for the setup
 * that comes first. */
enum {
    MRI_SERVER_READY = 'r',
    MRI_SERVER_QUIET = 'q',
    MRI_SERVER_IS_QUIET = 'd',
    MRI_SERVER_STOP = 's'
};

/* Entries of the layout in one message of the setup. */
enum { MRI_SERVER_LEADERS = 8192 };

/* Serve the rank with process id `rank` through `socket`; does not return. */
_Noreturn void mri_server_main(int socket, pid_t rank);

/* Leave all of the user's and the launcher's behind: other descriptors,
 * signal actions, process group, environment. */
void mri_server_clean(int socket);

/* Wait for the setup that the rank sends, and map its segments,
 * and take its placement.  `files` are
 * for the server to remove if the rank dies, each ended by a zero.  False:
 * the rank is gone, or did not start. */
bool mri_server_receive(int socket, char **files, size_t *files_size);

#endif
