/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiled by builds.sh in several ways.
 *
 *   builds                   prints a reference to a static function, and
 *                            what this program is
 *   builds same LINE         is that, from another run, a reference to here?
 *   builds compare LINE      the comparison of two ranks, with its log
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/code/binary.h"
#include "runtime/code/function.h"
#include "runtime/job/identity.h"
#include "util/log.h"

/* What two builds differ in: nothing but a value. */
#ifndef VALUE
#define VALUE 1
#endif
volatile int value = VALUE;

mri_job_identity mri_here_of_rank = {.host = "here"};

static void static_function(void)
{
    value++;
}

static int print(void)
{
    mri_function_ref ref;
    mri_binary binary;

    mri_binary_describe(&binary);
    if (mri_function_encode(static_function, &ref)) {
        return EXIT_FAILURE;
    }
    printf("%" PRIx64 " %" PRIx64 " %" PRIx64 " %s\n", ref.module, ref.offset,
           binary.program.id, binary.program.path);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    mri_binary ranks[2];
    mri_function_ref ref = {.module = 0};
    char path[sizeof ranks->program.path];
    uint64_t id;

    if (argc == 1) {
        return print();
    }
    if (argc != 3 ||
        sscanf(argv[2], "%" SCNx64 " %" SCNx64 " %" SCNx64 " %215s",
               &ref.module, &ref.offset, &id, path) != 4) {
        return 2;
    }
    if (strcmp(argv[1], "same") == 0) {
        return mri_function_decode(&ref) == static_function ? EXIT_SUCCESS
                                                            : EXIT_FAILURE;
    }
    mri_binary_describe(&ranks[0]);
    ranks[1] = ranks[0];
    ranks[1].program.id = id;
    memcpy(ranks[1].program.path, path, sizeof path);
    return mri_binaries_compare(ranks, 2) ? EXIT_FAILURE : EXIT_SUCCESS;
}
