/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line; see the header.
 */
#include "options.h"

#include "ruler.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MARKS = 10, DEFAULT_SPLIT = 4 };

enum { MARKS = 256, SPLIT, SERIAL, VERSION };

static const struct option known[] = {
    {"marks", required_argument, NULL, MARKS},
    {"split", required_argument, NULL, SPLIT},
    {"serial", no_argument, NULL, SERIAL},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {0},
};

static char program[] = PROGRAM;

static void print_help(void)
{
    printf("usage: " PROGRAM " [OPTION...]\n"
           "\n"
           "Finds the shortest Golomb rulers, all ranks of a job together.  No "
           "two pairs of\nmarks of such a ruler are equally far apart.  The "
           "search is branch and bound:\ntasks add tasks, and a shared value "
           "holds the length of the shortest ruler yet.\nIt prints these "
           "rulers, one of each and its mirror image, and what each worker\n"
           "did.\n"
           "\n"
           "  --marks N    of a ruler, %d to %d, %d by default; 11 take about "
           "ten times\n"
           "               as long as 10\n"
           "  --split N    a task whose ruler has fewer marks adds others, %d "
           "by default\n"
           "  --serial     search on one core, without tasks\n"
           "  -h, --help   print this\n"
           "  --version    print the version\n"
           "\n"
           "The exit status is 0 when all was searched, 1 when not, 2 when "
           "the command line\nis wrong.  Under a launcher it uses all ranks:\n"
           "\n"
           "  mpirun -n 4 " PROGRAM " --marks 11\n",
           FEWEST_MARKS, MOST_MARKS, DEFAULT_MARKS, DEFAULT_SPLIT);
}

bool options_answer(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help();
    } else if (strcmp(word, "--version") == 0) {
        printf(PROGRAM " %s\n", mr_version());
    } else {
        return false;
    }
    return true;
}

static bool read_number(const char *name, const char *text, int least, int most,
                        int *number)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < least || value > most) {
        fprintf(stderr,
                PROGRAM ": --%s wants a number from %d to %d, not \"%s\"\n",
                name, least, most, text);
        return false;
    }
    *number = (int)value;
    return true;
}

static bool read_option(struct options *options, int option)
{
    switch (option) {
    case MARKS:
        return read_number("marks", optarg, FEWEST_MARKS, MOST_MARKS,
                           &options->marks);
    case SPLIT:
        return read_number("split", optarg, 3, MOST_MARKS, &options->split);
    case SERIAL:
        options->serial = true;
        return true;
    case 'h':
        options->answered = options_answer("--help");
        return true;
    case VERSION:
        options->answered = options_answer("--version");
        return true;
    default: /* getopt has said what is wrong */
        fputs("see " PROGRAM " --help\n", stderr);
        return false;
    }
}

bool options_read(struct options *options, int argc, char **argv)
{
    int option;

    *options = (struct options){.marks = DEFAULT_MARKS, .split = DEFAULT_SPLIT};
    argv[0] = program; /* for the messages of getopt */
    while (!options->answered &&
           (option = getopt_long(argc, argv, "h", known, NULL)) >= 0) {
        if (!read_option(options, option)) {
            return false;
        }
    }
    if (!options->answered && argv[optind]) {
        fprintf(stderr,
                PROGRAM ": what is \"%s\" for? See " PROGRAM " --help\n",
                argv[optind]);
        return false;
    }
    return true;
}
