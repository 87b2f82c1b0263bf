/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the start of the fork server: what it closes, resets and forgets, and
 * the segments and files that its rank hands it.
 */
#include "runtime/server/server_main.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "far/far.h"
#include "memory/segment.h"
#include "runtime/job/identity.h"
#include "runtime/job/place_ranks.h"
#include "runtime/server/server.h"

/* Everything but the standard streams and the socket to the rank.  Linux has
 * close_range from 5.9 on. */
static void close_others(int kept)
{
    unsigned int socket = (unsigned int)kept;

    if (syscall(SYS_close_range, socket + 1, ~0U, 0) == 0) {
        if (socket > STDERR_FILENO + 1) {
            syscall(SYS_close_range, STDERR_FILENO + 1U, socket - 1, 0);
        }
        return;
    }
    for (int i = STDERR_FILENO + 1; i < 1024; i++) {
        if (i != kept) {
            close(i);
        }
    }
}

static bool is_launchers(const char *variable)
{
    static const char *const launchers[] = {"OMPI_", "PMIX_", "PMI_", "PRTE_"};

    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (strncmp(variable, launchers[i], strlen(launchers[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A child that starts an MPI program of its own shall not seem to be a rank
 * of this job. */
static void clean_environment(void)
{
    extern char **environ;
    char **kept = environ;

    for (char **variable = environ; *variable; variable++) {
        if (!is_launchers(*variable)) {
            *kept++ = *variable;
        }
    }
    *kept = NULL;
}

/* Descriptors, limits, signals and environment as children shall have them:
 * the server has them first. */
void mri_server_clean(int socket)
{
    struct rlimit limit;
    int null = open("/dev/null", O_RDWR);

    setsid(); /* launchers kill the process group of a rank */
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close_others(socket);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int number = 1; number <= SIGRTMAX; number++) {
        signal(number, SIG_DFL);
    }
    clean_environment();
}

static bool receive_rights(int socket, int *descriptors, size_t count)
{
    char byte;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(256 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    size_t got = 0;

    while (got < count) {
        struct cmsghdr *header;
        size_t bytes;

        message.msg_controllen = sizeof control;
        if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) {
            return false;
        }
        header = CMSG_FIRSTHDR(&message);
        if (!header || header->cmsg_type != SCM_RIGHTS) {
            return false;
        }
        bytes = header->cmsg_len - CMSG_LEN(0);
        if (bytes > (count - got) * sizeof(int)) {
            return false;
        }
        memcpy(descriptors + got, CMSG_DATA(header), bytes);
        got += bytes / sizeof(int);
    }
    return true;
}

static bool receive_layout(int socket, const mri_server_setup *setup)
{
    uint32_t *leaders = calloc(setup->size, sizeof *leaders);
    uint32_t got = 0;
    bool done = leaders != NULL;

    while (done && got < setup->size) {
        uint32_t left = setup->size - got;
        ssize_t size = (left < MRI_SERVER_LEADERS ? left : MRI_SERVER_LEADERS) *
                       sizeof *leaders;

        done = recv(socket, leaders + got, (size_t)size, 0) == size;
        got += (uint32_t)size / sizeof *leaders;
    }
    done = done && mri_region_lay_out(leaders, setup->size,
                                      leaders[setup->rank]) == MR_OK;
    free(leaders);
    return done;
}

bool mri_server_receive(int socket, char **files, size_t *files_size)
{
    mri_server_setup setup;
    int *descriptors = NULL;
    bool done;

    if (recv(socket, &setup, sizeof setup, 0) != sizeof setup) {
        return false;
    }
    mri_place_server(&setup.placement);
    *files_size = setup.files_size;
    *files = malloc(setup.files_size + 1);
    done = *files &&
           (setup.files_size == 0 || recv(socket, *files, setup.files_size,
                                          0) == (ssize_t)setup.files_size) &&
           receive_layout(socket, &setup);
    if (done) {
        descriptors = calloc(mri_node.count, sizeof *descriptors);
        done = descriptors &&
               receive_rights(socket, descriptors, mri_node.count) &&
               mri_region_map(descriptors, setup.allowance) == MR_OK;
    }
    free(descriptors);
    if (done && mri_node.count < mri_node.ranks) {
        mri_far_begin();
    }
    mri_here.role = MRI_SERVER;
    mri_here.pid = getpid();
    mri_here.rank = setup.rank;
    mri_here.size = setup.size;
    memcpy(mri_here.host, setup.host, sizeof mri_here.host);
    return done;
}
