/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the processors take: a number that two processes hand to each other in
 * one cache line, each on a core of its own, with nothing around it.
 *
 *   bench/objects/talk_line
 */
#include "../repeat.h"
#include "cores.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* One side makes it odd, the other even. */
typedef struct line {
    _Alignas(64) _Atomic int64_t number;
} line;

static void answer(line *l)
{
    for (int64_t n = 1;; n += 2) {
        while (atomic_load_explicit(&l->number, memory_order_acquire) != n) {
        }
        atomic_store_explicit(&l->number, n + 1, memory_order_release);
    }
}

static void talk(void *user, long count)
{
    line *l = user;
    int64_t n = atomic_load_explicit(&l->number, memory_order_relaxed);

    for (long i = 0; i < count; i++, n += 2) {
        atomic_store_explicit(&l->number, n + 1, memory_order_release);
        while (atomic_load_explicit(&l->number, memory_order_acquire) !=
               n + 2) {
        }
    }
}

int main(void)
{
    line *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child;
    double trip;

    check(l != MAP_FAILED, "mmap");
    end_in_time();
    child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        end_in_time();
        use_core(1);
        answer(l);
    }
    use_core(0);
    trip = seconds_each(talk, l) * 1e6;
    report("there_and_back_8", trip, "us");
    report("notify", trip / 2, "us");
    kill(child, SIGKILL);
    wait(NULL);
    return 0;
}
