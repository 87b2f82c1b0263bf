/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open MPI 4.1 and Slurm; see the header.
 */
#include "mpirun.h"

#include "parent.h"
#include "tool.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

const char *mpirun_name(void)
{
    const char *name = getenv("MPIRUN");

    return name && *name ? name : "mpirun";
}

bool mpirun_is_local(const struct options *options)
{
    return !options->hostfile && !options->hosts && !getenv("SLURM_JOB_ID");
}

/* The first of the CPUs with which this one shares a core; itself when the
 * kernel does not tell. */
static int first_sibling(int cpu)
{
    char path[96];
    int first = cpu;
    FILE *file;

    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             cpu);
    file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%d", &first) != 1) {
            first = cpu;
        }
        fclose(file);
    }
    return first;
}

/* mpirun counts cores, and not the threads of a core, as slots. */
static int allowed_cores(void)
{
    enum { SETS = 16 };
    static cpu_set_t allowed[SETS], cores[SETS];

    if (sched_getaffinity(0, sizeof allowed, allowed) != 0) {
        return 1;
    }
    for (int cpu = 0; cpu < SETS * CPU_SETSIZE; cpu++) {
        if (CPU_ISSET_S(cpu, sizeof allowed, allowed)) {
            CPU_SET_S(first_sibling(cpu), sizeof cores, cores);
        }
    }
    return CPU_COUNT_S(sizeof cores, cores);
}

static int number_in(const char *variable)
{
    const char *text = getenv(variable);

    return text && *text ? atoi(text) : -1;
}

int mpirun_default_ranks(const struct options *options)
{
    if (mpirun_is_local(options)) {
        return allowed_cores();
    }
    if (!options->hostfile && !options->hosts) {
        int tasks = number_in("SLURM_NTASKS");

        return tasks > 0 ? tasks : 0;
    }
    return 0;
}

bool mpirun_refuses_root(const struct options *options)
{
    for (size_t i = 0; i < options->extras; i++) {
        if (strcmp(options->extra[i], "--allow-run-as-root") == 0) {
            return false;
        }
    }
    return geteuid() == 0 && (number_in("OMPI_ALLOW_RUN_AS_ROOT") != 1 ||
                              number_in("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") != 1);
}

struct words {
    char **list;
    size_t count;
};

static void add(struct words *words, const char *word)
{
    words->list = resized(words->list, words->count + 2, sizeof *words->list);
    words->list[words->count] = strdup(word);
    words->list[++words->count] = NULL;
}

static void add_pair(struct words *words, const char *option, const char *value)
{
    if (value) {
        add(words, option);
        add(words, value);
    }
}

/* A rank that ends without MPI_Finalize, as survivors do, is an error for
 * mpirun unless it is told otherwise: it would kill the parents that leave at
 * the same time, and take up to two seconds for that. */
static void add_leave_to_exit(struct words *words)
{
    add(words, "--mca");
    add_pair(words, "orte_allowed_exit_without_sync", "1");
}

/* mpirun by itself gives its environment to the ranks beside it only: the
 * settings of the library are to hold on all hosts. */
static void add_variables(struct words *words)
{
    add_pair(words, "-x", RUN_VARIABLE);
    for (char **variable = environ; *variable; variable++) {
        if (strncmp(*variable, "MR_", 3) == 0) {
            char *name = strndup(*variable, strcspn(*variable, "="));

            add_pair(words, "-x", name);
            free(name);
        }
    }
}

static void add_this_program(struct words *words)
{
    char path[PATH_MAX] = "";

    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) {
        snprintf(path, sizeof path, TOOL);
    }
    add(words, path);
    add(words, "rank");
}

char **mpirun_command(const struct options *options)
{
    struct words words = {0};
    char ranks[16];

    add(&words, mpirun_name());
    if (options->ranks > 0) {
        snprintf(ranks, sizeof ranks, "%d", options->ranks);
        add_pair(&words, "-n", ranks);
    }
    add_pair(&words, "--hostfile", options->hostfile);
    add_pair(&words, "--host", options->hosts);
    if (options->oversubscribe) {
        add(&words, "--oversubscribe");
    }
    add_leave_to_exit(&words);
    add_variables(&words);
    for (size_t i = 0; i < options->extras; i++) {
        add(&words, options->extra[i]);
    }
    add_this_program(&words);
    for (char **word = options->program; *word; word++) {
        add(&words, *word);
    }
    return words.list;
}

bool mpirun_place(int *rank, int *size)
{
    static const char *const names[][2] = {
        {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
        {"PMI_RANK", "PMI_SIZE"},
        {"SLURM_PROCID", "SLURM_NTASKS"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *rank = number_in(names[i][0]);
        *size = number_in(names[i][1]);
        if (*rank >= 0 && *rank < *size) {
            return true;
        }
    }
    return false;
}
