/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool in an MPI program: a phase of plain MPI first, then a phase with a
 * pool.  Build it with the flags of your MPI, e.g. CC=mpicc.
 *
 * mr_init uses the MPI that is there.  It returns on rank 0 only, so collective
 * calls come before it.  The other ranks call MPI_Finalize inside mr_init, when
 * the job ends; rank 0 calls it after mr_finalize.
 */
#include <mpi.h>

#include "../check.h"

enum { TASKS = 100 };

static mr_error scale(const void *input, void *output, const mr_task *task)
{
    (void)input;
    *(double *)output = *(const double *)task->context * (double)task->index;
    return MR_OK;
}

/* [recipe] */
int main(int argc, char **argv)
{
    double mine = 1, all = 0, sum = 0, outputs[TASKS];
    int provided;
    mr_pool pool;

    /* On several nodes a thread of mr_init calls MPI, too: SERIALIZED. */
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_map(pool, scale, &all, sizeof all, NULL, 0, outputs,
                      sizeof *outputs, TASKS, NULL));
    for (int i = 0; i < TASKS; i++) {
        sum += outputs[i] / all;
    }
    printf("sum %g\n", sum);
    CHECK(mr_finalize());
    return MPI_Finalize(); /* rank 0 only; not after a lost rank */
}
/* [end] */
