/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all subcommands of the tool share: their table's functions, how they
 * speak, and a few helpers.
 */
#ifndef MULTIRANK_APP_TOOL_H
#define MULTIRANK_APP_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#define TOOL "multirank"

/** As shells have them; a status for signal N is EXIT_SIGNAL + N. */
enum {
    EXIT_MISUSE = 2,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL = 128
};

/** A subcommand gets its own name as argv[0] and returns the exit status. */
typedef int tool_command(int argc, char **argv);
tool_command command_info;
tool_command command_run;
tool_command command_rank;
tool_command command_topology;

/** The options of every subcommand, for getopt_long. */
enum { OPTION_VERSION = 512 };
#define COMMON_OPTIONS                               \
    {"help", no_argument, NULL, 'h'},                \
    {                                                \
        "version", no_argument, NULL, OPTION_VERSION \
    }

/** Prints the version, and returns the exit status. */
int print_version(void);

/** The name of the running subcommand, which begins the lines of say. */
extern const char *tool_name;

/** Writes one line to stderr by one call, as ranks write there too. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/** Like realloc; a tool without memory ends. */
void *resized(void *old, size_t count, size_t size);

/** Seconds of the monotonic clock. */
double now(void);

/** The earlier of two points in time. */
double earlier(double a, double b);

/** The milliseconds until then, for poll: not negative, rounded up. */
int milliseconds_until(double then);

/** The exit status that stands for a wait status. */
int exit_status(int wait_status);

/** The path of a program as execvp would find it; or NULL, and errno says
 *  why.  The caller frees it. */
char *find_program(const char *name);

#endif
