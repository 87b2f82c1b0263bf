/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the changes of the state of a process that its rank makes, and the
 * process that stands for the main of a rank.
 */
#include "runtime/server/process_state.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/wait.h"
#include "memory/record.h"

_Static_assert(sizeof(mri_process_body) <= MRI_BODY, "fits into a row");

void mri_process_set_state(mri_record *self, mri_object *process,
                           mri_process_state state)
{
    mri_swap(&mri_process_of(process)->state, state);
    mri_wake_all(self, process, 0);
}

mri_object *mri_process_of_endpoint(uint64_t endpoint)
{
    unsigned int rank = mri_endpoint_rank(endpoint);
    mri_ref process = mri_load(&mri_endpoint_at(endpoint)->process);

    if (mri_endpoint_slot(endpoint) == MRI_SLOT_RANK) {
        return mri_row(mri_main_of(rank));
    }
    return process ? mri_at(process) : NULL;
}

/* ---- the main of a rank -------------------------------------------------- */

mr_error mri_main_format(mri_record *self, unsigned int rank)
{
    char name[MR_NAME_SIZE + 1] = "MainProcess";
    unsigned int index = mri_index_of(rank);
    mri_object *object = NULL;
    mri_process_body *body;
    mr_error error = mri_object_build(self, index, MRI_PROCESS, &object);

    if (error) {
        return error;
    }
    if (rank > 0) {
        snprintf(name, MR_NAME_SIZE, "Rank-%u", rank);
    }
    body = mri_process_of(object);
    body->names_size = strlen(name) + 2; /* the path is empty */
    error = mri_allocate(self, index, MRI_RESERVE,
                         mri_process_argument_at(body), 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    memcpy(
        ((mri_process_detail *)mri_at(mri_peek(&self->owned[0].block)))->names,
        name, body->names_size);
    mri_object_detail(self, object);
    mri_store(&body->state, MRI_RUNNING);
    mri_store(&body->pid, (uint64_t)getpid());
    mri_store(&body->status, (uint64_t)MRI_STATUS_UNKNOWN);
    mri_object_publish(self, object);
    assert(object == mri_row(mri_main_of(rank)));
    return MR_OK;
}

void mri_main_end(void)
{
    mri_record *self = mri_self();

    if (self) {
        mri_process_set_state(
            self, mri_process_of_endpoint(mri_self_endpoint()), MRI_ENDED);
    }
}
