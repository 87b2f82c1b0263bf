/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The questions to a pool, put to whichever contender is linked with this:
 * CONTENDER QUESTION, where QUESTION is
 *
 *   empty NAME               tasks that do nothing, in M/s
 *
 *   single                   a map of one such task, in us
 *
 *   lengths SHAPE/LENGTH...  efficiency, in %, of even/1us one/10us
 *
 *   smallest                 the same of ever shorter tasks, and METG(50 %)
 *
 *   scaling                  of one problem, and of one that grows
 *
 * before which may stand --chunk N, --in-place, --schedule dynamic|static,
 * --threads N, and --limit N, the most tasks, for contenders that would take
 * too long.
 *
 * The efficiency is that of the cores: the time which the tasks take when all
 * cores work on them and nobody shares them out (BENCH_RATE and BENCH_CORES,
 * of bench/pool/peak), or the longest task takes, over the time of the map.
 */
#include "../figure.h"
#include "contender.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t limit = 10000000;
static int workers; /* that have a core */
static double rate; /* iterations in a microsecond */

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

/* ---- one map ------------------------------------------------------------- */

/* Numbers where the contender wants them; made once, for the largest map. */
typedef struct numbers {
    int64_t *in;
    int64_t *out;
    size_t room;
} numbers;

static numbers make_numbers(size_t room)
{
    numbers n = {contender_memory(room), contender_memory(room), room};

    if (!n.in || !n.out) {
        fail("no memory");
    }
    memset(n.in, 0, room * sizeof *n.in);
    memset(n.out, 0, room * sizeof *n.out);
    return n;
}

/* Seconds of one map, whose results are all looked at. */
static double run(const numbers *n, size_t count)
{
    double start;
    double seconds;

    memset(n->out, 0, count * sizeof *n->out);
    start = now();
    contender_map(n->in, n->out, count);
    seconds = now() - start;
    for (size_t i = 0; i < count; i++) {
        if (n->out[i] != n->in[i] + 1) {
            fail("a wrong result");
        }
    }
    return seconds;
}

/* ---- empty tasks --------------------------------------------------------- */

static void ask_empty(const char *name)
{
    numbers n = make_numbers(limit);
    const char *times[] = {"cold", NULL, "warm"};

    for (int i = 0; i < 3; i++) {
        double seconds = run(&n, limit);
        char line[100];

        if (times[i]) {
            snprintf(line, sizeof line, "%s/%s", name, times[i]);
            report(line, (double)limit / seconds / 1e6, "M/s");
        }
    }
}

static void ask_single(void)
{
    numbers n = make_numbers(1);
    size_t maps = limit < 2000 ? limit : 2000;
    double start;

    for (size_t i = 0; i < maps / 10; i++) {
        run(&n, 1);
    }
    start = now();
    for (size_t i = 0; i < maps; i++) {
        run(&n, 1);
    }
    report("single", (now() - start) / (double)maps * 1e6, "us");
}

/* ---- tasks of some length ------------------------------------------------ */

enum { LONG_ONE = 1000 }; /* times as long as the others */

static size_t bounded(double count)
{
    return count > (double)limit ? limit : count < 1 ? 1 : (size_t)count;
}

/* Efficiency of count tasks, in %; with one that is longer, always at the same
 * random place. */
static double efficiency(numbers *n, double microseconds, size_t count,
                         bool one_long)
{
    int64_t iterations = (int64_t)(microseconds * rate);
    double work = (double)count * (double)iterations / rate / workers;
    double longest = (double)iterations / rate;

    for (size_t i = 0; i < count; i++) {
        n->in[i] = iterations;
    }
    if (one_long) {
        n->in[(size_t)(0.618 * (double)count)] *= LONG_ONE;
        work += (LONG_ONE - 1) * longest / workers;
        longest *= LONG_ONE;
    }
    if (work < longest) {
        work = longest;
    }
    contender_expect(microseconds);
    return work / 1e6 / run(n, count) * 100;
}

/* As many as fill the workers for so long. */
static size_t tasks_of(double microseconds, double seconds)
{
    return bounded(seconds * 1e6 * workers / microseconds);
}

static double parse_length(const char *text)
{
    char *unit;
    double value = strtod(text, &unit);

    if (value > 0 && strcmp(unit, "ns") == 0) {
        return value / 1e3;
    }
    if (value > 0 && strcmp(unit, "ms") == 0) {
        return value * 1e3;
    }
    if (value <= 0 || strcmp(unit, "us") != 0) {
        fail("a length is a number of ns, us or ms");
    }
    return value;
}

static void ask_lengths(char **cases)
{
    numbers n = make_numbers(tasks_of(0.1, 0.1));

    for (; *cases; cases++) {
        const char *slash = strchr(*cases, '/');
        bool one_long = strncmp(*cases, "one/", 4) == 0;
        double length;

        if (!slash || (!one_long && strncmp(*cases, "even/", 5) != 0)) {
            fail("a case is even/LENGTH or one/LENGTH");
        }
        length = parse_length(slash + 1);
        /* The first wakes workers and finds a chunk. */
        efficiency(&n, length, tasks_of(length, 0.1), false);
        report(*cases, efficiency(&n, length, tasks_of(length, 0.1), one_long),
               "%");
    }
}

/* Where the straight line between two points crosses 50 %. */
static double crossing(double x0, double y0, double x1, double y1)
{
    return x0 + (x1 - x0) * (50 - y0) / (y1 - y0);
}

/* One length; warmed up, so that workers are awake and have found a chunk. */
static double try_length(numbers *n, double length)
{
    size_t count = tasks_of(length, 0.05);
    double found;
    char name[50];

    count = count < n->room ? count : n->room;
    efficiency(n, length, count, false);
    found = efficiency(n, length, count, false);
    snprintf(name, sizeof name, "even/%gus", length);
    report(name, found, "%");
    return found;
}

/* Minimum effective task granularity: Slaughter et al., Task Bench, SC 2020,
 * section 4. Two in a row are below 50 % at the end: one may be a disturbance.
 */
static void ask_smallest(void)
{
    numbers n = make_numbers(bounded(4e6));
    double smallest = 0;
    double last = 0;

    for (double length = 2048; length > 0.004; length /= 2) {
        double found = try_length(&n, length);

        if (found >= 50) {
            smallest = length;
        } else if (last >= 50) {
            smallest = crossing(length, found, 2 * length, last);
        } else if (last > 0) {
            break;
        }
        last = found;
    }
    if (smallest > 0) {
        report("smallest", smallest * 1e3, "ns");
    }
}

/* Tasks of 10 us: 20,000, and 2,500 for each of those that work. */
static void ask_scaling(int size)
{
    size_t strong = bounded(20000);
    size_t weak = bounded(2500.0 * size);
    numbers n = make_numbers(strong > weak ? strong : weak);
    char name[50];

    efficiency(&n, 10, strong, false);
    snprintf(name, sizeof name, "strong/%d", size);
    report(name, efficiency(&n, 10, strong, false), "%");
    snprintf(name, sizeof name, "weak/%d", size);
    report(name, efficiency(&n, 10, weak, false), "%");
}

/* ---- main ---------------------------------------------------------------- */

/* Removes the options from the front of argv. */
static contender_options parse(char ***argv)
{
    contender_options options = {0};

    for (; **argv && strncmp(**argv, "--", 2) == 0; (*argv)++) {
        const char *name = **argv;

        if (strcmp(name, "--in-place") == 0) {
            options.in_place = 1;
            continue;
        }
        if (!*++*argv) {
            fail("an option without its value");
        }
        if (strcmp(name, "--chunk") == 0) {
            options.chunk = strtoul(**argv, NULL, 10);
        } else if (strcmp(name, "--schedule") == 0) {
            options.schedule = **argv;
        } else if (strcmp(name, "--threads") == 0) {
            options.threads = atoi(**argv);
        } else if (strcmp(name, "--limit") == 0) {
            limit = strtoul(**argv, NULL, 10);
        } else {
            fail("no such option; the top of questions.c has them");
        }
    }
    return options;
}

/* Alone, where bench/run has not measured it with all cores busy. */
static double measure_rate(void)
{
    const char *given = getenv("BENCH_RATE");
    double start = now();

    if (given && atof(given) > 0) {
        return atof(given);
    }
    busy(50000000);
    return 50000000 / (now() - start) / 1e6;
}

/* Those that bench/run may use, or all that there are: what this process may
 * use says little, as mpirun binds ranks to cores. */
static int count_cores(void)
{
    const char *given = getenv("BENCH_CORES");

    if (given && atoi(given) > 0) {
        return atoi(given);
    }
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int main(int argc, char **argv)
{
    char **rest = argv + 1;
    contender_options options = parse(&rest);
    int size = contender_begin(&argc, &argv, &options);
    int cores = count_cores();

    workers = size < cores ? size : cores;
    rate = measure_rate();
    if (rest[0] && strcmp(rest[0], "empty") == 0 && rest[1]) {
        ask_empty(rest[1]);
    } else if (rest[0] && strcmp(rest[0], "single") == 0) {
        ask_single();
    } else if (rest[0] && strcmp(rest[0], "lengths") == 0) {
        ask_lengths(rest + 1);
    } else if (rest[0] && strcmp(rest[0], "smallest") == 0) {
        ask_smallest();
    } else if (rest[0] && strcmp(rest[0], "scaling") == 0) {
        ask_scaling(size);
    } else {
        fail("no such question; the top of questions.c has them");
    }
    contender_end();
    return 0;
}
