/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool in an MPI program: a phase of plain MPI, a phase with a pool, and
 * plain MPI again.  Build it with the flags of your MPI, e.g. CC=mpicc.
 *
 * mr_init_with uses the MPI that is there.  Rank 0 returns first and has the
 * pool; the other ranks work for it.  They return when rank 0 has called
 * mr_finalize, and find *served true.
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

static double sum_of_tasks(double factor)
{
    double outputs[TASKS], sum = 0;
    mr_pool pool;

    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_map(pool, scale, &factor, sizeof factor, NULL, 0, outputs,
                      sizeof *outputs, TASKS, NULL));
    for (int i = 0; i < TASKS; i++) {
        sum += outputs[i];
    }
    return sum;
}

/* [recipe] */
int main(int argc, char **argv)
{
    double mine = 1, all = 0, part = 0, sum = 0;
    bool served;
    const mr_init_options options = {.served = &served};
    int provided;

    /* On several nodes a thread of the library calls MPI, too: SERIALIZED. */
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);

    CHECK(mr_init_with(&options)); /* the others work in it for rank 0 */
    if (!served) {
        sum = sum_of_tasks(1);
        CHECK(mr_finalize());
    }
    MPI_Bcast(&sum, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD); /* all ranks go on */
    part = sum / all;
    MPI_Allreduce(&part, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (!served) {
        printf("sum %g\n", sum);
    }
    return MPI_Finalize();
}
/* [end] */
