/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections and signals; see the header.
 *
 * A connection is a stranger until its first message shows the secret, and is
 * closed when that does not come soon.
 */
#include "serve.h"

#include "tool.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER_SECONDS 10

/* mpirun may end before the last words of the parents have arrived. */
#define LAST_WORDS_SECONDS 1

struct connection {
    struct connection *next;
    struct link link;
    int rank;              /* -1: a stranger */
    double stranger_until; /* infinite for others */
};

struct server {
    struct job *job;
    struct meeting *meeting;
    struct connection *connections;
    size_t count;
    struct pollfd *fds; /* the two below, and one for each connection */
    int signals;
    double end; /* infinite while mpirun runs */
};

enum { FD_SIGNALS, FD_MEETING, FDS };

static void accept_all(struct server *server)
{
    int fd;

    while (meeting_is_open(server->meeting) &&
           (fd = accept4(server->meeting->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *new = resized(NULL, 1, sizeof *new);

        new->rank = -1;
        new->stranger_until = now() + STRANGER_SECONDS;
        new->next = server->connections;
        server->connections = new;
        server->count++;
        link_open(&new->link, fd);
    }
}

/* False: the connection is of no more use. */
static bool take(struct server *server, struct connection *connection,
                 const struct message *message)
{
    if (connection->rank >= 0) {
        job_told(server->job, connection->rank, message);
        return true;
    }
    if (meeting_admits(server->meeting, message)) {
        connection->rank = job_joined(server->job, &connection->link, message);
    }
    connection->stranger_until = INFINITY;
    return connection->rank >= 0;
}

static bool attend(struct server *server, struct connection *connection)
{
    struct message message;
    enum link_news news;

    while ((news = link_receive(&connection->link, &message)) == LINK_MESSAGE) {
        if (!take(server, connection, &message)) {
            return false;
        }
    }
    if (news == LINK_BROKEN && connection->rank >= 0) {
        int error = errno;
        const struct rank *rank = &server->job->ranks[connection->rank];

        if (rank->link == &connection->link) {
            job_lost(server->job, connection->rank, error);
        }
    }
    return news != LINK_BROKEN && now() < connection->stranger_until;
}

static void attend_all(struct server *server)
{
    struct connection **at = &server->connections;

    while (*at) {
        struct connection *connection = *at;

        if (attend(server, connection)) {
            at = &connection->next;
        } else {
            *at = connection->next;
            link_close(&connection->link);
            free(connection);
            server->count--;
        }
    }
}

static void reap(struct server *server)
{
    int wait_status;

    if (waitpid(server->job->mpirun, &wait_status, WNOHANG) ==
        server->job->mpirun) {
        server->end = now() + LAST_WORDS_SECONDS;
        attend_all(server);
        job_mpirun_ended(server->job, wait_status);
    }
}

static void read_signals(struct server *server)
{
    struct signalfd_siginfo info;

    while (read(server->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        int signal = (int)info.ssi_signo;

        if (signal == SIGCHLD) {
            reap(server);
        } else if (signal == SIGUSR1 || signal == SIGUSR2) {
            kill(server->job->mpirun, signal);
        } else {
            job_interrupted(server->job, signal);
        }
    }
}

static double next_deadline(const struct server *server)
{
    double next = earlier(server->end, job_deadline(server->job));

    for (struct connection *i = server->connections; i; i = i->next) {
        next = earlier(next, i->stranger_until);
    }
    return next;
}

static void wait_for_news(struct server *server)
{
    struct pollfd *fds;
    size_t count = FDS;

    server->fds = resized(server->fds, FDS + server->count, sizeof *fds);
    fds = server->fds;
    fds[FD_SIGNALS] = (struct pollfd){.fd = server->signals, .events = POLLIN};
    fds[FD_MEETING] =
        (struct pollfd){.fd = server->meeting->fd, .events = POLLIN};
    for (struct connection *i = server->connections; i; i = i->next) {
        fds[count++] = (struct pollfd){.fd = i->link.fd, .events = POLLIN};
    }
    poll(fds, count, milliseconds_until(next_deadline(server)));
}

/* The parents are heard first: how a rank ended explains why mpirun did. */
void serve(struct job *job, struct meeting *meeting, int signals)
{
    struct server server = {
        .job = job, .meeting = meeting, .signals = signals, .end = INFINITY};

    while (job->phase != OVER && !(job->mpirun_ended && (!server.connections ||
                                                         now() > server.end))) {
        wait_for_news(&server);
        accept_all(&server);
        attend_all(&server);
        if (job_all_started(job)) {
            meeting_close(meeting); /* nobody is to come any more */
        }
        read_signals(&server);
        job_tick(job);
    }
    while (server.connections) {
        struct connection *connection = server.connections;

        server.connections = connection->next;
        link_close(&connection->link);
        free(connection);
    }
    free(server.fds);
}
