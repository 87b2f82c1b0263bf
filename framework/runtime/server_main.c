/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the fork server's loop.  It is single-threaded, so fork is safe in it;
 * it sleeps in epoll_wait and is woken by its doorbell (SIGURG), by the end
 * of a child (SIGCHLD), by output of a child, by a message of its rank, or by
 * the end of its rank.
 *
 * The end of a child is dealt with in this order: mend its records, forward
 * what is left in its pipes, reap it, free its endpoint, then tell those who
 * wait for it, through rank 0's writer if there was output.
 */
#include "runtime/server_main.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/record.h"
#include "route/mailbox.h"
#include "route/object.h"
#include "route/operation.h"
#include "route/reap.h"
#include "route/wait.h"
#include "runtime/child.h"
#include "runtime/output.h"
#include "runtime/place.h"
#include "runtime/server.h"
#include "topology/processors.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/settings.h"

typedef struct child {
    struct child *next;
    pid_t pid;
    uint64_t endpoint;
    mr_handle process;
    int output[2]; /* read ends of its pipes; -1: closed */
    bool dead;
    bool mended;
    bool reaped;
    int status; /* of waitpid, once dead */
    /* Text that rank 0 had no room for; nothing more is read meanwhile. */
    unsigned int held_source;
    size_t held;
    char text[MRI_OUTPUT_PIECE];
} child;

typedef struct server {
    int socket;
    int signals;
    int epoll;
    int rank_descriptor; /* pidfd, or -1 on kernels before 5.3 */
    pid_t rank_pid;
    unsigned int rank;
    mri_record *self;
    mri_object *requests;
    child *children;
    char *files; /* to be removed if the rank dies */
    size_t files_size;
    bool quiet; /* no more processes; end those there are */
    bool quiet_answered;
    bool stop;
    bool retry;        /* some child's text is held */
    int64_t kill_time; /* when SIGTERM becomes SIGKILL */
} server;

static server me;

/* ---- children ------------------------------------------------------------ */

static mri_process_body *body_of(const child *c)
{
    return mri_process_of(mri_row(c->process));
}

static bool still_exists(const child *c)
{
    return mri_load(&mri_row(c->process)->identity) == mri_identity(c->process);
}

/* Collect the ends of children, and mend what they were changing. */
static void collect_dead(void)
{
    for (child *c = me.children; c; c = c->next) {
        if (!c->dead && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
            c->dead = true;
        }
        if (c->dead && !c->mended) {
            c->mended = true;
            mri_reap_mend(c->endpoint);
        }
    }
}

/* ---- the end of the rank ------------------------------------------------- */

static void signal_all(int number)
{
    for (child *c = me.children; c; c = c->next) {
        if (!c->dead) {
            kill(c->pid, number);
        }
    }
}

static void remove_files(void)
{
    for (size_t at = 0; at < me.files_size; at += strlen(me.files + at) + 1) {
        unlink(me.files + at);
    }
}

/* The rank is gone without a word: nothing of it may stay.  Shared memory is
 * not touched any more. */
_Noreturn static void end_after_rank(void)
{
    signal_all(SIGKILL);
    for (child *c = me.children; c; c = c->next) {
        while (!c->dead && waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    remove_files();
    _exit(0);
}

static bool rank_is_gone(void)
{
    struct pollfd event = {.fd = me.rank_descriptor, .events = POLLIN};

    return me.rank_descriptor >= 0 ? poll(&event, 1, 0) == 1
                                   : getppid() != me.rank_pid;
}

/* While a latch cannot be had: a dead child may hold it, or the rank, whose
 * death ends all. */
static void latch_stalled(void)
{
    collect_dead();
    if (rank_is_gone()) {
        end_after_rank();
    }
}

/* ---- output, and the end of a child ----------------------------------------
 */

static void close_output(child *c, unsigned int i)
{
    if (c->output[i] >= 0) {
        close(c->output[i]);
        c->output[i] = -1;
    }
}

static bool send_held(child *c)
{
    mr_error error =
        mri_output_put(c->process, c->held_source, c->text, c->held, 0);

    if (error == MR_ERR_TIMEOUT) {
        me.retry = true;
        return false;
    }
    c->held = 0;
    return true;
}

/* Forward what a child wrote around stdio; true: all there is. */
static bool forward(child *c)
{
    if (c->held && !send_held(c)) {
        return false;
    }
    for (unsigned int i = 0; i < 2; i++) {
        while (c->output[i] >= 0) {
            ssize_t got = read(c->output[i], c->text, sizeof c->text);

            if (got < 0) {
                break; /* EAGAIN: for now */
            }
            if (got == 0) {
                close_output(c, i);
                break;
            }
            c->held = (size_t)got;
            c->held_source = i == 0 ? MRI_PIPE_OUT : MRI_PIPE_ERR;
            mri_store(&body_of(c)->printed, 1);
            if (!send_held(c)) {
                return false;
            }
        }
    }
    return true;
}

static int64_t exit_code(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* All but the announcement; true: done. */
static bool bury(child *c)
{
    if (!c->reaped) {
        close_output(c, 0);
        close_output(c, 1);
        mri_reap(me.self, c->endpoint);
        mri_store(&mri_endpoint_at(c->endpoint)->id, 0);
        c->reaped = true;
        if (!still_exists(c)) {
            return true;
        }
        mri_store(&body_of(c)->status, (uint64_t)exit_code(c->status));
        mri_store(&body_of(c)->state, MRI_ENDING);
    }
    if (!still_exists(c)) {
        return true;
    }
    if (!mri_load(&body_of(c)->printed)) {
        mri_process_set_state(me.self, mri_row(c->process), MRI_ENDED);
        return true;
    }
    if (mri_output_put(c->process, MRI_OUTPUT_END, NULL, 0, 0) ==
        MR_ERR_TIMEOUT) {
        me.retry = true;
        return false;
    }
    return true;
}

static void tend_children(void)
{
    me.retry = false;
    collect_dead();
    for (child **at = &me.children; *at;) {
        child *c = *at;
        bool quiet = forward(c);

        if (c->dead && quiet && bury(c)) {
            *at = c->next;
            free(c);
        } else {
            at = &c->next;
        }
    }
}

/* ---- starting ------------------------------------------------------------ */

/* This server alone hands out the endpoints of its rank. */
static mr_error take_endpoint(uint64_t *endpoint)
{
    mri_table *table = &mri_segment_at(me.rank)->endpoints;

    for (unsigned int slot = MRI_SLOT_FIRST_PROCESS; slot < table->max;
         slot++) {
        mri_endpoint *row = mri_table_row(table, slot);
        uint64_t generation;

        if (slot >= mri_load(&table->backed) && mri_table_grow(table)) {
            return MR_ERR_LIMIT;
        }
        if (mri_load(&row->id)) {
            continue;
        }
        generation = mri_load(&row->generation) + 1;
        mri_store(&row->generation, generation);
        mri_store(&row->holds, 0);
        mri_store(&row->children, 0);
        *endpoint = mri_endpoint_id(generation, me.rank, slot);
        return MR_OK;
    }
    return MR_ERR_LIMIT;
}

/* The pipes of a child: read ends for us, write ends for it. */
static mr_error make_pipes(int read_ends[2], int write_ends[2])
{
    for (unsigned int i = 0; i < 2; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0) {
            mr_error error = mri_system_error("pipe2 for a process");

            if (i == 1) {
                close(read_ends[0]);
                close(write_ends[0]);
            }
            return error;
        }
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        read_ends[i] = ends[0];
        write_ends[i] = ends[1];
    }
    return MR_OK;
}

static void watch_descriptor(int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};

    epoll_ctl(me.epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/* In the child: nothing of the server stays open. */
static void close_server(void)
{
    close(me.socket);
    close(me.signals);
    close(me.epoll);
    if (me.rank_descriptor >= 0) {
        close(me.rank_descriptor);
    }
    for (child *c = me.children; c; c = c->next) {
        close_output(c, 0);
        close_output(c, 1);
    }
}

static mr_error fork_child(child *c, mri_object *process)
{
    mri_endpoint *row = mri_endpoint_at(c->endpoint);
    int write_ends[2];
    mr_error error = make_pipes(c->output, write_ends);

    if (error) {
        return error;
    }
    mri_store(&row->process, mri_ref_of(process));
    mri_store(&row->daemon, mri_load(&mri_process_of(process)->daemon));
    mri_store(&row->holds, mri_process_of(process)->holds);
    mri_store(&row->id, c->endpoint);
    c->pid = fork();
    if (c->pid == 0) {
        close(c->output[0]);
        close(c->output[1]);
        close_server();
        mri_child_run(process, c->endpoint, write_ends);
    }
    close(write_ends[0]);
    close(write_ends[1]);
    if (c->pid < 0) {
        error = mri_system_error("fork of a process");
        mri_store(&row->id, 0);
        close_output(c, 0);
        close_output(c, 1);
        return error;
    }
    mri_store(&row->pid, (uint64_t)c->pid);
    watch_descriptor(c->output[0]);
    watch_descriptor(c->output[1]);
    return MR_OK;
}

static mr_error start_child(mri_object *process, mr_handle handle)
{
    child *c = calloc(1, sizeof *c);
    mr_error error;

    if (!c) {
        return MR_ERR_NO_MEMORY;
    }
    c->process = handle;
    error = me.quiet ? MR_ERR_STATE : take_endpoint(&c->endpoint);
    if (!error && !mri_function_decode(mri_process_of(process)->function)) {
        error = MR_ERR_FUNCTION;
    }
    if (!error) {
        error = fork_child(c, process);
    }
    if (error) {
        free(c);
        return error;
    }
    mri_store(&mri_process_of(process)->pid, (uint64_t)c->pid);
    c->next = me.children;
    me.children = c;
    return MR_OK;
}

/* ---- requests ------------------------------------------------------------ */

static void start(mri_object *process, mr_handle handle)
{
    mri_process_body *body = mri_process_of(process);
    mr_error error;

    if (mri_load(&body->state) != MRI_STARTING) {
        return; /* asked twice, as its creator died meanwhile */
    }
    error = start_child(process, handle);
    mri_store(&body->error, error);
    mri_process_set_state(me.self, process, error ? MRI_CREATED : MRI_RUNNING);
}

static void send_signal(mr_handle process, int number)
{
    for (child *c = me.children; c; c = c->next) {
        if (c->process.slot == process.slot &&
            c->process.generation == process.generation && !c->dead) {
            kill(c->pid, number);
        }
    }
}

static void handle_requests(void)
{
    mr_handle mailbox = mri_mailbox_at(me.rank, MRI_ROW_REQUESTS);
    mri_request request;
    size_t size;

    while (mri_mailbox_get(mailbox, &request, sizeof request, &size, 0) ==
           MR_OK) {
        mri_object *process = mri_enter(me.self, request.process, MRI_PROCESS);

        if (!process) {
            continue;
        }
        mri_leave(me.self);
        if (request.signal) {
            send_signal(request.process, request.signal);
        } else {
            start(process, request.process);
        }
    }
}

/* ---- the rank ------------------------------------------------------------ */

static void handle_rank(void)
{
    for (;;) {
        char byte;
        ssize_t got = recv(me.socket, &byte, 1, MSG_DONTWAIT);

        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (got <= 0) {
            end_after_rank();
        }
        if (byte == MRI_SERVER_QUIET && !me.quiet) {
            me.quiet = true;
            me.kill_time = mri_now() + mri_settings()->grace * 1000000;
            signal_all(SIGTERM);
        } else if (byte == MRI_SERVER_STOP) {
            me.stop = true;
        }
    }
}

static void become_quiet(void)
{
    char byte = MRI_SERVER_IS_QUIET;

    if (!me.quiet || me.quiet_answered) {
        return;
    }
    if (!me.children) {
        me.quiet_answered = true;
        if (send(me.socket, &byte, 1, MSG_NOSIGNAL) != 1) {
            end_after_rank();
        }
    } else if (mri_now() >= me.kill_time) {
        signal_all(SIGKILL);
    }
}

/* ---- the loop ------------------------------------------------------------ */

static int sleep_limit(void)
{
    if (me.retry) {
        return 5;
    }
    if (me.quiet && me.children) {
        int64_t left = (me.kill_time - mri_now()) / 1000000 + 1;

        return left < 1 ? 1 : (int)left;
    }
    return me.rank_descriptor >= 0 ? -1 : 1000;
}

static void drain_signals(void)
{
    struct signalfd_siginfo info;

    while (read(me.signals, &info, sizeof info) == sizeof info) {
    }
}

static void sleep_in_poll(uint64_t bell)
{
    struct epoll_event events[16];
    int count = 0;

    mri_sleeping(me.self, MRI_IN_POLL);
    if (mri_bell(me.self) == bell) {
        count = epoll_wait(me.epoll, events, 16, sleep_limit());
    }
    mri_sleeping(me.self, MRI_AWAKE);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == me.rank_descriptor) {
            end_after_rank();
        }
        if (events[i].data.fd == me.signals) {
            drain_signals();
        }
        if (events[i].data.fd == me.socket) {
            handle_rank();
        }
    }
    if (rank_is_gone()) {
        end_after_rank();
    }
}

static void loop(void)
{
    mri_wait *entry = &me.self->inline_waits[1];

    while (!me.stop) {
        uint64_t bell = mri_bell(me.self);

        /* A call of ours that had to wait has left the list for us. */
        if (!mri_load(&entry->list)) {
            mri_wait_enter(me.self, entry, me.requests, 0,
                           mri_load(&me.requests->identity));
        }
        mri_wait_arm(entry);
        handle_requests();
        tend_children();
        become_quiet();
        sleep_in_poll(bell);
    }
}

/* ---- start --------------------------------------------------------------- */

static bool receive_rights(int *descriptors, size_t count)
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
        if (recvmsg(me.socket, &message, MSG_CMSG_CLOEXEC) != 1) {
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

/* False: the rank is gone, or did not start. */
static bool receive_setup(void)
{
    mri_server_setup setup;
    int *descriptors;
    bool done;

    if (recv(me.socket, &setup, sizeof setup, 0) != sizeof setup) {
        return false;
    }
    me.files = malloc(setup.files_size + 1);
    descriptors = calloc(setup.segments, sizeof *descriptors);
    done =
        me.files && descriptors &&
        (setup.files_size == 0 || recv(me.socket, me.files, setup.files_size,
                                       0) == (ssize_t)setup.files_size) &&
        receive_rights(descriptors, setup.segments) &&
        mri_region_map(descriptors, setup.segments, setup.allowance) == MR_OK;
    free(descriptors);
    me.files_size = setup.files_size;
    me.rank = setup.rank;
    mri_here.role = MRI_SERVER;
    mri_here.pid = getpid();
    mri_here.rank = setup.rank;
    mri_here.size = setup.size;
    memcpy(mri_here.host, setup.host, sizeof mri_here.host);
    return done;
}

/* All signals are blocked, in a new child too until it has the default
 * actions: so none is lost that comes before. */
static void open_descriptors(void)
{
    sigset_t watched;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGURG);
    me.signals = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
    me.epoll = epoll_create1(EPOLL_CLOEXEC);
    me.rank_descriptor = (int)syscall(SYS_pidfd_open, me.rank_pid, 0);
    watch_descriptor(me.signals);
    watch_descriptor(me.socket);
    if (me.rank_descriptor >= 0) {
        watch_descriptor(me.rank_descriptor);
    }
}

/* Everything but the standard streams and the socket to the rank.  Linux has
 * close_range from 5.9 on. */
static void close_others(void)
{
    unsigned int socket = (unsigned int)me.socket;

    if (syscall(SYS_close_range, socket + 1, ~0U, 0) == 0) {
        if (socket > STDERR_FILENO + 1) {
            syscall(SYS_close_range, STDERR_FILENO + 1U, socket - 1, 0);
        }
        return;
    }
    for (int i = STDERR_FILENO + 1; i < 1024; i++) {
        if (i != me.socket) {
            close(i);
        }
    }
}

/* Descriptors, limits, signals and environment as children shall have them:
 * the server has them first. */
static void clean_process(void)
{
    extern char **environ;
    struct rlimit limit;
    int null = open("/dev/null", O_RDWR);

    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (null > STDERR_FILENO) {
        close(null);
    }
    close_others();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int number = 1; number < SIGRTMAX; number++) {
        signal(number, SIG_DFL);
    }
    for (char **variable = environ; *variable;) {
        static const char *const launchers[] = {"OMPI_", "PMIX_", "PMI_",
                                                "PRTE_"};
        char name[256];
        bool found = false;

        for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
            found |=
                strncmp(*variable, launchers[i], strlen(launchers[i])) == 0;
        }
        if (found) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="),
                     *variable);
            unsetenv(name);
        } else {
            variable++;
        }
    }
}

static bool become_endpoint(void)
{
    mri_segment *segment = mri_segment_at(me.rank);

    mri_become(mri_endpoint_id(1, me.rank, MRI_SLOT_SERVER), false);
    me.self = mri_self();
    if (!me.self) {
        return false;
    }
    mri_store(&segment->server_pid, (uint64_t)getpid());
    me.requests = mri_row(mri_mailbox_at(me.rank, MRI_ROW_REQUESTS));
    mri_latch_stalled = latch_stalled;
    return true;
}

void mri_server_main(int socket, pid_t rank)
{
    char ready = MRI_SERVER_READY;

    me.socket = socket;
    me.rank_pid = rank;
    setsid(); /* launchers kill the process group of a rank */
    mri_processors_widen(rank);
    clean_process();
    if (!receive_setup()) {
        _exit(0);
    }
    mri_log_set_place("rank %u, server", me.rank);
    open_descriptors();
    if (!become_endpoint() || send(socket, &ready, 1, MSG_NOSIGNAL) != 1) {
        _exit(1);
    }
    loop();
    _exit(0);
}
