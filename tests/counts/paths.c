/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Maps whose functions tests/counts/paths.sh lists, in a job of one rank under
 * callgrind.
 *
 * Three maps of one kind follow each other.  Callgrind counts the second in the
 * caller; in the worker it counts from the first task of the first map to the
 * first task of the third.  Each of both writes a file with the kind's name.
 */
#include "counts/callgrind.h"

#include <stdint.h>
#include <string.h>

/* Tasks: the inputs of a small map take less than 64 KiB. */
enum { SMALL = 4, LARGE = 1 << 17, ROUNDS = 3 };

static const char *name_of(size_t count)
{
    return count == SMALL ? "small_map" : "large_map";
}

static mr_error square(const void *in, void *out, const mr_task *task)
{
    int64_t round = *(const int64_t *)in;

    if (task->index == 0 && round == 1) {
        begin();
    } else if (task->index == 0 && round == ROUNDS) {
        end(name_of(task->count));
    }
    *(int64_t *)out = round * round;
    return MR_OK;
}

static void map(mr_pool pool, size_t count)
{
    static int64_t in[LARGE];
    static int64_t out[LARGE];

    for (int64_t round = 1; round <= ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            in[i] = round;
        }
        if (round == 2) {
            begin();
        }
        must(mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out,
                         sizeof *out, count, NULL));
        if (round == 2) {
            end(name_of(count));
        }
    }
}

static const char *why_not(void)
{
#if defined(MRI_SANITIZED)
    return "a build with sanitizers";
#elif defined(CALLGRIND_IS_MISSING)
    return "configure found no valgrind/callgrind.h";
#else
    return NULL;
#endif
}

int main(int argc, char **argv)
{
    mr_pool pool;

    if (argc > 1 && strcmp(argv[1], "--about") == 0) {
        puts(why_not() ? why_not() : "");
        return 0;
    }
    must(mr_init(&argc, &argv));
    must(mr_pool_create(&pool, NULL));
    must(mr_pool_map(pool, square, NULL, 0, (int64_t[]){0}, sizeof(int64_t),
                     (int64_t[]){0}, sizeof(int64_t), 1, NULL));
    ahead = 10; /* the caller waits for a small map so much longer before it
                 * goes the way of large ones */
    map(pool, SMALL);
    ahead = 0;
    map(pool, LARGE);
    must(mr_pool_destroy(pool));
    return mr_finalize();
}
