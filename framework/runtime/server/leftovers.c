/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the knowledge of what the launcher of Open MPI 4.1 leaves behind when it
 * is killed.  Single-threaded, as the fork server is.
 *
 * The launcher is mpirun or, on the other hosts, its orted.  Each has one
 * folder for the job on its host, TMPDIR/ompi.HOST.USER/pid.MPIRUN or .../jf.N.
 * ompi.HOST.USER is shared by all jobs of the user, so it is removed only if it
 * is empty.
 */
#include "runtime/server/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Strings of the environment stay where they are when a variable is taken out
 * of it.  NULL: not set. */
static struct {
    const char *folder;   /* OMPI_MCA_orte_jobfam_session_dir */
    const char *job;      /* OMPI_MCA_ess_base_jobid, a decimal number */
    const char *segments; /* OMPI_MCA_btl_vader_backing_directory */
    const char *launcher; /* PMIX_SERVER_URI2, NAME;tcp4://127.0.0.1:PORT */
} left;

void mri_leftovers_read(void)
{
    left.folder = getenv("OMPI_MCA_orte_jobfam_session_dir");
    left.job = getenv("OMPI_MCA_ess_base_jobid");
    left.segments = getenv("OMPI_MCA_btl_vader_backing_directory");
    left.launcher = getenv("PMIX_SERVER_URI2");
}

/* ---- the launcher -------------------------------------------------------- */

/* Nobody listens where all its ranks have to come to start MPI.  Its process id
 * would not tell: between it and a rank there may be other programs, and a
 * container has numbers of its own.  In doubt it lives. */
static bool launcher_is_dead(void)
{
    static const char loopback[] = "tcp4://127.0.0.1:";
    const char *place = left.launcher ? strstr(left.launcher, loopback) : NULL;
    struct sockaddr_in address = {.sin_family = AF_INET};
    bool refused;
    int probe;

    if (!place) {
        return false;
    }
    place += strlen(loopback);
    address.sin_port = htons((uint16_t)strtoul(place, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    refused =
        probe >= 0 &&
        connect(probe, (struct sockaddr *)&address, sizeof address) != 0 &&
        errno == ECONNREFUSED;
    if (probe >= 0) {
        close(probe);
    }
    return refused;
}

/* ---- its folder ---------------------------------------------------------- */

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Links are removed and not followed.  What is gone already, another server
 * has removed: nftw(3) would give up then. */
static void remove_tree(int parent, const char *name)
{
    int descriptor =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    const struct dirent *entry;

    if (!folder) {
        if (descriptor >= 0) {
            close(descriptor);
        }
        unlinkat(parent, name, 0);
        return;
    }
    while ((entry = readdir(folder))) {
        if (!is_dots(entry->d_name)) {
            remove_tree(dirfd(folder), entry->d_name);
        }
    }
    closedir(folder);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Is it TOP/ompi.HOST.USER/pid.N or TOP/ompi.HOST.USER/jf.N?  Nothing else is
 * removed, whatever the variable says. */
static bool is_folder_of_job(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *parent =
        name ? memrchr(path, '/', (size_t)(name - path)) : NULL;

    return *path == '/' && parent && strncmp(parent, "/ompi.", 6) == 0 &&
           (strncmp(name, "/pid.", 5) == 0 || strncmp(name, "/jf.", 4) == 0);
}

static void remove_folder(void)
{
    char *parent = left.folder ? strdup(left.folder) : NULL;

    if (parent && is_folder_of_job(parent)) {
        remove_tree(AT_FDCWD, left.folder);
        *strrchr(parent, '/') = '\0';
        rmdir(parent); /* fails if other jobs have something there */
    }
    free(parent);
}

/* ---- shared memory ------------------------------------------------------- */

/* vader_segment.HOST.USER.JOB.RANK; the name of the host may have points. */
static bool is_segment_of_job(const char *name, const char *user_and_job)
{
    const char *rank = strrchr(name, '.');
    size_t length = strlen(user_and_job);

    return strncmp(name, "vader_segment.", 14) == 0 &&
           (size_t)(rank - name) >= 13 + length &&
           strncmp(rank - length, user_and_job, length) == 0;
}

static void remove_segments(void)
{
    char user_and_job[48];
    const char *path = left.segments ? left.segments : "/dev/shm";
    DIR *folder = left.job ? opendir(path) : NULL;
    const struct dirent *entry;

    if (!folder) {
        return;
    }
    snprintf(user_and_job, sizeof user_and_job, ".%u.%lx",
             (unsigned int)geteuid(), strtoul(left.job, NULL, 10));
    while ((entry = readdir(folder))) {
        if (is_segment_of_job(entry->d_name, user_and_job)) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    closedir(folder);
}

void mri_leftovers_remove(void)
{
    if (launcher_is_dead()) {
        remove_segments();
        remove_folder();
    }
}
