/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages over TCP.
 *
 * The few messages that a link carries in its life fit into the buffers of a
 * socket, so that sending never waits and needs no queue.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static void set(int fd, int level, int option, int value)
{
    /* What a kernel does not have costs time at a vanished host, no more. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* Keepalives find a host that is silent, the user time-out one that does not
 * acknowledge what was sent to it. */
static void notice_silence(int fd)
{
    enum { PROBES = 5 };

    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, LINK_SILENCE / (PROBES + 1));
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, LINK_SILENCE / (PROBES + 1));
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, LINK_SILENCE * 1000);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void link_open(struct link *link, int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    notice_silence(fd);
    link->fd = fd;
    link->have = 0;
}

void link_close(struct link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
}

void link_send(struct link *link, const struct message *message)
{
    ssize_t sent;

    do {
        sent = send(link->fd, message, sizeof *message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)sizeof *message) {
        shutdown(link->fd, SHUT_RDWR);
    }
}

enum link_news link_receive(struct link *link, struct message *message)
{
    while (link->have < sizeof link->in) {
        ssize_t got = recv(link->fd, (char *)&link->in + link->have,
                           sizeof link->in - link->have, 0);

        if (got > 0) {
            link->have += (size_t)got;
        } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return LINK_NOTHING;
        } else if (got == 0 || errno != EINTR) {
            errno = got == 0 ? 0 : errno;
            return LINK_BROKEN;
        }
    }
    *message = link->in;
    message->token[TOKEN_SIZE - 1] = message->host[HOST_SIZE - 1] = '\0';
    link->have = 0;
    return LINK_MESSAGE;
}
