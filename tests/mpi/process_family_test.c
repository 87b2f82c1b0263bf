/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a process gets from its creator and from the job, and how parents,
 * children and daemons depend on each other.
 */
#include "mpi/process_support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* Set in main before mr_init and changed after it. */
static int global = 1;

/* What it gets and inherits */

static int check_pattern(const void *argument, size_t size)
{
    CHILD_CHECK(pattern_holds(argument, size, (unsigned)size));
    CHILD_CHECK((uintptr_t)argument % 16 == 0);
    return child_result();
}

static void process_gets_a_copy_of_its_argument(void)
{
    static const size_t sizes[] = {1, 8, 56, 57, 4096, 1 << 20, 16 << 20};
    char *argument = malloc(16 << 20);

    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        const mr_process_options options = {.place =
                                                MR_ON_RANK(rank_of((int)i))};
        mr_process process;

        pattern_fill(argument, sizes[i], (unsigned)sizes[i]);
        if (!MRT_OK(mr_process_create(&process, check_pattern, argument,
                                      sizes[i], &options))) {
            break;
        }
        memset(argument, 0, sizes[i]);
        MRT_OK(mr_process_start(process));
        END(process, 0);
    }
    free(argument);
}

static int expect_no_argument(const void *argument, size_t size)
{
    (void)argument;
    CHILD_CHECK(size == 0);
    return child_result();
}

static void process_may_have_no_argument(void)
{
    RUN(ANYWHERE, expect_no_argument, NULL, 0);
    RUN(ANYWHERE, expect_no_argument, "text", 0);
}

static void process_name_option_is_copied(void)
{
    char name[] = "before";
    const mr_process_options options = {.name = name};
    char seen[MR_NAME_SIZE] = "";
    mr_process process;

    if (!MRT_OK(mr_process_create(&process, nothing, NULL, 0, &options))) {
        return;
    }
    memcpy(name, "behind", sizeof name);
    MRT_OK(mr_process_name(process, seen, sizeof seen));
    MRT_TEXT(seen, "before");
    MRT_OK(mr_process_destroy(process));
}

static int look_at_globals(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_CHECK(global == 2);
    global = 9;
    return child_result();
}

static void process_sees_globals_as_they_were_at_init(void)
{
    global = 3;
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_globals, NULL, 0);
    }
    MRT_EQUAL(global, 3);
}

static int look_at_environment(const void *argument, size_t size)
{
    const char *mark = getenv("MULTIRANK_PROCESS_TEST");

    (void)argument;
    (void)size;
    for (char **variable = environ; *variable; variable++) {
        bool launchers = strncmp(*variable, "OMPI_", 5) == 0 ||
                         strncmp(*variable, "PMIX_", 5) == 0;

        CHILD_CHECK(!launchers);
    }
    CHILD_CHECK(mark && strcmp(mark, "kept") == 0);
    CHILD_CHECK(getenv("PATH") != NULL);
    return child_result();
}

static void process_does_not_see_the_launchers_variables(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_environment, NULL, 0);
    }
}

static int read_stdin(const void *argument, size_t size)
{
    struct stat in, null;
    char byte;

    (void)argument;
    (void)size;
    CHILD_CHECK(fstat(STDIN_FILENO, &in) == 0);
    CHILD_CHECK(stat("/dev/null", &null) == 0);
    CHILD_CHECK(S_ISCHR(in.st_mode) && in.st_rdev == null.st_rdev);
    CHILD_CHECK(read(STDIN_FILENO, &byte, 1) == 0);
    CHILD_CHECK(getchar() == EOF);
    return child_result();
}

static void process_reads_nothing_from_stdin(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, read_stdin, NULL, 0);
    }
}

static void handle(int number)
{
    (void)number;
}

static int look_at_signals(const void *argument, size_t size)
{
    sigset_t blocked;

    (void)argument;
    (void)size;
    for (int number = 1; number < 32; number++) {
        struct sigaction action;

        if (sigaction(number, NULL, &action) == 0) {
            CHILD_CHECK(action.sa_handler == SIG_DFL);
        }
    }
    CHILD_CHECK(sigprocmask(SIG_SETMASK, NULL, &blocked) == 0);
    for (int number = 1; number < 32; number++) {
        CHILD_CHECK(sigismember(&blocked, number) == 0);
    }
    return child_result();
}

static void process_has_default_signal_handlers(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_signals, NULL, 0);
    }
}

/* A pipe that main opened before the start is none of the child's business,
 * as it was forked by the fork server. */
static int look_at_descriptor(const void *argument, size_t size)
{
    struct stat status;

    (void)size;
    CHILD_CHECK(fstat(*(const int *)argument, &status) != 0 && errno == EBADF);
    return child_result();
}

static void process_does_not_inherit_descriptors_of_main(void)
{
    int high, ends[2];

    if (!MRT_CHECK(pipe(ends) == 0)) {
        return;
    }
    high = fcntl(ends[0], F_DUPFD, 700);
    RUN(0, look_at_descriptor, &high, sizeof high);
    close(high);
    close(ends[0]);
    close(ends[1]);
}

/* Daemons, parents and children */

static void process_is_no_daemon_unless_told(void)
{
    mr_process_options options = {0};
    mr_process process;

    for (int told = 0; told < 2; told++) {
        bool daemon = !told;

        options.daemon = told;
        MRT_OK(mr_process_create(&process, nothing, NULL, 0, &options));
        MRT_OK(mr_process_daemon(process, &daemon));
        MRT_EQUAL(daemon, told);
        MRT_OK(mr_process_destroy(process));
    }
}

static int create_in_a_daemon(const void *argument, size_t size)
{
    mr_process process;
    mr_pool pool;
    mr_queue queue;

    (void)argument;
    (void)size;
    CHILD_ERROR(mr_process_create(&process, nothing, NULL, 0, NULL),
                MR_ERR_STATE);
    CHILD_ERROR(mr_pool_create(&pool, NULL), MR_ERR_STATE);
    if (CHILD_OK(mr_queue_create(&queue, NULL))) {
        CHILD_OK(mr_queue_destroy(queue));
    }
    return child_result();
}

static void daemon_cannot_create_processes_and_pools(void)
{
    const mr_process_options options = {.daemon = true};
    mr_process process;

    if (!MRT_OK(mr_process_create(&process, create_in_a_daemon, NULL, 0,
                                  &options))) {
        return;
    }
    MRT_OK(mr_process_start(process));
    END(process, 0);
}

/* Starts a daemon and says which; ends as it is told. */
static int start_daemon_and_end(const void *argument, size_t size)
{
    const stage *s = argument;
    const mr_process_options options = {.daemon = true};
    mr_process daemon;

    (void)size;
    CHILD_OK(
        mr_process_create(&daemon, wait_until_told, s, sizeof *s, &options));
    CHILD_OK(mr_process_start(daemon));
    CHILD_OK(mr_queue_get(s->said, NULL, 0, NULL, GUARD));
    CHILD_OK(mr_queue_put(s->children, &daemon, sizeof daemon, GUARD));
    if (s->how == 1) {
        exit(child_result());
    }
    if (s->how == 2) {
        raise(SIGKILL);
    }
    return child_result();
}

static void daemon_ends_with_its_creator(int how)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    s.how = how;
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process creator, daemon;
        int code = 0;

        START(&creator, rank, start_daemon_and_end, &s, sizeof s);
        END(creator, how == 2 ? -SIGKILL : 0);
        if (MRT_OK(mr_queue_get(s.children, &daemon, sizeof daemon, NULL, 0))) {
            MRT_OK(mr_process_join(daemon, GUARD));
            MRT_OK(mr_process_exit_code(daemon, &code));
            MRT_CHECK(code == -SIGTERM || code == -SIGKILL);
            MRT_OK(mr_process_destroy(daemon));
        }
    }
    destroy_stage(&s);
}

static void daemon_ends_when_its_creator_returns(void)
{
    daemon_ends_with_its_creator(0);
}

static void daemon_ends_when_its_creator_exits(void)
{
    daemon_ends_with_its_creator(1);
}

static void daemon_ends_when_its_creator_is_killed(void)
{
    daemon_ends_with_its_creator(2);
}

/* Starts a child, says which, and ends without a join. */
static int leave_a_child(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_process child;

    (void)size;
    CHILD_OK(mr_process_create(&child, wait_until_told, s, sizeof *s, NULL));
    CHILD_OK(mr_process_start(child));
    CHILD_OK(mr_queue_get(s->said, NULL, 0, NULL, GUARD));
    CHILD_OK(mr_queue_put(s->children, &child, sizeof child, GUARD));
    if (s->how == 1) {
        exit(child_result());
    }
    return child_result();
}

static void children_are_joined_at_the_end_of_their_parent(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (s.how = 0; s.how < 2; s.how++) {
        mr_process parent, child;
        bool alive = true;

        START(&parent, mr_size() - 1, leave_a_child, &s, sizeof s);
        if (!MRT_OK(
                mr_queue_get(s.children, &child, sizeof child, NULL, GUARD))) {
            break;
        }
        MRT_ERROR(mr_process_join(parent, 2 * SHORT), MR_ERR_TIMEOUT);
        tell(&s);
        END(parent, 0);
        MRT_OK(mr_process_is_alive(child, &alive));
        MRT_CHECK(!alive);
        MRT_OK(mr_process_destroy(child));
    }
    destroy_stage(&s);
}

/* A chain of children, each of which joins the next. */
static int descend(const void *argument, size_t size)
{
    int depth = *(const int *)argument;

    (void)size;
    if (depth > 0) {
        const mr_process_options options = {.place =
                                                MR_ON_RANK(rank_of(depth))};
        int next = depth - 1, code = -1;
        mr_process child;

        CHILD_OK(
            mr_process_create(&child, descend, &next, sizeof next, &options));
        CHILD_OK(mr_process_start(child));
        CHILD_OK(mr_process_join(child, GUARD));
        CHILD_OK(mr_process_exit_code(child, &code));
        CHILD_CHECK(code == next);
        CHILD_OK(mr_process_destroy(child));
    }
    return child_failures > 0 ? 200 : depth;
}

static void processes_nest(void)
{
    int depth = 6;
    mr_process process;

    START(&process, ANYWHERE, descend, &depth, sizeof depth);
    END(process, depth);
}

static int count_processes(const void *argument, size_t size)
{
    const int limit = *(const int *)argument;

    (void)size;
    for (int i = 0; i < limit; i++) {
        mr_process child;

        CHILD_OK(mr_process_create(&child, nothing, NULL, 0, NULL));
        CHILD_OK(mr_process_start(child));
        CHILD_OK(mr_process_join(child, GUARD));
        CHILD_OK(mr_process_destroy(child));
    }
    return child_result();
}

static void children_start_processes_at_the_same_time(void)
{
    enum { COUNT = 4 };
    const int limit = 20;
    mr_process processes[COUNT];

    for (int i = 0; i < COUNT; i++) {
        START(&processes[i], rank_of(i), count_processes, &limit, sizeof limit);
    }
    for (int i = 0; i < COUNT; i++) {
        END(processes[i], 0);
    }
}

static void *wait_for_the_second(void *argument)
{
    const stage *s = argument;

    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, GUARD));
    return NULL;
}

/* A child may have threads, and they may use objects. */
static int run_threads(const void *argument, size_t size)
{
    stage s = *(const stage *)argument;
    pthread_t threads[3];

    (void)size;
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, wait_for_the_second, &s);
    }
    for (int i = 0; i < 3; i++) {
        CHILD_OK(mr_queue_put(s.go, NULL, 0, GUARD));
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    return child_result();
}

static void process_may_have_threads(void)
{
    stage s;

    if (make_stage(&s)) {
        for (int rank = 0; rank < mr_size(); rank++) {
            RUN(rank, run_threads, &s, sizeof s);
        }
        destroy_stage(&s);
    }
}

static const mrt_test tests[] = {
    {"process_gets_a_copy_of_its_argument", process_gets_a_copy_of_its_argument,
     0},
    {"process_may_have_no_argument", process_may_have_no_argument, 0},
    {"process_name_option_is_copied", process_name_option_is_copied, 0},
    {"process_sees_globals_as_they_were_at_init",
     process_sees_globals_as_they_were_at_init, 0},
    {"process_does_not_see_the_launchers_variables",
     process_does_not_see_the_launchers_variables, 0},
    {"process_reads_nothing_from_stdin", process_reads_nothing_from_stdin, 0},
    {"process_has_default_signal_handlers", process_has_default_signal_handlers,
     0},
    {"process_does_not_inherit_descriptors_of_main",
     process_does_not_inherit_descriptors_of_main, 0},
    {"process_is_no_daemon_unless_told", process_is_no_daemon_unless_told, 0},
    {"daemon_cannot_create_processes_and_pools",
     daemon_cannot_create_processes_and_pools, 0},
    {"daemon_ends_when_its_creator_returns",
     daemon_ends_when_its_creator_returns, 0},
    {"daemon_ends_when_its_creator_exits", daemon_ends_when_its_creator_exits,
     0},
    {"daemon_ends_when_its_creator_is_killed",
     daemon_ends_when_its_creator_is_killed, 0},
    {"children_are_joined_at_the_end_of_their_parent",
     children_are_joined_at_the_end_of_their_parent, 0},
    {"processes_nest", processes_nest, 0},
    {"children_start_processes_at_the_same_time",
     children_start_processes_at_the_same_time, 60},
    {"process_may_have_threads", process_may_have_threads, 0},
};

int main(int argc, char **argv)
{
    global = 2;
    setenv("MULTIRANK_PROCESS_TEST", "kept", 1);
    signal(SIGUSR1, handle);
    signal(SIGUSR2, SIG_IGN);
    return suite_main("process_family", tests, MRT_COUNT(tests), argc, argv);
}
