/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the knowledge of what MPI would leave behind when a rank is killed.
 */
#include "runtime/job/mpi_files.h"

#include <stdio.h>
#include <string.h>

/* Is a file in /dev/shm, or in a folder there, one of MPI's or of its
 * transports, and not the user's? */
static bool is_of_mpi(const char *name)
{
    static const char *const names[] = {"vader_segment.", "sm_segment.", "osc_",
                                        "open_mpi",       "ucx_shm_",    "psm"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The files in /dev/shm that MPI mapped, each ended by a zero: after kill -9
 * they would stay. */
size_t mri_mpi_files_list(char *list, size_t capacity)
{
    char line[512];
    size_t size = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && fgets(line, sizeof line, maps)) {
        char *path = strstr(line, "/dev/shm/");
        size_t length;

        if (!path || strstr(path, " (deleted)") ||
            !is_of_mpi(strrchr(path, '/') + 1)) {
            continue;
        }
        path[strcspn(path, "\n")] = '\0';
        length = strlen(path) + 1;
        if (memmem(list, size, path, length)) {
            continue;
        }
        if (length <= capacity - size) {
            memcpy(list + size, path, length);
            size += length;
        }
    }
    if (maps) {
        fclose(maps);
    }
    return size;
}
