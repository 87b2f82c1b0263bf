/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns bare start.
 *
 * exec keeps the process: who waits for it, sends it signals or feeds its
 * stdin means mpirun from then on, which passes all of that to rank 0, and its
 * exit status back.
 */
#include "runtime/job/launch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "message/world.h"
#include "topology/placement.h"
#include "util/log.h"
#include "util/settings.h"

extern char **environ;

/* Set for the ranks: whatever becomes of the launcher's own variables, nobody
 * launches twice. */
#define GUARD "MULTIRANK_LAUNCHED"

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

/* Slurm numbers the steps of a job from 0; the last numbers there are stand
 * for the batch script and the interactive shell (slurm.h,
 * SLURM_BATCH_SCRIPT, SLURM_INTERACTIVE_STEP). */
static bool is_slurm_step(void)
{
    const char *step = getenv("SLURM_STEP_ID");

    return step && *step && strtoul(step, NULL, 10) < 0xfffffff0;
}

/* A process manager gives each process its rank.  MPI that was started without
 * one gives itself a PMIX_RANK (Open MPI 4.1). */
static bool has_rank(void)
{
    return is_set("OMPI_COMM_WORLD_RANK") || is_set("PMI_RANK") ||
           (is_set("PMIX_RANK") && !mri_world_was_started());
}

int mri_launcher_open(void)
{
    return has_rank() ? (int)syscall(SYS_pidfd_open, getppid(), 0) : -1;
}

/* In an allocation of these, mpirun knows hosts and slots by itself. */
static bool has_allocation(void)
{
    return is_set("SLURM_JOB_ID") || is_set("LSB_JOBID") ||
           is_set("PE_HOSTFILE");
}

static const char *mpirun(void)
{
    return is_set("MPIRUN") ? getenv("MPIRUN") : "mpirun";
}

/* mpirun does not run as root unless it is told so twice; and root who starts
 * a program by its name has not thought of mpirun. */
static bool refuses_root(void)
{
    return geteuid() == 0 && !(is_set("OMPI_ALLOW_RUN_AS_ROOT") &&
                               is_set("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"));
}

/* ---- the command --------------------------------------------------------- */

typedef struct words {
    char **list; /* ends with NULL */
    size_t count;
    bool failed;
} words;

static void add(words *w, const char *word)
{
    char **list = realloc(w->list, (w->count + 2) * sizeof *list);
    char *copy = strdup(word);

    if (list) {
        w->list = list;
    }
    if (!list || !copy) {
        free(copy);
        w->failed = true;
        return;
    }
    list[w->count++] = copy;
    list[w->count] = NULL;
}

static void add_pair(words *w, const char *option, const char *value)
{
    add(w, option);
    add(w, value);
}

static void free_words(words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->list[i]);
    }
    free(w->list);
}

/* Ranks on other hosts get those variables that are named. */
static void add_settings(words *w)
{
    add_pair(w, "-x", GUARD);
    for (char **variable = environ; *variable; variable++) {
        if (strncmp(*variable, "MR_", 3) == 0) {
            char name[128];

            snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="),
                     *variable);
            add_pair(w, "-x", name);
        }
    }
}

static bool is_this_program(const char *path)
{
    struct stat running;
    struct stat named;

    return stat("/proc/self/exe", &running) == 0 && stat(path, &named) == 0 &&
           running.st_dev == named.st_dev && running.st_ino == named.st_ino;
}

/* Where the shell has found a name without a slash; false: not there. */
static bool find_in_path(const char *name, char *path)
{
    const char *folder = getenv("PATH");

    while (folder && *folder) {
        int length = (int)strcspn(folder, ":");

        snprintf(path, PATH_MAX, "%.*s/%s", length, folder, name);
        if (access(path, X_OK) == 0) {
            return is_this_program(path);
        }
        folder += length + (folder[length] == ':');
    }
    return false;
}

/* The program by the name that it was started with, if that still leads to it:
 * an interpreter of Python knows its environment by that name alone.  Else by
 * its file. */
static bool name_program(const char *name, char *path)
{
    char folder[PATH_MAX];
    ssize_t length;

    if (*name && !strchr(name, '/') && find_in_path(name, path)) {
        return true;
    }
    if (strchr(name, '/') && is_this_program(name)) {
        bool whole = *name == '/' || !getcwd(folder, sizeof folder);

        return snprintf(path, PATH_MAX, "%s%s%s", whole ? "" : folder,
                        whole ? "" : "/", name) < PATH_MAX;
    }
    length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

/* What the program was started with: its argv may have been changed since. */
static void read_command(words *w)
{
    char program[PATH_MAX];
    FILE *file = fopen("/proc/self/cmdline", "re");
    char *argument = NULL;
    size_t room = 0;

    for (int i = 0; file && getdelim(&argument, &room, '\0', file) > 0; i++) {
        w->failed |= i == 0 && !name_program(argument, program);
        add(w, i == 0 ? program : argument);
    }
    w->failed |= file == NULL;
    free(argument);
    if (file) {
        fclose(file);
    }
}

/* mpirun splits its command line at each word ":", also behind the name of the
 * program.  That of Open MPI 5 looks at options there, too, and joins words
 * and splits them again, so that an empty one is lost. */
static bool mpirun_keeps(const char *word)
{
    return *word && *word != '-' && strcmp(word, ":") != 0;
}

/* A shell on the host of each rank takes the first character off all words. */
static void add_disguised(words *w, const words *command)
{
    static const char *const shell[] = {
        "/bin/sh", "-c",
        "for word do shift; set -- \"$@\" \"${word#=}\"; done; exec \"$@\"",
        "sh"};

    for (size_t i = 0; i < sizeof shell / sizeof *shell; i++) {
        add(w, shell[i]);
    }
    for (size_t i = 0; i < command->count; i++) {
        char *word;

        if (asprintf(&word, "=%s", command->list[i]) < 0) {
            w->failed = true;
            return;
        }
        add(w, word);
        free(word);
    }
}

static void add_program(words *w, const char *const *given)
{
    words command = {0};
    bool kept = true;

    for (size_t i = 0; given && given[i]; i++) {
        add(&command, given[i]);
    }
    if (!given) {
        read_command(&command);
    }
    w->failed |= command.failed;
    for (size_t i = 0; i < command.count; i++) {
        kept = kept && mpirun_keeps(command.list[i]);
    }
    if (!kept) {
        add_disguised(w, &command);
    }
    for (size_t i = 0; kept && i < command.count; i++) {
        add(w, command.list[i]);
    }
    free_words(&command);
}

/* Without a number mpirun takes all slots of an allocation. */
static void fill(words *w, unsigned int ranks, const char *const *command)
{
    char number[16];

    add(w, mpirun());
    if (is_set("PBS_NODEFILE")) {
        add_pair(w, "--hostfile", getenv("PBS_NODEFILE"));
    }
    if (ranks) {
        snprintf(number, sizeof number, "%u", ranks);
        add_pair(w, "-n", number);
    }
    add_settings(w);
    add_program(w, command);
}

/* Those on which this process may run. */
static unsigned int count_cores(void)
{
    mri_placement_summary summary;
    mri_placement placement = {0};

    if (!mri_processors_of(0, &placement.allowed)) {
        return 1;
    }
    mri_placements_plan(MRI_BIND_NONE, &placement, 1, &summary);
    return placement.cores;
}

/* ---- going --------------------------------------------------------------- */

/* There were several ranks to be had. */
static void warn(const char *why, const char *advice)
{
    mri_log(MR_LOG_WARNING,
            "%s: this job has one rank; %s, or set MR_LAUNCH=never if one rank "
            "is enough",
            why, advice);
}

static void become(const words *w)
{
    char why[128];

    setenv(GUARD, "1", 1);
    mri_log(MR_LOG_INFO, "becoming %s", w->list[0]);
    execvp(w->list[0], w->list);
    unsetenv(GUARD);
    snprintf(why, sizeof why, "%s cannot be started (%s)", mpirun(),
             strerror(errno));
    warn(why, "install Open MPI, or name its launcher by MPIRUN");
}

bool mri_launched(void)
{
    return is_set(GUARD) || has_rank() || is_slurm_step() ||
           mri_world_is_started();
}

/* More ranks than cores, as the program asks for it. */
static void allow_more_ranks(void)
{
    setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
    setenv("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe", 0);
}

void mri_launch(const mr_init_options *options)
{
    bool allocated = has_allocation() || is_set("PBS_NODEFILE");
    unsigned int ranks = options->ranks;
    words w = {0};

    if (mri_settings()->launch == MRI_LAUNCH_NEVER || mri_launched()) {
        return;
    }
    if (!ranks && !allocated) {
        ranks = count_cores();
    }
    if (ranks == 1) {
        return;
    }
    if (refuses_root()) {
        warn("mpirun does not run as root unless told to",
             "set OMPI_ALLOW_RUN_AS_ROOT=1 and "
             "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
        return;
    }
    if (options->ranks && !allocated) {
        allow_more_ranks();
    }
    fill(&w, ranks, options->command);
    if (!w.failed) {
        become(&w);
    }
    free_words(&w);
}
