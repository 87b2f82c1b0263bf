/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the window over array memory: how it is made, shown to work, and freed.
 *
 * Access is passive: one epoch with all ranks lasts from the proof to the end
 * of the job.  Nobody takes the window's locks for himself, which is what
 * MPI_MODE_NOCHECK promises.
 */
#include "memory/window.h"

#include <stdlib.h>

#include "memory/record.h"
#include "memory/segment.h"
#include "util/clock.h"
#include "util/log.h"

enum { PROOF_WORDS = 512, PATIENCE = 3 }; /* seconds for a transfer */

MPI_Win mri_window = MPI_WIN_NULL;

static bool is_open; /* for access */

/* What the proof reads; MPI may write to it after we gave up. */
static int64_t copy[PROOF_WORDS];

mr_error mri_window_create(MPI_Comm communicator, unsigned int index)
{
    mri_segment *segment = mri_segment_at(index);
    MPI_Aint size = (MPI_Aint)(segment->arrays.end - segment->arrays.start);
    int error = MPI_Win_create(mri_at(segment->arrays.start), size, 1,
                               MPI_INFO_NULL, communicator, &mri_window);

    if (error != MPI_SUCCESS) {
        mri_window = MPI_WIN_NULL;
        mri_log(MR_LOG_INFO,
                "MPI_Win_create failed, so Arrays travel by messages; does "
                "OMPI_MCA_osc exclude all components?");
        return MR_ERR_MPI;
    }
    MPI_Win_set_errhandler(mri_window, MPI_ERRORS_RETURN);
    return MR_OK;
}

void mri_window_free(void)
{
    if (is_open) {
        MPI_Win_unlock_all(mri_window);
        is_open = false;
    }
    if (mri_window != MPI_WIN_NULL) {
        MPI_Win_free(&mri_window);
    }
}

/* ---- the proof ----------------------------------------------------------- */

static int64_t word_of(unsigned int rank, int i)
{
    return (int64_t)((uint64_t)rank + 1) * 0x9e3779b97f4a7c15 + i;
}

/* What a rank puts there has other words than what it finds. */
static int64_t answer_of(unsigned int rank, int i)
{
    return ~word_of(rank, i);
}

static bool equals(unsigned int rank, int64_t (*expected)(unsigned int, int))
{
    for (int i = 0; i < PROOF_WORDS; i++) {
        if (copy[i] != expected(rank, i)) {
            return false;
        }
    }
    return true;
}

/* Loads and stores of the owner and transfers meet in one memory? */
static bool is_unified(void)
{
    int *model;
    int found = 0;

    return MPI_Win_get_attr(mri_window, MPI_WIN_MODEL, &model, &found) ==
               MPI_SUCCESS &&
           found && *model == MPI_WIN_UNIFIED;
}

/* True: in time. */
static bool await(int code, MPI_Request *request)
{
    int64_t end = mri_now() + PATIENCE * INT64_C(1000000000);
    int done = 0;

    while (code == MPI_SUCCESS && !done && mri_now() < end) {
        code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
    }
    return done && code == MPI_SUCCESS;
}

static bool get(unsigned int rank, int64_t place)
{
    MPI_Request request = MPI_REQUEST_NULL;

    return await(MPI_Rget(copy, PROOF_WORDS, MPI_INT64_T, (int)rank,
                          (MPI_Aint)place, PROOF_WORDS, MPI_INT64_T, mri_window,
                          &request),
                 &request);
}

static bool put(unsigned int rank, int64_t place)
{
    MPI_Request request = MPI_REQUEST_NULL;

    for (int i = 0; i < PROOF_WORDS; i++) {
        copy[i] = answer_of(rank, i);
    }
    return await(MPI_Rput(copy, PROOF_WORDS, MPI_INT64_T, (int)rank,
                          (MPI_Aint)place, PROOF_WORDS, MPI_INT64_T, mri_window,
                          &request),
                 &request) &&
           MPI_Win_flush((int)rank, mri_window) == MPI_SUCCESS;
}

/* All ranks know whether all are content; who waits here serves the others. */
static bool all_are(MPI_Comm communicator, bool content)
{
    int mine = content;
    int least = 0;

    return MPI_Allreduce(&mine, &least, 1, MPI_INT, MPI_MIN, communicator) ==
               MPI_SUCCESS &&
           least;
}

/* Memory for the proof; the place of every rank's. */
static bool prepare(MPI_Comm communicator, unsigned int rank, int64_t *places)
{
    mri_record *self = mri_self();
    bool ready = mri_allocate(self, mri_index_of(rank), MRI_ARRAYS,
                              sizeof copy * 2, 0) == MR_OK;
    int64_t place = 0;

    if (ready) {
        mri_ref block = mri_peek(&self->owned[0].block);
        int64_t *words = mri_at(block);

        place = (int64_t)(block -
                          mri_segment_at(mri_segment_of(block))->arrays.start);
        for (int i = 0; i < PROOF_WORDS; i++) {
            words[i] = word_of(rank, i);
            words[PROOF_WORDS + i] = 0;
        }
    }
    MPI_Allgather(&place, 1, MPI_INT64_T, places, 1, MPI_INT64_T, communicator);
    return all_are(communicator, ready && is_unified());
}

/* A rank of another node: the next one. */
static unsigned int partner_of(unsigned int rank)
{
    unsigned int other = rank;

    do {
        other = (other + 1) % mri_node.ranks;
    } while (!mri_is_far(other) && other != rank);
    return other;
}

static bool prove(MPI_Comm communicator, unsigned int rank, bool puts,
                  int64_t *places)
{
    unsigned int partner = partner_of(rank);
    bool proven;

    if (!prepare(communicator, rank, places) ||
        !all_are(communicator, MPI_Win_lock_all(MPI_MODE_NOCHECK, mri_window) ==
                                   MPI_SUCCESS)) {
        return false;
    }
    is_open = true;
    proven = all_are(communicator,
                     get(partner, places[partner]) && equals(partner, word_of));
    if (proven && puts) {
        int64_t second = places[partner] + (int64_t)sizeof copy;

        proven = put(partner, second);
        for (int i = 0; i < PROOF_WORDS; i++) {
            copy[i] = 0;
        }
        proven = all_are(communicator, proven && get(partner, second) &&
                                           equals(partner, answer_of));
    }
    return proven;
}

bool mri_window_prove(MPI_Comm communicator, unsigned int rank, bool puts)
{
    int64_t *places = calloc(mri_node.ranks, sizeof *places);
    bool proven = all_are(communicator, places != NULL) &&
                  prove(communicator, rank, puts, places);

    mri_owned_free(mri_self(), 0);
    free(places);
    if (!proven && is_open) {
        /* What did not end would keep MPI from closing it. */
        mri_window = MPI_WIN_NULL;
        is_open = false;
    }
    return proven;
}
