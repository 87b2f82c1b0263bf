/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `multirank run`: checks what can be checked before, starts mpirun, and
 * serves the job until it is over; parent.h shows the whole.
 */
#include "job.h"
#include "meet.h"
#include "mpirun.h"
#include "options.h"
#include "parent.h"
#include "serve.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What mpirun gets as it was for us. */
struct inheritance {
    sigset_t mask;
    struct rlimit descriptors;
};

static int not_found(const char *what, const char *name)
{
    int reason = errno;

    if (reason == ENOENT && !strchr(name, '/') && access(name, X_OK) == 0) {
        say("%s %s is not in PATH; write ./%s for that in this folder", what,
            name, name);
    } else {
        say("%s %s: %s", what, name, strerror(reason));
    }
    return reason == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

static int check_program(const char *what, const char *name)
{
    char *path = find_program(name);

    if (!path) {
        return not_found(what, name);
    }
    free(path);
    return EXIT_SUCCESS;
}

/* On other hosts there may be other files: they are looked for there. */
static int check(const struct options *options)
{
    int status = check_program("the launcher", mpirun_name());

    if (status == EXIT_SUCCESS && mpirun_is_local(options)) {
        status = check_program("the program", options->program[0]);
    }
    if (status == EXIT_SUCCESS && mpirun_refuses_root(options)) {
        say("mpirun refuses to run as root, where a mistake can destroy the "
            "system; in a container, say, allow it by " MPIRUN_ROOT_HINT
            " in the environment");
        status = EXIT_FAILURE;
    }
    return status;
}

/* What nohup or a shell made us ignore stays ignored. */
static int take_signals(struct inheritance *inheritance)
{
    static const int wanted[] = {SIGCHLD, SIGINT,  SIGTERM,
                                 SIGHUP,  SIGUSR1, SIGUSR2};
    struct sigaction old;
    sigset_t ours;

    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (sigaction(wanted[i], NULL, &old) == 0 &&
            (old.sa_handler != SIG_IGN || wanted[i] == SIGCHLD)) {
            sigaddset(&ours, wanted[i]);
        }
    }
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &ours, &inheritance->mask);
    return signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A connection for each rank. */
static void raise_limit(struct inheritance *inheritance)
{
    struct rlimit most;

    getrlimit(RLIMIT_NOFILE, &inheritance->descriptors);
    most = inheritance->descriptors;
    most.rlim_cur = most.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &most);
}

/* mpirun stays in our process group, as it reads a terminal only from the
 * group that is in the foreground. */
static pid_t start_mpirun(char **command, const char *address,
                          const struct inheritance *inheritance)
{
    pid_t self = getpid(), pid = fork();

    if (pid == 0) {
        sigset_t mask = inheritance->mask;

        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGTERM);
        prctl(PR_SET_PDEATHSIG, MPIRUN_END_SIGNAL);
        if (getppid() != self) {
            _exit(EXIT_FAILURE);
        }
        setenv(RUN_VARIABLE, address, 1);
        (void)setrlimit(RLIMIT_NOFILE, &inheritance->descriptors);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        execvp(command[0], command);
        say("the launcher %s: %s", command[0], strerror(errno));
        _exit(EXIT_NOT_FOUND);
    }
    return pid;
}

static int run(const struct options *options, char **command)
{
    struct inheritance inheritance;
    struct meeting meeting;
    struct job job;
    int signals = take_signals(&inheritance);
    pid_t mpirun;

    raise_limit(&inheritance);
    if (signals < 0 || !meeting_open(&meeting)) {
        return EXIT_FAILURE;
    }
    mpirun = start_mpirun(command, meeting.address, &inheritance);
    if (mpirun < 0) {
        say("no process for mpirun: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    job_begin(&job, mpirun, options->grace);
    serve(&job, &meeting, signals);
    if (!job.mpirun_ended || WIFSIGNALED(job.mpirun_status)) {
        mpirun_clean_up(mpirun);
    }
    return job_end(&job);
}

int command_run(int argc, char **argv)
{
    struct options options;
    enum options_result result = options_read(&options, argc, argv);
    char **command;
    int status;

    if (result != OPTIONS_FINE) {
        return result == OPTIONS_HELPED ? EXIT_SUCCESS : EXIT_MISUSE;
    }
    if (options.ranks == 0) {
        options.ranks = mpirun_default_ranks(&options);
    }
    command = mpirun_command(&options);
    if (options.dry_run) {
        print_quoted(command);
        return EXIT_SUCCESS;
    }
    status = check(&options);
    return status == EXIT_SUCCESS ? run(&options, command) : status;
}
