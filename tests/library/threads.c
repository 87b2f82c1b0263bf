/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands for the OpenBLAS in the wheel of numpy: it is told how many threads
 * to use by a name of its own.
 */
void scipy_openblas_set_num_threads64_(int count);
int threads_told(void);

static int told;

void scipy_openblas_set_num_threads64_(int count)
{
    told = count;
}

int threads_told(void)
{
    return told;
}
