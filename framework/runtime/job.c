/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the life of a job: mr_init and mr_finalize on every rank.
 *
 * Each step of the start that can fail on one rank alone ends in an
 * agreement of all, so that no rank waits for one that gave up.
 */
#include <multirank/job.h>

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory/onesided.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "memory/window.h"
#include "message/message.h"
#include "message/mpi_transport.h"
#include "route/exchange.h"
#include "route/far.h"
#include "route/mailbox.h"
#include "route/object.h"
#include "runtime/binary.h"
#include "runtime/child.h"
#include "runtime/job.h"
#include "runtime/output.h"
#include "runtime/place.h"
#include "runtime/server.h"
#include "runtime/service.h"
#include "runtime/work.h"
#include "topology/processors.h"
#include "util/log.h"
#include "util/settings.h"
#include "util/thread.h"

typedef struct job {
    bool started; /* mr_init was called, once for ever */
    bool owns_mpi;
    MPI_Comm communicator; /* private to the library */
    MPI_Comm node;         /* the ranks that share memory with this one */
    unsigned int sharers;  /* ranks on this machine, also under MR_ROUTE=far */
    int64_t allowance;
    int descriptor; /* of this rank's segment */
} job;

static job this_job = {
    .communicator = MPI_COMM_NULL, .node = MPI_COMM_NULL, .descriptor = -1};

/* ---- MPI ----------------------------------------------------------------- */

static mr_error mpi_error(const char *call, int code)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;

    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) {
        text[0] = '\0';
    }
    mri_log(MR_LOG_ERROR, "%s failed: %s", call, text);
    return MR_ERR_MPI;
}

/* Settings of Open MPI that only this job's MPI_Init shall see.  Debian's
 * file of parameters excludes the component that a window over TCP, or of
 * one rank, needs; and a job without launcher needs no daemon of its own. */
static const char *const mpi_settings[][2] = {
    {"OMPI_MCA_osc", "^ucx"},
    {"OMPI_MCA_ess_singleton_isolated", "1"},
};

enum { MPI_SETTINGS = sizeof mpi_settings / sizeof *mpi_settings };

static mr_error init_mpi(void)
{
    bool set[MPI_SETTINGS] = {false};
    int provided;
    int code;

    for (size_t i = 0; i < MPI_SETTINGS; i++) {
        set[i] = !getenv(mpi_settings[i][0]) &&
                 setenv(mpi_settings[i][0], mpi_settings[i][1], 0) == 0;
    }
    code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    for (size_t i = 0; i < MPI_SETTINGS; i++) {
        if (set[i]) {
            unsetenv(mpi_settings[i][0]);
        }
    }
    if (code != MPI_SUCCESS) {
        return mpi_error("MPI_Init_thread", code);
    }
    this_job.owns_mpi = true;
    return MR_OK;
}

static mr_error start_mpi(void)
{
    mr_error error = MR_OK;
    int initialized = 0;
    int number;
    int code;

    MPI_Initialized(&initialized);
    if (!initialized) {
        error = init_mpi();
    }
    if (error) {
        return error;
    }
    code = MPI_Comm_dup(MPI_COMM_WORLD, &this_job.communicator);
    if (code != MPI_SUCCESS) {
        return mpi_error("MPI_Comm_dup", code);
    }
    MPI_Comm_set_errhandler(this_job.communicator, MPI_ERRORS_RETURN);
    MPI_Comm_rank(this_job.communicator, &number);
    mri_here.rank = (unsigned int)number;
    MPI_Comm_size(this_job.communicator, &number);
    mri_here.size = (unsigned int)number;
    return MR_OK;
}

/* All ranks get the worst error of any; collective. */
static mr_error agree(mr_error error)
{
    int mine = error;
    int worst = MR_ERR_MPI;

    if (MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX,
                      this_job.communicator) != MPI_SUCCESS) {
        return MR_ERR_MPI;
    }
    return (mr_error)worst;
}

/* The ranks of one machine, or with MR_ROUTE=far each for itself. */
static mr_error find_node(void)
{
    bool far = mri_settings()->route == MRI_ROUTE_FAR;
    MPI_Comm machine;
    int size;
    int code = MPI_Comm_split_type(this_job.communicator, MPI_COMM_TYPE_SHARED,
                                   0, MPI_INFO_NULL, &machine);

    if (code != MPI_SUCCESS) {
        return mpi_error("MPI_Comm_split_type", code);
    }
    MPI_Comm_size(machine, &size);
    this_job.sharers = (unsigned int)size;
    code = MPI_Comm_split(machine, far ? (int)mri_here.rank : 0,
                          (int)mri_here.rank, &this_job.node);
    MPI_Comm_free(&machine);
    return code == MPI_SUCCESS ? MR_OK : mpi_error("MPI_Comm_split", code);
}

static mr_error lay_out(void)
{
    uint32_t leader = mri_here.rank;
    uint32_t *leaders = calloc(mri_here.size, sizeof *leaders);
    mr_error error = agree(leaders ? find_node() : MR_ERR_NO_MEMORY);

    if (!error) {
        MPI_Bcast(&leader, 1, MPI_UINT32_T, 0, this_job.node);
        MPI_Allgather(&leader, 1, MPI_UINT32_T, leaders, 1, MPI_UINT32_T,
                      this_job.communicator);
        error = mri_region_lay_out(leaders, mri_here.size, leader);
    }
    free(leaders);
    return agree(error);
}

/* ---- shared memory ------------------------------------------------------- */

/* Where the others find this rank's segment: /proc/PID/fd/FD. */
typedef struct segment_file {
    int64_t pid;
    int64_t descriptor;
} segment_file;

static mr_error open_segments(const segment_file *files, int *descriptors)
{
    unsigned int mine = mri_index_of(mri_here.rank);

    for (unsigned int i = 0; i < mri_node.count; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/%lld/fd/%lld",
                 (long long)files[i].pid, (long long)files[i].descriptor);
        descriptors[i] =
            i == mine ? this_job.descriptor : open(path, O_RDWR | O_CLOEXEC);
        if (descriptors[i] < 0) {
            return mri_system_error("open of another rank's segment");
        }
    }
    return MR_OK;
}

static mr_error map_segments(void)
{
    segment_file mine = {.pid = getpid(), .descriptor = this_job.descriptor};
    segment_file *files = calloc(mri_node.count, sizeof *files);
    int *descriptors = calloc(mri_node.count, sizeof *descriptors);
    mr_error error = agree(files && descriptors ? MR_OK : MR_ERR_NO_MEMORY);

    if (!error) {
        MPI_Allgather(&mine, sizeof mine, MPI_BYTE, files, sizeof mine,
                      MPI_BYTE, this_job.node);
        error = open_segments(files, descriptors);
    }
    if (!error) {
        error = mri_region_map(descriptors, this_job.allowance);
    }
    free(files);
    free(descriptors);
    return error;
}

/* The rows that others expect in every segment, in the order of their
 * numbers. */
static mr_error build_rows(mri_record *self, unsigned int index)
{
    mr_error error = mri_objects_format(self, index);

    for (unsigned int row = MRI_ROW_REQUESTS; !error && row < MRI_ROWS; row++) {
        uint64_t most = row == MRI_ROW_OUTPUT ? MRI_OUTPUT_ITEMS : 0;
        mri_pool pool = row == MRI_ROW_LARGE_ERRANDS ? MRI_HEAP : MRI_RESERVE;
        mr_handle handle;

        error = mri_mailbox_build(self, index, most, pool, &handle);
    }
    return error;
}

static void format_endpoints(unsigned int rank)
{
    for (unsigned int slot = 0; slot < MRI_SLOT_FIRST_PROCESS; slot++) {
        uint64_t id = mri_endpoint_id(1, rank, slot);
        mri_endpoint *endpoint = mri_endpoint_at(id);

        mri_store(&endpoint->generation, 1);
        mri_store(&endpoint->pid, (uint64_t)getpid());
        mri_store(&endpoint->id, id);
    }
}

mr_error mri_rank_format(unsigned int rank, unsigned int processors)
{
    unsigned int index = mri_index_of(rank);
    mri_record *self;

    mri_segment_at(index)->processors = processors;
    format_endpoints(rank);
    mri_become(mri_endpoint_id(1, rank, MRI_SLOT_RANK), false);
    self = mri_self();
    return self ? build_rows(self, index) : MR_ERR_NO_MEMORY;
}

static mr_error share_memory(void)
{
    unsigned int processors = 1;
    mr_error error = MR_OK;

    if (mri_index_of(mri_here.rank) == 0) {
        this_job.allowance = mri_segment_allowance(this_job.sharers);
        processors = mri_processors_count() * mri_node.count / this_job.sharers;
        processors = processors ? processors : 1;
    }
    MPI_Bcast(&this_job.allowance, 1, MPI_INT64_T, 0, this_job.node);
    MPI_Bcast(&processors, 1, MPI_UNSIGNED, 0, this_job.node);
    error = agree(mri_segment_create(this_job.allowance, &this_job.descriptor));
    if (!error) {
        error = agree(map_segments());
    }
    if (!error) {
        error = mri_segment_format(mri_index_of(mri_here.rank), mri_here.rank);
    }
    if (!error) {
        error = mri_rank_format(mri_here.rank, processors);
    }
    return agree(error);
}

/* How large slices of Arrays travel, as rank 0 says it. */
static void log_far_arrays(const char *why)
{
    if (mri_here.rank == 0) {
        mri_log(MR_LOG_INFO, "far Arrays: %s%s",
                mri_onesided_puts   ? "MPI window"
                : mri_onesided_gets ? "MPI window to read, messages to write"
                                    : "messages, because ",
                mri_onesided_gets ? "" : why);
    }
}

/* By messages all of it works, too; and only the flush that a put needs waits
 * inside MPI, for ever if its target dies meanwhile, so that puts must be
 * asked for. */
static void use_window(bool created)
{
    int64_t way = mri_settings()->far_arrays;
    bool puts = way == MRI_FAR_ARRAYS_WINDOW;

    if (mri_node.count == mri_node.ranks) {
        return;
    }
    if (way == MRI_FAR_ARRAYS_MESSAGES) {
        log_far_arrays("MR_FAR_ARRAYS says so");
    } else if (!created) {
        log_far_arrays("MPI_Win_create failed");
    } else {
        mri_onesided_gets =
            mri_window_prove(this_job.communicator, mri_here.rank, puts);
        mri_onesided_puts = mri_onesided_gets && puts;
        log_far_arrays("what went through the window did not arrive");
    }
}

/* On one node nothing goes through the window, so a job whose MPI has no
 * component for it (the user started MPI without our settings) runs on. */
static void create_window(void)
{
    mr_error error =
        mri_window_create(this_job.communicator, mri_index_of(mri_here.rank));
    bool created = agree(error) == MR_OK;

    if (!created && error == MR_OK) {
        mri_window_free();
    }
    use_window(created);
}

/* ---- the fork server ----------------------------------------------------- */

/* Is a file in /dev/shm one of MPI's or of its transports, and not the
 * user's? */
static bool is_of_mpi(const char *name)
{
    static const char *const names[] = {"vader_segment.", "sm_segment.", "osc_",
                                        "open_mpi",       "ucx_shm_",    "psm"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The files in /dev/shm that MPI mapped, each ended by a zero: after kill -9
 * they would stay. */
static size_t list_files(char *list, size_t capacity)
{
    char line[512];
    size_t size = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && fgets(line, sizeof line, maps)) {
        char *path = strstr(line, "/dev/shm/");
        size_t length;

        if (!path || strstr(path, " (deleted)") ||
            !is_of_mpi(path + strlen("/dev/shm/"))) {
            continue;
        }
        path[strcspn(path, "\n")] = '\0';
        length = strlen(path) + 1;
        if (memmem(list, size, path, length)) {
            continue;
        }
        if (length <= capacity - size) {
            memcpy(list + size, path, length);
            size += length;
        }
    }
    if (maps) {
        fclose(maps);
    }
    return size;
}

static mr_error set_up_server(void)
{
    char files[4096];
    mri_server_setup setup = {
        .rank = mri_here.rank,
        .size = mri_here.size,
        .allowance = this_job.allowance,
    };

    setup.files_size = (uint32_t)list_files(files, sizeof files);
    memcpy(setup.host, mri_here.host, sizeof setup.host);
    return mri_server_setup_send(&setup, files);
}

/* ---- messages ------------------------------------------------------------ */

/* A job on one node needs none. */
static mr_error start_exchange(void)
{
    const mri_transport *transport = NULL;
    mr_error error;

    if (mri_node.count == mri_node.ranks) {
        return MR_OK;
    }
    error = agree(mri_mpi_begin(this_job.communicator, &transport));
    if (!error) {
        error = mri_message_begin(transport, mri_here.size);
    }
    if (!error) {
        error = mri_exchange_begin();
    }
    if (!error) {
        error = mri_service_start();
    }
    return agree(error);
}

static void stop_exchange(void)
{
    mri_exchange_end();
    mri_message_end();
    mri_mpi_end();
}

/* ---- the end ------------------------------------------------------------- */

static void stop_hosts(void)
{
    static const unsigned int rows[] = {MRI_ROW_STOP, MRI_ROW_MAILBOX};
    mri_work stop = {.what = MRI_WORK_STOP};

    for (unsigned int rank = 1; rank < mri_here.size; rank++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (mri_mailbox_put(mri_mailbox_at(rank, rows[i]), &stop,
                                sizeof stop, MR_FOREVER)) {
                mri_log(MR_LOG_ERROR, "rank %u cannot be told to stop", rank);
            }
        }
    }
}

/* Calls of others, which they make before they come here, are still served. */
static void barrier(void)
{
    MPI_Request request;
    int done = 0;

    mri_message_lock();
    MPI_Ibarrier(this_job.communicator, &request);
    mri_message_unlock();
    while (!done) {
        mri_message_lock();
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        mri_message_unlock();
        if (!done && !mri_exchange_poll()) {
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        }
    }
}

/* What all ranks do when the job ends, and after a start that failed. */
static void leave_job(void)
{
    mri_server_quiet();
    if (mri_self_record) {
        mri_far_settle(mri_self_record);
    }
    if (this_job.communicator != MPI_COMM_NULL) {
        barrier(); /* nobody sends output now */
    }
    mri_output_stop();
    mri_service_stop();
    if (mri_exchange_on) {
        barrier(); /* nobody sends at all */
        stop_exchange();
    }
    mri_window_free();
    if (this_job.node != MPI_COMM_NULL) {
        MPI_Comm_free(&this_job.node);
    }
    if (this_job.communicator != MPI_COMM_NULL) {
        MPI_Comm_free(&this_job.communicator);
    }
    if (this_job.owns_mpi) {
        MPI_Finalize();
        this_job.owns_mpi = false;
    }
    mri_server_stop();
    mri_self_leave();
    if (mri_here.rank == 0) {
        mri_region_unmap(); /* another thread of a host may still use it */
    }
    mri_here.role = MRI_OUTSIDE;
}

mr_error mr_finalize(void)
{
    if (mri_here.role != MRI_RANK || mri_here.rank != 0 ||
        mri_here.pid != getpid()) {
        return MR_ERR_STATE;
    }
    if (mri_at_endpoint_end) {
        mri_at_endpoint_end();
    }
    stop_hosts();
    leave_job();
    return MR_OK;
}

/* Return from main, exit in the middle, and a child's exit all come here. */
static void at_exit(void)
{
    if (mri_here.role == MRI_CHILD) {
        mri_child_at_exit();
    } else if (mri_here.role == MRI_RANK && mri_here.pid == getpid()) {
        if (mri_here.rank == 0) {
            mr_finalize();
        } else {
            mri_log(MR_LOG_ERROR, "a task called exit(); the job ends");
            fflush(NULL);
            _exit(1);
        }
    }
}

/* ---- the start ----------------------------------------------------------- */

static atomic_bool leaving; /* some thread of this host ends it */
static sem_t standing_by;

/* A task whose map was given up may go on for ever.  When its rank shall stop
 * this thread waits for a while, and then leaves the job for it. */
static void *stand_by(void *unused)
{
    int64_t grace = mri_settings()->grace;
    struct timespec wait = {.tv_sec = grace / 1000,
                            .tv_nsec = grace % 1000 * 1000000};
    mri_work work;
    size_t size;

    mri_self();
    sem_post(&standing_by);
    if (mri_mailbox_get(mri_mailbox_at(mri_here.rank, MRI_ROW_STOP), &work,
                        sizeof work, &size, MR_FOREVER)) {
        return unused;
    }
    clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    if (!atomic_exchange(&leaving, true)) {
        mri_log(MR_LOG_WARNING, "the job ends while this rank is inside a "
                                "task of a map that was given up");
        leave_job();
        _exit(0);
    }
    return unused;
}

/* Its record is there on return, so that a job has all its own from the
 * start. */
static mr_error start_stand_by(void)
{
    pthread_t thread;
    mr_error error;

    sem_init(&standing_by, 0, 0);
    error = mri_thread_start(&thread, stand_by);
    if (!error) {
        pthread_detach(thread);
        while (sem_wait(&standing_by) != 0) {
        }
    }
    return error;
}

/* A rank that hosts: prints through rank 0, works until told to stop. */
_Noreturn static void host(void)
{
    static mri_word printed;
    mr_handle nobody = {.owner = mri_here.rank, .slot = UINT32_MAX};

    mri_output_redirect(nobody, &printed);
    /* Code of the user after mr_init, which might finalize an MPI of its
     * own, does not run here. */
    this_job.owns_mpi = true;
    mri_serve(mri_mailbox_at(mri_here.rank, MRI_ROW_MAILBOX));
    fflush(NULL);
    while (atomic_exchange(&leaving, true)) {
        pause(); /* too late: the other thread ends the process */
    }
    leave_job();
    exit(0);
}

/* References to functions mean the same in equal programs only; collective. */
static mr_error compare_binaries(const mri_binary *mine)
{
    mri_binary *all = NULL;
    mr_error error = MR_OK;

    if (mri_here.rank == 0) {
        all = calloc(mri_here.size, sizeof *all);
        error = all ? MR_OK : MR_ERR_NO_MEMORY;
    }
    error = agree(error);
    if (!error) {
        MPI_Gather(mine, sizeof *mine, MPI_BYTE, all, sizeof *mine, MPI_BYTE, 0,
                   this_job.communicator);
        error = agree(all ? mri_binaries_compare(all, mri_here.size) : MR_OK);
    }
    free(all);
    return error;
}

static mr_error start(void)
{
    mri_binary binary;
    mr_error error;

    mri_binary_describe(&binary);
    error = mri_server_fork();

    if (!error) {
        error = start_mpi();
    }
    if (error) {
        return error; /* without MPI there is nobody to agree with */
    }
    mri_log_set_place("rank %u", mri_here.rank);
    error = compare_binaries(&binary);
    if (!error) {
        error = lay_out();
    }
    if (!error) {
        error = share_memory();
    }
    if (!error) {
        create_window();
        error = agree(set_up_server());
    }
    if (!error) {
        error = start_exchange();
    }
    if (!error) {
        error =
            agree(mri_here.rank == 0 ? mri_output_start() : start_stand_by());
    }
    return error;
}

mr_error mr_init(int *argc, char ***argv)
{
    mr_error error;

    (void)argc;
    (void)argv;
    if (this_job.started) {
        mri_log(MR_LOG_INFO, "mr_init: the job was started before");
        return MR_ERR_STATE;
    }
    this_job.started = true;
    mri_here.pid = getpid();
    gethostname(mri_here.host, sizeof mri_here.host - 1);
    mri_objects_begin();
    mri_objects_register();
    if (atexit(at_exit) != 0) {
        return MR_ERR_SYSTEM;
    }
    error = start();
    if (error) {
        unsigned int rank = mri_here.rank;

        leave_job();
        if (rank != 0) {
            exit(0); /* rank 0 tells the user, and chooses the status */
        }
        return error;
    }
    mri_here.role = MRI_RANK;
    if (mri_here.rank != 0) {
        host();
    }
    mri_settings_check();
    return MR_OK;
}
