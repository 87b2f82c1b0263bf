/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool's questions to Multirank: one mr_pool_map.
 */
#include "../bench.h"
#include "contender.h"

static mr_pool pool;
static contender_options chosen;

static mr_error task(const void *in, void *out, const mr_task *t)
{
    (void)t;
    *(int64_t *)out = busy(*(const int64_t *)in);
    return MR_OK;
}

int contender_begin(int *argc, char ***argv, const contender_options *options)
{
    must(mr_init(argc, argv), "mr_init");
    must(mr_pool_create(&pool, NULL), "mr_pool_create");
    chosen = *options;
    return mr_size();
}

int64_t *contender_memory(size_t count)
{
    mr_array array;
    void *data;

    if (!chosen.in_place) {
        return malloc(count * sizeof(int64_t));
    }
    must(mr_array_create(&array, MR_INT64, count, NULL, NULL), "array");
    must(mr_array_data(array, &data), "data");
    return data;
}

/* Its workers measure that themselves. */
void contender_expect(double microseconds)
{
    (void)microseconds;
}

void contender_map(const int64_t *in, int64_t *out, size_t count)
{
    mr_map_options options = {.chunk = chosen.chunk};

    must(mr_pool_map(pool, task, NULL, 0, in, sizeof *in, out, sizeof *out,
                     count, &options),
         "mr_pool_map");
}

void contender_end(void)
{
    must(mr_pool_destroy(pool), "mr_pool_destroy");
    must(mr_finalize(), "mr_finalize");
}
