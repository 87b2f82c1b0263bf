/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the rank's side of its fork server: starting it, talking to it, and
 * noticing its death.
 */
#include "runtime/server/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/segment.h"
#include "runtime/job/abort.h"
#include "runtime/job/launch.h"
#include "runtime/liveness.h"
#include "runtime/server/hooks.h"
#include "runtime/server/server_main.h"
#include "util/log.h"
#include "util/thread.h"

enum { RIGHTS_AT_ONCE = 200 }; /* the kernel takes 253, SCM_MAX_FD */

static int server_socket = -1;
static pid_t server;
static int launcher = -1; /* a pidfd */
static pthread_t watcher;
static bool watching;
static atomic_bool stopping;

mr_error mri_server_fork(void)
{
    int ends[2];
    pid_t rank = getpid();
    int failed;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return mri_system_error("socketpair for the fork server");
    }
    mri_hooks_before_fork();
    fflush(NULL); /* lest each child prints it again */
    server = fork();
    failed = errno;
    if (server != 0) {
        mri_hooks_after_fork();
    }
    if (server < 0) {
        mr_error error;

        errno = failed;
        error = mri_system_error("fork of the fork server");
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (server == 0) {
        close(ends[0]);
        mri_server_main(ends[1], rank);
    }
    close(ends[1]);
    server_socket = ends[0];
    launcher = mri_launcher_open();
    return MR_OK;
}

static mr_error send_bytes(const void *bytes, size_t size)
{
    ssize_t sent;

    do {
        sent = send(server_socket, bytes, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? MR_OK
                                 : mri_system_error("send to the fork server");
}

static mr_error send_rights(const int *descriptors, size_t count)
{
    char byte = 0;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(RIGHTS_AT_ONCE * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
    struct cmsghdr *header;

    memset(&control, 0, sizeof control);
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    if (sendmsg(server_socket, &message, MSG_NOSIGNAL) != 1) {
        return mri_system_error("sendmsg to the fork server");
    }
    return MR_OK;
}

/* Wait for one byte; false: the server is gone. */
static bool receive_byte(char expected)
{
    char byte;
    ssize_t got;

    do {
        got = recv(server_socket, &byte, 1, 0);
    } while (got < 0 && errno == EINTR);
    return got == 1 && byte == expected;
}

/* The socket hangs up when the server is gone; nothing is read here.  A
 * launcher that was killed does not always take its ranks with it: that of
 * Open MPI 5 does not.  In a job of several nodes this thread also checks
 * whether MPI still returns. */
static void *watch(void *unused)
{
    struct pollfd events[] = {{.fd = server_socket},
                              {.fd = launcher, .events = POLLIN}};
    int pause = mri_node.count < mri_node.ranks ? 1000 : -1;

    while (!(events[0].revents & (POLLHUP | POLLERR)) && !events[1].revents) {
        if (poll(events, 2, pause) < 0 && errno != EINTR) {
            break;
        }
        if (!atomic_load(&stopping)) {
            mri_liveness_watch();
        }
    }
    if (!atomic_load(&stopping)) {
        if (mri_job_is_aborted()) {
            mri_job_end_by_abort();
        }
        if (events[1].revents) {
            mri_log(MR_LOG_ERROR, "the launcher of this rank has died; the job "
                                  "ends");
        } else {
            mri_log(MR_LOG_ERROR,
                    "the fork server %d of this rank has died, and "
                    "its processes with it; the job ends",
                    (int)server);
        }
        _exit(1);
    }
    return unused;
}

static mr_error start_watcher(void)
{
    mr_error error = mri_thread_start(&watcher, watch);

    watching = error == MR_OK;
    return error;
}

mr_error mri_server_setup_send(const mri_server_setup *setup, const char *files)
{
    mr_error error = send_bytes(setup, sizeof *setup);

    if (!error && setup->files_size) {
        error = send_bytes(files, setup->files_size);
    }
    for (uint32_t i = 0; !error && i < setup->size; i += MRI_SERVER_LEADERS) {
        uint32_t left = setup->size - i;

        error =
            send_bytes(mri_node.leaders + i,
                       (left < MRI_SERVER_LEADERS ? left : MRI_SERVER_LEADERS) *
                           sizeof *mri_node.leaders);
    }
    for (uint32_t i = 0; !error && i < mri_node.count; i += RIGHTS_AT_ONCE) {
        uint32_t left = mri_node.count - i;

        error = send_rights(mri_node.descriptors + i,
                            left < RIGHTS_AT_ONCE ? left : RIGHTS_AT_ONCE);
    }
    if (!error && !receive_byte(MRI_SERVER_READY)) {
        error = mri_fail(
            MR_ERR_SYSTEM, MR_LOG_ERROR,
            "the fork server could not start: is there too little memory, "
            "or a limit on processes (ulimit -u)?");
    }
    return error ? error : start_watcher();
}

void mri_server_quiet(void)
{
    char byte = MRI_SERVER_QUIET;

    if (watching && send_bytes(&byte, 1) == MR_OK) {
        receive_byte(MRI_SERVER_IS_QUIET);
    }
}

void mri_server_stop(void)
{
    char byte = MRI_SERVER_STOP;

    if (server_socket < 0) {
        return;
    }
    atomic_store(&stopping, true);
    /* A server that was never set up ends when the socket does. */
    if (!watching) {
        shutdown(server_socket, SHUT_RDWR);
    } else if (send_bytes(&byte, 1) != MR_OK) {
        kill(server, SIGKILL);
    }
    while (waitpid(server, NULL, 0) < 0 && errno == EINTR) {
    }
    if (watching) {
        pthread_join(watcher, NULL);
    }
    close(server_socket);
    server_socket = -1;
    if (launcher >= 0) {
        close(launcher);
        launcher = -1;
    }
}
