/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the exchange of segments' descriptors among the ranks of a node.
 *
 * First each rank opens /proc/PID/fd/N of each other.  The kernel refuses that
 * where the other is in a user namespace that does not belong to the caller,
 * as in rootless containers, and where its program may be executed but not
 * read (Linux, ptrace(2), "Ptrace access mode checking").  When one open has
 * failed, every rank listens at a socket without a name in the file system and
 * sends its descriptor (unix(7), SCM_RIGHTS) to all who know its secret, which
 * went to the ranks of the node by MPI.
 *
 * Ranks in different process namespaces never share memory: a rank signals and
 * watches the others by their process ids, which would name other processes.
 */
#include "runtime/job/exchange_segments.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "memory/segment.h"
#include "message/world.h"
#include "util/log.h"

enum { SECRET = 16, TOGETHER = 64 };

/* What each rank of the node says of itself. */
typedef struct introduction {
    int64_t pid;
    int64_t descriptor;
    uint64_t device; /* of the segment's file */
    uint64_t file;
    uint64_t namespace; /* of process ids */
    unsigned char secret[SECRET];
} introduction;

static mr_error introduce(int descriptor, introduction *me)
{
    struct stat file;
    struct stat namespace;

    *me = (introduction){.pid = getpid(), .descriptor = descriptor};
    if (fstat(descriptor, &file) != 0) {
        return mri_system_error("fstat of the segment");
    }
    me->device = file.st_dev;
    me->file = file.st_ino;
    if (stat("/proc/self/ns/pid", &namespace) == 0) {
        me->namespace = namespace.st_ino;
    }
    if (getrandom(me->secret, SECRET, 0) != SECRET) {
        return mri_system_error("getrandom");
    }
    return MR_OK;
}

static bool is_file_of(const struct stat *file, const introduction *other)
{
    return file->st_dev == other->device && file->st_ino == other->file;
}

/* ---- by /proc ------------------------------------------------------------ */

/* What is opened is looked at before and after, as the process id may be that
 * of another process by then. */
static int open_by_process(const introduction *other)
{
    struct stat file;
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%lld/fd/%lld", (long long)other->pid,
             (long long)other->descriptor);
    if (stat(path, &file) != 0 || !is_file_of(&file, other)) {
        return -1;
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &file) != 0 || !is_file_of(&file, other))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- by sockets ---------------------------------------------------------- */

/* An abstract name, which ends with the socket. */
static socklen_t name_socket(const introduction *owner,
                             struct sockaddr_un *address)
{
    int length;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1,
                      "multirank-%llx-%llx", (unsigned long long)owner->device,
                      (unsigned long long)owner->file);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
           (socklen_t)length;
}

typedef union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
} control;

static void send_descriptor(int connection, int descriptor)
{
    char byte = 0;
    control space = {0};
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = space.bytes,
                             .msg_controllen = sizeof space.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    (void)!sendmsg(connection, &message, MSG_NOSIGNAL);
}

static int receive_descriptor(int connection)
{
    char byte;
    control space;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = space.bytes,
                             .msg_controllen = sizeof space.bytes};
    struct cmsghdr *header;
    int descriptor = -1;

    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1) {
        return -1;
    }
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof descriptor)) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    return descriptor;
}

static int listen_as(const introduction *me)
{
    struct sockaddr_un address;
    socklen_t length = name_socket(me, &address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, length) != 0 ||
                    listen(fd, TOGETHER) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Ask for a descriptor; the connection by which it will come, or -1. */
static int ask(const introduction *other)
{
    struct sockaddr_un address;
    socklen_t length = name_socket(other, &address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, length) != 0 ||
                    send(fd, other->secret, SECRET, MSG_NOSIGNAL) != SECRET)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Answer all who have asked. */
static void answer(int listener, const introduction *me)
{
    int connection;

    while ((connection = accept4(listener, NULL, NULL,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        unsigned char secret[SECRET + 1];

        if (recv(connection, secret, sizeof secret, 0) == SECRET &&
            memcmp(secret, me->secret, SECRET) == 0) {
            send_descriptor(connection, (int)me->descriptor);
        }
        close(connection);
    }
}

static int receive_from(int connection, const introduction *other)
{
    int descriptor = receive_descriptor(connection);
    struct stat file;

    if (descriptor >= 0 &&
        (fstat(descriptor, &file) != 0 || !is_file_of(&file, other))) {
        close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

/* Wait for all ranks of the node. */
static void node_barrier(void)
{
    (void)mri_node_any(false);
}

/* All ask, then all answer, then all receive: nobody waits for a socket.  Each
 * asks the next TOGETHER ranks, so that at most as many ask one. */
static void exchange_by_sockets(const introduction *all, unsigned int me,
                                unsigned int count, int *descriptors)
{
    int listener = listen_as(&all[me]);

    for (unsigned int first = 1; first < count; first += TOGETHER) {
        unsigned int end = first + TOGETHER < count ? first + TOGETHER : count;
        int connections[TOGETHER];

        node_barrier();
        for (unsigned int i = first; i < end; i++) {
            connections[i - first] = ask(&all[(me + i) % count]);
        }
        node_barrier();
        answer(listener, &all[me]);
        node_barrier();
        for (unsigned int i = first; i < end; i++) {
            unsigned int other = (me + i) % count;

            if (connections[i - first] >= 0) {
                if (descriptors[other] < 0) {
                    descriptors[other] =
                        receive_from(connections[i - first], &all[other]);
                }
                close(connections[i - first]);
            }
        }
    }
    if (listener >= 0) {
        close(listener);
    }
}

/* ---- both ---------------------------------------------------------------- */

static void exchange(const introduction *all, unsigned int me,
                     unsigned int count, int *descriptors)
{
    bool missing = false;

    for (unsigned int i = 0; i < count; i++) {
        bool near = all[i].namespace == all[me].namespace;

        descriptors[i] = i == me ? (int)all[i].descriptor
                         : near  ? open_by_process(&all[i])
                                 : -1;
        missing |= near && descriptors[i] < 0;
    }
    if (mri_node_any(missing)) {
        exchange_by_sockets(all, me, count, descriptors);
    }
    for (unsigned int i = 0; i < count; i++) {
        if (all[i].namespace != all[me].namespace && descriptors[i] >= 0) {
            close(descriptors[i]);
            descriptors[i] = -1;
        }
    }
}

mr_error mri_segments_exchange(int mine, int *descriptors)
{
    introduction me;
    unsigned int count = mri_node_size();
    introduction *all = calloc(count, sizeof *all);
    mr_error error = introduce(mine, &me);

    if (!error && !all) {
        error = MR_ERR_NO_MEMORY;
    }
    error = mri_node_any(error != MR_OK) && !error ? MR_ERR_SYSTEM : error;
    if (!error) {
        mri_node_gather(&me, all, sizeof me);
        exchange(all, mri_node_rank(), count, descriptors);
    }
    free(all);
    return error;
}

/* Rank after rank joins those before it, unless one of these and it cannot open
 * each other's segment. */
static bool joins(const unsigned char *had, const bool *alone,
                  unsigned int count, unsigned int rank)
{
    for (unsigned int i = 0; i < rank; i++) {
        if (!alone[i] && !(had[rank * count + i] && had[i * count + rank])) {
            return false;
        }
    }
    return true;
}

mr_error mri_segments_who_is_alone(const int *descriptors, bool *alone)
{
    unsigned int count = mri_node_size();
    unsigned char *mine = calloc(count, 1);
    unsigned char *had = calloc(count, count);
    bool lacking = !mine || !had;
    mr_error error = mri_node_any(lacking) ? MR_ERR_NO_MEMORY : MR_OK;

    if (!error) {
        for (unsigned int i = 0; i < count; i++) {
            mine[i] = descriptors[i] >= 0;
        }
        mri_node_gather(mine, had, count);
        for (unsigned int i = 0; i < count; i++) {
            alone[i] = !joins(had, alone, count, i);
        }
    }
    free(mine);
    free(had);
    return error;
}
