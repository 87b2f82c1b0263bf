/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a rank costs that nobody wants anything from, with its fork server.
 *
 *   mpirun -np 2 bench/job/idle [SECONDS]
 */
#include "idle.h"
#include "../bench.h"

int main(int argc, char **argv)
{
    double seconds = idle_seconds(argc, argv);

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() > 1, "mpirun -np RANKS bench/job/idle, with 2 or more");
    idle_measure(mr_size(), seconds);
    return mr_finalize();
}
