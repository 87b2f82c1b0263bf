/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a fork server does about ranks of its node that die.
 *
 * The server of the dead rank ends its processes and itself.  When all these
 * are gone, the first of the others claims the dead rank: it writes itself into
 * the table of liveness, repairs the records, says who died, takes their
 * identity from all objects of the rank and reaps the records like those of any
 * process.  If the one who claimed dies too, another claims it again; all of
 * that may be done twice.  The ranks of the node read the table and tell the
 * others, whichever server it was.
 *
 * Repairing needs no latch, and so is done also by a server that waits for one,
 * which the dead rank may hold.
 */
#include "runtime/server/node_ranks.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/object.h"
#include "engine/reaper.h"
#include "memory/liveness.h"
#include "runtime/job/abort.h"
#include "runtime/job/identity.h"
#include "runtime/server/exit_status.h"
#include "util/clock.h"
#include "util/log.h"

static const int64_t patience = 5000000000; /* for processes to be gone */

typedef struct neighbour {
    int descriptor; /* pidfd; -1: none */
    bool dead;
    bool mine; /* claimed by this server */
    bool done;
    int64_t status; /* how it ended */
    int64_t since;
} neighbour;

static neighbour *neighbours;
static unsigned int own_index;

static unsigned int rank_of(unsigned int index)
{
    return (unsigned int)mri_segment_at(index)->rank;
}

static uint64_t endpoint_of(unsigned int index)
{
    return mri_endpoint_id(1, rank_of(index), MRI_SLOT_RANK);
}

static pid_t pid_of_rank(unsigned int index)
{
    return (pid_t)mri_load(&mri_endpoint_at(endpoint_of(index))->pid);
}

void mri_node_ranks_begin(unsigned int own, void (*watch)(int *descriptor))
{
    neighbours = calloc(mri_node.count, sizeof *neighbours);
    own_index = own;
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        neighbours[i].descriptor =
            i == own ? -1 : (int)syscall(SYS_pidfd_open, pid_of_rank(i), 0);
        watch(&neighbours[i].descriptor);
    }
}

void mri_node_ranks_close(void)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        if (neighbours[i].descriptor >= 0) {
            close(neighbours[i].descriptor);
        }
    }
}

bool mri_node_ranks_died(const void *descriptor)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        if (descriptor == &neighbours[i].descriptor) {
            neighbours[i].dead = true;
            neighbours[i].since = mri_now();
            neighbours[i].status =
                mri_exit_status_find(neighbours[i].descriptor, pid_of_rank(i));
            close(neighbours[i].descriptor);
            neighbours[i].descriptor = -1;
            return true;
        }
    }
    return false;
}

/* Dead, if only waited for by somebody who does not. */
static bool is_gone(uint64_t pid)
{
    char path[64];
    char state = 'X';
    FILE *file;

    snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            state = 'X';
        }
        fclose(file);
    }
    return state == 'X' || state == 'Z';
}

static void visit_endpoints(unsigned int index,
                            void (*visit)(mri_endpoint *row, void *user),
                            void *user)
{
    mri_table *table = &mri_segment_at(index)->endpoints;

    for (uint64_t i = 0; i < mri_load(&table->backed); i++) {
        mri_endpoint *row = mri_table_row(table, i);

        if (mri_load(&row->id)) {
            visit(row, user);
        }
    }
}

static void look_if_gone(mri_endpoint *row, void *user)
{
    bool *all = user;

    *all &= is_gone(mri_load(&row->pid));
}

static void repair(mri_endpoint *row, void *user)
{
    (void)user;
    mri_reap_repair(mri_load(&row->id));
}

/* Its server has killed the processes. */
static int64_t status_of(uint64_t endpoint)
{
    unsigned int index = mri_index_of(mri_endpoint_rank(endpoint));

    return mri_endpoint_slot(endpoint) == MRI_SLOT_RANK
               ? neighbours[index].status
               : -SIGKILL;
}

static void reap(mri_endpoint *row, void *user)
{
    mri_ref process = mri_load(&row->process);
    mri_gone gone = {.endpoint = mri_load(&row->id),
                     .status = status_of(mri_load(&row->id)),
                     .pid = (int64_t)mri_load(&row->pid)};

    if (process) {
        gone.process = mri_handle_of(mri_at(process));
    }
    mri_store(&row->status, (uint64_t)gone.status);
    mri_store(&row->holds, 1);
    mri_reap(user, &gone);
}

/* Whether the task in it was the cause or not, it is where to look. */
static void say_who_died(unsigned int index)
{
    char doing[96];

    if (mri_job_is_aborted()) {
        return;
    }
    mri_reap_describe(endpoint_of(index), doing, sizeof doing);
    mri_log(MR_LOG_ERROR,
            "rank %u on %s, process %d, has died%s; its objects are lost",
            (unsigned int)mri_segment_at(index)->rank, mri_here.host,
            (int)pid_of_rank(index), doing);
}

static bool all_gone(unsigned int index)
{
    const neighbour *n = &neighbours[index];
    bool all = true;

    if (!n->dead) {
        return false;
    }
    visit_endpoints(index, look_if_gone, &all);
    return all || mri_now() - n->since > patience;
}

static void claim(unsigned int index)
{
    neighbour *n = &neighbours[index];
    unsigned int rank = rank_of(index);
    uint64_t life = mri_load(mri_life_of(rank));

    if (n->done || n->mine || !all_gone(index)) {
        return;
    }
    n->done = life == MRI_DEAD || life == MRI_LEFT;
    if (n->done ||
        (life >= MRI_CLAIMED && !all_gone((unsigned int)life - MRI_CLAIMED))) {
        return;
    }
    n->mine = mri_life_claim(rank, life, own_index);
    if (n->mine) {
        say_who_died(index);
        visit_endpoints(index, repair, NULL);
    }
}

static void claim_all(void)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        claim(i);
    }
}

static void conclude(mri_record *self, unsigned int index)
{
    mri_objects_lose(self, index);
    visit_endpoints(index, reap, self);
    mri_life_end(rank_of(index));
    neighbours[index].done = true;
}

bool mri_node_ranks_run(mri_record *self)
{
    bool again = false;

    claim_all();
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        if (neighbours[i].mine && !neighbours[i].done) {
            conclude(self, i);
        }
        again |= neighbours[i].dead && !neighbours[i].done;
    }
    return again;
}

void mri_node_ranks_repair(void)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        struct pollfd event = {.fd = neighbours[i].descriptor,
                               .events = POLLIN};

        if (event.fd >= 0 && poll(&event, 1, 0) == 1) {
            mri_node_ranks_died(&neighbours[i].descriptor);
        }
    }
    claim_all();
}

void mri_node_ranks_report_own_death(void)
{
    char doing[96];

    mri_reap_describe(endpoint_of(own_index), doing, sizeof doing);
    if (mri_node.count == 1 && *doing) {
        say_who_died(own_index);
    }
}
