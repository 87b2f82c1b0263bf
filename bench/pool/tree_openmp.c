/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trees of bench/pool/tree.c, as tasks of OpenMP.
 *
 *   bench/pool/tree_openmp THREADS
 */
#include "tree.h"

#include <omp.h>

/* clang-format off */

static int64_t join(int levels)
{
    int64_t left, right;

    if (levels == 0) {
        return 1;
    }
    #pragma omp task shared(left)
    left = join(levels - 1);
    #pragma omp task shared(right)
    right = join(levels - 1);
    #pragma omp taskwait
    return left + right;
}

static void visit(int levels)
{
    if (levels == 0) {
        return;
    }
    #pragma omp task
    visit(levels - 1);
    #pragma omp task
    visit(levels - 1);
}

int main(int argc, char **argv)
{
    int levels = tree_levels();
    int64_t leaves = 0;
    double start;

    end_in_time();
    want(argc == 2 && atoi(argv[1]) > 0, "bench/pool/tree_openmp THREADS");
    omp_set_num_threads(atoi(argv[1]));
    start = now();
    #pragma omp parallel
    #pragma omp single
    leaves = join(levels);
    report("join", (now() - start) / tree_tasks(levels) * 1e9, "ns");
    check(leaves == (int64_t)1 << levels, "join");

    start = now();
    #pragma omp parallel
    #pragma omp single
    visit(levels); /* the end of the region waits for all */
    report("visit", (now() - start) / tree_tasks(levels) * 1e9, "ns");
    return 0;
}
