/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the start of a job: mr_init on every rank.
 *
 * Each step of the start that can fail on one rank alone ends in an
 * agreement of all, so that no rank waits for one that gave up.
 */
#include <multirank/job.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/object.h"
#include "far/exchange.h"
#include "far/far.h"
#include "memory/segment.h"
#include "message/message.h"
#include "message/mpi_transport.h"
#include "message/world.h"
#include "runtime/code/binary.h"
#include "runtime/job/far_arrays.h"
#include "runtime/job/identity.h"
#include "runtime/job/job.h"
#include "runtime/job/launch.h"
#include "runtime/job/map_segments.h"
#include "runtime/job/mpi_files.h"
#include "runtime/job/parent.h"
#include "runtime/job/place_ranks.h"
#include "runtime/job/standard_streams.h"
#include "runtime/job/state.h"
#include "runtime/liveness.h"
#include "runtime/output.h"
#include "runtime/server/server.h"
#include "runtime/service.h"
#include "util/log.h"
#include "util/settings.h"

/* ---- the fork server ----------------------------------------------------- */

static mr_error set_up_server(void)
{
    char files[4096];
    mri_server_setup setup = {
        .rank = mri_here.rank,
        .size = mri_here.size,
        .allowance = mri_node.allowance,
        .placement = mri_my_placement,
    };

    setup.files_size = (uint32_t)mri_mpi_files_list(files, sizeof files);
    memcpy(setup.host, mri_here.host, sizeof setup.host);
    return mri_server_setup_send(&setup, files);
}

/* ---- messages ------------------------------------------------------------ */

/* The names of all hosts, at rank 0. */
static mr_error begin_liveness(void)
{
    mri_host_name mine;
    void *all;
    mr_error error;

    snprintf(mine.text, sizeof mine.text, "%s", mri_here.host);
    error = mri_world_gather(&mine, sizeof mine, &all);
    if (!error) {
        error = mri_liveness_begin(all);
    }
    free(all);
    return error;
}

static mr_error check_threads(void)
{
    if (mri_all.threads) {
        return MR_OK;
    }
    return mri_fail(
        MR_ERR_MPI, MR_LOG_ERROR,
        "a job on several nodes needs MPI_THREAD_SERIALIZED or more: start "
        "MPI by MPI_Init_thread, or let mr_init start it");
}

/* A job on one node needs none. */
static mr_error start_exchange(void)
{
    const mri_transport *transport = NULL;
    mr_error error;

    if (mri_node.count == mri_node.ranks) {
        return MR_OK;
    }
    error = mri_agree(check_threads());
    if (!error) {
        error = mri_agree(mri_mpi_begin(mri_all.communicator, &transport));
    }
    if (!error) {
        error = mri_agree(begin_liveness());
    }
    if (!error) {
        error = mri_message_begin(transport, mri_here.size);
    }
    if (!error) {
        mri_far_begin();
        error = mri_exchange_begin();
    }
    if (!error) {
        error = mri_service_start();
    }
    return mri_agree(error);
}

/* ---- the start ----------------------------------------------------------- */

/* References to functions mean the same in equal programs only; collective. */
static mr_error compare_binaries(const mri_binary *mine)
{
    void *all;
    mr_error error = mri_world_gather(mine, sizeof *mine, &all);

    if (!error) {
        error =
            mri_agree(all ? mri_binaries_compare(all, mri_here.size) : MR_OK);
    }
    free(all);
    return error;
}

/* With MR_MPI_THREADS=multiple the user calls MPI without asking first; and a
 * program that goes on after the job goes on with MPI. */
static mr_error start_world(const mr_init_options *options)
{
    if (mri_launched() || mri_this_job.returns ||
        mri_settings()->mpi_threads == MRI_THREADS_MULTIPLE) {
        return mri_world_start(options->communicator);
    }
    mri_world_alone();
    return MR_OK;
}

/* It works on one node; on several it would not start. */
static void warn_of_threads(void)
{
    if (!mri_all.threads && mri_here.rank == 0 && mri_here.size > 1 &&
        mri_node.count == mri_node.ranks) {
        mri_log(MR_LOG_WARNING,
                "the program has started MPI below MPI_THREAD_SERIALIZED, with "
                "which this job cannot run on several nodes: start it by "
                "MPI_Init_thread");
    }
}

static mr_error start(const mr_init_options *options)
{
    mri_binary binary;
    unsigned int processors = 1;
    mr_error error;

    mri_binary_describe(&binary);
    error = mri_server_fork();
    if (!error) {
        error = start_world(options);
    }
    if (error) {
        return error; /* without MPI there is nobody to agree with */
    }
    mri_here.rank = mri_all.rank;
    mri_here.size = mri_all.size;
    mri_log_set_place("rank %u", mri_here.rank);
    error = compare_binaries(&binary);
    if (!error) {
        error = mri_nodes_find();
    }
    if (!error) {
        error = mri_place_ranks(&processors);
    }
    if (!error) {
        error = mri_segments_map(processors);
    }
    if (!error) {
        mri_far_arrays_begin();
        error = mri_agree(set_up_server());
    }
    if (!error) {
        error = start_exchange();
    }
    if (!error) {
        error = mri_agree(mri_here.rank == 0 ? mri_output_start()
                                             : mri_host_prepare());
    }
    return error;
}

/* Without a launcher that lets the others live the job would end with any rank;
 * and so shall one whose ranks go on with MPI, or in which not all ranks take
 * part. */
static void find_parent(const mr_init_options *options)
{
    mri_parent_find();
    if (options->served || options->communicator) {
        mri_parent_leave();
    }
}

static mr_error fail_to_start(mr_error error)
{
    unsigned int rank = mri_here.rank;

    (void)!mri_job_leave();
    if (rank != 0 && !mri_this_job.returns) {
        exit(0); /* rank 0 tells the user, and chooses the status */
    }
    return error;
}

/* What does not need the other ranks. */
static mr_error prepare(const mr_init_options *options)
{
    mr_error error = mri_standard_streams_open();

    if (error) {
        return error;
    }
    mri_launch(options);
    mri_here.pid = getpid();
    gethostname(mri_here.host, sizeof mri_here.host - 1);
    find_parent(options);
    mri_objects_begin();
    mri_objects_register();
    return on_exit(mri_job_at_exit, NULL) == 0
               ? MR_OK
               : mri_fail(MR_ERR_SYSTEM, MR_LOG_ERROR,
                          "on_exit failed: there is too little memory");
}

mr_error mr_init_with(const mr_init_options *options)
{
    static const mr_init_options standard;
    mr_error error = MR_OK;
    bool serves;

    options = options ? options : &standard;
    if (mri_this_job.started) {
        return mri_fail(
            MR_ERR_STATE, MR_LOG_INFO,
            "mr_init: it was called before, and a program has one job: "
            "do all that needs it in that one");
    }
    if (options->communicator) {
        error = mri_world_check(options->communicator);
    }
    if (!error && options->command && !options->command[0]) {
        error = mri_bad_argument("mr_init_with", "command", "has no words");
    }
    if (error) {
        return error;
    }
    mri_this_job.started = true;
    mri_this_job.returns = options->served != NULL;
    error = prepare(options);
    if (error) {
        return error;
    }
    error = start(options);
    if (error) {
        return fail_to_start(error);
    }
    warn_of_threads();
    mri_here.role = MRI_RANK;
    mri_this_job.running = true;
    mri_parent_say(MRI_PARENT_READY);
    serves = mri_here.rank != 0;
    if (serves) {
        error = mri_host(); /* returns if it shall */
    } else {
        mri_settings_check(mri_log);
    }
    if (options->served) {
        *options->served = serves;
    }
    return error;
}

mr_error mr_init(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return mr_init_with(NULL);
}
