/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns nothing: looks at the environment and the ancestors of this process.
 *
 * Ranks of one machine may be in a container each, with a /dev/shm of its own.
 * Then MPI can reach them over the network only.  A rank sees that its mount
 * namespace is not that of its launcher, or that it does not see the launcher.
 */
#include "message/one_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ANCESTORS = 16 };

static FILE *open_of(int pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "re");
}

/* 0: none, or not to be seen. */
static int parent_of(int pid)
{
    FILE *file = open_of(pid, "status");
    char line[256];
    int parent = 0;

    while (file && fgets(line, sizeof line, file) &&
           sscanf(line, "PPid: %d", &parent) != 1) {
    }
    if (file) {
        fclose(file);
    }
    return parent;
}

/* The launcher has given the number of ranks to its children, and has none
 * itself.  What cannot be read is not it. */
static bool has_ranks(int pid, bool *readable)
{
    static const char wanted[] = "OMPI_COMM_WORLD_SIZE=";
    FILE *file = open_of(pid, "environ");
    char *variable = NULL;
    size_t size = 0;
    bool found = false;

    *readable = file != NULL;
    while (file && !found && getdelim(&variable, &size, '\0', file) > 0) {
        found = strncmp(variable, wanted, strlen(wanted)) == 0;
    }
    free(variable);
    if (file) {
        fclose(file);
    }
    return found;
}

/* 0: not to be seen. */
static int launcher(void)
{
    bool readable = true;
    int pid = getppid();

    for (int i = 0; i < MAX_ANCESTORS && pid > 0; i++) {
        if (!has_ranks(pid, &readable)) {
            return readable ? pid : 0;
        }
        pid = parent_of(pid);
    }
    return 0;
}

static bool shares_mounts(int pid)
{
    char path[64];
    struct stat ours, theirs;

    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    return pid > 0 && stat("/proc/self/ns/mnt", &ours) == 0 &&
           stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

bool mri_on_one_node(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    const char *beside = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");

    return size && beside && strcmp(size, beside) == 0 &&
           shares_mounts(launcher());
}
