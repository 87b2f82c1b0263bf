/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much work the machine does when all its cores work and nobody shares
 * anything out: iterations of busy() in a microsecond on each core, the mean
 * of all, and how many cores there are for us. Efficiencies of the pool's
 * questions are relative to both.
 */
#include "../figure.h"
#include "work.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ITERATIONS = 20000000, ROUNDS = 3 };

/* The best of some rounds: the first may meet a sleeping core. */
static double rate(void)
{
    double best = 0;

    for (int i = 0; i < ROUNDS; i++) {
        double start = now();
        double found;

        busy(ITERATIONS);
        found = ITERATIONS / (now() - start) / 1e6;
        best = found > best ? found : best;
    }
    return best;
}

static int processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

int main(void)
{
    int count = processors();
    double *rates =
        mmap(NULL, (size_t)count * sizeof *rates, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double sum = 0;

    if (rates == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (int i = 0; i < count; i++) {
        pid_t child = fork();

        if (child < 0) {
            perror("fork");
            return 1;
        }
        if (child == 0) {
            rates[i] = rate();
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    for (int i = 0; i < count; i++) {
        sum += rates[i];
    }
    report("BENCH_RATE", sum / count, "iterations/us");
    report("BENCH_CORES", count, "cores");
    return 0;
}
