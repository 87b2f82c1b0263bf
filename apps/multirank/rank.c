/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `multirank rank PROGRAM...`: the parent process of one rank, as mpirun
 * starts it for `multirank run`; parent.h says why.
 *
 * It has one thread, all signals are blocked and read from a descriptor, and
 * it waits in one place.  The rank gets the signal mask and the processors
 * that the parent was given.
 */
#include "link.h"
#include "meet.h"
#include "mpirun.h"
#include "parent.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a killed rank may take to vanish, e.g. out of a file system that
 * does not answer. */
#define KILL_SECONDS 5

/* How long a rank that has ended stays a zombie: in /proc the fork servers of
 * the other ranks read how it ended.  They do so at once. */
#define ZOMBIE_SECONDS 1

/* Room for more processors than any machine has. */
struct processors {
    cpu_set_t sets[16];
    bool known;
};

struct parent {
    struct link run;
    int signals;   /* a signalfd */
    int notes;     /* what the rank writes; -1 when it has closed it */
    sigset_t mask; /* for the rank, like the next */
    struct processors processors;
    pid_t rank;    /* 0: not started, or ended */
    bool ready;    /* the rank said 'r' */
    bool in_order; /* the rank said 'e' */
    bool told;     /* mpirun terminated us */
    bool leaving;
    pid_t zombie; /* a rank that has ended, until it is waited for */
    double zombie_until;
    double deadline; /* of a kill; 0: none */
    int status;      /* with which the parent leaves */
};

static void report(struct parent *parent, int kind, int number)
{
    const struct message message = {.kind = kind,
                                    .number = number,
                                    .pid = parent->rank,
                                    .in_order = parent->in_order,
                                    .told = parent->told};

    link_send(&parent->run, &message);
}

static void leave(struct parent *parent, int status)
{
    parent->leaving = true;
    parent->status = status;
}

static void signal_rank(const struct parent *parent, int signal)
{
    if (parent->rank > 0) {
        kill(-parent->rank, signal);
    }
}

static void kill_rank_and_leave(struct parent *parent, int status)
{
    signal_rank(parent, SIGKILL);
    parent->status = status;
    parent->leaving = parent->rank <= 0;
    parent->deadline = now() + KILL_SECONDS;
}

/* mpirun binds us and means the rank.  We go back to the processors of our own
 * parent: we must not take time from the rank on its only core, and a rank that
 * looks which processors its parent has sees what it would see under mpirun
 * itself, those from before the binding. */
static void free_processors(struct processors *processors)
{
    struct processors wider = {0};

    processors->known =
        sched_getaffinity(0, sizeof processors->sets, processors->sets) == 0;
    if (processors->known &&
        sched_getaffinity(getppid(), sizeof wider.sets, wider.sets) == 0) {
        (void)sched_setaffinity(0, sizeof wider.sets, wider.sets);
    }
}

static void take_signals(struct parent *parent)
{
    sigset_t all;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &all, &parent->mask);
    parent->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* In the rank, before exec.  The parent may have died before the kernel was
 * asked to tell. */
static void become_rank(const struct parent *parent, pid_t parent_pid,
                        int notes, char **program)
{
    char number[16];

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_pid) {
        _exit(EXIT_FAILURE);
    }
    if (parent->processors.known) {
        (void)sched_setaffinity(0, sizeof parent->processors.sets,
                                parent->processors.sets);
    }
    snprintf(number, sizeof number, "%d", notes);
    setenv(PARENT_VARIABLE, number, 1);
    sigprocmask(SIG_SETMASK, &parent->mask, NULL);
    execvp(program[0], program);
}

/* The write end of `failure` closes with exec, or brings the reason why there
 * was none. */
static int reason_of_failure(int failure)
{
    int reason = 0;

    if (read(failure, &reason, sizeof reason) != (ssize_t)sizeof reason) {
        reason = 0;
    }
    close(failure);
    return reason;
}

/* Returns 0 or an errno. */
static int start_rank(struct parent *parent, char **program)
{
    int notes[2], failure[2];
    pid_t self = getpid();
    int reason;

    if (pipe2(failure, O_CLOEXEC) != 0 || pipe2(notes, O_CLOEXEC) != 0) {
        return errno;
    }
    fcntl(notes[0], F_SETFL, O_NONBLOCK);
    parent->rank = fork();
    if (parent->rank == 0) {
        fcntl(notes[1], F_SETFD, 0);
        become_rank(parent, self, notes[1], program);
        reason = errno;
        (void)!write(failure[1], &reason, sizeof reason);
        _exit(EXIT_NOT_FOUND);
    }
    reason = parent->rank < 0 ? errno : 0;
    close(notes[1]);
    close(failure[1]);
    parent->notes = notes[0];
    if (parent->rank > 0) {
        setpgid(parent->rank, parent->rank);
        reason = reason_of_failure(failure[0]);
    }
    return reason;
}

/* Waits for the connection to break or to say that the job is over. */
static void start_or_tell(struct parent *parent, char **program)
{
    int reason = start_rank(parent, program);

    if (reason == 0) {
        report(parent, MESSAGE_STARTED, 0);
    } else {
        report(parent, MESSAGE_FAILED, reason);
        if (parent->rank > 0) {
            waitpid(parent->rank, NULL, 0);
        }
        parent->rank = 0;
    }
}

static void read_notes(struct parent *parent)
{
    char notes[64];
    ssize_t count;

    while ((count = read(parent->notes, notes, sizeof notes)) > 0) {
        parent->in_order |= memchr(notes, PARENT_END, (size_t)count) != NULL;
        if (!parent->ready && memchr(notes, PARENT_READY, (size_t)count)) {
            parent->ready = true;
            report(parent, MESSAGE_READY, 0);
        }
    }
    if (count == 0) {
        close(parent->notes);
        parent->notes = -1;
    }
}

/* What the rank said before its end comes before its end.  When mpirun ends
 * the job, we leave like the rank.  When a program that never was ready ends
 * well, we leave too, and mpirun handles it as it always does. */
static void rank_ended(struct parent *parent, int wait_status)
{
    if (parent->notes >= 0) {
        read_notes(parent);
    }
    report(parent, MESSAGE_ENDED, wait_status);
    parent->rank = 0;
    if (parent->deadline > 0) {
        parent->leaving = true;
    } else if (parent->told || (!parent->ready && wait_status == 0)) {
        leave(parent, exit_status(wait_status));
    }
}

static void look_for_end(struct parent *parent)
{
    siginfo_t info = {.si_pid = 0};

    if (parent->rank > 0 &&
        waitid(P_PID, (id_t)parent->rank, &info, WEXITED | WNOHANG | WNOWAIT) ==
            0 &&
        info.si_pid == parent->rank) {
        parent->zombie = parent->rank;
        parent->zombie_until = now() + ZOMBIE_SECONDS;
        rank_ended(parent, info.si_code == CLD_EXITED
                               ? W_EXITCODE(info.si_status, 0)
                               : W_EXITCODE(0, info.si_status));
    }
}

static void wait_for_zombie(struct parent *parent)
{
    if (parent->zombie && now() >= parent->zombie_until) {
        waitpid(parent->zombie, NULL, 0);
        parent->zombie = 0;
    }
}

static void pass_on(struct parent *parent, int signal)
{
    parent->told |= signal == SIGTERM;
    if (parent->rank > 0) {
        signal_rank(parent, signal);
    } else if (signal == SIGTERM) {
        leave(parent, EXIT_SIGNAL + SIGTERM);
    }
}

static void read_signals(struct parent *parent)
{
    struct signalfd_siginfo info;

    while (read(parent->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            look_for_end(parent);
        } else {
            pass_on(parent, (int)info.ssi_signo);
        }
    }
}

static void read_orders(struct parent *parent)
{
    struct message order;
    enum link_news news;

    while ((news = link_receive(&parent->run, &order)) == LINK_MESSAGE) {
        if (order.kind == MESSAGE_SIGNAL) {
            signal_rank(parent, order.number);
        } else if (order.kind == MESSAGE_LEAVE) {
            kill_rank_and_leave(parent, EXIT_SUCCESS);
        }
    }
    if (news == LINK_BROKEN) {
        link_close(&parent->run);
        kill_rank_and_leave(parent, EXIT_FAILURE);
    }
}

/* 0: none. */
static double next_deadline(const struct parent *parent)
{
    bool kills = parent->deadline > 0;

    if (parent->zombie && !(kills && parent->deadline < parent->zombie_until)) {
        return parent->zombie_until;
    }
    return parent->deadline;
}

static void attend(struct parent *parent)
{
    while (!parent->leaving) {
        struct pollfd fds[] = {{.fd = parent->signals, .events = POLLIN},
                               {.fd = parent->notes, .events = POLLIN},
                               {.fd = parent->run.fd, .events = POLLIN}};
        double deadline = parent->deadline;
        double next = next_deadline(parent);

        poll(fds, 3, next > 0 ? milliseconds_until(next) : -1);
        wait_for_zombie(parent);
        if (fds[1].revents) {
            read_notes(parent);
        }
        if (fds[0].revents) {
            read_signals(parent);
        }
        if (fds[2].revents && !parent->leaving) {
            read_orders(parent);
        }
        parent->leaving |= deadline > 0 && now() > deadline;
    }
}

/* Fills in who we are; false when that is nobody. */
static bool introduce(struct message *hello, const char *address, int argc)
{
    *hello = (struct message){.kind = MESSAGE_HELLO, .pid = getpid()};
    gethostname(hello->host, sizeof hello->host - 1);
    if (!address || argc < 2 || !mpirun_place(&hello->rank, &hello->size)) {
        say("this is a part of `" TOOL " run`, which starts it");
        return false;
    }
    return true;
}

static char **program_of(char **argv)
{
    char **program = argv + 1;

    if (strcmp(*program, DISGUISED) == 0) {
        for (char **word = ++program; *word; word++) {
            (*word)++;
        }
    }
    return program;
}

int command_rank(int argc, char **argv)
{
    const char *address = getenv(RUN_VARIABLE);
    struct parent parent = {.run.fd = -1, .notes = -1};
    struct message hello, answer;

    if (!introduce(&hello, address, argc)) {
        return EXIT_MISUSE;
    }
    if (!meet(address, &hello, &parent.run, &answer)) {
        return EXIT_FAILURE;
    }
    if (answer.kind == MESSAGE_LEAVE) {
        return EXIT_SUCCESS;
    }
    unsetenv(RUN_VARIABLE);
    take_signals(&parent);
    free_processors(&parent.processors);
    start_or_tell(&parent, program_of(argv));
    attend(&parent);
    return parent.status;
}
