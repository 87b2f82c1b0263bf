/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a fork server does about ranks of its node that die.
 *
 * The server of the dead rank ends its processes and itself.  Of the others
 * the first to come mends: when all processes of the dead rank are gone, their
 * records are reaped like those of any process, and all objects of the rank
 * lose their identity.
 */
#include "runtime/server_ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "route/errand.h"
#include "route/object.h"
#include "route/reap.h"
#include "util/clock.h"
#include "util/log.h"

static const int64_t patience = 5000000000; /* for processes to be gone */

typedef struct neighbour {
    int descriptor; /* pidfd; -1: none */
    bool dead;
    bool done;
    int64_t since;
} neighbour;

static neighbour *neighbours;

void mri_ranks_begin(unsigned int own, void (*watch)(int *descriptor))
{
    neighbours = calloc(mri_node.count, sizeof *neighbours);
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        uint64_t id = mri_endpoint_id(1, (unsigned int)mri_segment_at(i)->rank,
                                      MRI_SLOT_RANK);
        uint64_t pid = mri_load(&mri_endpoint_at(id)->pid);

        neighbours[i].descriptor =
            i == own ? -1 : (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
        watch(&neighbours[i].descriptor);
    }
}

void mri_ranks_close(void)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        if (neighbours[i].descriptor >= 0) {
            close(neighbours[i].descriptor);
        }
    }
}

bool mri_ranks_died(const void *descriptor)
{
    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        if (descriptor == &neighbours[i].descriptor) {
            neighbours[i].dead = true;
            neighbours[i].since = mri_now();
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

static void mend(mri_endpoint *row, void *user)
{
    (void)user;
    mri_reap_mend(mri_load(&row->id));
}

static void reap(mri_endpoint *row, void *user)
{
    mri_ref process = mri_load(&row->process);
    mri_gone gone = {.endpoint = mri_load(&row->id),
                     .status = -9,
                     .pid = (int64_t)mri_load(&row->pid)};

    if (process) {
        gone.process = mri_handle_of(mri_at(process));
    }
    mri_store(&row->status, (uint64_t)gone.status);
    mri_store(&row->holds, 1);
    mri_reap(user, &gone);
}

static void tell_others(unsigned int rank)
{
    mri_errand errand = {.what = MRI_ERRAND_LOST, .to = rank};

    if (mri_node.count < mri_node.ranks) {
        (void)!mri_errand_put(&errand, NULL, NULL, MR_FOREVER);
    }
}

static void bury(mri_record *self, unsigned int index)
{
    mri_segment *segment = mri_segment_at(index);
    uint64_t living = 0;

    if (!mri_cas(&segment->lost, &living, 1)) {
        return; /* another server was first */
    }
    mri_log(MR_LOG_ERROR, "rank %u has died; its objects are lost",
            (unsigned int)segment->rank);
    visit_endpoints(index, mend, NULL);
    mri_objects_lose(self, index);
    visit_endpoints(index, reap, self);
    tell_others((unsigned int)segment->rank);
}

bool mri_ranks_tend(mri_record *self)
{
    bool again = false;

    for (unsigned int i = 0; neighbours && i < mri_node.count; i++) {
        neighbour *n = &neighbours[i];
        bool all_gone = true;

        if (!n->dead || n->done) {
            continue;
        }
        visit_endpoints(i, look_if_gone, &all_gone);
        if (all_gone || mri_now() - n->since > patience) {
            n->done = true;
            bury(self, i);
        } else {
            again = true;
        }
    }
    return again;
}
