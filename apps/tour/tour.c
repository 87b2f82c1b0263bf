/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first steps with Multirank, one short example after another.
 *
 *     mpirun -n 2 multirank-tour              all examples
 *     mpirun -n 2 multirank-tour pool queue   some of them
 *     multirank-tour --list                   their names
 *
 * The output is the same with any number of ranks.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "multirank-tour"

enum { EXIT_MISUSE = 2 };

static const struct example {
    const char *name;
    const char *title;
    void (*run)(void);
} examples[] = {
    {"process", "Creating processes", tour_process},
    {"family", "Processes that know each other", tour_family},
    {"pool", "Using a pool of processes", tour_pool},
    {"iterator", "Results one by one, of any size", tour_iterator},
    {"future", "A map that goes on meanwhile", tour_future},
    {"spawn", "Tasks that make tasks", tour_spawn},
    {"queue", "A queue between a producer and a consumer", tour_queue},
    {"queue_end", "A queue that ends with its producers", tour_queue_end},
    {"queue_join", "A queue that is joined", tour_queue_join},
    {"lent", "Items that are not copied", tour_lent},
    {"pipe", "A pipe, there and back", tour_pipe},
    {"ticket", "An end of a pipe that travels", tour_ticket},
    {"value", "A value in shared memory", tour_value},
    {"array", "An array in shared memory", tour_array},
    {"semaphore", "A semaphore that lets two in", tour_semaphore},
    {"event", "An event to wait for", tour_event},
    {"condition", "A condition: sleeping until there is enough",
     tour_condition},
    {"barrier", "A barrier between steps", tour_barrier},
    {"rwlock", "A lock for readers and a writer", tour_rwlock},
    {"daemon", "A daemon process", tour_daemon},
};

enum { EXAMPLES = sizeof examples / sizeof examples[0] };

void check(mr_error error, const char *call)
{
    if (error != MR_OK) {
        fprintf(stderr, PROGRAM ": %s: %s\n", call, mr_error_text(error));
        exit(EXIT_FAILURE);
    }
}

mr_process start(mr_process_function *function, const void *argument,
                 size_t size)
{
    mr_process process;

    CHECK(mr_process_create(&process, function, argument, size, NULL));
    CHECK(mr_process_start(process));
    return process;
}

void finish(mr_process process)
{
    int code;

    CHECK(mr_process_join(process, MR_FOREVER));
    CHECK(mr_process_exit_code(process, &code));
    if (code != 0) {
        fprintf(stderr, PROGRAM ": a process ended with code %d\n", code);
        exit(EXIT_FAILURE);
    }
    CHECK(mr_process_destroy(process));
}

void print_list(const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s%" PRId64, i == 0 ? "[" : ", ", numbers[i]);
    }
    puts("]");
}

static void print_names(void)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        printf("%-12s%s\n", examples[i].name, examples[i].title);
    }
}

static void print_help(void)
{
    puts(
        "usage: " PROGRAM " [NAME...]\n"
        "       " PROGRAM " --list | --help | --version\n"
        "\n"
        "Shows how Multirank is used: runs the examples that are named, or all "
        "of them.\nUnder a launcher it uses all ranks, as in\n"
        "`mpirun -n 2 " PROGRAM " queue`.\n"
        "\n"
        "  --list           print the names of the examples\n"
        "  --help           print this\n"
        "  --version        print the version\n"
        "\n"
        "The examples:\n");
    for (size_t i = 0; i < EXAMPLES; i++) {
        printf("  %-17s%s\n", examples[i].name, examples[i].title);
    }
}

/* What needs no job; false: the word asks for nothing of that. */
static bool answer(const char *word)
{
    if (strcmp(word, "--list") == 0) {
        print_names();
    } else if (strcmp(word, "--help") == 0) {
        print_help();
    } else if (strcmp(word, "--version") == 0) {
        printf(PROGRAM " %s\n", mr_version());
    } else {
        return false;
    }
    return true;
}

static const struct example *find(const char *name)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        if (strcmp(examples[i].name, name) == 0) {
            return &examples[i];
        }
    }
    return NULL;
}

static bool all_known(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (!find(names[i])) {
            fprintf(stderr,
                    names[i][0] == '-'
                        ? PROGRAM ": there is no option \"%s\", or not beside "
                                  "others; " PROGRAM " --help says more\n"
                        : PROGRAM ": there is no example \"%s\"; " PROGRAM
                                  " --list lists all\n",
                    names[i]);
            return false;
        }
    }
    return true;
}

static void run(const struct example *example)
{
    printf("== %s ==\n", example->title);
    example->run();
}

static int run_tour(int count, char **names)
{
    if (!all_known(count, names)) {
        return EXIT_MISUSE;
    }
    for (int i = 0; i < count; i++) {
        run(find(names[i]));
    }
    for (size_t i = 0; i < EXAMPLES && count == 0; i++) {
        run(&examples[i]);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 2 && answer(argv[1])) {
        return EXIT_SUCCESS;
    }

    /* Lines of main and of the processes shall not overtake each other. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    /* Only rank 0 comes back from here; the others serve it. */
    CHECK(mr_init(&argc, &argv));

    /* To return from main ends the job; mr_finalize() would do it earlier. */
    return run_tour(argc - 1, argv + 1);
}
