/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Process that does nothing: start and join.
 *
 *   mpirun -np 2 bench/objects/process
 *
 * The processes run on all ranks in turn.
 */
#include "../bench.h"
#include "starts.h"

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static void start_and_join(int count)
{
    mr_process processes[STARTS_AT_ONCE];

    for (int i = 0; i < count; i++) {
        must(mr_process_create(&processes[i], nothing, NULL, 0, NULL),
             "create");
        must(mr_process_start(processes[i]), "start");
    }
    for (int i = 0; i < count; i++) {
        int code;

        must(mr_process_join(processes[i], 60), "join");
        must(mr_process_exit_code(processes[i], &code), "exit code");
        check(code == 0, "a process");
        must(mr_process_destroy(processes[i]), "destroy");
    }
}

int main(int argc, char **argv)
{
    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    starts_measure(start_and_join);
    return mr_finalize();
}
