/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tool `multirank`: finds the subcommand in a table.
 */
#include "tool.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    const char *summary; /* NULL: nothing for users */
    tool_command *run;
} commands[] = {
    {"info", "print versions, settings, and what a job has chosen",
     command_info},
    {"run", "start a program as a job that goes on when a rank dies",
     command_run},
    {"topology", "draw the nodes of a job, and what runs on which cores",
     command_topology},
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
         "Starts jobs, and tells about the library, its settings and its "
         "jobs.\n"
         "\n"
         "Commands; each has a --help of its own:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].summary) {
            printf("  %-10s%s\n", commands[i].name, commands[i].summary);
        }
    }
    return EXIT_SUCCESS;
}

/* How many letters are to be put in, left out or changed to make one word of
 * the other (Wagner and Fischer 1974); words too long for a command are far
 * from all. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1];
    size_t length = strlen(b);

    if (length > LONGEST) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0]++;

        for (size_t j = 0; j < length; j++) {
            size_t changed = diagonal + (a[i] != b[j]);
            size_t other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

            diagonal = row[j + 1];
            row[j + 1] = changed < other ? changed : other;
        }
    }
    return row[length];
}

/* The command that may have been meant, or NULL: one of three letters may be
 * wrong, and two in a short word, as when they are swapped. */
static const struct command *nearest(const char *name)
{
    const struct command *best = NULL;
    size_t least = strlen(name) / 3 < 2 ? 2 : strlen(name) / 3;

    for (size_t i = 0; i < COMMANDS; i++) {
        size_t letters = distance(commands[i].name, name);

        if (commands[i].summary && letters <= least &&
            letters < strlen(commands[i].name)) {
            best = &commands[i];
            least = letters - 1;
        }
    }
    return best;
}

static int refuse(const char *name)
{
    const struct command *meant = nearest(name);

    if (!*name) {
        say("a command is missing; " TOOL " --help lists all");
    } else if (meant) {
        say("there is no command \"%s\"; did you mean \"%s\"?  " TOOL
            " --help names all",
            name, meant->name);
    } else {
        say("there is no %s \"%s\"; " TOOL " --help lists all",
            *name == '-' ? "option" : "command", name);
    }
    return EXIT_MISUSE;
}

/* A connection or a pipe must not become a standard stream because that was
 * closed when we were started: open() takes the lowest number that is free. */
static bool open_standard_streams(void)
{
    int descriptor;

    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    return descriptor >= 0 && close(descriptor) == 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);

    if (!open_standard_streams()) {
        return EXIT_FAILURE;
    }
    if (command) {
        tool_name = command->name;
        return command->run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return print_help();
    }
    if (strcmp(name, "--version") == 0) {
        return print_version();
    }
    return refuse(name);
}
