/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the children of a fork server: forking them, their pipes, their end.
 *
 * The end of a child is handled in this order: repair its records, forward
 * what is left in its pipes, reap it, free its endpoint, then tell those who
 * wait for it, through rank 0's writer if there was output.
 */
#include "runtime/server/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/reaper.h"
#include "far/relay.h"
#include "runtime/job/place_ranks.h"
#include "runtime/output.h"
#include "runtime/server/child.h"
#include "runtime/server/exit_status.h"
#include "runtime/server/process_state.h"
#include "util/log.h"

enum { CHUNKS_AT_ONCE = 64 };

struct mri_server_child {
    struct mri_server_child *next;
    pid_t pid;
    uint64_t endpoint;
    mr_handle process;
    int output[2]; /* read ends of its pipes; -1: closed */
    bool readable; /* there may be something in them */
    bool dead;
    bool repaired;
    bool reaped; /* on this node */
    bool told;   /* the other nodes are being */
    bool concluded;
    int status; /* of waitpid, once dead */
    /* Text that rank 0 had no room for; nothing more is read meanwhile. */
    unsigned int held_source;
    size_t held;
    char text[MRI_OUTPUT_CHUNK];
};

typedef mri_server_child child;

static child *children;
static unsigned int rank_number;
static mri_record *self_record;
static int epoll_descriptor;
static void (*close_server)(void);
static bool retry; /* some child's text is held */

void mri_children_begin(unsigned int rank, mri_record *self, int epoll,
                        void (*close_)(void))
{
    rank_number = rank;
    self_record = self;
    epoll_descriptor = epoll;
    close_server = close_;
}

bool mri_children_any(void)
{
    return children != NULL;
}

void mri_children_readable(child *c)
{
    c->readable = true;
}

void mri_children_signal_all(int number)
{
    for (child *c = children; c; c = c->next) {
        if (!c->dead) {
            kill(c->pid, number);
        }
    }
}

void mri_children_signal(mr_handle process, int number)
{
    for (child *c = children; c; c = c->next) {
        if (c->process.slot == process.slot &&
            c->process.generation == process.generation && !c->dead) {
            kill(c->pid, number);
        }
    }
}

void mri_children_kill(void)
{
    mri_children_signal_all(SIGKILL);
    for (child *c = children; c; c = c->next) {
        while (!c->dead && waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

static mri_process_body *body_of(const child *c)
{
    return mri_process_of(mri_row(c->process));
}

static bool still_exists(const child *c)
{
    return mri_load(&mri_row(c->process)->identity) == mri_identity(c->process);
}

void mri_children_collect(void)
{
    for (child *c = children; c; c = c->next) {
        if (!c->dead && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
            c->dead = true;
        }
        if (c->dead && !c->repaired) {
            c->repaired = true;
            mri_reap_repair(c->endpoint);
        }
    }
}

/* ---- output, and the end ------------------------------------------------- */

/* A sibling that was just forked may still have the pipe, so epoll does not
 * forget it by the close. */
static void close_output(child *c, unsigned int i)
{
    if (c->output[i] >= 0) {
        epoll_ctl(epoll_descriptor, EPOLL_CTL_DEL, c->output[i], NULL);
        close(c->output[i]);
        c->output[i] = -1;
    }
}

static bool send_held(child *c)
{
    mr_error error =
        mri_output_put(c->process, c->held_source, c->text, c->held, 0);

    if (error == MR_ERR_TIMEOUT) {
        retry = true;
        return false;
    }
    c->held = 0;
    return true;
}

/* Forward what a child wrote around stdio; true: all there is.  Others have
 * their turn after some chunks. */
static bool forward(child *c)
{
    unsigned int chunks = 0;

    if (c->held && !send_held(c)) {
        return false;
    }
    c->readable = false;
    for (unsigned int i = 0; i < 2; i++) {
        while (c->output[i] >= 0) {
            ssize_t got;

            if (chunks++ == CHUNKS_AT_ONCE) {
                c->readable = true;
                retry = true;
                return false;
            }
            got = read(c->output[i], c->text, sizeof c->text);
            if (got < 0) {
                break; /* EAGAIN: for now */
            }
            if (got == 0) {
                close_output(c, i);
                break;
            }
            c->held = (size_t)got;
            c->held_source = i == 0 ? MRI_PIPE_OUT : MRI_PIPE_ERR;
            mri_store(&body_of(c)->printed, 1);
            if (!send_held(c)) {
                c->readable = true;
                return false;
            }
        }
    }
    return true;
}

static mri_gone gone_of(const child *c)
{
    return (mri_gone){.endpoint = c->endpoint,
                      .process = c->process,
                      .status = mri_exit_status_of(c->status),
                      .pid = c->pid};
}

/* On this node, and by our rank on those that know of it; true: done. */
static bool reap(child *c)
{
    mri_gone gone = gone_of(c);
    mri_endpoint *row = mri_endpoint_at(c->endpoint);
    mri_relay_request request = {.what = MRI_RELAY_END,
                                 .ranks = mri_load(&row->far)};

    if (!c->reaped) {
        close_output(c, 0);
        close_output(c, 1);
        mri_store(&row->status, (uint64_t)gone.status);
        mri_reap(self_record, &gone);
        c->reaped = true;
    }
    request.head.in_size = sizeof gone;
    if (mri_ranks_any_far(request.ranks)) {
        if (!c->told) {
            c->told = mri_relay_put(&request, &gone, NULL, 0) == MR_OK;
        }
        retry = true; /* until the row says that all have answered */
        return false;
    }
    mri_store(&row->id, 0);
    return true;
}

/* All but the announcement; true: done. */
static bool conclude(child *c)
{
    if (!c->concluded) {
        if (!reap(c)) {
            return false;
        }
        c->concluded = true;
        if (still_exists(c)) {
            mri_store(&body_of(c)->status,
                      (uint64_t)mri_exit_status_of(c->status));
            mri_store(&body_of(c)->state, MRI_ENDING);
        }
    }
    if (!still_exists(c)) {
        return true;
    }
    if (!mri_load(&body_of(c)->printed)) {
        mri_process_set_state(self_record, mri_row(c->process), MRI_ENDED);
        return true;
    }
    if (mri_output_put(c->process, MRI_OUTPUT_END, NULL, 0, 0) ==
        MR_ERR_TIMEOUT) {
        retry = true;
        return false;
    }
    return true;
}

bool mri_children_run(void)
{
    retry = false;
    mri_children_collect();
    for (child **at = &children; *at;) {
        child *c = *at;
        bool idle = !c->readable && !c->dead && !c->held;

        if (!idle && forward(c) && c->dead && conclude(c)) {
            *at = c->next;
            free(c);
        } else {
            at = &c->next;
        }
    }
    return retry;
}

/* ---- the beginning ------------------------------------------------------- */

/* This server alone hands out the endpoints of its rank. */
static mr_error take_endpoint(uint64_t *endpoint)
{
    mri_table *table = &mri_segment_at(mri_index_of(rank_number))->endpoints;

    for (unsigned int slot = MRI_SLOT_FIRST_PROCESS; slot < table->max;
         slot++) {
        mri_endpoint *row = mri_table_row(table, slot);
        uint64_t generation;

        if (slot >= mri_load(&table->backed) && mri_table_grow(table)) {
            return MR_ERR_LIMIT;
        }
        if (mri_load(&row->id)) {
            continue;
        }
        generation = mri_load(&row->generation) + 1;
        mri_store(&row->generation, generation);
        mri_store(&row->holds, 0);
        mri_store(&row->children, 0);
        *endpoint = mri_endpoint_id(generation, rank_number, slot);
        return MR_OK;
    }
    return MR_ERR_LIMIT;
}

/* The pipes of a child: read ends for us, write ends for it. */
static mr_error make_pipes(int read_ends[2], int write_ends[2])
{
    for (unsigned int i = 0; i < 2; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0) {
            mr_error error = mri_system_error("pipe2 for a process");

            if (i == 1) {
                close(read_ends[0]);
                close(write_ends[0]);
            }
            return error;
        }
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        read_ends[i] = ends[0];
        write_ends[i] = ends[1];
    }
    return MR_OK;
}

static void watch(child *c, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = c};

    epoll_ctl(epoll_descriptor, EPOLL_CTL_ADD, descriptor, &event);
}

/* In the child: nothing of the server stays open. */
static void close_all(void)
{
    close_server();
    close(epoll_descriptor);
    for (child *c = children; c; c = c->next) {
        for (unsigned int i = 0; i < 2; i++) {
            if (c->output[i] >= 0) {
                close(c->output[i]);
            }
        }
    }
}

static mr_error fork_child(child *c, mri_object *process,
                           mr_process_function *function)
{
    mri_endpoint *row = mri_endpoint_at(c->endpoint);
    int write_ends[2];
    mr_error error = make_pipes(c->output, write_ends);

    if (error) {
        return error;
    }
    mri_store(&row->process, mri_ref_of(process));
    mri_store(&row->daemon, mri_load(&mri_process_of(process)->daemon));
    mri_store(&row->holds, mri_process_of(process)->holds);
    mri_store(&row->far, mri_process_of(process)->holds);
    mri_store(&row->id, c->endpoint);
    c->pid = fork();
    if (c->pid == 0) {
        close(c->output[0]);
        close(c->output[1]);
        close_all();
        mri_child_run(process, c->endpoint, function, write_ends);
    }
    close(write_ends[0]);
    close(write_ends[1]);
    if (c->pid < 0) {
        error = mri_system_error("fork of a process");
        mri_store(&row->id, 0);
        close_output(c, 0);
        close_output(c, 1);
        return error;
    }
    mri_store(&row->pid, (uint64_t)c->pid);
    if (mri_process_of(process)->workers) {
        mri_place_worker(c->pid,
                         (unsigned int)mri_process_of(process)->workers);
    }
    watch(c, c->output[0]);
    watch(c, c->output[1]);
    return MR_OK;
}

mr_error mri_children_start(mri_object *process, mr_handle handle)
{
    child *c = calloc(1, sizeof *c);
    mr_process_function *function = (mr_process_function *)mri_function_decode(
        &mri_process_detail_of(process)->function);
    mr_error error;

    if (!c) {
        return MR_ERR_NO_MEMORY;
    }
    c->process = handle;
    error = take_endpoint(&c->endpoint);
    if (!error && !function) {
        error = MR_ERR_FUNCTION;
    }
    if (!error) {
        error = fork_child(c, process, function);
    }
    if (error) {
        free(c);
        return error;
    }
    mri_store(&mri_process_of(process)->pid, (uint64_t)c->pid);
    c->next = children;
    children = c;
    return MR_OK;
}
