/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jobs whose children print; output.sh looks at what arrives.  Main writes
 * its own lines without a buffer, so that their place among the others tells
 * what was written before.
 */
#include <multirank.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHILDREN = 4, LONG_LINES = 200, LONG = 5000, HUGE_LINE = 1 << 20 };

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "output: %s: %s\n", what, mr_error_name(error));
        exit(99);
    }
}

#define NEED(call) need((call), #call)

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0) {
        exit(98);
    }
}

static mr_process start(int i, mr_process_function *function,
                        const void *argument, size_t size)
{
    const mr_process_options options = {.place = MR_ON_RANK(i % mr_size())};
    mr_process process;

    NEED(mr_process_create(&process, function, argument, size, &options));
    NEED(mr_process_start(process));
    return process;
}

static void join(mr_process process)
{
    NEED(mr_process_join(process, MR_FOREVER));
    NEED(mr_process_destroy(process));
}

/* Ten thousand lines, all written when join returns. */
static int print_many(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int i = 0; i < 10000; i++) {
        printf("line %d\n", i);
    }
    return 0;
}

static void many(void)
{
    join(start(mr_size() - 1, print_many, NULL, 0));
    say("joined\n");
}

/* Long lines of one letter each, from several children at once. */
static int print_long(const void *argument, size_t size)
{
    char line[LONG + 2];

    (void)size;
    memset(line, *(const char *)argument, LONG);
    strcpy(line + LONG, "\n");
    for (int i = 0; i < LONG_LINES; i++) {
        fputs(line, stdout);
    }
    return 0;
}

static void long_lines(void)
{
    mr_process children[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        const char letter = (char)('a' + i);

        children[i] = start(i, print_long, &letter, 1);
    }
    for (int i = 0; i < CHILDREN; i++) {
        join(children[i]);
    }
}

/* Characters of several children, written one by one. */
static int print_slowly(const void *argument, size_t size)
{
    char letter = *(const char *)argument;

    (void)size;
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 20; k++) {
            if (write(STDOUT_FILENO, &letter, 1) != 1) {
                return 1;
            }
        }
        if (write(STDOUT_FILENO, "\n", 1) != 1) {
            return 1;
        }
    }
    return 0;
}

static void slow_lines(void)
{
    mr_process children[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        const char letter = (char)('a' + i);

        children[i] = start(i, print_slowly, &letter, 1);
    }
    for (int i = 0; i < CHILDREN; i++) {
        join(children[i]);
    }
}

/* One line that is larger than any buffer. */
static int print_huge(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int i = 0; i < HUGE_LINE; i++) {
        putchar('a' + i % 26);
    }
    putchar('\n');
    return 0;
}

static void huge(void)
{
    join(start(mr_size() - 1, print_huge, NULL, 0));
    say("joined\n");
}

static int print_one(const void *argument, size_t size)
{
    (void)size;
    printf("child %d\n", *(const int *)argument);
    return 0;
}

/* What a child printed stands before what main prints after its join. */
static void turns(void)
{
    for (int i = 0; i < 200; i++) {
        char line[32];

        join(start(i, print_one, &i, sizeof i));
        snprintf(line, sizeof line, "main %d\n", i);
        say(line);
    }
}

static int print_part(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("whole\npart");
    return 0;
}

static void partial(void)
{
    join(start(mr_size() - 1, print_part, NULL, 0));
    say("joined\n");
}

static int print_to_stderr(const void *argument, size_t size)
{
    int self = *(const int *)argument;

    (void)size;
    for (int i = 0; i < 50; i++) {
        fprintf(stderr, "error %d %d\n", self, i);
    }
    printf("output %d\n", self);
    return 0;
}

static void errors(void)
{
    mr_process children[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        children[i] = start(i, print_to_stderr, &i, sizeof i);
    }
    for (int i = 0; i < CHILDREN; i++) {
        join(children[i]);
    }
}

/* Lines that were ended are not lost with their process. */
static int print_and_die(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("last words\n");
    kill(getpid(), SIGKILL);
    return 0;
}

static void killed(void)
{
    for (int i = 0; i < mr_size(); i++) {
        join(start(i, print_and_die, NULL, 0));
        say("joined\n");
    }
}

static int print_and_exit(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("exit writes this");
    exit(0);
}

static int print_and_leave(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("_exit does not write this");
    _exit(0);
}

static void exits(void)
{
    join(start(mr_size() - 1, print_and_exit, NULL, 0));
    say("\njoined\n");
    join(start(mr_size() - 1, print_and_leave, NULL, 0));
    say("joined\n");
}

/* Children of a child, and what they run. */
static int start_another(const void *argument, size_t size)
{
    int depth = *(const int *)argument;

    (void)size;
    if (depth < 3) {
        int next = depth + 1;

        join(start(next, start_another, &next, sizeof next));
    } else if (system("echo from a shell") != 0) {
        return 1;
    }
    printf("depth %d\n", depth);
    return 0;
}

static void nested(void)
{
    const int first = 1;

    join(start(1, start_another, &first, sizeof first));
    say("joined\n");
}

static mr_error print_in_task(const void *input, void *output,
                              const mr_task *task)
{
    (void)input;
    (void)output;
    printf("task %zu\n", task->index);
    return MR_OK;
}

/* Tasks print too, whether a rank or a child runs them. */
static void tasks(void)
{
    mr_pool pool;

    NEED(mr_pool_create(&pool, NULL));
    NEED(
        mr_pool_map(pool, print_in_task, NULL, 0, NULL, 0, NULL, 0, 100, NULL));
    NEED(mr_pool_destroy(pool));
}

/* Nobody joins: the end of main waits for it. */
static void unjoined(void)
{
    for (int i = 0; i < CHILDREN; i++) {
        start(i, print_one, &i, sizeof i);
    }
}

static int print_forever(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    for (int i = 0;; i++) {
        printf("daemon %d\n", i);
        if (i == 100 && mr_queue_put(queue, NULL, 0, MR_FOREVER) != MR_OK) {
            return 1;
        }
    }
    return 0;
}

/* The lines of a daemon are whole, however many there are. */
static void daemons(void)
{
    const mr_process_options options = {.daemon = true};
    mr_process process;
    mr_queue queue;

    NEED(mr_queue_create(&queue, NULL));
    NEED(mr_process_create(&process, print_forever, &queue, sizeof queue,
                           &options));
    NEED(mr_process_start(process));
    NEED(mr_queue_get(queue, NULL, 0, NULL, MR_FOREVER));
}

/* Opening a FIFO for reading waits until the script opens it for writing. */
static void await_script(void)
{
    int descriptor = open(getenv("OUTPUT_FIFO"), O_RDONLY);

    if (descriptor < 0 || close(descriptor) != 0) {
        _exit(97);
    }
}

/* A line whose end comes after the script has seen its beginning. */
static int print_in_two(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    printf("begun");
    fflush(stdout);
    NEED(mr_queue_get(queue, NULL, 0, NULL, MR_FOREVER));
    printf(" and ended\n");
    return 0;
}

/* Another child prints a whole line meanwhile. */
static void between(void)
{
    const int number = 5;
    mr_process first;
    mr_queue queue;

    NEED(mr_queue_create(&queue, NULL));
    first = start(0, print_in_two, &queue, sizeof queue);
    await_script();
    join(start(mr_size() - 1, print_one, &number, sizeof number));
    NEED(mr_queue_put(queue, NULL, 0, MR_FOREVER));
    join(first);
}

/* As progress bars do: each step starts with a return, and none is a line. */
static int print_bar(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int i = 0; i < 4; i++) {
        printf("\rprogress %d", i);
        fflush(stdout);
    }
    await_script();
    return 0;
}

static void bar(void)
{
    join(start(mr_size() - 1, print_bar, NULL, 0));
}

static int return_seven(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 7;
}

/* What main prints is an order for nobody, whatever its first letter is. */
static void letters(void)
{
    mr_process process;
    int code = 0;

    for (int i = 0; i < 2; i++) {
        process = start(mr_size() - 1, return_seven, NULL, 0);
        for (char letter = ' '; letter <= '~'; letter++) {
            printf("%c is a letter\n", letter);
            fflush(stdout);
            fprintf(stderr, "%c is a letter\n", letter);
        }
        NEED(mr_process_join(process, MR_FOREVER));
        NEED(mr_process_exit_code(process, &code));
        NEED(mr_process_destroy(process));
        if (code != 7) {
            exit(96);
        }
    }
}

/* More than a pipe or a buffer holds, from main alone. */
static void main_prints(void)
{
    for (int i = 0; i < 10000; i++) {
        printf("line of main %d\n", i);
    }
}

/* Text around stdio, in parts of lines and in more than a buffer holds. */
static int write_around(const void *argument, size_t size)
{
    static char many[100000];

    (void)argument;
    (void)size;
    for (int i = 0; i < 100; i++) {
        printf("printed %d, ", i);
        NEED(mr_output_write(1, "written ", 8));
        printf("behind\n");
    }
    memset(many, 'm', sizeof many);
    many[sizeof many - 1] = '\n';
    NEED(mr_output_write(1, many, sizeof many));
    NEED(mr_output_write(1, NULL, 0));
    NEED(mr_output_write(2, "an error\n", 9));
    NEED(mr_output_write(1, "no end", 6));
    return 0;
}

static void around(void)
{
    for (int i = 0; i < mr_size(); i++) {
        join(start(i, write_around, NULL, 0));
        printf("joined ");
        NEED(mr_output_write(1, "in main\n", 8));
    }
    if (mr_output_write(0, "x", 1) != MR_ERR_ARGUMENT ||
        mr_output_write(3, "x", 1) != MR_ERR_ARGUMENT ||
        mr_output_write(1, NULL, 1) != MR_ERR_ARGUMENT) {
        exit(95);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"many", many},       {"long", long_lines},
    {"slow", slow_lines}, {"huge", huge},
    {"turns", turns},     {"partial", partial},
    {"errors", errors},   {"killed", killed},
    {"exits", exits},     {"nested", nested},
    {"tasks", tasks},     {"unjoined", unjoined},
    {"daemons", daemons}, {"table", mr_settings_print},
    {"between", between}, {"bar", bar},
    {"letters", letters}, {"main", main_prints},
    {"around", around},
};

int main(int argc, char **argv)
{
    NEED(mr_init(&argc, &argv));
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return mr_finalize() == MR_OK ? 0 : 3;
        }
    }
    return 2;
}
