/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first program: squares of ten numbers.
 */
#include <multirank.h>
#include <stdio.h>

static mr_error square(const void *in, void *out, const mr_task *task)
{
    (void)task;
    *(int64_t *)out = *(const int64_t *)in * *(const int64_t *)in;
    return MR_OK;
}

int main(int argc, char **argv)
{
    int64_t in[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int64_t out[10];
    mr_error error = mr_init(&argc, &argv); /* returns on rank 0 only */
    mr_pool pool;

    if (!error) {
        error = mr_pool_create(&pool, NULL);
    }
    if (!error) {
        error = mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out,
                            sizeof *out, 10, NULL);
    }
    if (error) {
        fprintf(stderr, "square: %s\n", mr_error_text(error));
        return 1;
    }
    for (int i = 0; i < 10; i++) {
        printf("%lld\n", (long long)out[i]);
    }
    return mr_finalize();
}
