/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the difference between a binding that the user asked for and one that
 * the launcher made because nobody said a word.
 *
 * taskset, numactl, control groups and srun are seen in the mask of the rank
 * itself.  So is the default of Open MPI's mpirun, a core for each of two
 * ranks and a NUMA node or package for each of more, which is nobody's choice
 * and may lie outside of what taskset has left to mpirun (Open MPI 4.1.4): then
 * the mask of the rank's parent counts, the launcher's own.  Open MPI 4.1
 * sets orte_bound_at_launch when it has bound a rank, and prrte of Open MPI 5
 * sets PRTE_LAUNCHED always.
 *
 * Open MPI 4.1 tells ranks by variables what mpirun was asked for.  5.0.11 does
 * not; there the command line and the environment of the parent tell, where it
 * is mpirun itself.
 */
#include "topology/allowed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/settings.h"

#define POLICY "OMPI_MCA_hwloc_base_binding_policy"
#define PRRTE "PRTE_MCA_"

/* An option of mpirun reaches the ranks as a variable (measured with Open MPI
 * 4.1.4: --bind-to, --bind-to-core, --cpu-set, --cpu-list, --rankfile and
 * --cpus-per-rank). */
static const char *const asking[] = {
    POLICY,
    "OMPI_MCA_hwloc_base_bind_to_core",
    "OMPI_MCA_hwloc_base_bind_to_socket",
    "OMPI_MCA_hwloc_base_cpu_set",
    "OMPI_MCA_hwloc_base_cpu_list",
    "OMPI_MCA_orte_rankfile",
    "OMPI_MCA_rmaps_base_cpus_per_rank",
};

/* How the same begins for Open MPI 5, without dashes. */
static const char *const options[] = {
    "bind-to",  "cpu-set",       "cpu-list",
    "rankfile", "cpus-per-rank", "hwloc_default_binding_policy"};

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* --map-by slot:PE=2 binds each rank to two cores. */
static bool binds(const char *mapping)
{
    return strstr(mapping, "PE=") || strstr(mapping, "pe=");
}

static unsigned int bits_for(const char *policy)
{
    return MRI_ASKED | (begins(policy, "none") ? MRI_ASKED_UNBOUND : 0);
}

static unsigned int asked_by_variable(void)
{
    const char *policy = getenv(POLICY);
    const char *mapping = getenv("OMPI_MCA_rmaps_base_mapping_policy");

    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        if (getenv(asking[i])) {
            return bits_for(policy ? policy : "");
        }
    }
    return mapping && binds(mapping) ? MRI_ASKED : 0;
}

static unsigned int asked_by_option(const char *option, const char *value)
{
    option += begins(option, PRRTE) ? strlen(PRRTE) : strspn(option, "-");
    if (begins(option, "map-by")) {
        return binds(value) ? MRI_ASKED : 0;
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (begins(option, options[i])) {
            return bits_for(value);
        }
    }
    return 0;
}

/* The words of a file of the parent in /proc: each may be an option whose value
 * is the next, or is in it behind a sign of equality. */
static unsigned int asked_of_parent(const char *name)
{
    char path[64];
    char before[64] = "";
    char *word = NULL;
    size_t room = 0;
    unsigned int bits = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)getppid(), name);
    file = fopen(path, "re");
    while (file && getdelim(&word, &room, '\0', file) > 0) {
        const char *equal = strchr(word, '=');

        bits |= asked_by_option(before, word);
        bits |= equal ? asked_by_option(word, equal + 1) : 0;
        snprintf(before, sizeof before, "%s", word);
    }
    free(word);
    if (file) {
        fclose(file);
    }
    return bits;
}

unsigned int mri_allowed_asked(void)
{
    unsigned int bits = asked_by_variable();

    if (getenv("PRTE_LAUNCHED")) {
        bits |= asked_of_parent("cmdline") | asked_of_parent("environ");
    }
    return bits;
}

static bool is_bound_by_launcher(void)
{
    return getenv("OMPI_MCA_orte_bound_at_launch") || getenv("PRTE_LAUNCHED");
}

void mri_allowed_find(mri_allowed *found, unsigned int asked)
{
    mri_processors parents;

    memset(found, 0, sizeof *found);
    found->unbound = asked & MRI_ASKED_UNBOUND;
    if (!mri_processors_of(0, &found->allowed)) {
        return;
    }
    if (!(asked & MRI_ASKED) && is_bound_by_launcher() &&
        mri_processors_of(getppid(), &parents)) {
        found->allowed = parents;
    }
    if (mri_settings()->bind == MRI_BIND_LIST) {
        mri_processors list;

        mri_processors_read(&list, mri_settings()->bind_list);
        found->missed = !mri_processors_narrow(&found->allowed, &list);
    }
}
