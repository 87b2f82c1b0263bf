/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the shortest Golomb rulers, and tells what each worker did.
 *
 *     mpirun -n 4 multirank-search --marks 11
 *
 * It is an example of branch and bound: tasks add tasks by mr_task_add, and a
 * Value holds the bound.
 *
 *     main.c      from options to the answer: the whole of it
 *     options.c   the command line
 *     ruler.c     rulers, and the search on one core
 *     tasks.c     the search by tasks
 */
#include "options.h"
#include "tasks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_MISUSE = 2 };

static void print_ruler(const ruler *r)
{
    for (int i = 0; i < r->count; i++) {
        printf("%s%d", i == 0 ? "" : " ", r->marks[i]);
    }
    putchar('\n');
}

static void print_shares(const answer *a)
{
    puts("\nworker  rank     tasks           steps        busy");
    for (size_t i = 0; i < a->workers; i++) {
        const share *s = &a->shares[i];

        printf("%6zu  %4d  %8" PRId64 "  %14" PRId64 "  %8.3f s\n", i,
               a->ranks[i], s->tasks, s->steps, (double)s->nanoseconds / 1e9);
    }
}

static bool print_answer(const answer *a)
{
    printf("%d marks, length %d, rulers: %zu\n", a->rulers->count,
           ruler_length(a->rulers), a->count);
    for (size_t i = 0; i < a->count; i++) {
        print_ruler(&a->rulers[i]);
    }
    if (a->shares) {
        print_shares(a);
    }
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": stdout: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool tell(mr_error error, const mr_task_error *failure)
{
    if (failure->code) {
        fprintf(stderr, PROGRAM ": a task on rank %d of %s: %s\n",
                failure->rank, failure->host, failure->text);
    } else {
        fprintf(stderr, PROGRAM ": %s\n", mr_error_text(error));
    }
    return false;
}

static bool run(const struct options *options)
{
    mr_task_error failure = {.code = MR_OK};
    answer a = {0};
    mr_error error = options->serial ? tasks_search_serially(&a, options->marks)
                                     : tasks_search(&a, options->marks,
                                                    options->split, &failure);
    bool done = error ? tell(error, &failure) : print_answer(&a);

    answer_destroy(&a);
    return done;
}

int main(int argc, char **argv)
{
    struct options options;
    int status;
    mr_error error;

    if (argc == 2 && options_answer(argv[1])) {
        return EXIT_SUCCESS;
    }
    error = mr_init(&argc, &argv); /* returns on rank 0 alone */
    if (error) {
        fprintf(stderr, PROGRAM ": %s\n", mr_error_text(error));
        return EXIT_FAILURE;
    }
    if (!options_read(&options, argc, argv)) {
        return EXIT_MISUSE;
    }
    status = options.answered || run(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    return mr_finalize() == MR_OK ? status : EXIT_FAILURE;
}
