/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same map as an OpenMP loop, in the same lines.
 */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 10000000 };

typedef void task(const int64_t *in, int64_t *out);

static void square(const int64_t *in, int64_t *out)
{
    *out = *in * *in;
}

/* Through a pointer, as a pool calls it. */
static task *volatile function = square;

int main(void)
{
    int64_t *in = malloc(COUNT * sizeof *in);
    int64_t *out = malloc(COUNT * sizeof *out);
    task *call = function;
    double start;

    for (int64_t i = 0; i < COUNT; i++) {
        in[i] = i;
        out[i] = 0;
    }
    for (int i = 0; i < 2; i++) {
        start = omp_get_wtime();
#pragma omp parallel for schedule(dynamic, 1)
        for (int64_t j = 0; j < COUNT; j++) {
            call(&in[j], &out[j]);
        }
    }
    printf("openmp_dynamic_1 %.6g M/s\n",
           COUNT / (omp_get_wtime() - start) / 1e6);
    for (int i = 0; i < 2; i++) {
        start = omp_get_wtime();
#pragma omp parallel for schedule(static)
        for (int64_t j = 0; j < COUNT; j++) {
            call(&in[j], &out[j]);
        }
    }
    printf("openmp_static %.6g M/s\n", COUNT / (omp_get_wtime() - start) / 1e6);
    free(in);
    free(out);
    return 0;
}
