/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of an idle job, for each rank with its fork server.
 *
 *   mpirun -np 2 bench/job/memory
 */
#include "../bench.h"
#include "../repeat.h"
#include "usage.h"

int main(int argc, char **argv)
{
    usage job;

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    job = usage_of_job();
    check(job.processes == 2 * mr_size(), "ranks and fork servers, all here");
    report_of_ranks("memory", mr_size(), job.memory / mr_size() / 1024, "MiB");
    return mr_finalize();
}
