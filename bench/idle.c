/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a job costs that does nothing: the context switches of all its
 * processes, ranks and fork servers, in ten seconds.
 */
#include <multirank.h>

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 10 };

/* Context switches of all threads of a process so far. */
static long switches_of(const char *pid)
{
    char path[300];
    long total = 0;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%s/task", pid);
    tasks = opendir(path);
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        char line[256];
        FILE *status;

        snprintf(path, sizeof path, "/proc/%s/task/%.20s/status", pid,
                 task->d_name);
        status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status)) {
            const char *number = strstr(line, "_ctxt_switches:");

            total += number ? atol(strchr(number, ':') + 1) : 0;
        }
        if (status) {
            fclose(status);
        }
    }
    if (tasks) {
        closedir(tasks);
    }
    return total;
}

/* Is it a process of this job, but not this one? */
static int is_ours(const char *pid, const char *program)
{
    char path[300];
    char other[4096];
    ssize_t length;

    if (!isdigit((unsigned char)*pid) || atoi(pid) == getpid()) {
        return 0;
    }
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    length = readlink(path, other, sizeof other - 1);
    if (length <= 0) {
        return 0;
    }
    other[length] = '\0';
    return strcmp(other, program) == 0;
}

static long switches(void)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    long total = 0;
    DIR *processes = opendir("/proc");

    program[length > 0 ? length : 0] = '\0';
    for (struct dirent *process; processes && (process = readdir(processes));) {
        if (is_ours(process->d_name, program)) {
            total += switches_of(process->d_name);
        }
    }
    if (processes) {
        closedir(processes);
    }
    return total;
}

int main(int argc, char **argv)
{
    mr_error error = mr_init(&argc, &argv);
    long before;

    if (error) {
        fprintf(stderr, "mr_init: %s\n", mr_error_text(error));
        return 1;
    }
    sleep(1);
    before = switches();
    sleep(SECONDS);
    printf("idle_switches_of_%d_servers_and_%d_ranks %ld in_%d_s\n", mr_size(),
           mr_size() - 1, switches() - before, SECONDS);
    return mr_finalize();
}
