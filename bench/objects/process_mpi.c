/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that MPI starts: MPI_Comm_spawn, until it has left again.
 *
 *   mpirun -np 1 --oversubscribe bench/objects/process_mpi
 *
 * Where MPI cannot start processes it ends with 77, which means skipped.
 */
#include "starts.h"

#include <mpi.h>

enum { SKIPPED = 77 };

static char *program;

static void spawn_and_leave(int count)
{
    MPI_Comm children;
    int error = MPI_Comm_spawn(program, MPI_ARGV_NULL, count, MPI_INFO_NULL, 0,
                               MPI_COMM_SELF, &children, MPI_ERRCODES_IGNORE);

    if (error != MPI_SUCCESS) {
        fprintf(stderr, "MPI_Comm_spawn does not work here\n");
        exit(SKIPPED);
    }
    MPI_Comm_disconnect(&children);
}

int main(int argc, char **argv)
{
    MPI_Comm parent;

    end_in_time();
    MPI_Init(&argc, &argv);
    program = argv[0];
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        MPI_Comm_disconnect(&parent);
    } else {
        MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
        starts_measure(spawn_and_leave);
    }
    return MPI_Finalize();
}
