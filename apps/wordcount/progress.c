/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far it is, on stderr: a bar on a terminal, in a log a line now and then,
 * and at the end a summary.
 */
#include "wordcount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30 }; /* characters */

/* Seconds between two looks at it. */
#define BAR_EACH 0.1
#define LINE_EACH 10.0

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* mpirun gives its ranks a pipe for stderr and passes on what comes: whether
 * that gets to a terminal is seen at mpirun itself. */
static bool is_terminal(void)
{
    char path[64], target[64];
    ssize_t length;
    struct stat status;

    if (isatty(STDERR_FILENO)) {
        return true;
    }
    if (!getenv("OMPI_COMM_WORLD_RANK") || fstat(STDERR_FILENO, &status) ||
        !S_ISFIFO(status.st_mode)) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%d/fd/2", (int)getppid());
    length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    return strncmp(target, "/dev/pts/", 9) == 0 ||
           strncmp(target, "/dev/tty", 8) == 0;
}

/* A number of bytes for people; it is overwritten by the fourth call after. */
static const char *amount(double bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    static char texts[4][32];
    static unsigned int next;
    char *text = texts[next++ % 4];
    size_t unit = 0;

    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, sizeof texts[0], bytes < 10 && unit ? "%.1f %s" : "%.0f %s",
             bytes, units[unit]);
    return text;
}

static void show(progress *p, double time)
{
    double part = p->all ? (double)p->done / (double)p->all : 1;
    double rate = (double)p->done / (time - p->begun + 1e-9);
    char bar[BAR + 1];

    for (int i = 0; i < BAR; i++) {
        bar[i] = i < (int)(part * BAR) ? '#' : '.';
    }
    bar[BAR] = '\0';
    if (p->terminal) {
        fprintf(stderr, "\r[%s] %3.0f %% of %s, %s/s\033[K", bar, 100 * part,
                amount((double)p->all), amount(rate));
    } else {
        fprintf(stderr, PROGRAM ": %3.0f %% of %s, %s/s\n", 100 * part,
                amount((double)p->all), amount(rate));
    }
    p->shown = time;
}

void progress_begin(progress *p, uint64_t bytes, bool quiet)
{
    *p = (progress){.quiet = quiet, .all = bytes, .begun = now()};
    p->terminal = !quiet && is_terminal();
    p->shown = p->begun;
    if (p->terminal) {
        show(p, p->begun);
    }
}

void progress_add(progress *p, uint64_t bytes)
{
    double time = now();

    p->done += bytes;
    if (!p->quiet && time - p->shown > (p->terminal ? BAR_EACH : LINE_EACH)) {
        show(p, time);
    }
}

void progress_clear(progress *p)
{
    if (p->terminal) {
        fputs("\r\033[K", stderr);
    }
}

void progress_end(progress *p, const table *t, const tally *sum)
{
    progress_clear(p);
    if (!p->quiet) {
        fprintf(stderr, PROGRAM ": %llu words, %zu different, %s in %.2f s\n",
                (unsigned long long)sum->words, t->used,
                amount((double)p->done), now() - p->begun);
    }
}
