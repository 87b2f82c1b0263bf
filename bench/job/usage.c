/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processes of a job are known by descent: the launcher is the parent of
 * the caller, and of the other ranks on this machine.  Processes that end while
 * they are looked at count as nothing.
 */
#include "usage.h"

#include "../repeat.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

/* The sum of the numbers behind a word in the lines of a file: so switches are
 * both voluntary_ and nonvoluntary_, and Pss has SwapPss with it. */
static double sum_of(const char *path, const char *word)
{
    FILE *file = fopen(path, "r");
    char line[256];
    double sum = 0;

    while (file && fgets(line, sizeof line, file)) {
        const char *found = strstr(line, word);

        if (found) {
            sum += atof(found + strlen(word));
        }
    }
    if (file) {
        fclose(file);
    }
    return sum;
}

/* The parent of a process; 0 if there is none, or no such process. */
static int parent_of(int pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    return (int)sum_of(path, "PPid:");
}

static bool descends(int pid, int ancestor)
{
    while (pid > 1 && pid != ancestor) {
        pid = parent_of(pid);
    }
    return pid == ancestor;
}

/* The threads of a process; schedstat begins with nanoseconds on a core. */
static void add_threads(usage *all, int pid)
{
    char path[300];
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    threads = opendir(path);
    for (struct dirent *t; threads && (t = readdir(threads));) {
        if (isdigit((unsigned char)*t->d_name)) {
            snprintf(path, sizeof path, "/proc/%d/task/%.20s/status", pid,
                     t->d_name);
            all->switches += sum_of(path, "voluntary_ctxt_switches:");
            snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid,
                     t->d_name);
            all->cpu += sum_of(path, "") / 1e9;
        }
    }
    if (threads) {
        closedir(threads);
    }
}

static void add_process(usage *all, int pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    all->memory += sum_of(path, "Pss:");
    add_threads(all, pid);
    all->processes++;
}

static usage usage_below(int ancestor, int except)
{
    usage all = {.processes = 0};
    DIR *processes = opendir("/proc");

    check(processes != NULL, "/proc");
    for (struct dirent *p; (p = readdir(processes));) {
        int pid = isdigit((unsigned char)*p->d_name) ? atoi(p->d_name) : 0;

        if (pid > 1 && pid != ancestor && descends(pid, ancestor) &&
            !(except && descends(pid, except))) {
            add_process(&all, pid);
        }
    }
    closedir(processes);
    check(all.memory > 0 && all.cpu > 0, "what /proc tells of processes");
    return all;
}

usage usage_of_job(void)
{
    return usage_below(getppid(), 0);
}

usage usage_of_other_ranks(void)
{
    return usage_below(getppid(), getpid());
}
