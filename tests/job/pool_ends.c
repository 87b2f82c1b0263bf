/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever ends a map, the next one of the same pool works;
 * pool_ends.sh starts it.
 *
 *     pool_ends births WORKERS FLAG
 *         while the file FLAG is there, each new child dies at its birth
 *     pool_ends map|imap PLACE HOW
 *         a task in that place, "child" or "rank", ends its worker so:
 *         segv, abort, kill, exit, leave, daemon, fork or pthread; or late,
 *         when all others have done their tasks and left
 *
 * Prints how each map ended.
 */
#include <multirank.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { COUNT = 40, LATE_CHUNK = 10, FATAL = -1 };

#define PATIENCE 30 /* seconds; a map that takes so long hangs */

static const char *flag; /* a file; NULL: none */

static void must(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "%s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

/* ---- tasks --------------------------------------------------------------- */

/* The context of a map. */
typedef struct order {
    char how[16];
    bool in_child;  /* else in a rank */
    mr_value given; /* a task has obeyed the order */
    mr_value ended; /* tasks */
} order;

static bool in_child(void)
{
    mr_process parent;

    return mr_process_parent(&parent) == MR_OK;
}

static void crash(void)
{
    volatile int *nowhere = NULL;

    *nowhere = 1;
}

/* The daemon, or the forgotten child of a fork, returns from the task. */
static void end_worker(const char *how)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    if (strcmp(how, "segv") == 0 || strcmp(how, "late") == 0) {
        crash();
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "kill") == 0) {
        kill(getpid(), SIGKILL);
    } else if (strcmp(how, "exit") == 0) {
        exit(3);
    } else if (strcmp(how, "leave") == 0) {
        _exit(3);
    } else if (strcmp(how, "daemon") == 0) {
        (void)!daemon(1, 0);
    } else if (strcmp(how, "fork") == 0) {
        (void)!fork();
    } else if (strcmp(how, "pthread") == 0) {
        pthread_exit(NULL);
    }
}

/* The others have LATE_CHUNK tasks for each worker but this. */
static mr_error wait_for_others(const order *o, const mr_task *task)
{
    int64_t ended = 0;
    mr_error error = MR_OK;

    while (!error && ended < (task->workers - 1) * LATE_CHUNK) {
        error = mr_value_get(o->ended, &ended);
    }
    usleep(100000); /* they leave; should one not have yet, all is well, too */
    return error;
}

static mr_error wait_until_given(const order *o)
{
    int64_t given = 0;
    mr_error error = MR_OK;

    for (int i = 0; !error && !given && i < 1000; i++) {
        usleep(1000);
        error = mr_value_get(o->given, &given);
    }
    return error;
}

/* One task obeys; the others last until that has happened, so that each worker
 * has some. */
static mr_error obey(const order *o, const mr_task *task)
{
    const bool late = strcmp(o->how, "late") == 0;
    const int64_t one = 1;
    int64_t given = 1;
    mr_error error = MR_OK;

    if (in_child() == o->in_child) {
        error = mr_value_add(o->given, &one, &given);
    }
    if (!error && given == 0) {
        error = late ? wait_for_others(o, task) : MR_OK;
        end_worker(o->how);
    }
    if (!error) {
        error = wait_until_given(o);
    }
    return error ? error : mr_value_add(o->ended, &one, NULL);
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    int64_t n = (int64_t)(task->index * task->index);
    mr_error error = task->context ? obey(task->context, task) : MR_OK;

    (void)input;
    if (output) {
        *(int64_t *)output = n;
        return error;
    }
    return error ? error : mr_task_return(&n, sizeof n);
}

static mr_error square_or_die(const void *input, void *output,
                              const mr_task *task)
{
    if (*(const int64_t *)input == FATAL && in_child()) {
        kill(getpid(), SIGKILL);
    }
    return square(NULL, output, task);
}

/* ---- maps ---------------------------------------------------------------- */

static void tell(const char *what, mr_error error, const mr_task_error *first,
                 int wrong)
{
    const char *by = strstr(first->text, ", by ");

    if (flag && access(flag, F_OK) == 0) { /* it may end well or not */
        printf("%s %s\n", what, error == MR_ERR_TIMEOUT ? "hangs" : "ends");
        fflush(stdout);
        return;
    }
    printf("%s %s, %d wrong", what, mr_error_name(error), wrong);
    if (first->code) {
        printf(", signal %d%s", first->signal, by ? by : first->text);
    }
    printf("\n");
    fflush(stdout);
}

static void map_once(mr_pool pool, mr_task_function *function, const order *o,
                     const int64_t *in)
{
    mr_task_error first = {.code = MR_OK};
    const bool late = o && strcmp(o->how, "late") == 0;
    const mr_map_options options = {
        .timeout = PATIENCE, .error = &first, .chunk = late ? LATE_CHUNK : 1};
    int64_t out[COUNT] = {0};
    mr_error error;
    int wrong = 0;

    error = mr_pool_map(pool, function, o, o ? sizeof *o : 0, in,
                        in ? sizeof *in : 0, out, sizeof *out, COUNT, &options);
    for (int64_t i = 0; i < COUNT; i++) {
        wrong += out[i] != i * i;
    }
    tell("map", error, &first, wrong);
}

static void take(const mr_result *result, mr_task_error *first, int *wrong)
{
    int64_t n = 0;

    if (result->error.code) {
        *first = result->error;
    } else if (result->size == sizeof n) {
        memcpy(&n, result->data, sizeof n);
        *wrong -= n == (int64_t)(result->index * result->index);
    }
}

static void imap_once(mr_pool pool, mr_task_function *function, const order *o,
                      const int64_t *in)
{
    mr_task_error first = {.code = MR_OK};
    mr_iterator *iterator = NULL;
    mr_result result;
    int wrong = COUNT;
    mr_error error =
        mr_pool_imap(&iterator, pool, function, o, o ? sizeof *o : 0, in,
                     in ? sizeof *in : 0, COUNT, NULL);

    while (!error) {
        error = mr_iterator_next(iterator, &result, PATIENCE);
        if (!error) {
            take(&result, &first, &wrong);
        }
    }
    tell("imap", error == MR_ERR_END_OF_FILE ? MR_OK : error, &first, wrong);
    must(mr_iterator_destroy(iterator), "mr_iterator_destroy");
}

/* ---- the ways ------------------------------------------------------------ */

static void die_at_birth(void)
{
    if (flag && access(flag, F_OK) == 0) {
        _exit(3);
    }
}

static void raise_flag(void)
{
    close(open(flag, O_CREAT | O_WRONLY, 0600));
}

static void births(size_t workers)
{
    const mr_pool_options options = {.workers = workers};
    int64_t fatal[COUNT] = {[COUNT / 2] = FATAL}, good[COUNT] = {0};
    mr_pool pool;

    must(mr_pool_create(&pool, &options), "mr_pool_create");
    for (int round = 0; round < 2; round++) {
        map_once(pool, square_or_die, NULL, good);
        raise_flag();
        (round ? imap_once : map_once)(pool, square_or_die, NULL, fatal);
        (round ? imap_once : map_once)(pool, square_or_die, NULL, good);
        unlink(flag);
        (round ? imap_once : map_once)(pool, square_or_die, NULL, good);
        map_once(pool, square_or_die, NULL, good);
    }
    must(mr_pool_destroy(pool), "mr_pool_destroy");
}

static void deaths(bool iterates, const char *place, const char *how)
{
    const mr_pool_options options = {.workers = COUNT / LATE_CHUNK};
    order o = {.in_child = strcmp(place, "child") == 0};
    mr_pool pool;

    snprintf(o.how, sizeof o.how, "%s", how);
    must(mr_pool_create(&pool, &options), "mr_pool_create");
    must(mr_value_create(&o.given, MR_INT64, NULL, NULL), "mr_value_create");
    must(mr_value_create(&o.ended, MR_INT64, NULL, NULL), "mr_value_create");
    (iterates ? imap_once : map_once)(pool, square, &o, NULL);
    map_once(pool, square, NULL, NULL);
    imap_once(pool, square, NULL, NULL);
    must(mr_value_destroy(o.given), "mr_value_destroy");
    must(mr_value_destroy(o.ended), "mr_value_destroy");
    must(mr_pool_destroy(pool), "mr_pool_destroy");
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s births WORKERS FLAG | map|imap PLACE HOW\n",
                argv[0]);
        return 2;
    }
    if (strcmp(argv[1], "births") == 0) {
        flag = argv[3];
        pthread_atfork(NULL, NULL, die_at_birth);
    }
    must(mr_init(&argc, &argv), "mr_init");
    if (flag) {
        births((size_t)atoi(argv[2]));
    } else {
        deaths(strcmp(argv[1], "imap") == 0, argv[2], argv[3]);
    }
    return mr_finalize() == MR_OK ? 0 : 1;
}
