/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open MPI 4.1 and 5, and Slurm; see the header.
 */
#include "mpirun.h"

#include "parent.h"
#include "tool.h"

#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <multirank/info.h>
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
 * the same time, and take up to two seconds for that.  And without keepalives
 * it does not end the job, after eight minutes, because a host has vanished. */
static const char *const parameters[][3] = {
    /* of Open MPI 4,                   5 */
    {"orte_allowed_exit_without_sync", "prte_allowed_exit_without_sync", "1"},
    {"oob_tcp_keepalive_time", "oob_tcp_keepalive_time", "0"},
};

/* Open MPI 5 starts its ranks by PRRTE, which has parameters of its own. */
static bool has_prrte(void)
{
    static const char name[] = "Open MPI v";
    mr_fact fact;

    for (size_t i = 0; mr_info_fact(i, &fact); i++) {
        if (strcmp(fact.name, "MPI") == 0 &&
            strncmp(fact.text, name, strlen(name)) == 0) {
            return atoi(fact.text + strlen(name)) >= 5;
        }
    }
    return false;
}

static bool is_set(const struct options *options, const char *parameter,
                   bool prrte)
{
    char variable[64];

    for (size_t i = 0; i < options->extras; i++) {
        if (strcmp(options->extra[i], parameter) == 0) {
            return true;
        }
    }
    snprintf(variable, sizeof variable, "%s_MCA_%s", prrte ? "PRTE" : "OMPI",
             parameter);
    return getenv(variable) != NULL;
}

/* What the user has set stays; mpirun refuses a parameter that is given
 * twice. */
static void add_parameters(struct words *words, const struct options *options)
{
    bool prrte = has_prrte();

    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const char *name = parameters[i][prrte];

        if (!is_set(options, name, prrte)) {
            add(words, prrte ? "--prtemca" : "--mca");
            add_pair(words, name, parameters[i][2]);
        }
    }
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

/* mpirun splits its command line at each word ":", also behind the name of a
 * program.  Where there is one, `multirank rank` takes a letter off all. */
static void add_program(struct words *words, char *const *program)
{
    bool disguised = false;

    for (size_t i = 0; program[i]; i++) {
        disguised |= strcmp(program[i], ":") == 0;
    }
    if (disguised) {
        add(words, DISGUISED);
    }
    for (size_t i = 0; program[i]; i++) {
        char *word = resized(NULL, strlen(program[i]) + 2, 1);

        sprintf(word, "%s%s", disguised ? "=" : "", program[i]);
        add(words, word);
        free(word);
    }
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
    add_parameters(&words, options);
    add_variables(&words);
    for (size_t i = 0; i < options->extras; i++) {
        add(&words, options->extra[i]);
    }
    add_this_program(&words);
    add_program(&words, options->program);
    return words.list;
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *position)
{
    (void)status;
    (void)kind;
    (void)position;
    return remove(path);
}

/* Where mpirun has its folder, in the order in which it looks. */
static const char *folder_for_files(void)
{
    static const char *const names[] = {"OMPI_MCA_orte_tmpdir_base", "TMPDIR",
                                        "TEMP", "TMP"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (getenv(names[i])) {
            return getenv(names[i]);
        }
    }
    return "/tmp";
}

/* The folder is ompi.HOST.USER/pid.MPIRUN; the host's name may have a domain.
 * ompi.HOST.USER is removed too if nothing else is in it. */
void mpirun_clean_up(pid_t mpirun)
{
    char host[64] = "", pattern[PATH_MAX];
    glob_t found;

    gethostname(host, sizeof host - 1);
    host[strcspn(host, ".")] = '\0';
    snprintf(pattern, sizeof pattern, "%s/ompi.%s*.%d/pid.%d",
             folder_for_files(), host, (int)geteuid(), (int)mpirun);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *path = found.gl_pathv[i];

            nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
            *strrchr(path, '/') = '\0';
            (void)rmdir(path);
        }
        globfree(&found);
    }
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

bool mpirun_speaks(void)
{
    int rank, size;

    return !mpirun_place(&rank, &size) || rank == 0;
}

int mpirun_misuse(void)
{
    return mpirun_speaks() ? EXIT_MISUSE : EXIT_SUCCESS;
}
