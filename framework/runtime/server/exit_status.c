/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns finding out how a process ended whose parent is somebody else.
 *
 * As long as the parent has not waited for it, it is a zombie, and
 * /proc/PID/stat shows its status (proc(5), field 52, since Linux 3.5); the
 * parent under `multirank run` waits for the end of the job.  When the parent
 * has waited, as mpirun does, a pidfd still gives the status (PIDFD_INFO_EXIT,
 * since Linux 6.15).
 */
#include "runtime/server/exit_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/record.h"

int64_t mri_exit_status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? -(int64_t)WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

/* The kernel shows a 0 in place of the status to those who may not know it;
 * they are not the owner of the file. */
static bool read_zombie(pid_t pid, int *wait_status)
{
    char path[64];
    char line[1024] = "";
    char state = 'X';
    struct stat owner;
    const char *name_end;
    const char *last;
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    if (fstat(fileno(file), &owner) == 0 && owner.st_uid == geteuid() &&
        fgets(line, sizeof line, file)) {
        name_end = strrchr(line, ')');
        last = strrchr(line, ' ');
        found = name_end && last && sscanf(name_end + 1, " %c", &state) == 1 &&
                (state == 'Z' || state == 'X') &&
                sscanf(last, " %d", wait_status) == 1;
    }
    fclose(file);
    return found;
}

/* linux/pidfd.h of 6.15, which older systems do not have. */
typedef struct pidfd_info {
    uint64_t mask;
    uint64_t control_group;
    uint32_t ids[11];
    int32_t exit_code;
} pidfd_info;

#define PIDFD_WITH_EXIT (UINT64_C(1) << 3)
#define PIDFD_GET _IOWR(0xff, 11, pidfd_info)

static bool ask_pidfd(int pidfd, int *wait_status)
{
    pidfd_info info = {.mask = PIDFD_WITH_EXIT};

    if (ioctl(pidfd, PIDFD_GET, &info) != 0 || !(info.mask & PIDFD_WITH_EXIT)) {
        return false;
    }
    *wait_status = info.exit_code;
    return true;
}

int64_t mri_exit_status_find(int pidfd, pid_t pid)
{
    int wait_status = 0;

    return read_zombie(pid, &wait_status) || ask_pidfd(pidfd, &wait_status)
               ? mri_exit_status_of(wait_status)
               : MRI_STATUS_UNKNOWN;
}

void mri_exit_status_text(int64_t status, char *text, size_t size)
{
    if (status == MRI_STATUS_UNKNOWN) {
        snprintf(text, size,
                 "and only its launcher knows how: start the job by `multirank "
                 "run` to read it here");
    } else if (status < 0) {
        snprintf(text, size, "by signal %d, %s", (int)-status,
                 strsignal((int)-status));
    } else {
        snprintf(text, size, "by exit with code %d", (int)status);
    }
}
