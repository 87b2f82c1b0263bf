/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An array in memory that forked processes would share: memcpy.
 *
 *   bench/objects/array_memcpy
 */
#include "slices.h"

#include <string.h>
#include <sys/mman.h>

static void get(void *user, int64_t *mine, size_t count)
{
    memcpy(mine, user, count * sizeof *mine);
}

static void set(void *user, const int64_t *mine, size_t count)
{
    memcpy(user, mine, count * sizeof *mine);
}

int main(void)
{
    void *shared =
        mmap(NULL, SLICES_MOST * sizeof(int64_t), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    end_in_time();
    check(shared != MAP_FAILED, "mmap");
    slices_measure(&(slices){get, set, shared});
    return 0;
}
