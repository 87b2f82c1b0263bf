/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A library to be preloaded: a machine on which MPI cannot start.  MPI_Init
 * ends the program, as that of Open MPI does.
 */
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

static int end_program(void)
{
    static const char why[] = "MPI cannot start here\n";

    if (write(STDERR_FILENO, why, sizeof why - 1) < 0) {
        abort();
    }
    _exit(13);
}

int MPI_Init(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return end_program();
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    (void)argc;
    (void)argv;
    (void)required;
    (void)provided;
    return end_program();
}
