/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `multirank info`: what the library says about itself; inside a job also
 * what that has chosen.
 */
#include "mpirun.h"
#include "tool.h"

#include <getopt.h>
#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>

struct choices {
    bool settings; /* and nothing else */
    bool terse;
};

static void print_help(void)
{
    puts("usage: " TOOL " info [OPTION...]\n"
         "\n"
         "Prints the versions of what runs, how the library was built, and "
         "the settings:\nfor each the default, the value in use, and what it "
         "does.  Inside a job also\nwhat the start of that job has found out "
         "and chosen: start it by mpirun, or by\n`" TOOL " run -n 4 " TOOL
         " info`.\n"
         "\n"
         "  --settings       only the settings\n"
         "  --terse          for programs: a line for each, with tabs between "
         "group, name\n"
         "                   and text; a setting has setting, name, kind, "
         "default, value,\n"
         "                   yes or no for whether it is set, and help\n"
         "  --help           print this\n"
         "  --version        print the version");
}

static void print_facts_tersely(void)
{
    mr_fact fact;

    for (size_t i = 0; mr_info_fact(i, &fact); i++) {
        if (*fact.text) {
            printf("%s\t%s\t%s\n", fact.group, fact.name, fact.text);
        }
    }
}

static void print_settings_tersely(void)
{
    mr_setting setting;

    for (size_t i = 0; mr_info_setting(i, &setting); i++) {
        printf("setting\t%s\t%s\t%s\t%s\t%s\t%s\n", setting.name, setting.kind,
               setting.standard, setting.value, setting.set ? "yes" : "no",
               setting.help);
    }
}

static void print(const struct choices *choices)
{
    if (!choices->terse) {
        (choices->settings ? mr_settings_print : mr_info_print)();
        return;
    }
    if (!choices->settings) {
        print_facts_tersely();
    }
    print_settings_tersely();
}

/* Settings need no job, and outside of one there is nothing to start. */
static int start_and_print(const struct choices *choices)
{
    int rank, size;

    if (mpirun_place(&rank, &size)) {
        mr_error error = mr_init(NULL, NULL);

        if (error) {
            say("the job does not start: %s", mr_error_text(error));
            return EXIT_FAILURE;
        }
    }
    print(choices);
    return EXIT_SUCCESS;
}

/* The exit status, or -1: go on. */
static int read_options(struct choices *choices, int argc, char **argv)
{
    static const struct option known[] = {
        {"settings", no_argument, NULL, 's'},
        {"terse", no_argument, NULL, 't'},
        COMMON_OPTIONS,
        {0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        switch (option) {
        case 's':
            choices->settings = true;
            break;
        case 't':
            choices->terse = true;
            break;
        case 'h':
            if (mpirun_speaks()) {
                print_help();
            }
            return EXIT_SUCCESS;
        case OPTION_VERSION:
            return mpirun_speaks() ? print_version() : EXIT_SUCCESS;
        default:
            if (mpirun_speaks()) {
                say("option %s is not known or not clear; " TOOL
                    " info --help lists all",
                    argv[optind - 1]);
            }
            return mpirun_misuse();
        }
    }
    if (argv[optind] && mpirun_speaks()) {
        say("it takes no argument, such as \"%s\"; " TOOL
            " info --help says more",
            argv[optind]);
    }
    return argv[optind] ? mpirun_misuse() : -1;
}

int command_info(int argc, char **argv)
{
    struct choices choices = {0};
    int status = read_options(&choices, argc, argv);

    return status >= 0 ? status : start_and_print(&choices);
}
