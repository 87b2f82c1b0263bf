/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the ranks of a machine come to their placements: each says where it
 * may run, the first of them loads the topology and plans for all, and rank 0
 * is told what users should know.  A job in which each rank is taken for a node
 * of its own is planned by machines all the same.
 */
#include "runtime/job/place_ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/world.h"
#include "runtime/job/identity.h"
#include "runtime/job/task_threads.h"
#include "topology/allowed.h"
#include "util/log.h"
#include "util/settings.h"
#include "util/thread.h"

mri_placement mri_my_placement;

/* What is told to rank 0 by the first rank of each machine. */
typedef struct report {
    mri_placement_summary summary;
    uint32_t missed; /* ranks for which MR_BIND lists nothing */
    char host[sizeof mri_here.host];
} report;

static int binding_for(const mri_allowed *allowed)
{
    int64_t bind = mri_settings()->bind;

    return bind == MRI_BIND_AUTO && allowed->unbound ? MRI_BIND_NONE
                                                     : (int)bind;
}

/* A set without processors is not known, and everything stays as it is. */
static bool known(const mri_processors *set)
{
    return mri_processors_count(set) > 0;
}

static void log_placement(const mri_placement *placement)
{
    char bound[256];
    char allowed[256];

    mri_processors_write(&placement->bound, bound, sizeof bound);
    mri_processors_write(&placement->allowed, allowed, sizeof allowed);
    mri_log(MR_LOG_DEBUG,
            "this rank runs on processors %s, its processes on %s; a task "
            "may use %u threads",
            bound, allowed, placement->cores);
}

/* Threads that MPI has started are where the launcher bound it, which may be
 * nowhere near; what is allocated from now on is to lie near the rank. */
static void take(const mri_placement *placement)
{
    mri_processors now;

    mri_my_placement = *placement;
    log_placement(placement);
    if (known(&placement->allowed)) {
        mri_threads_run_on(&mri_my_placement.threads,
                           sizeof mri_my_placement.threads);
        if (mri_processors_of(0, &now) &&
            !mri_processors_same(&now, &placement->allowed)) {
            mri_processors_bind_all(&placement->allowed);
        }
    }
    if (known(&placement->bound) &&
        !mri_processors_bind(0, &placement->bound)) {
        mri_log(MR_LOG_INFO, "the system does not let this rank be bound");
    }
    mri_task_threads_suggest(placement->cores);
}

/* Where each rank counts as a node of its own, its processes stay off the
 * processors of the other nodes.  Beside its own rank a process also gets its
 * reply in half the time: the service thread wakes it without an interrupt to
 * another processor. */
static void keep_apart(mri_placement *placements, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        placements[i].allowed = placements[i].threads;
    }
}

/* On the first rank of a machine; *placements has one for each, or NULL. */
static mr_error plan(const mri_allowed *allowed_sets, report *said,
                     mri_placement **placements)
{
    unsigned int count = mri_all.local_ranks;

    *placements = calloc(count, sizeof **placements);
    if (!*placements) {
        return MR_ERR_NO_MEMORY;
    }
    for (unsigned int i = 0; i < count; i++) {
        (*placements)[i].allowed = allowed_sets[i].allowed;
        said->missed += allowed_sets[i].missed;
    }
    mri_placements_plan(binding_for(&allowed_sets[0]), *placements, count,
                        &said->summary);
    if (mri_settings()->route == MRI_ROUTE_FAR) {
        keep_apart(*placements, count);
    }
    memcpy(said->host, mri_here.host, sizeof said->host);
    return MR_OK;
}

/* The other ranks of MPI compute meanwhile, where the launcher has bound them:
 * so the ranks of this job stay where they are bound, too. */
static unsigned int kept(void)
{
    return mri_all.is_part ? MRI_ASKED : 0;
}

/* Collective over the machine. */
static mr_error take_together(report *said)
{
    mri_allowed mine;
    mri_allowed *allowed_sets = NULL;
    mri_placement *placements = NULL;
    mri_placement placement;
    mr_error error = MR_OK;

    mri_allowed_find(&mine, mri_world_unite(mri_allowed_asked() | kept()));
    if (mri_all.local_rank == 0) {
        allowed_sets = calloc(mri_all.local_ranks, sizeof *allowed_sets);
        error = allowed_sets ? MR_OK : MR_ERR_NO_MEMORY;
    }
    error = mri_agree(error);
    if (!error) {
        mri_machine_gather(&mine, allowed_sets, sizeof mine);
        error = allowed_sets ? plan(allowed_sets, said, &placements) : MR_OK;
        error = mri_agree(error);
    }
    if (!error) {
        mri_machine_scatter(placements, &placement, sizeof placement);
        mri_machine_broadcast(&said->summary, sizeof said->summary);
        take(&placement);
    }
    free(allowed_sets);
    free(placements);
    return error;
}

/* "on node1", or "on node1 and 3 more hosts". */
static void name_hosts(char *text, size_t size, const char *first,
                       unsigned int hosts)
{
    if (hosts > 1) {
        snprintf(text, size, "on %s and %u more host%s", first, hosts - 1,
                 hosts > 2 ? "s" : "");
    } else {
        snprintf(text, size, "on %s", first);
    }
}

static void tell_of_missed(const report *first, unsigned int hosts)
{
    char where[128];

    if (hosts) {
        name_hosts(where, sizeof where, first->host, hosts);
        mri_log(MR_LOG_WARNING,
                "MR_BIND=%s lists no processor that the job may use %s; it is "
                "ignored there",
                mri_settings()->bind_list, where);
    }
}

static void tell_of_crowded(const report *first, unsigned int hosts)
{
    char where[128];

    if (hosts) {
        name_hosts(where, sizeof where, first->host, hosts);
        mri_log(MR_LOG_WARNING,
                "%u ranks share %u processor%s %s, so none is bound and they "
                "take turns; start fewer, or set MR_BIND=none to silence this",
                first->summary.ranks, first->summary.processors,
                first->summary.processors == 1 ? "" : "s", where);
    }
}

/* Once for the job, however many hosts and ranks it has. */
static void tell(const report *reports, unsigned int count)
{
    const report *missed = NULL;
    const report *crowded = NULL;
    unsigned int missed_hosts = 0;
    unsigned int crowded_hosts = 0;

    for (unsigned int i = 0; i < count; i++) {
        if (reports[i].missed) {
            missed = missed ? missed : &reports[i];
            missed_hosts++;
        }
        if (reports[i].summary.crowded && *reports[i].host) {
            crowded = crowded ? crowded : &reports[i];
            crowded_hosts++;
        }
    }
    tell_of_missed(missed, missed_hosts);
    tell_of_crowded(crowded, crowded_hosts);
}

mr_error mri_place_ranks(unsigned int *processors)
{
    report mine = {.missed = 0};
    void *all = NULL;
    mr_error error = take_together(&mine);

    if (error) {
        return error;
    }
    *processors = mine.summary.processors;
    if (mri_all.local_ranks == mri_all.size) {
        if (mri_all.rank == 0) {
            tell(&mine, 1);
        }
        return MR_OK;
    }
    error = mri_world_gather(&mine, sizeof mine, &all);
    if (all) {
        tell(all, mri_all.size);
    }
    free(all);
    return error;
}

void mri_place_server(const mri_placement *placement)
{
    mri_my_placement = *placement;
    if (known(&placement->allowed)) {
        mri_processors_bind(0, &placement->allowed);
    }
    mri_task_threads_suggest(placement->cores);
}

void mri_place_worker(pid_t process, unsigned int workers)
{
    const mri_processors *set =
        mri_placement_for_workers(&mri_my_placement, workers);

    if (known(set)) {
        mri_processors_bind(process, set);
    }
}
