/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job in full swing that ends in the way its argument names; endings.sh,
 * aborts.sh and kills.sh watch what is left of it.  On each rank there are a
 * process and a daemon, there is a pool with children, a lock is held and
 * queues are waited for.
 *
 * Each process prints a line "KIND RANK PID SERVER HOST": its own id, that of
 * the fork server which is its parent, and that of the parent's parent.
 */
#include <multirank.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 64 };

static struct job {
    mr_queue ready, orders;
    mr_lock lock;
    mr_process children[MOST], daemons[MOST];
    mr_pool pool;
    bool daemons_tell; /* of their SIGTERM */
} job;

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "endings: %s: %s\n", what, mr_error_name(error));
        _exit(99);
    }
}

#define NEED(call) need((call), #call)

static int parent_of(int pid)
{
    char path[64];
    int parent = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) {
            parent = 0;
        }
        fclose(file);
    }
    return parent;
}

static void introduce(const char *kind)
{
    printf("%s %d %d %d %d\n", kind, mr_rank(), (int)getpid(), (int)getppid(),
           parent_of(getppid()));
    fflush(stdout);
}

/* Waits for an order, which may never come, and ends. */
static int child(const void *argument, size_t size)
{
    const struct job *j = argument;

    (void)size;
    introduce("child");
    NEED(mr_queue_put(j->ready, NULL, 0, MR_FOREVER));
    NEED(mr_queue_get(j->orders, NULL, 0, NULL, MR_FOREVER));
    printf("done %d\n", mr_rank());
    return 0;
}

static void tell_and_leave(int number)
{
    static const char text[] = "a daemon is terminated\n";

    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    signal(number, SIG_DFL);
    raise(number);
}

/* Waits for a lock that main never gives back. */
static int daemon_child(const void *argument, size_t size)
{
    const struct job *j = argument;

    (void)size;
    if (j->daemons_tell) {
        signal(SIGTERM, tell_and_leave);
    }
    introduce("daemon");
    NEED(mr_queue_put(j->ready, NULL, 0, MR_FOREVER));
    return mr_lock_acquire(j->lock, MR_FOREVER);
}

static mr_error nothing(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    return MR_OK;
}

static void start_everything(void)
{
    const mr_pool_options options = {.workers = (size_t)mr_size() + 2};

    NEED(mr_queue_create(&job.ready, NULL));
    NEED(mr_queue_create(&job.orders, NULL));
    NEED(mr_lock_create(&job.lock, NULL));
    NEED(mr_lock_acquire(job.lock, 0));
    NEED(mr_pool_create(&job.pool, &options));
    NEED(mr_pool_map(job.pool, nothing, NULL, 0, NULL, 0, NULL, 0, 1000, NULL));
    for (int rank = 0; rank < mr_size() && rank < MOST; rank++) {
        const mr_process_options here = {.place = MR_ON_RANK(rank)};
        const mr_process_options daemon = {.place = MR_ON_RANK(rank),
                                           .daemon = true};

        NEED(mr_process_create(&job.children[rank], child, &job, sizeof job,
                               &here));
        NEED(mr_process_create(&job.daemons[rank], daemon_child, &job,
                               sizeof job, &daemon));
        NEED(mr_process_start(job.children[rank]));
        NEED(mr_process_start(job.daemons[rank]));
    }
    for (int i = 0; i < 2 * mr_size(); i++) {
        NEED(mr_queue_get(job.ready, NULL, 0, NULL, MR_FOREVER));
    }
}

static void order_children_to_end(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        NEED(mr_queue_put(job.orders, NULL, 0, MR_FOREVER));
    }
}

/* Joins the children one after the other, as they end. */
static void watch_children(void)
{
    mr_handle handles[MOST];
    bool ready[MOST];
    size_t left = (size_t)mr_size();

    for (size_t i = 0; i < left; i++) {
        handles[i] = job.children[i].handle;
    }
    while (left > 0) {
        NEED(mr_wait(handles, left, MR_FOREVER, ready));
        for (size_t i = left; i-- > 0;) {
            const mr_process ended = {handles[i]};
            int code;

            if (ready[i]) {
                NEED(mr_process_join(ended, MR_FOREVER));
                NEED(mr_process_exit_code(ended, &code));
                printf("ended %d\n", code);
                fflush(stdout);
                handles[i] = handles[--left];
            }
        }
    }
}

static void finalize(void)
{
    mr_queue queue;

    order_children_to_end();
    NEED(mr_finalize());
    printf("finalized\n");
    if (mr_finalize() != MR_ERR_STATE ||
        mr_queue_create(&queue, NULL) != MR_ERR_STATE || mr_rank() != -1 ||
        mr_size() != 0) {
        printf("but there still is a job\n");
    }
}

static void segfault(void)
{
    volatile int *page =
        mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *page = 1;
}

/* In a rank, not in a child of one. */
static mr_error crash_in_last_rank(const void *input, void *output,
                                   const mr_task *task)
{
    mr_process parent;

    (void)input;
    (void)output;
    (void)task;
    if (mr_rank() == mr_size() - 1 &&
        mr_process_parent(&parent) == MR_ERR_STATE) {
        segfault();
    }
    usleep(1000);
    return MR_OK;
}

/* Main joins this one at its end, which this one awaits. */
static int await_main(const void *argument, size_t size)
{
    mr_process main_process;
    bool alive = false, ready = false;
    const struct job *told = argument;
    int code;

    (void)size;
    NEED(mr_process_parent(&main_process));
    NEED(mr_process_is_alive(main_process, &alive));
    NEED(mr_queue_put(told->ready, NULL, 0, MR_FOREVER));
    NEED(mr_wait(&main_process.handle, 1, 15, &ready));
    NEED(mr_process_join(main_process, 0));
    printf("main %s", alive && ready ? "lived, " : "did not live, ");
    NEED(mr_process_is_alive(main_process, &alive));
    printf("and %s; its exit code is %s\n", alive ? "lives" : "has ended",
           mr_process_exit_code(main_process, &code) == MR_ERR_STATE
               ? "not known"
               : "known");
    return 0;
}

static void let_main_be_awaited(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_process_options here = {.place = MR_ON_RANK(rank)};
        mr_process process;

        NEED(mr_process_create(&process, await_main, &job, sizeof job, &here));
        NEED(mr_process_start(process));
        NEED(mr_queue_get(job.ready, NULL, 0, NULL, MR_FOREVER));
    }
}

/* ---- mr_job_abort -------------------------------------------------------- */

static int abort_in_process(const void *argument, size_t size)
{
    (void)size;
    printf("last words of rank %d\n", mr_rank());
    mr_job_abort(*(const int *)argument);
}

static mr_error abort_in_task(const void *input, void *output,
                              const mr_task *task)
{
    (void)input;
    (void)output;
    if (task->index == 0) {
        mr_job_abort(*(const int *)task->context);
    }
    sleep(60);
    return MR_OK;
}

static void *abort_in_thread(void *argument)
{
    mr_job_abort(*(const int *)argument);
}

/* Main does nothing that the library could end. */
static _Noreturn void compute(void)
{
    for (volatile unsigned int i = 0;; i++) {
    }
}

static _Noreturn void abort_as(const char *how, int status)
{
    const mr_process_options last = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_process process;
    pthread_t thread;

    if (strcmp(how, "process") == 0) {
        NEED(mr_process_create(&process, abort_in_process, &status,
                               sizeof status, &last));
        NEED(mr_process_start(process));
    } else if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, abort_in_thread, &status);
    } else if (strcmp(how, "task") == 0) {
        const mr_map_options one = {.chunk = 1};

        NEED(mr_pool_map(job.pool, abort_in_task, &status, sizeof status, NULL,
                         0, NULL, 0, (size_t)mr_size() + 2, &one));
    } else {
        printf("last words of rank 0\n");
        mr_job_abort(status);
    }
    compute();
}

static int end_as(const char *how)
{
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    if (strcmp(how, "return") == 0 || strcmp(how, "family") == 0) {
        order_children_to_end();
        return 5;
    }
    if (strcmp(how, "awaited") == 0) {
        order_children_to_end();
        let_main_be_awaited();
        return 0;
    }
    if (strcmp(how, "finalize") == 0) {
        finalize();
        return 0;
    }
    if (strcmp(how, "exit") == 0) {
        order_children_to_end();
        exit(3);
    }
    if (strcmp(how, "abort") == 0) {
        abort();
    }
    if (strcmp(how, "segfault") == 0) {
        segfault();
    }
    if (strcmp(how, "task") == 0) {
        (void)!mr_pool_map(job.pool, crash_in_last_rank, NULL, 0, NULL, 0, NULL,
                           0, 1000, NULL);
    }
    watch_children();
    return 0;
}

int main(int argc, char **argv)
{
    NEED(mr_init(&argc, &argv));
    job.daemons_tell = argc > 1 && strcmp(argv[1], "family") == 0;
    start_everything();
    if (argc > 3) {
        abort_as(argv[2], atoi(argv[3]));
    }
    return end_as(argc > 1 ? argv[1] : "");
}
