/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the one-sided transfers that are under way.  Lock: that of messages,
 * which all callers hold.
 */
#include "memory/onesided.h"

#include <stdlib.h>

#include "memory/segment.h"
#include "memory/window.h"
#include "util/log.h"
#include "util/rank_local.h"

typedef struct transfer {
    struct transfer *next;
    MPI_Request request;
    unsigned int rank;
    bool puts;
    mri_onesided_done *done;
    void *user;
} transfer;

bool mri_onesided_gets;
bool mri_onesided_puts;

static MRI_RANK_LOCAL transfer *transfers_of_rank;
#define under_way MRI_OWN(transfers_of_rank)

/* ---- places -------------------------------------------------------------- */

static const mri_arena *arrays_of(mri_ref block)
{
    return &mri_segment_at(mri_segment_of(block))->arrays;
}

uint64_t mri_onesided_place(mri_ref block)
{
    return block - arrays_of(block)->start;
}

bool mri_onesided_covers(mri_ref block)
{
    const mri_arena *arrays = arrays_of(block);

    return block >= arrays->start && block < arrays->end;
}

/* ---- begin --------------------------------------------------------------- */

/* Elements are of 4 or 8 bytes; MPI counts in ints. */
static MPI_Datatype unit_of(uint64_t size, int *count)
{
    bool eights = size % 8 == 0;

    *count = (int)(size / (eights ? 8 : 4));
    return eights ? MPI_INT64_T : MPI_INT32_T;
}

static mr_error begun(int code, transfer *t)
{
    if (code != MPI_SUCCESS) {
        mri_log(MR_LOG_ERROR,
                "a transfer by the MPI window failed (%d); "
                "MR_FAR_ARRAYS=messages does without it",
                code);
        free(t);
        return MR_ERR_MPI;
    }
    t->next = under_way;
    under_way = t;
    return MR_OK;
}

static transfer *make(unsigned int rank, bool puts, mri_onesided_done *done,
                      void *user)
{
    transfer *t = malloc(sizeof *t);

    if (t) {
        *t = (transfer){.request = MPI_REQUEST_NULL,
                        .rank = rank,
                        .puts = puts,
                        .done = done,
                        .user = user};
    }
    return t;
}

mr_error mri_onesided_get(unsigned int rank, uint64_t place, void *out,
                          uint64_t size, mri_onesided_done *done, void *user)
{
    transfer *t = make(rank, false, done, user);
    int count;
    MPI_Datatype unit = unit_of(size, &count);

    return t ? begun(MPI_Rget(out, count, unit, (int)rank, (MPI_Aint)place,
                              count, unit, mri_window, &t->request),
                     t)
             : MR_ERR_NO_MEMORY;
}

mr_error mri_onesided_put(unsigned int rank, uint64_t place, const void *in,
                          uint64_t size, mri_onesided_done *done, void *user)
{
    transfer *t = make(rank, true, done, user);
    int count;
    MPI_Datatype unit = unit_of(size, &count);

    return t ? begun(MPI_Rput(in, count, unit, (int)rank, (MPI_Aint)place,
                              count, unit, mri_window, &t->request),
                     t)
             : MR_ERR_NO_MEMORY;
}

/* ---- completion ---------------------------------------------------------- */

/* The request of a put tells that its memory may be changed again (MPI 3.1,
 * section 11.3.5); what has arrived only a flush tells. */
static bool is_done(transfer *t, mr_error *error)
{
    int done = 0;
    int code = MPI_Test(&t->request, &done, MPI_STATUS_IGNORE);

    if (code == MPI_SUCCESS && done && t->puts) {
        code = MPI_Win_flush((int)t->rank, mri_window);
    }
    *error = code == MPI_SUCCESS ? MR_OK : MR_ERR_MPI;
    return done || code != MPI_SUCCESS;
}

static void conclude(transfer *t, mr_error error)
{
    mri_onesided_done *done = t->done;
    void *user = t->user;

    free(t);
    done(user, error);
}

bool mri_onesided_progress(void)
{
    transfer *all = under_way;
    bool any = false;

    under_way = NULL; /* who is told may begin more */
    while (all) {
        transfer *t = all;
        mr_error error;

        all = t->next;
        if (is_done(t, &error)) {
            conclude(t, error);
            any = true;
        } else {
            t->next = under_way;
            under_way = t;
        }
    }
    return any;
}

void mri_onesided_lose(unsigned int rank)
{
    transfer *all = under_way;

    under_way = NULL;
    while (all) {
        transfer *t = all;

        all = t->next;
        if (t->rank == rank) {
            conclude(t, MR_ERR_OWNER_LOST); /* MPI cannot recall it */
        } else {
            t->next = under_way;
            under_way = t;
        }
    }
}
