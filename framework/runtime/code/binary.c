/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the comparison of what the ranks of a job run.
 */
#include "runtime/code/binary.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "runtime/code/module.h"
#include "util/log.h"

/* So many ranks are named; the others will differ in the same way. */
enum { MOST_LINES = 8 };

/* The end of a path tells more than its beginning. */
static void shorten(const char *path, char *out, size_t size)
{
    static const char dots[] = "...";
    size_t length = strlen(path);

    if (length < size) {
        memcpy(out, path, length + 1);
    } else {
        memcpy(out, dots, sizeof dots - 1);
        out += sizeof dots - 1;
        size -= sizeof dots - 1;
        memcpy(out, path + length + 1 - size, size);
    }
}

static void fill(mri_build *build, const mri_module *module)
{
    char path[PATH_MAX];

    mri_module_path(module, path, sizeof path);
    shorten(path, build->path, sizeof build->path);
    build->id = module->id;
}

void mri_binary_describe(mri_binary *binary)
{
    mri_module module;

    memset(binary, 0, sizeof *binary);
    gethostname(binary->host, sizeof binary->host - 1);
    if (mri_module_program(&module)) {
        fill(&binary->program, &module);
    }
    if (mri_module_at((uintptr_t)mri_binary_describe, &module)) {
        fill(&binary->library, &module);
    }
}

/* True when rank 0 and this rank are equal, else it is told in a line. */
static bool compare(const mri_binary *of_ranks, unsigned int rank, bool tell)
{
    const mri_binary *first = &of_ranks[0];
    const mri_binary *other = &of_ranks[rank];
    bool programs = other->program.id == first->program.id;
    const mri_build *build = programs ? &other->library : &other->program;
    const mri_build *wanted = programs ? &first->library : &first->program;
    bool equal = build->id == wanted->id;

    if (!equal && tell) {
        mri_log(MR_LOG_ERROR,
                "rank %u on %s runs another %s (%s) than rank 0 on %s (%s): "
                "copy the same file to all hosts",
                rank, other->host, programs ? "libmultirank" : "program",
                build->path, first->host, wanted->path);
    }
    return equal;
}

mr_error mri_binaries_compare(const mri_binary *of_ranks, unsigned int count)
{
    unsigned int others = 0;

    for (unsigned int rank = 1; rank < count; rank++) {
        others += !compare(of_ranks, rank, others < MOST_LINES);
    }
    if (others > MOST_LINES) {
        mri_log(MR_LOG_ERROR, "%u more ranks differ from rank 0",
                others - MOST_LINES);
    }
    return others ? MR_ERR_FUNCTION : MR_OK;
}
