/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the start and end of MPI, and the collective calls.
 *
 * A job of one rank that no launcher has started does without MPI: MPI_Init
 * alone would take it a quarter of a second or more, as it starts a daemon, and
 * fails where MPI is not set up.  Then there is no communicator, and a
 * collective call has nothing to do but to copy.
 */
#include "message/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "message/message.h"
#include "message/mpi_transport.h"
#include "message/one_node.h"
#include "util/log.h"
#include "util/settings.h"

mri_world mri_all = {.communicator = MPI_COMM_NULL,
                     .node = MPI_COMM_NULL,
                     .machine = MPI_COMM_NULL};

static bool started_here;

/* No other rank takes part: there is no MPI, or it has ended. */
static bool is_alone(void)
{
    return mri_all.communicator == MPI_COMM_NULL;
}

/* Then Open MPI 5.0.11 leaves a file of its component sm in /dev/shm, already
 * for MPI_Init and MPI_Finalize alone; a single rank can do without. */
static bool without_launcher(void)
{
    return !getenv("OMPI_COMM_WORLD_SIZE") && !getenv("PMIX_RANK");
}

static bool always(void)
{
    return true;
}

/* Settings of Open MPI that only this job's MPI_Init shall see.  Debian's
 * file of parameters excludes the component that a window over TCP, or of
 * one rank, needs; and a job without launcher needs no daemon of its own.  On
 * one node MPI needs no network, but its component tcp would listen for
 * connections from everywhere, and no parameter of tcp itself hinders that;
 * what Debian's file excludes stays excluded.  The first setting of a variable
 * is taken, and none if the user has set it. */
static const struct {
    const char *name;
    const char *value;
    bool (*holds)(void);
} mpi_settings[] = {
    {"OMPI_MCA_osc", "^ucx", always},
    {"OMPI_MCA_ess_singleton_isolated", "1", always},
    {"OMPI_MCA_btl", "^sm", without_launcher},
    {"OMPI_MCA_btl", "^tcp,ofi,openib,uct,usnic", mri_on_one_node},
};

enum { MPI_SETTINGS = sizeof mpi_settings / sizeof *mpi_settings };

void mri_world_library(char *text, size_t size)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;

    MPI_Get_library_version(version, &length);
    snprintf(text, size, "%.*s", (int)strcspn(version, "\n"), version);
}

void mri_world_compiled_for(char *text, size_t size)
{
#ifdef OMPI_MAJOR_VERSION
    snprintf(text, size, "Open MPI %d.%d.%d, MPI %d.%d", OMPI_MAJOR_VERSION,
             OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION, MPI_VERSION,
             MPI_SUBVERSION);
#else
    snprintf(text, size, "MPI %d.%d", MPI_VERSION, MPI_SUBVERSION);
#endif
}

void mri_world_level(char *text, size_t size)
{
    const char *level = "below MPI_THREAD_SERIALIZED";
    int number;

    if (!mri_world_is_started()) {
        snprintf(text, size, "none, as one rank needs no MPI");
        return;
    }
    MPI_Query_thread(&number);
    if (number == MPI_THREAD_MULTIPLE) {
        level = "MPI_THREAD_MULTIPLE";
    } else if (number == MPI_THREAD_SERIALIZED) {
        level = "MPI_THREAD_SERIALIZED";
    }
    snprintf(text, size, "%s%s", level,
             started_here ? "" : ", started by the program itself");
}

static mr_error init(void)
{
    bool multiple = mri_settings()->mpi_threads == MRI_THREADS_MULTIPLE;
    bool set[MPI_SETTINGS] = {false};
    int provided;
    int code;

    for (size_t i = 0; i < MPI_SETTINGS; i++) {
        set[i] = mpi_settings[i].holds() && !getenv(mpi_settings[i].name) &&
                 setenv(mpi_settings[i].name, mpi_settings[i].value, 0) == 0;
    }
    code = MPI_Init_thread(
        NULL, NULL, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_SERIALIZED,
        &provided);
    for (size_t i = 0; i < MPI_SETTINGS; i++) {
        if (set[i]) {
            unsetenv(mpi_settings[i].name);
        }
    }
    if (code != MPI_SUCCESS) {
        return mri_mpi_error("MPI_Init_thread", code);
    }
    started_here = true;
    return MR_OK;
}

bool mri_world_was_started(void)
{
    int initialized = 0;

    MPI_Initialized(&initialized);
    return initialized;
}

bool mri_world_is_started(void)
{
    int finalized = 0;

    MPI_Finalized(&finalized);
    return mri_world_was_started() && !finalized;
}

void mri_world_alone(void)
{
    mri_all.rank = 0;
    mri_all.size = 1;
    mri_all.local_ranks = 1;
    mri_all.local_rank = 0;
    mri_all.threads = true;
}

mr_error mri_world_start_mpi(void)
{
    if (!is_alone() || mri_world_is_started()) {
        return MR_OK;
    }
    if (mri_world_was_started()) {
        return mri_fail(MR_ERR_MPI, MR_LOG_ERROR,
                        "the program has ended MPI, which cannot be started "
                        "again: call MPI_Finalize after mr_finalize");
    }
    return init();
}

mr_error mri_world_check(const void *from)
{
    const MPI_Comm *communicator = from;
    int inter;

    if (!mri_world_is_started()) {
        return mri_bad_argument("mr_init_with", "communicator",
                                "needs MPI_Init before");
    }
    if (*communicator == MPI_COMM_NULL) {
        return mri_bad_argument("mr_init_with", "communicator",
                                "is MPI_COMM_NULL: only its members call");
    }
    MPI_Comm_test_inter(*communicator, &inter);
    return inter ? mri_bad_argument("mr_init_with", "communicator",
                                    "is an intercommunicator")
                 : MR_OK;
}

mr_error mri_world_start(const void *from)
{
    mr_error error = mri_world_start_mpi();
    MPI_Comm communicator = from ? *(const MPI_Comm *)from : MPI_COMM_WORLD;
    int number;
    int code;

    if (error) {
        return error;
    }
    code = MPI_Comm_dup(communicator, &mri_all.communicator);
    if (code != MPI_SUCCESS) {
        return mri_mpi_error("MPI_Comm_dup", code);
    }
    MPI_Comm_set_errhandler(mri_all.communicator, MPI_ERRORS_RETURN);
    MPI_Comm_rank(mri_all.communicator, &number);
    mri_all.rank = (unsigned int)number;
    MPI_Comm_size(mri_all.communicator, &number);
    mri_all.size = (unsigned int)number;
    MPI_Comm_size(MPI_COMM_WORLD, &number);
    mri_all.is_part = (unsigned int)number != mri_all.size;
    MPI_Query_thread(&number);
    mri_all.threads = number >= MPI_THREAD_SERIALIZED;
    return MR_OK;
}

void mri_world_end(bool finalize, bool user)
{
    if (mri_all.node != MPI_COMM_NULL) {
        MPI_Comm_free(&mri_all.node);
    }
    if (mri_all.machine != MPI_COMM_NULL) {
        MPI_Comm_free(&mri_all.machine);
    }
    if (mri_all.communicator != MPI_COMM_NULL) {
        MPI_Comm_free(&mri_all.communicator);
    }
    if (finalize && (started_here || (user && mri_world_is_started()))) {
        started_here = false;
        MPI_Finalize();
    }
}

void mri_world_abort(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

/* MPI is called by one thread at a time, and others may do so from the moment
 * that a job of several nodes has messages: so a collective call that may come
 * later does not block inside MPI, but asks again and again under the lock. */
static mr_error await(MPI_Request *request, bool (*meanwhile)(void))
{
    const struct timespec nap = {.tv_nsec = 20000};
    int code = MPI_SUCCESS;
    int done = 0;

    while (!done && code == MPI_SUCCESS) {
        mri_message_lock();
        code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
        mri_message_unlock();
        if (!done && !(meanwhile && meanwhile())) {
            nanosleep(&nap, NULL);
        }
    }
    return code == MPI_SUCCESS ? MR_OK : mri_mpi_error("MPI_Test", code);
}

mr_error mri_agree(mr_error error)
{
    int mine = error;
    int worst = MR_ERR_MPI;
    MPI_Request request;
    int code;

    if (is_alone()) {
        return error;
    }
    mri_message_lock();
    code = MPI_Iallreduce(&mine, &worst, 1, MPI_INT, MPI_MAX,
                          mri_all.communicator, &request);
    mri_message_unlock();
    if (code != MPI_SUCCESS) {
        return mri_mpi_error("MPI_Iallreduce", code);
    }
    return await(&request, NULL) ? MR_ERR_MPI : (mr_error)worst;
}

unsigned int mri_world_unite(unsigned int mine)
{
    unsigned int all = mine;

    if (!is_alone()) {
        MPI_Allreduce(&mine, &all, 1, MPI_UNSIGNED, MPI_BOR,
                      mri_all.communicator);
    }
    return all;
}

/* The ranks that share the memory of a machine. */
static mr_error find_machine(void)
{
    int number;
    int code =
        MPI_Comm_split_type(mri_all.communicator, MPI_COMM_TYPE_SHARED,
                            (int)mri_all.rank, MPI_INFO_NULL, &mri_all.machine);

    if (code != MPI_SUCCESS) {
        return mri_mpi_error("MPI_Comm_split_type", code);
    }
    MPI_Comm_size(mri_all.machine, &number);
    mri_all.local_ranks = (unsigned int)number;
    MPI_Comm_rank(mri_all.machine, &number);
    mri_all.local_rank = (unsigned int)number;
    return MR_OK;
}

mr_error mri_world_find_nodes(bool alone, uint32_t *leaders)
{
    uint32_t leader = mri_all.rank;
    mr_error error;
    int code;

    if (is_alone()) {
        leaders[0] = 0;
        return MR_OK;
    }
    error = mri_all.machine == MPI_COMM_NULL ? find_machine() : MR_OK;
    if (error) {
        return error;
    }
    if (mri_all.node != MPI_COMM_NULL) {
        MPI_Comm_free(&mri_all.node);
    }
    code = MPI_Comm_split(mri_all.machine, alone ? (int)mri_all.rank + 1 : 0,
                          (int)mri_all.rank, &mri_all.node);
    if (code != MPI_SUCCESS) {
        return mri_mpi_error("MPI_Comm_split", code);
    }
    MPI_Bcast(&leader, 1, MPI_UINT32_T, 0, mri_all.node);
    MPI_Allgather(&leader, 1, MPI_UINT32_T, leaders, 1, MPI_UINT32_T,
                  mri_all.communicator);
    return MR_OK;
}

unsigned int mri_node_size(void)
{
    int number = 1;

    if (!is_alone()) {
        MPI_Comm_size(mri_all.node, &number);
    }
    return (unsigned int)number;
}

unsigned int mri_node_rank(void)
{
    int number = 0;

    if (!is_alone()) {
        MPI_Comm_rank(mri_all.node, &number);
    }
    return (unsigned int)number;
}

bool mri_node_any(bool mine)
{
    int any = mine;

    if (!is_alone()) {
        MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, mri_all.node);
    }
    return any;
}

/* What the only rank gives, it gets. */
static void copy(void *to, const void *from, size_t size)
{
    if (to && from) {
        memcpy(to, from, size);
    }
}

void mri_node_gather(const void *mine, void *all, size_t size)
{
    if (is_alone()) {
        copy(all, mine, size);
        return;
    }
    MPI_Allgather(mine, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE,
                  mri_all.node);
}

void mri_node_broadcast(void *bytes, size_t size)
{
    if (!is_alone()) {
        MPI_Bcast(bytes, (int)size, MPI_BYTE, 0, mri_all.node);
    }
}

void mri_machine_gather(const void *mine, void *all, size_t size)
{
    if (is_alone()) {
        copy(all, mine, size);
        return;
    }
    MPI_Gather(mine, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE, 0,
               mri_all.machine);
}

void mri_machine_scatter(const void *all, void *mine, size_t size)
{
    if (is_alone()) {
        copy(mine, all, size);
        return;
    }
    MPI_Scatter(all, (int)size, MPI_BYTE, mine, (int)size, MPI_BYTE, 0,
                mri_all.machine);
}

void mri_machine_broadcast(void *bytes, size_t size)
{
    if (!is_alone()) {
        MPI_Bcast(bytes, (int)size, MPI_BYTE, 0, mri_all.machine);
    }
}

mr_error mri_world_gather(const void *mine, size_t size, void **all)
{
    mr_error error = MR_OK;

    *all = NULL;
    if (mri_all.rank == 0) {
        *all = calloc(mri_all.size, size);
        error = *all ? MR_OK : MR_ERR_NO_MEMORY;
    }
    error = mri_agree(error);
    if (error) {
        return error;
    }
    if (is_alone()) {
        copy(*all, mine, size);
        return MR_OK;
    }
    MPI_Gather(mine, (int)size, MPI_BYTE, *all, (int)size, MPI_BYTE, 0,
               mri_all.communicator);
    return MR_OK;
}

void mri_world_barrier(bool (*meanwhile)(void))
{
    MPI_Request request;

    if (is_alone()) {
        return;
    }
    mri_message_lock();
    MPI_Ibarrier(mri_all.communicator, &request);
    mri_message_unlock();
    (void)!await(&request, meanwhile);
}
