/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the transport over MPI: two communicators, and a ring of receives for
 * short messages from anybody.
 *
 * The receives of the ring are posted in its order, and a message matches the
 * first that is posted (MPI 3.1, section 3.5), so the ring is the order of
 * arrival, and only its oldest receive needs to be looked at.  As short
 * messages have a communicator of their own, any tag matches, and the tag says
 * which channel it is.  Persistent receives are 0.1 us faster than new ones.
 *
 * The caller holds the lock of the messages: MPI_THREAD_SERIALIZED.
 */
#include "message/mpi_transport.h"

#include <stdlib.h>
#include <string.h>

#include "util/fault.h"
#include "util/log.h"

enum { RING = 32, ALIGNMENT = 64 };

typedef struct mpi_transport {
    MPI_Comm shorts;
    MPI_Comm others; /* the tag is the channel */
    MPI_Request ring[RING];
    unsigned char *slots; /* of MRI_SHORT_MAX bytes */
    unsigned int oldest;
    bool handed_out; /* the oldest is */
} mpi_transport;

_Static_assert(sizeof(MPI_Request) <= sizeof(mri_pending),
               "an MPI_Request fits into mri_pending");
_Static_assert(MRI_SHORT_MAX % ALIGNMENT == 0, "all slots are aligned");

mr_error mri_mpi_error(const char *call, int code)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;

    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) {
        text[0] = '\0';
    }
    return mri_fail(MR_ERR_MPI, MR_LOG_ERROR, "%s failed: %s", call, text);
}

/* ---- operations ---------------------------------------------------------- */

static mr_error begun(const char *call, int code, MPI_Request request,
                      mri_pending *pending)
{
    if (code != MPI_SUCCESS) {
        return mri_mpi_error(call, code);
    }
    memcpy(pending, &request, sizeof request);
    return MR_OK;
}

static mr_error send_bytes(void *self, unsigned int to, unsigned int channel,
                           const void *bytes, size_t size, mri_pending *pending)
{
    const mpi_transport *mpi = self;
    MPI_Request request = MPI_REQUEST_NULL;
    int code = MPI_Isend(bytes, (int)size, MPI_BYTE, (int)to, (int)channel,
                         channel <= MRI_CHANNEL_ANNOUNCEMENT ? mpi->shorts
                                                             : mpi->others,
                         &request);

    return begun("MPI_Isend", code, request, pending);
}

static mr_error receive_bytes(void *self, unsigned int from,
                              unsigned int channel, void *bytes, size_t size,
                              mri_pending *pending)
{
    const mpi_transport *mpi = self;
    MPI_Request request = MPI_REQUEST_NULL;
    int code = MPI_Irecv(bytes, (int)size, MPI_BYTE, (int)from, (int)channel,
                         mpi->others, &request);

    return begun("MPI_Irecv", code, request, pending);
}

static bool test_operation(void *self, mri_pending *pending, mr_error *error)
{
    MPI_Request request;
    int done = 0;
    int code;

    (void)self;
    memcpy(&request, pending, sizeof request);
    code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    memcpy(pending, &request, sizeof request);
    if (code != MPI_SUCCESS) {
        *error = mri_mpi_error("MPI_Test", code);
        return true;
    }
    *error = MR_OK;
    return done;
}

/* A receive that is cancelled completes; what goes on is left to MPI. */
static bool cancel_operation(void *self, mri_pending *pending)
{
    MPI_Request request;
    mr_error error;

    memcpy(&request, pending, sizeof request);
    MPI_Cancel(&request);
    return test_operation(self, pending, &error);
}

/* ---- short messages ------------------------------------------------------ */

/* Post the oldest receive again; it becomes the newest. */
static bool ring_turn(mpi_transport *mpi)
{
    int code = MPI_Start(&mpi->ring[mpi->oldest]);

    if (code != MPI_SUCCESS) {
        mri_mpi_error("MPI_Start", code);
        return false;
    }
    mpi->handed_out = false;
    mpi->oldest = (mpi->oldest + 1) % RING;
    return true;
}

static bool next_short(void *self, mri_arrival *arrival)
{
    mpi_transport *mpi = self;
    MPI_Status status;
    int done = 0;
    int size = 0;
    int code;

    if (mpi->handed_out && !ring_turn(mpi)) {
        return false;
    }
    code = MPI_Test(&mpi->ring[mpi->oldest], &done, &status);
    if (code != MPI_SUCCESS) {
        mri_mpi_error("MPI_Test", code);
        mpi->handed_out = true; /* nobody has it, but it is used up */
        return false;
    }
    if (!done) {
        return false;
    }
    mpi->handed_out = true;
    MPI_Get_count(&status, MPI_BYTE, &size);
    arrival->from = (unsigned int)status.MPI_SOURCE;
    arrival->channel = (mri_channel)status.MPI_TAG;
    arrival->bytes = mpi->slots + (size_t)mpi->oldest * MRI_SHORT_MAX;
    arrival->size = (size_t)size;
    return true;
}

static mr_error ring_begin(mpi_transport *mpi)
{
    mpi->slots = mri_fault_allocation()
                     ? NULL
                     : aligned_alloc(ALIGNMENT, (size_t)RING * MRI_SHORT_MAX);
    if (!mpi->slots) {
        return MR_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < RING; i++) {
        int code = MPI_Recv_init(mpi->slots + i * MRI_SHORT_MAX, MRI_SHORT_MAX,
                                 MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG,
                                 mpi->shorts, &mpi->ring[i]);

        if (code != MPI_SUCCESS) {
            return mri_mpi_error("MPI_Recv_init", code);
        }
        code = MPI_Start(&mpi->ring[i]);
        if (code != MPI_SUCCESS) {
            return mri_mpi_error("MPI_Start", code);
        }
    }
    return MR_OK;
}

/* Cancelling one that is used up is an error of MPI, not so freeing it. */
static void ring_end(mpi_transport *mpi)
{
    for (unsigned int i = 0; i < RING; i++) {
        if (mpi->ring[i] == MPI_REQUEST_NULL) {
            continue;
        }
        if (!(mpi->handed_out && i == mpi->oldest)) {
            MPI_Cancel(&mpi->ring[i]);
            MPI_Wait(&mpi->ring[i], MPI_STATUS_IGNORE);
        }
        MPI_Request_free(&mpi->ring[i]);
    }
    free(mpi->slots);
    mpi->slots = NULL;
}

/* ---- begin and end ------------------------------------------------------- */

static mpi_transport of_process = {.shorts = MPI_COMM_NULL,
                                   .others = MPI_COMM_NULL};

static const mri_transport over_mpi = {.name = "mpi",
                                       .self = &of_process,
                                       .send = send_bytes,
                                       .receive = receive_bytes,
                                       .test = test_operation,
                                       .cancel = cancel_operation,
                                       .next = next_short};

static mr_error communicator_dup(MPI_Comm from, MPI_Comm *to)
{
    int code = MPI_Comm_dup(from, to);

    if (code != MPI_SUCCESS) {
        *to = MPI_COMM_NULL;
        return mri_mpi_error("MPI_Comm_dup", code);
    }
    MPI_Comm_set_errhandler(*to, MPI_ERRORS_RETURN);
    return MR_OK;
}

mr_error mri_mpi_begin(MPI_Comm communicator, const mri_transport **transport)
{
    mpi_transport *mpi = &of_process;
    mr_error error;

    mpi->oldest = 0;
    mpi->handed_out = false;
    for (unsigned int i = 0; i < RING; i++) {
        mpi->ring[i] = MPI_REQUEST_NULL;
    }
    error = communicator_dup(communicator, &mpi->shorts);
    if (error == MR_OK) {
        error = communicator_dup(communicator, &mpi->others);
    }
    if (error == MR_OK) {
        error = ring_begin(mpi);
    }
    if (error == MR_OK) {
        *transport = &over_mpi;
    }
    return error;
}

void mri_mpi_end(void)
{
    mpi_transport *mpi = &of_process;

    ring_end(mpi);
    if (mpi->others != MPI_COMM_NULL) {
        MPI_Comm_free(&mpi->others);
    }
    if (mpi->shorts != MPI_COMM_NULL) {
        MPI_Comm_free(&mpi->shorts);
    }
}
