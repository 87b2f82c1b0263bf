/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the deaths of ranks mean; see the headers here and in parent.h.
 */
#include "job.h"

#include "parent.h"
#include "tool.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* When a rank died after it was ready, so are the others, but their bytes may
 * still be on the way. */
#define DOUBT_SECONDS 2

/* A second Ctrl-C is one only when somebody can have wanted it: timeout(1)
 * sends its signal to the process and to the group. */
#define AGAIN_SECONDS 0.5

/* How long mpirun takes to end a job of which a parent died, and more. */
#define MPIRUN_SECONDS 4

/* mpirun ends within a tenth of a second.  It does not notice that a host has
 * vanished, and would wait for it, also when it is terminated. */
#define WITHOUT_A_HOST 0.5

/* A rank that is killed while it introduces itself to mpirun can bring a thread
 * of mpirun to a halt for ever (PMIx 4.2 locks a mutex twice).  So ranks that
 * are starting are given the time to do so before they are killed. */
#define STARTING_SECONDS 0.5

static const double phase_seconds[] = {
    [RUNNING] = INFINITY, [TERMINATING] = 1, [KILLING] = 2,     [LEAVING] = 4,
    [STOPPING] = 2,       [DROPPING] = 2,    [OVER] = INFINITY,
};

void job_begin(struct job *job, pid_t mpirun, double grace)
{
    *job = (struct job){.mpirun = mpirun, .grace = grace, .deadline = INFINITY};
}

/* Queries. */

static bool all_joined(const struct job *job)
{
    int joined = 0;

    for (int i = 0; i < job->size; i++) {
        joined += job->ranks[i].joined;
    }
    return job->size > 0 && joined == job->size;
}

bool job_all_started(const struct job *job)
{
    bool all = job->size > 0;

    for (int i = 0; i < job->size && all; i++) {
        all = job->ranks[i].pid != 0;
    }
    return all;
}

static bool any_ready(const struct job *job)
{
    for (int i = 0; i < job->size; i++) {
        if (job->ranks[i].ready) {
            return true;
        }
    }
    return false;
}

static bool all_ready(const struct job *job)
{
    for (int i = 0; i < job->size; i++) {
        if (!job->ranks[i].ready) {
            return false;
        }
    }
    return job->size > 0;
}

static bool any_lost(const struct job *job)
{
    for (int i = 0; i < job->size; i++) {
        if (job->ranks[i].lost) {
            return true;
        }
    }
    return false;
}

static bool all_settled(const struct job *job)
{
    for (int i = 0; i < job->size; i++) {
        if (!job->ranks[i].ended && !job->ranks[i].lost) {
            return false;
        }
    }
    return job->size > 0;
}

/* Phases. */

static void send_all(struct job *job, int kind, int number)
{
    const struct message message = {.kind = kind, .number = number};

    for (int i = 0; i < job->size; i++) {
        struct rank *rank = &job->ranks[i];

        if (rank->link && (kind == MESSAGE_LEAVE || !rank->ended)) {
            link_send(rank->link, &message);
        }
    }
}

/* Whom SIGKILL did not reach by now is out of reach. */
static void give_up_silent(struct job *job)
{
    for (int i = 0; i < job->size; i++) {
        struct rank *rank = &job->ranks[i];

        if (rank->joined && !rank->ended && !rank->lost) {
            say("rank %d on %s does not answer", i, rank->host);
            rank->lost = true;
        }
    }
}

static void signal_mpirun(const struct job *job, int signal)
{
    if (!job->mpirun_ended) {
        kill(job->mpirun, signal);
    }
}

static void enter(struct job *job, enum phase phase)
{
    double seconds = phase == GRACE ? job->grace : phase_seconds[phase];

    if (phase == TERMINATING) {
        bool obeyed = job->obeyed || !job->interrupted;

        send_all(job, MESSAGE_SIGNAL, obeyed ? SIGTERM : job->interrupted);
    } else if (phase == KILLING) {
        send_all(job, MESSAGE_SIGNAL, SIGKILL);
    } else if (phase == LEAVING) {
        give_up_silent(job);
        send_all(job, MESSAGE_LEAVE, 0);
        seconds = any_lost(job) ? WITHOUT_A_HOST : seconds;
    } else if (phase == STOPPING) {
        signal_mpirun(job, MPIRUN_END_SIGNAL);
        seconds = any_lost(job) ? WITHOUT_A_HOST : seconds;
    } else if (phase == DROPPING) {
        signal_mpirun(job, SIGKILL);
    }
    job->phase = phase;
    job->deadline = now() + seconds;
}

static void end_ranks(struct job *job)
{
    if (any_ready(job)) {
        enter(job, TERMINATING);
    } else {
        enter(job, GRACE);
        job->deadline = now() + STARTING_SECONDS;
    }
}

/* Deaths. */

static void describe(const struct job *job, int number, char *text, size_t size)
{
    const struct rank *rank = &job->ranks[number];
    int length = snprintf(text, size, "rank %d on %s", number, rank->host);

    if (rank->lost) {
        snprintf(text + length, size - (size_t)length, " does not answer");
    } else if (WIFSIGNALED(rank->wait_status)) {
        snprintf(text + length, size - (size_t)length,
                 " (pid %d) was killed by signal %d", rank->pid,
                 WTERMSIG(rank->wait_status));
    } else {
        snprintf(text + length, size - (size_t)length,
                 " (pid %d) ended with status %d", rank->pid,
                 WEXITSTATUS(rank->wait_status));
    }
}

static void decide(struct job *job, int status)
{
    job->decided = true;
    job->status = status;
}

static int status_of(const struct rank *rank)
{
    int status = rank->lost ? 0 : exit_status(rank->wait_status);

    return status ? status : EXIT_SIGNAL + SIGKILL;
}

/* The end of a rank ends the job.  That of rank 0 does so at any time; whether
 * all others have said that they are ready does not matter. */
static void fatal(struct job *job, int number)
{
    bool early = number != 0 && any_ready(job) && !all_ready(job);
    char text[160];

    describe(job, number, text, sizeof text);
    snprintf(job->last_words, sizeof job->last_words, "%s%s; the job is ended",
             text, early ? " before all were ready" : "");
    decide(job, status_of(&job->ranks[number]));
    end_ranks(job);
}

static void go_on_without(const struct job *job, int number)
{
    char text[160];

    describe(job, number, text, sizeof text);
    say("%s; the job goes on without it", text);
}

static void rank_died(struct job *job, int number)
{
    struct rank *rank = &job->ranks[number];

    if (number == 0 || !rank->ready) {
        fatal(job, number);
    } else if (all_ready(job)) {
        go_on_without(job, number);
    } else {
        rank->in_doubt = true;
        if (job->doubt_end == 0) {
            job->doubt_end = now() + DOUBT_SECONDS;
        }
    }
}

static void resolve_doubt(struct job *job)
{
    bool ready = all_ready(job);

    if (job->doubt_end == 0 || (!ready && now() < job->doubt_end)) {
        return;
    }
    job->doubt_end = 0;
    for (int i = 0; i < job->size && job->phase == RUNNING; i++) {
        if (job->ranks[i].in_doubt) {
            job->ranks[i].in_doubt = false;
            if (ready) {
                go_on_without(job, i);
            } else {
                fatal(job, i);
            }
        }
    }
}

/* A status of its own choice is an end in order for rank 0 of a Multirank
 * program; in others it is not, as mpirun has it. */
static bool is_death(const struct rank *rank, bool in_order, bool is_first)
{
    if (in_order) {
        return false;
    }
    return WIFSIGNALED(rank->wait_status) ||
           (WEXITSTATUS(rank->wait_status) != 0 && !(is_first && rank->ready));
}

/* Ranks that miss mpirun end with some status, which means nothing. */
static bool mpirun_was_killed(const struct job *job)
{
    return job->mpirun_ended && WIFSIGNALED(job->mpirun_status);
}

/* The user has sent a signal, which was passed on to rank 0.  If that rank
 * catches it and ends in its own way, its status is that of the job. */
static void rank_0_obeyed(struct job *job)
{
    const struct rank *rank = &job->ranks[0];

    if (WIFSIGNALED(rank->wait_status) &&
        WTERMSIG(rank->wait_status) == job->interrupted) {
        end_ranks(job);
        return;
    }
    job->obeyed = true;
    *job->last_words = '\0';
}

/* When mpirun ends the job, its status says why. */
static void rank_ended(struct job *job, int number,
                       const struct message *message)
{
    struct rank *rank = &job->ranks[number];
    bool death;

    rank->ended = true;
    rank->wait_status = message->number;
    if (job->phase > GRACE || message->told || mpirun_was_killed(job)) {
        return;
    }
    if (job->interrupted && number == 0) {
        rank_0_obeyed(job);
        if (!job->obeyed) {
            return;
        }
    }
    death = is_death(rank, message->in_order, number == 0);
    if (death && job->phase == GRACE) {
        char text[160];

        describe(job, number, text, sizeof text);
        say("%s", text);
    } else if (death) {
        rank_died(job, number);
    } else if (number == 0) {
        decide(job, exit_status(rank->wait_status));
        if (rank->ready) {
            enter(job, GRACE);
        }
    }
}

static void rank_failed(struct job *job, int number, int error)
{
    struct rank *rank = &job->ranks[number];

    rank->ended = true;
    if (job->phase == RUNNING) {
        snprintf(job->last_words, sizeof job->last_words,
                 "the program does not start on %s: %s", rank->host,
                 strerror(error));
        decide(job, error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
        end_ranks(job);
    }
}

/* What happens. */

static void make_ranks(struct job *job, int size)
{
    job->size = size;
    job->ranks = resized(NULL, (size_t)size, sizeof *job->ranks);
    memset(job->ranks, 0, (size_t)size * sizeof *job->ranks);
}

/* A parent that waited too long for our answer comes again. */
int job_joined(struct job *job, struct link *link, const struct message *hello)
{
    struct message answer = {.kind = MESSAGE_WELCOME};
    struct rank *rank;

    if (job->size == 0) {
        make_ranks(job, hello->size);
    }
    if (hello->size != job->size || job->ranks[hello->rank].pid != 0) {
        return -1;
    }
    rank = &job->ranks[hello->rank];
    rank->joined = true;
    rank->link = link;
    memcpy(rank->host, hello->host, sizeof rank->host);
    if (job->phase >= TERMINATING) {
        answer.kind = MESSAGE_LEAVE;
        rank->ended = true;
    }
    link_send(link, &answer);
    return hello->rank;
}

void job_told(struct job *job, int number, const struct message *message)
{
    struct rank *rank = &job->ranks[number];

    if (message->pid > 0) {
        rank->pid = message->pid;
    }
    switch (message->kind) {
    case MESSAGE_READY:
        rank->ready = true;
        break;
    case MESSAGE_FAILED:
        rank_failed(job, number, message->number);
        break;
    case MESSAGE_ENDED:
        rank_ended(job, number, message);
        break;
    default:
        break;
    }
}

/* The end of a connection is the death of a parent, upon which mpirun ends the
 * job and has the status, unless the user has told it otherwise.  An error of
 * it is a host that has vanished, of which mpirun knows nothing. */
void job_lost(struct job *job, int number, int error)
{
    struct rank *rank = &job->ranks[number];
    bool vanished = error == ETIMEDOUT || error == EHOSTUNREACH ||
                    error == ENETUNREACH || error == EHOSTDOWN;

    rank->link = NULL;
    if (rank->ended || rank->lost) {
        return;
    }
    rank->lost = true;
    if (job->phase <= GRACE && !vanished) {
        say("the parent process of rank %d on %s (pid %d) died, and the rank "
            "with it",
            number, rank->host, rank->pid);
    }
    if (job->phase == RUNNING && vanished) {
        rank_died(job, number);
    } else if (job->phase == RUNNING && number == 0) {
        enter(job, GRACE);
        job->deadline = now() + MPIRUN_SECONDS;
    }
}

void job_mpirun_ended(struct job *job, int wait_status)
{
    job->mpirun_ended = true;
    job->mpirun_status = wait_status;
    if (job->phase >= STOPPING || job->interrupted) {
        return;
    }
    if (mpirun_was_killed(job)) {
        say("mpirun was killed by signal %d; the job is ended",
            WTERMSIG(wait_status));
        if (!job->decided || job->status != 0) {
            decide(job, exit_status(wait_status));
        }
    } else if (job->phase == RUNNING && !all_joined(job)) {
        say("mpirun ended with status %d before all ranks had started",
            WEXITSTATUS(wait_status));
    }
}

static void interrupt_rank_0(struct job *job, int signal)
{
    const struct message message = {.kind = MESSAGE_SIGNAL, .number = signal};

    link_send(job->ranks[0].link, &message);
}

/* Can main decide what a signal means?  That the other ranks are ready may be
 * told later. */
static bool main_runs(const struct job *job)
{
    return job->phase == RUNNING && job->size > 0 && job->ranks[0].ready &&
           job->ranks[0].link && !job->ranks[0].ended;
}

/* Main of a program of Multirank decides what the signal means: its handler
 * may save results, and has the other ranks for that.  Such a handler takes
 * the time it needs; a second signal ends the job at once.  The ranks of
 * another program all get the signal.  Before they have joined, mpirun ends. */
void job_interrupted(struct job *job, int signal)
{
    if (job->interrupted) {
        if (now() > job->interrupted_at + AGAIN_SECONDS) {
            enter(job, DROPPING);
        }
        return;
    }
    job->interrupted = signal;
    job->interrupted_at = now();
    snprintf(job->last_words, sizeof job->last_words,
             "ended by signal %d, as was asked for", signal);
    if (main_runs(job)) {
        interrupt_rank_0(job, signal);
    } else if (all_joined(job) && job->phase < TERMINATING) {
        enter(job, TERMINATING);
    } else if (job->phase < STOPPING) {
        enter(job, STOPPING);
    }
}

void job_tick(struct job *job)
{
    resolve_doubt(job);
    if (job->phase < LEAVING && all_settled(job)) {
        enter(job, LEAVING);
    }
    while (job->phase != OVER && now() >= job->deadline) {
        enter(job, job->phase + 1);
    }
}

double job_deadline(const struct job *job)
{
    return job->doubt_end > 0 ? earlier(job->doubt_end, job->deadline)
                              : job->deadline;
}

/* What mpirun has to object counts where it keeps watch: in a program that is
 * none of Multirank, and when it was mpirun that ended the job. */
int job_end(const struct job *job)
{
    int status = job->mpirun_ended ? exit_status(job->mpirun_status)
                                   : EXIT_SIGNAL + SIGKILL;

    if (*job->last_words) {
        say("%s", job->last_words);
    }
    if (job->interrupted && !job->obeyed) {
        return EXIT_SIGNAL + job->interrupted;
    }
    if (job->decided && (job->status != 0 || any_ready(job))) {
        return job->status;
    }
    return status != 0 || job->decided ? status : 1;
}
