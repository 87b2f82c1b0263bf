/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line.
 */
#include "wordcount.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TOP = 20, DEFAULT_BLOCK = 4 << 20, MOST_BLOCK = 1 << 30 };

enum { TOP = 256, CSV, BLOCK_SIZE, VERSION };

static const struct option known[] = {
    {"top", required_argument, NULL, TOP},
    {"csv", no_argument, NULL, CSV},
    {"quiet", no_argument, NULL, 'q'},
    {"block-size", required_argument, NULL, BLOCK_SIZE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {0},
};

static char program[] = PROGRAM;

static void print_help(void)
{
    printf("usage: " PROGRAM " [OPTION...] FILE...\n"
           "\n"
           "Counts the words of text files, all ranks of a job together, and "
           "prints those\nthat are most frequent.  A word is a run of bytes "
           "other than space, tab,\nnewline, carriage return, vertical tab "
           "and form feed.\n"
           "\n"
           "  --top N         how many words to print, %d by default; 0: all\n"
           "  --csv           print lines of WORD,COUNT\n"
           "  -q, --quiet     say nothing about progress\n"
           "  --block-size N  how many bytes a worker reads at once, %d by "
           "default\n"
           "  -h, --help      print this\n"
           "  --version       print the version\n"
           "\n"
           "Each worker reads its part of a file itself, so all hosts must "
           "have the files\nunder the same names.  Words of more than %d bytes "
           "are left out.\n"
           "\n"
           "The exit status is 0 when all was counted, 1 when a file or a "
           "word was left\nout, 2 when nothing could be counted.  Under a "
           "launcher it uses all ranks:\n"
           "\n"
           "  mpirun -n 4 " PROGRAM " --top 10 /usr/share/common-licenses/*\n",
           DEFAULT_TOP, DEFAULT_BLOCK, MOST_WORD);
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

static bool read_number(const char *name, const char *text, uint64_t least,
                        uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || *number < least ||
        *number > most) {
        fprintf(stderr,
                PROGRAM ": %s wants a number from %llu to %llu, not \"%s\"\n",
                name, (unsigned long long)least, (unsigned long long)most,
                text);
        return false;
    }
    return true;
}

static bool read_option(options *o, int option)
{
    uint64_t number;

    switch (option) {
    case TOP:
        if (!read_number("--top", optarg, 0, UINT32_MAX, &number)) {
            return false;
        }
        o->top = number;
        return true;
    case BLOCK_SIZE:
        return read_number("--block-size", optarg, 1, MOST_BLOCK,
                           &o->block_size);
    case CSV:
        o->csv = true;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    case 'h':
        o->answered = options_answer("--help");
        return true;
    case VERSION:
        o->answered = options_answer("--version");
        return true;
    default: /* getopt has said what is wrong */
        fputs("see " PROGRAM " --help\n", stderr);
        return false;
    }
}

bool options_read(options *o, int argc, char **argv)
{
    int option;

    *o = (options){.top = DEFAULT_TOP, .block_size = DEFAULT_BLOCK};
    argv[0] = program; /* for the messages of getopt */
    while (!o->answered &&
           (option = getopt_long(argc, argv, "qh", known, NULL)) >= 0) {
        if (!read_option(o, option)) {
            return false;
        }
    }
    o->files = argv + optind;
    o->count = (size_t)(argc - optind);
    if (!o->answered && o->count == 0) {
        fputs(PROGRAM ": which files? See " PROGRAM " --help\n", stderr);
        return false;
    }
    return true;
}
