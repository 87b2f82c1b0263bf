/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block of shared memory that two processes hand to each other by one flag,
 * with nothing around it: no allocation, no queue, no care for a death.
 *
 *   bench/objects/lent_line
 */
#include "cores.h"
#include "lent.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

typedef struct shared {
    _Alignas(64) _Atomic long turn; /* odd: the other side's */
    size_t size;
    unsigned char *there; /* the two blocks, at one address in both */
    unsigned char *back;
} shared;

static void await(shared *s, long turn)
{
    while (atomic_load_explicit(&s->turn, memory_order_acquire) != turn) {
    }
}

static void pass(shared *s, long turn)
{
    atomic_store_explicit(&s->turn, turn, memory_order_release);
}

static void trips(void *user, long count)
{
    shared *s = user;
    long turn = s->turn;

    for (long i = 0; i < count; i++, turn += 2) {
        lent_write(s->there, s->size, (int)i);
        pass(s, turn + 1);
        await(s, turn + 2);
        lent_check(s->back, s->size, (int)i + 1);
    }
}

static void answer(shared *s)
{
    for (long turn = 1;; turn += 2) {
        int what;

        await(s, turn);
        what = s->there[0];
        lent_check(s->there, s->size, what);
        lent_write(s->back, s->size, what + 1);
        pass(s, turn + 1);
    }
}

static void *new_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(memory != MAP_FAILED, "mmap");
    return memory;
}

int main(void)
{
    shared *s = new_memory(sizeof *s);
    pid_t child;

    end_in_time();
    s->there = new_memory(lent_cases[LENT_CASES - 1].size);
    s->back = new_memory(lent_cases[LENT_CASES - 1].size);
    child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        end_in_time();
        use_core(1);
        answer(s);
    }
    use_core(0);
    for (int i = 0; i < LENT_CASES; i++) {
        s->size = lent_cases[i].size;
        lent_report(lent_cases[i].name, trips, s);
    }
    kill(child, SIGKILL);
    wait(NULL);
    return 0;
}
