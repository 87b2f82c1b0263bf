/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that does nothing, without any library: its start, and waitpid.
 *
 *   bench/objects/process_plain fork     a copy of this small process
 *   bench/objects/process_plain spawn    this program again, by posix_spawn
 */
#include "starts.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static const char *program;

static pid_t fork_nothing(void)
{
    pid_t child = fork();

    if (child == 0) {
        _exit(0);
    }
    return child;
}

static pid_t spawn_nothing(void)
{
    char *arguments[] = {(char *)program, "nothing", NULL};
    pid_t child;

    check(posix_spawn(&child, program, NULL, NULL, arguments, environ) == 0,
          "posix_spawn");
    return child;
}

static void start_and_wait(pid_t (*start)(void), int count)
{
    pid_t children[STARTS_AT_ONCE];

    for (int i = 0; i < count; i++) {
        children[i] = start();
        check(children[i] > 0, "the start of a process");
    }
    for (int i = 0; i < count; i++) {
        int status;

        check(waitpid(children[i], &status, 0) == children[i] && status == 0,
              "a process");
    }
}

static void fork_and_wait(int count)
{
    start_and_wait(fork_nothing, count);
}

static void spawn_and_wait(int count)
{
    start_and_wait(spawn_nothing, count);
}

int main(int argc, char **argv)
{
    const char *how = argc == 2 ? argv[1] : "";

    end_in_time();
    program = argv[0];
    if (strcmp(how, "nothing") == 0) {
        return 0;
    }
    want(strcmp(how, "fork") == 0 || strcmp(how, "spawn") == 0,
         "bench/objects/process_plain fork|spawn");
    starts_measure(strcmp(how, "fork") == 0 ? fork_and_wait : spawn_and_wait);
    return 0;
}
