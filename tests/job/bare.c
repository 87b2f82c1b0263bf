/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that is started by its name alone; bare.sh looks at what becomes
 * of it.  Its first argument says what it does.  BARE_RANKS and BARE_COMMAND
 * are options of mr_init_with.
 */
#include <multirank.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "bare: %s: %s\n", what, mr_error_name(error));
        _exit(99);
    }
}

#define NEED(call) need((call), #call)

static int show_arguments(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        printf("argument <%s>\n", argv[i]);
    }
    return 0;
}

static int copy_input(void)
{
    int byte;

    while ((byte = getchar()) != EOF) {
        putchar(byte);
    }
    return 0;
}

/* Until it is ended from outside. */
static _Noreturn void wait_forever(void)
{
    printf("waiting %d\n", (int)getpid());
    fflush(stdout);
    for (;;) {
        pause();
    }
}

static mr_error where(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = mr_rank();
    return MR_OK;
}

/* All ranks work, wherever they are. */
static int map(void)
{
    mr_map_options options = {.chunk = 1};
    int ranks[64];
    mr_pool pool;

    NEED(mr_pool_create(&pool, NULL));
    NEED(mr_pool_map(pool, where, NULL, 0, NULL, 0, ranks, sizeof *ranks, 64,
                     &options));
    NEED(mr_pool_destroy(pool));
    printf("mapped\n");
    return 0;
}

static volatile sig_atomic_t caught;

static void catch (int number)
{
    caught = number;
}

/* The job is told to end: main saves what there is, which takes a moment, and
 * ends in its own way. */
static int obey(void)
{
    struct timespec moment = {.tv_sec = 2};

    signal(SIGINT, catch);
    signal(SIGTERM, catch);
    printf("waiting %d\n", (int)getpid());
    fflush(stdout);
    while (!caught) {
        struct timespec step = {.tv_nsec = 10000000};

        nanosleep(&step, NULL);
    }
    while (nanosleep(&moment, &moment) != 0) {
    }
    map();
    printf("saved\n");
    return mr_finalize() == MR_OK ? 75 : 98;
}

/* The same program once more, from a process of the job. */
static int run_command(const void *argument, size_t size)
{
    (void)size;
    fflush(stdout);
    return system(argument) != 0; /* NOLINT: the test's own command */
}

static int nest(const char *program)
{
    char command[4096];
    mr_process process;

    snprintf(command, sizeof command, "%s size", program);
    NEED(mr_process_create(&process, run_command, command, strlen(command) + 1,
                           NULL));
    NEED(mr_process_start(process));
    NEED(mr_process_join(process, MR_FOREVER));
    return 0;
}

static void start_job(void)
{
    const char *ranks = getenv("BARE_RANKS");
    const char *const command[] = {getenv("BARE_COMMAND"), "arguments",
                                   "of the command", NULL};
    const mr_init_options options = {.ranks = ranks ? (unsigned)atoi(ranks) : 0,
                                     .command = *command ? command : NULL};

    NEED(mr_init_with(&options));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "size";

    start_job();
    printf("ranks %d\n", mr_size());
    if (strcmp(what, "arguments") == 0) {
        return show_arguments(argc, argv);
    }
    if (strcmp(what, "copy") == 0) {
        return copy_input();
    }
    if (strcmp(what, "wait") == 0) {
        wait_forever();
    }
    if (strcmp(what, "map") == 0) {
        return map();
    }
    if (strcmp(what, "obey") == 0) {
        return obey();
    }
    if (strcmp(what, "nest") == 0) {
        return nest(argv[2]);
    }
    if (strcmp(what, "name") == 0) {
        printf("name %s\n", argv[0]);
    }
    if (strcmp(what, "status") == 0) {
        return atoi(argv[2]);
    }
    return 0;
}
