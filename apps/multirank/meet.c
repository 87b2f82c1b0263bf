/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listening and connecting; see the header.
 */
#include "meet.h"

#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* For the connection, and for the answer of the program that took it: at an
 * address that several hosts have for themselves it may be somebody else. */
enum { CONNECT_SECONDS = 30, ANSWER_SECONDS = 10 };

static bool make_token(char *token)
{
    unsigned char bytes[(TOKEN_SIZE - 1) / 2];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

static bool is_usable(const struct ifaddrs *interface, bool loopback)
{
    return interface->ifa_addr && interface->ifa_addr->sa_family == AF_INET &&
           interface->ifa_flags & IFF_UP &&
           !(interface->ifa_flags & IFF_LOOPBACK) == !loopback;
}

/* Loopback comes first, as ranks beside us are reached that way. */
static void list_addresses(char *text, size_t size)
{
    struct ifaddrs *interfaces = NULL;
    int count = 0;

    (void)getifaddrs(&interfaces);
    for (int loopback = 1; loopback >= 0; loopback--) {
        for (struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
            char address[INET_ADDRSTRLEN] = "";
            struct sockaddr_in in;

            if (!is_usable(i, loopback) || count == ADDRESSES) {
                continue;
            }
            memcpy(&in, i->ifa_addr, sizeof in);
            inet_ntop(AF_INET, &in.sin_addr, address, sizeof address);
            snprintf(text + strlen(text), size - strlen(text), "%s%s",
                     count++ ? "," : "", address);
        }
    }
    freeifaddrs(interfaces);
}

bool meeting_open(struct meeting *meeting)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t size = sizeof in;

    meeting->fd =
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (meeting->fd < 0 ||
        bind(meeting->fd, (struct sockaddr *)&in, sizeof in) != 0 ||
        listen(meeting->fd, SOMAXCONN) != 0 ||
        getsockname(meeting->fd, (struct sockaddr *)&in, &size) != 0 ||
        !make_token(meeting->token)) {
        say("cannot listen for the ranks: %s", strerror(errno));
        return false;
    }
    snprintf(meeting->address, sizeof meeting->address,
             "%d:%s:", ntohs(in.sin_port), meeting->token);
    list_addresses(meeting->address, sizeof meeting->address);
    return true;
}

bool meeting_is_open(const struct meeting *meeting)
{
    return meeting->fd >= 0;
}

void meeting_close(struct meeting *meeting)
{
    if (meeting_is_open(meeting)) {
        close(meeting->fd);
        meeting->fd = -1;
    }
}

/* All bytes are compared, so that time does not tell how many were right. */
bool meeting_admits(const struct meeting *meeting, const struct message *hello)
{
    unsigned char difference = 0;

    for (size_t i = 0; i < TOKEN_SIZE; i++) {
        difference |= (unsigned char)(meeting->token[i] ^ hello->token[i]);
    }
    return hello->kind == MESSAGE_HELLO && difference == 0 &&
           hello->rank >= 0 && hello->rank < hello->size;
}

static int begin_to_connect(const char *address, int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port)};
    int fd = -1;

    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof in) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static size_t begin_all(const char *addresses, int port, struct pollfd *fds)
{
    size_t count = 0;

    while (*addresses && count < ADDRESSES) {
        char address[INET_ADDRSTRLEN] = "";
        size_t length = strcspn(addresses, ",");

        if (length < sizeof address) {
            memcpy(address, addresses, length);
            fds[count++] = (struct pollfd){
                .fd = begin_to_connect(address, port), .events = POLLOUT};
        }
        addresses += length + (addresses[length] == ',');
    }
    return count;
}

static bool is_answered(int fd, const struct message *hello, struct link *link,
                        struct message *answer)
{
    double end = now() + ANSWER_SECONDS;
    enum link_news news;

    link_open(link, fd);
    link_send(link, hello);
    while ((news = link_receive(link, answer)) == LINK_NOTHING && now() < end) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        poll(&wait, 1, milliseconds_until(end));
    }
    return news == LINK_MESSAGE &&
           (answer->kind == MESSAGE_WELCOME || answer->kind == MESSAGE_LEAVE);
}

static bool any_open(const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0) {
            return true;
        }
    }
    return false;
}

static void close_all(const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0) {
            close(fds[i].fd);
        }
    }
}

bool meet(const char *address, struct message *hello, struct link *link,
          struct message *answer)
{
    struct pollfd fds[ADDRESSES];
    double end = now() + CONNECT_SECONDS;
    int port, length = 0;
    size_t count;

    if (sscanf(address, "%d:%32[0-9a-f]:%n", &port, hello->token, &length) !=
            2 ||
        length == 0) {
        say("cannot understand where `" TOOL " run` is");
        return false;
    }
    count = begin_all(address + length, port, fds);
    while (any_open(fds, count) && now() < end) {
        poll(fds, count, milliseconds_until(end));
        for (size_t i = 0; i < count; i++) {
            int fd = fds[i].fd;

            if (fd < 0 || !fds[i].revents) {
                continue;
            }
            fds[i].fd = -1;
            if (is_answered(fd, hello, link, answer)) {
                close_all(fds, count);
                return true;
            }
            link_close(link);
        }
    }
    close_all(fds, count);
    say("rank %d on %s cannot reach `" TOOL " run` at %s, port %d", hello->rank,
        hello->host, address + length, port);
    return false;
}
