/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a job takes to begin and to end, as rank 0 sees it: mr_init and
 * mr_finalize, with what MPI takes in them.
 *
 *   mpirun -np 2 bench/job/start
 *   bench/job/start one           one rank, which needs no MPI
 */
#include "../bench.h"
#include "../repeat.h"

int main(int argc, char **argv)
{
    double start;
    int ranks;

    end_in_time();
    if (argc > 1) {
        setenv("MR_LAUNCH", "never", 1);
    }
    start = now();
    must(mr_init(&argc, &argv), "mr_init");
    ranks = mr_size();
    report_of_ranks("init", ranks, (now() - start) * 1e3, "ms");
    start = now();
    must(mr_finalize(), "mr_finalize");
    report_of_ranks("finalize", ranks, (now() - start) * 1e3, "ms");
    return 0;
}
