/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the fork server's loop.  It is single-threaded, so fork is safe in it;
 * it sleeps in epoll_wait and is woken by its doorbell (SIGURG), by the end
 * of a child (SIGCHLD), by output of a child, by a message of its rank, or by
 * the end of its rank.
 */
#include "runtime/server/server_main.h"

#include <multirank/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "engine/object.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "memory/record.h"
#include "runtime/job/abort.h"
#include "runtime/job/identity.h"
#include "runtime/server/children.h"
#include "runtime/server/leftovers.h"
#include "runtime/server/node_ranks.h"
#include "runtime/server/process_state.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/settings.h"

typedef struct server {
    int socket;
    int signals;
    int epoll;
    int rank_descriptor; /* pidfd, or -1 on kernels before 5.3 */
    pid_t rank_pid;
    mri_record *self;
    mri_object *requests;
    char *files; /* to be removed if the rank dies */
    size_t files_size;
    bool quiet; /* no more processes; end those there are */
    bool quiet_answered;
    bool stop;
    bool retry;        /* some child's text is held */
    int64_t kill_time; /* when SIGTERM becomes SIGKILL */
} server;

static server me;

/* ---- the end of the rank ------------------------------------------------- */

static void remove_files(void)
{
    for (size_t at = 0; at < me.files_size; at += strlen(me.files + at) + 1) {
        unlink(me.files + at);
    }
}

/* The rank is gone without a word: nothing of it may stay.  Shared memory is
 * not changed any more. */
_Noreturn static void end_after_rank(void)
{
    mri_node_ranks_report_own_death();
    mri_children_kill();
    remove_files();
    mri_leftovers_remove();
    _exit(0);
}

static bool rank_is_gone(void)
{
    struct pollfd event = {.fd = me.rank_descriptor, .events = POLLIN};

    return me.rank_descriptor >= 0 ? poll(&event, 1, 0) == 1
                                   : getppid() != me.rank_pid;
}

/* While a latch cannot be had: a dead child may hold it, or another rank, or
 * ours, whose death ends all. */
static void stalled(void)
{
    mri_children_collect();
    if (rank_is_gone()) {
        end_after_rank();
    }
    mri_node_ranks_repair();
}

/* ---- requests ------------------------------------------------------------ */

static void start(mri_object *process, mr_handle handle)
{
    mri_process_body *body = mri_process_of(process);
    mr_error error = MR_ERR_STATE;

    if (mri_load(&body->state) != MRI_STARTING) {
        return; /* asked twice, as its creator died meanwhile */
    }
    if (!me.quiet) {
        error = mri_children_start(process, handle);
    }
    mri_store(&body->error, error);
    mri_process_set_state(me.self, process, error ? MRI_CREATED : MRI_RUNNING);
}

/* The rank sees by our end that it shall end, too; see runtime/job/abort.c. */
_Noreturn static void end_with_job(const mri_abort *abort)
{
    mri_job_note_abort(abort);
    mri_children_run(); /* forwards what they have printed */
    mri_children_kill();
    remove_files();
    _exit(0);
}

/* A process that is to be started is not destroyed before.  Its link is read
 * first, as it may be afterwards. */
static void start_linked(mr_handle handle)
{
    for (unsigned int i = 0; i < MRI_STARTS_AT_ONCE; i++) {
        mri_object *process = mri_enter(me.self, handle, MRI_PROCESS);
        uint64_t link;

        if (!process) {
            return;
        }
        mri_leave(me.self);
        link = mri_load(&mri_process_of(process)->next);
        start(process, handle);
        if (!link) {
            return;
        }
        handle.slot = (uint32_t)link;
        handle.generation = (uint32_t)(link >> 32);
    }
}

static void handle_requests(void)
{
    mr_handle mailbox = mri_mailbox_at(mri_here.rank, MRI_ROW_REQUESTS);
    mri_request request;
    size_t size;

    while (mri_mailbox_get(mailbox, &request, sizeof request, &size, 0) ==
           MR_OK) {
        if (request.abort.status_and_1) {
            end_with_job(&request.abort);
        }
        if (request.signal) {
            mri_children_signal(request.process, request.signal);
        } else {
            start_linked(request.process);
        }
    }
}

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
            mri_children_signal_all(SIGTERM);
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
    if (!mri_children_any()) {
        me.quiet_answered = true;
        if (send(me.socket, &byte, 1, MSG_NOSIGNAL) != 1) {
            end_after_rank();
        }
    } else if (mri_now() >= me.kill_time) {
        mri_children_signal_all(SIGKILL);
    }
}

/* ---- the loop ------------------------------------------------------------ */

static int sleep_limit(void)
{
    if (me.retry) {
        return 5;
    }
    if (me.quiet && mri_children_any()) {
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

/* The data of an event is the address of our descriptor, or a child. */
static void handle_event(void *data)
{
    if (data == &me.rank_descriptor) {
        end_after_rank();
    } else if (data == &me.signals) {
        drain_signals();
    } else if (data == &me.socket) {
        handle_rank();
    } else if (mri_node_ranks_died(data)) {
        me.retry = true;
    } else {
        mri_children_readable(data);
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
        handle_event(events[i].data.ptr);
    }
    if (me.rank_descriptor < 0 && rank_is_gone()) {
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
        me.retry = mri_children_run();
        me.retry |= mri_node_ranks_run(me.self);
        become_quiet();
        sleep_in_poll(bell);
    }
}

/* ---- start --------------------------------------------------------------- */

static void watch(int *descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = descriptor};

    if (*descriptor >= 0) {
        epoll_ctl(me.epoll, EPOLL_CTL_ADD, *descriptor, &event);
    }
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
    watch(&me.signals);
    watch(&me.socket);
    watch(&me.rank_descriptor);
}

/* In a new child: nothing of the server stays open. */
static void close_descriptors(void)
{
    close(me.socket);
    close(me.signals);
    if (me.rank_descriptor >= 0) {
        close(me.rank_descriptor);
    }
    mri_node_ranks_close();
}

static bool become_endpoint(void)
{
    mri_segment *segment = mri_segment_at(mri_index_of(mri_here.rank));

    mri_become(mri_endpoint_id(1, mri_here.rank, MRI_SLOT_SERVER), false);
    me.self = mri_self();
    if (!me.self) {
        return false;
    }
    mri_store(&segment->server_pid, (uint64_t)getpid());
    me.requests = mri_row(mri_mailbox_at(mri_here.rank, MRI_ROW_REQUESTS));
    mri_children_begin(mri_here.rank, me.self, me.epoll, close_descriptors);
    mri_stalled = stalled;
    mri_node_ranks_begin(mri_index_of(mri_here.rank), watch);
    return true;
}

void mri_server_main(int socket, pid_t rank)
{
    char ready = MRI_SERVER_READY;

    me.socket = socket;
    me.rank_pid = rank;
    mri_leftovers_read();
    mri_server_clean(socket);
    mr_set_interrupt(NULL, NULL); /* main's hook is not that of its processes */
    mri_last_error_forget();
    if (!mri_server_receive(socket, &me.files, &me.files_size)) {
        mri_leftovers_remove();
        _exit(0);
    }
    mri_log_set_place("rank %u, server", mri_here.rank);
    open_descriptors();
    if (!become_endpoint() || send(socket, &ready, 1, MSG_NOSIGNAL) != 1) {
        _exit(1);
    }
    loop();
    _exit(0);
}
