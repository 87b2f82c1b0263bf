/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the table of facts.  Each is found out again when it is asked for, so
 * nothing is kept here and no lock is needed.
 */
#include <multirank/info.h>

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <multirank/job.h>

#include "engine/object.h"
#include "memory/segment.h"
#include "message/world.h"
#include "runtime/job/far_arrays.h"
#include "runtime/job/identity.h"
#include "runtime/job/parent.h"
#include "topology/placement.h"

/* ---- versions ------------------------------------------------------------ */

static void library(char *text, size_t size)
{
    snprintf(text, size, "%s", mr_version());
}

static void compiler(char *text, size_t size)
{
#ifdef __clang__
    snprintf(text, size, "%s", __VERSION__); /* it names itself */
#else
    snprintf(text, size, "gcc %s", __VERSION__);
#endif
}

static void operating_system(char *text, size_t size)
{
    struct utsname name;

    if (uname(&name) == 0) {
        snprintf(text, size, "%s %s, %s", name.sysname, name.release,
                 name.machine);
    }
}

/* ---- build --------------------------------------------------------------- */

static void options(char *text, size_t size)
{
    snprintf(text, size, "%s", *MRI_BUILD_OPTIONS ? MRI_BUILD_OPTIONS : "none");
}

static void compiled_with(char *text, size_t size)
{
    snprintf(text, size, "%s", MRI_BUILD_COMPILER);
}

static void debug(char *text, size_t size)
{
#ifdef MRI_DEBUG
    snprintf(text, size, "yes: assertions, and points to be killed at");
#else
    snprintf(text, size, "no");
#endif
}

static void sanitizers(char *text, size_t size)
{
    snprintf(text, size, "%s", MRI_BUILD_SANITIZERS);
}

static void mpi(char *text, size_t size)
{
    snprintf(text, size, "%s", MRI_BUILD_MPI);
}

static void launcher(char *text, size_t size)
{
    snprintf(text, size, "%s", MRI_BUILD_LAUNCHER);
}

/* ---- job ----------------------------------------------------------------- */

static void ranks(char *text, size_t size)
{
    snprintf(text, size, "%u, of which %u share memory here", mri_node.ranks,
             mri_node.count);
}

/* A node is counted at its lowest rank. */
static void nodes(char *text, size_t size)
{
    unsigned int count = 0;

    for (unsigned int rank = 0; rank < mri_node.ranks; rank++) {
        count += mri_node.leaders[rank] == rank;
    }
    snprintf(text, size, "%u", count);
}

static void host(char *text, size_t size)
{
    snprintf(text, size, "%s", mr_host());
}

static void processors(char *text, size_t size)
{
    snprintf(text, size, "%d here", mr_processors());
}

static void memory(char *text, size_t size)
{
    snprintf(text, size, "%lld MiB of each rank",
             (long long)mri_node.allowance >> 20);
}

static void objects(char *text, size_t size)
{
    uint64_t count = 0;

    for (unsigned int i = 0; i < mri_node.count; i++) {
        count += mri_objects_in_use(i);
    }
    snprintf(text, size, "%llu in use here, of %llu", (unsigned long long)count,
             (unsigned long long)mri_node.count * MRI_OBJECTS_MAX);
}

static void far_arrays(char *text, size_t size)
{
    snprintf(text, size, "%s", mri_far_arrays_choice());
}

static void barriers(char *text, size_t size)
{
    snprintf(text, size, "%s",
             mri_enter_with_barrier
                 ? "membarrier(2) is refused, so each call makes one"
                 : "by membarrier(2), so calls need none");
}

static void death(char *text, size_t size)
{
    snprintf(text, size, "%s",
             mri_parent_is_there()
                 ? "outlived by the others, under multirank run"
                 : "the end of the job, as the launcher wills");
}

/* ---- all of them --------------------------------------------------------- */

static const char in_job[] = "job";

static const struct row {
    const char *group;
    const char *name;
    void (*write)(char *text, size_t size);
} table[] = {
    {"versions", "Multirank", library},
    {"versions", "MPI", mri_world_library},
    {"versions", "compiled for", mri_world_compiled_for},
    {"versions", "hwloc", mri_hwloc_versions},
    {"versions", "compiler", compiler},
    {"versions", "system", operating_system},
    {"build", "configure", options},
    {"build", "compiler", compiled_with},
    {"build", "debug", debug},
    {"build", "sanitizers", sanitizers},
    {"build", "MPI", mpi},
    {"build", "launcher", launcher},
    {in_job, "nodes", nodes},
    {in_job, "ranks", ranks},
    {in_job, "host", host},
    {in_job, "processors", processors},
    {in_job, "MPI level", mri_world_level},
    {in_job, "memory", memory},
    {in_job, "objects", objects},
    {in_job, "far slices", far_arrays},
    {in_job, "barriers", barriers},
    {in_job, "lost rank", death},
};

static bool in_a_rank(void)
{
    return mri_here.role == MRI_RANK && mri_here.pid == getpid();
}

bool mr_info_fact(size_t number, mr_fact *fact)
{
    if (number >= sizeof table / sizeof *table || !fact) {
        return false;
    }
    fact->group = table[number].group;
    fact->name = table[number].name;
    fact->text[0] = '\0';
    if (fact->group != in_job || in_a_rank()) {
        table[number].write(fact->text, sizeof fact->text);
    }
    return true;
}
