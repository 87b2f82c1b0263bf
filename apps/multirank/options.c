/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options in, words for a shell out; see the header.
 */
#include "options.h"

#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_GRACE 5

/* The numbers of long options, behind those of characters. */
enum { HOSTFILE = 256, HOST, OVERSUBSCRIBE, MPIRUN_WORDS, GRACE, DRY_RUN };

static const struct option known[] = {
    {"hostfile", required_argument, NULL, HOSTFILE},
    {"host", required_argument, NULL, HOST},
    {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
    {"mpirun", required_argument, NULL, MPIRUN_WORDS},
    {"grace", required_argument, NULL, GRACE},
    {"dry-run", no_argument, NULL, DRY_RUN},
    COMMON_OPTIONS,
    {0},
};

static void print_help(void)
{
    puts(
        "usage: " TOOL " run [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
        "\n"
        "Starts PROGRAM as the ranks of a job, by mpirun.  When a rank other "
        "than 0 is\nkilled, the others go on.  The exit status is that of "
        "rank 0, 128 + N if signal\nN killed it.\n"
        "\n"
        "SIGINT (Ctrl-C), SIGTERM and SIGHUP go to rank 0.  Its main may catch "
        "them, save\nresults and end; the job ends with it.  A second signal, "
        "half a second or more\nlater, ends the job immediately.\n"
        "\n"
        "  -n N             the number of ranks; by default those of the "
        "Slurm\n"
        "                   allocation, all slots of the hosts, or the cores "
        "of this\n"
        "                   machine\n"
        "  --hostfile FILE  the hosts, one in a line, as mpirun reads it\n"
        "  --host LIST      the hosts, with commas between them\n"
        "  --oversubscribe  more ranks than cores or slots are fine\n"
        "  --mpirun WORDS   more options for mpirun, in one word, e.g.\n"
        "                   --mpirun '--map-by node --tag-output'; may be "
        "repeated\n"
        "  --grace SECONDS  how long the other ranks may take to end after "
        "rank 0, 5 by\n"
        "                   default; then they are killed\n"
        "  --dry-run        print the command line of mpirun, and do no more\n"
        "  --help           print this\n"
        "  --version        print the version\n"
        "\n"
        "The variable MPIRUN names another mpirun.  Variables MR_... reach "
        "the ranks on\nall hosts.");
}

static bool read_ranks(struct options *options, const char *text)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < 1 || number > 1 << 20) {
        say("-n wants a number of ranks, from 1, not \"%s\"", text);
        return false;
    }
    options->ranks = (int)number;
    return true;
}

static bool read_grace(struct options *options, const char *text)
{
    char *end;

    options->grace = strtod(text, &end);
    if (end == text || *end || !isfinite(options->grace) ||
        options->grace < 0) {
        say("--grace wants seconds, from 0, not \"%s\"", text);
        return false;
    }
    return true;
}

/* Copies one word, without its quotes; *text is moved behind it.  False: a
 * quote has no end. */
static bool read_word(const char **text, char *word)
{
    char quote = '\0';

    for (; **text && (quote || !isspace((unsigned char)**text)); (*text)++) {
        char c = **text;

        if (c == quote) {
            quote = '\0';
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
        } else {
            if (c == '\\' && quote != '\'' && (*text)[1]) {
                c = *++*text;
            }
            *word++ = c;
        }
    }
    *word = '\0';
    return !quote;
}

static bool read_words(struct options *options, const char *text)
{
    while (*(text += strspn(text, " \t\n"))) {
        char *word = resized(NULL, strlen(text) + 1, 1);

        options->extra =
            resized(options->extra, options->extras + 1, sizeof word);
        options->extra[options->extras++] = word;
        if (!read_word(&text, word)) {
            say("--mpirun: a quote has no end");
            return false;
        }
    }
    return true;
}

static bool refuse(int option, char **argv)
{
    if (option == ':') {
        say("option %s wants a value", argv[optind - 1]);
    } else if (optopt > 0 && optopt < HOSTFILE) {
        say("there is no option -%c; " TOOL " run --help lists all", optopt);
    } else {
        say("option %s is not known or not clear; " TOOL
            " run --help lists all, --mpirun passes others on",
            argv[optind - 1]);
    }
    return false;
}

/* As in mpirun, -np is -n. */
static const char *ranks_text(int argc, char **argv)
{
    return strcmp(optarg, "p") == 0 && optind < argc ? argv[optind++] : optarg;
}

static bool take(struct options *options, int option, int argc, char **argv)
{
    switch (option) {
    case 'n':
        return read_ranks(options, ranks_text(argc, argv));
    case HOSTFILE:
        options->hostfile = optarg;
        return true;
    case HOST:
        options->hosts = optarg;
        return true;
    case OVERSUBSCRIBE:
        options->oversubscribe = true;
        return true;
    case MPIRUN_WORDS:
        return read_words(options, optarg);
    case GRACE:
        return read_grace(options, optarg);
    case DRY_RUN:
        options->dry_run = true;
        return true;
    default:
        return refuse(option, argv);
    }
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
    int option;

    *options = (struct options){.grace = DEFAULT_GRACE};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:n:h", known, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return OPTIONS_HELPED;
        }
        if (option == OPTION_VERSION) {
            print_version();
            return OPTIONS_HELPED;
        }
        if (!take(options, option, argc, argv)) {
            return OPTIONS_WRONG;
        }
    }
    options->program = argv + optind;
    if (!*options->program) {
        say("a program is missing; " TOOL " run --help says more");
        return OPTIONS_WRONG;
    }
    return OPTIONS_FINE;
}

static bool is_plain(const char *word)
{
    return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_-+=:,./@%")] == '\0';
}

static void print_word(const char *word)
{
    if (is_plain(word)) {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word; word++) {
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, stdout);
    }
    putchar('\'');
}

void print_quoted(char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (i > 0) {
            putchar(' ');
        }
        print_word(words[i]);
    }
    putchar('\n');
}
