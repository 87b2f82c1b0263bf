/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the difference between a binding that somebody wished and one that the
 * launcher made because nobody said a word.
 *
 * taskset, numactl, control groups and srun are seen in the mask of the rank
 * itself.  So is the default of Open MPI's mpirun, a core for each of two
 * ranks and a NUMA node or package for each of more, which is nobody's wish
 * and may lie outside of what taskset has left to mpirun (Open MPI 4.1.4): then
 * the mask of the rank's parent counts, the launcher's own.  Open MPI 4.1
 * sets orte_bound_at_launch when it has bound a rank, and prrte of Open MPI 5
 * sets PRTE_LAUNCHED always.
 */
#include "topology/wish.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/settings.h"

#define POLICY "OMPI_MCA_hwloc_base_binding_policy"

/* An option of mpirun reaches the ranks as a variable (measured with Open MPI
 * 4.1.4: --bind-to, --bind-to-core, --cpu-set, --cpu-list, --rankfile and
 * --cpus-per-rank); the last is one for users of Open MPI 5. */
static const char *const asking[] = {
    POLICY,
    "OMPI_MCA_hwloc_base_bind_to_core",
    "OMPI_MCA_hwloc_base_bind_to_socket",
    "OMPI_MCA_hwloc_base_cpu_set",
    "OMPI_MCA_hwloc_base_cpu_list",
    "OMPI_MCA_orte_rankfile",
    "OMPI_MCA_rmaps_base_cpus_per_rank",
    "PRTE_MCA_hwloc_default_binding_policy",
};

static bool was_asked_for(void)
{
    const char *mapping = getenv("OMPI_MCA_rmaps_base_mapping_policy");

    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        if (getenv(asking[i])) {
            return true;
        }
    }
    /* --map-by slot:PE=2 binds each rank to two cores. */
    return mapping && (strstr(mapping, "PE=") || strstr(mapping, "pe="));
}

static bool is_default_of_launcher(void)
{
    return (getenv("OMPI_MCA_orte_bound_at_launch") ||
            getenv("PRTE_LAUNCHED")) &&
           !was_asked_for();
}

void mri_wish_find(mri_wish *wish)
{
    const char *policy = getenv(POLICY);
    mri_processors parents;

    memset(wish, 0, sizeof *wish);
    wish->unbound = policy && strncmp(policy, "none", 4) == 0;
    if (!mri_processors_of(0, &wish->allowed)) {
        return;
    }
    if (is_default_of_launcher() && mri_processors_of(getppid(), &parents)) {
        wish->allowed = parents;
    }
    if (mri_settings()->bind == MRI_BIND_LIST) {
        mri_processors list;

        mri_processors_read(&list, mri_settings()->bind_list);
        wish->missed = !mri_processors_narrow(&wish->allowed, &list);
    }
}
