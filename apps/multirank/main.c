/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tool `multirank`: finds the subcommand in a table.
 */
#include "tool.h"

#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    const char *summary; /* NULL: nothing for users */
    tool_command *run;
} commands[] = {
    {"run", "start a program as a job that outlives the death of a rank",
     command_run},
    {"rank", NULL, command_rank},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int print_help(void)
{
    puts("usage: " TOOL " COMMAND [OPTION...] [ARGUMENT...]\n"
         "       " TOOL " --help | --version\n"
         "\n"
         "Commands; each has a --help of its own:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].summary) {
            printf("  %-10s%s\n", commands[i].name, commands[i].summary);
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);

    if (command) {
        tool_name = command->name;
        return command->run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return print_help();
    }
    if (strcmp(name, "--version") == 0) {
        printf(TOOL " %s\n", mr_version());
        return EXIT_SUCCESS;
    }
    say(*name ? "there is no command \"%s\"; " TOOL " --help names those "
                "there are"
              : "a command is missing%s; " TOOL " --help names those there are",
        name);
    return EXIT_MISUSE;
}
