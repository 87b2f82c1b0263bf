/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the window over array memory.
 */
#include "memory/window.h"

#include "memory/segment.h"
#include "util/log.h"

static MPI_Win window = MPI_WIN_NULL;

mr_error mri_window_create(MPI_Comm communicator, unsigned int index)
{
    mri_segment *segment = mri_segment_at(index);
    MPI_Aint size = (MPI_Aint)(segment->arrays.end - segment->arrays.start);
    int error = MPI_Win_create(mri_at(segment->arrays.start), size, 1,
                               MPI_INFO_NULL, communicator, &window);

    if (error != MPI_SUCCESS) {
        window = MPI_WIN_NULL;
        mri_log(MR_LOG_INFO, "MPI_Win_create failed; does OMPI_MCA_osc "
                             "exclude all components?");
        return MR_ERR_MPI;
    }
    return MR_OK;
}

void mri_window_free(void)
{
    if (window != MPI_WIN_NULL) {
        MPI_Win_free(&window);
    }
}
