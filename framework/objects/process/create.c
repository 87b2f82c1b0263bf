/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the making of a process: what the options say, its name, and the rank
 * on which it will run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects/holders.h"
#include "objects/pipe.h"
#include "objects/process/calls.h"
#include "objects/queue/queue.h"
#include "runtime/job/identity.h"
#include "util/log.h"

#define UNNAMED "Process-"

/* Bytes of the path of the creator that become a part of a name: a colon, ten
 * digits, a zero and UNNAMED follow. */
enum { PATH_ABOVE = MR_NAME_SIZE - 12 - (int)sizeof UNNAMED };

static mr_error check_held(const mr_process_options *options)
{
    if (options->ends_count && !options->ends) {
        return mri_bad_argument("mr_process_create", "options->ends",
                                "is NULL");
    }
    if (options->producer_of_count && !options->producer_of) {
        return mri_bad_argument("mr_process_create", "options->producer_of",
                                "is NULL");
    }
    for (size_t i = 0; i < options->ends_count; i++) {
        if (options->ends[i].handle.kind != MRI_PIPE) {
            return mri_bad_argument("mr_process_create", "options->ends",
                                    "has one that is no pipe end");
        }
    }
    for (size_t i = 0; i < options->producer_of_count; i++) {
        if (options->producer_of[i].handle.kind != MRI_QUEUE) {
            return mri_bad_argument("mr_process_create", "options->producer_of",
                                    "has one that is no queue");
        }
    }
    return MR_OK;
}

static mr_error check_options(const mr_process_options *options)
{
    if (!options) {
        return MR_OK;
    }
    if (options->name && strlen(options->name) >= MR_NAME_SIZE) {
        return mri_bad_argument("mr_process_create", "options->name",
                                "is longer than MR_NAME_SIZE allows");
    }
    return check_held(options);
}

/* Ranks take turns; each endpoint begins beside itself. */
static unsigned int rank_in_turn(uint64_t number)
{
    return (unsigned int)((mri_endpoint_rank(mri_self_endpoint()) + number) %
                          mri_here.size);
}

/* Where the user wants it; else the turn of a lost rank passes to the next.
 * Only the attempt shows which rank is lost, as a process does not hear of
 * other nodes. */
static mr_error create_at_place(const mr_process_options *options,
                                uint64_t number, mri_call *call,
                                mr_handle *handle)
{
    mr_error error;
    unsigned int rank;

    if (options && options->place != MR_PLACE_DEFAULT) {
        error = mri_place_rank("mr_process_create", options->place, &rank);
        return error ? error : mri_create(&mri_process_ops, rank, call, handle);
    }
    for (unsigned int i = 0; i < mri_here.size; i++) {
        error = mri_create(&mri_process_ops, rank_in_turn(number + i), call,
                           handle);
        if (error != MR_ERR_OWNER_LOST) {
            return error;
        }
    }
    return MR_ERR_OWNER_LOST;
}

/* The bytes of the names.  The path is cut when processes are nested so deep
 * that they cannot be named. */
static size_t write_names(mri_process_spec *spec, uint64_t number,
                          const mr_process_options *options)
{
    const char *above =
        mri_process_path_of(mri_process_of_endpoint(mri_self_endpoint()));
    char path[MR_NAME_SIZE];
    size_t size;

    snprintf(path, sizeof path, "%.*s%s%u", PATH_ABOVE, above,
             *above ? ":" : "", (unsigned int)number);
    if (options && options->name) {
        snprintf(spec->names, MR_NAME_SIZE, "%s", options->name);
    } else {
        snprintf(spec->names, MR_NAME_SIZE, UNNAMED "%.*s", PATH_ABOVE + 11,
                 path);
    }
    size = strlen(spec->names) + 1;
    memcpy(spec->names + size, path, strlen(path) + 1);
    return size + strlen(path) + 1;
}

static mr_error hold(mr_process process, const mr_process_options *options)
{
    uint64_t holder = mri_holder_of_process(process.handle);
    mr_error error = MR_OK;

    for (size_t i = 0; !error && options && i < options->ends_count; i++) {
        error = mri_pipe_hold(options->ends[i], holder);
    }
    for (size_t i = 0; !error && options && i < options->producer_of_count;
         i++) {
        error = mri_queue_attach_other(options->producer_of[i].handle, holder);
    }
    return error;
}

/* Ranks in whose objects a process holds something. */
static mri_ranks ranks_held(const mr_process_options *options)
{
    mri_ranks ranks = 0;

    for (size_t i = 0; options && i < options->ends_count; i++) {
        ranks |= mri_ranks_bit(options->ends[i].handle.owner);
    }
    for (size_t i = 0; options && i < options->producer_of_count; i++) {
        ranks |= mri_ranks_bit(options->producer_of[i].handle.owner);
    }
    return ranks;
}

static mr_error build(mri_record *self, mr_process *process,
                      mri_process_spec *spec, const void *argument, size_t size,
                      const mr_process_options *options)
{
    mri_endpoint *me = mri_endpoint_at(mri_load(&self->owner));
    uint64_t number = mri_add(&me->children, 1) + 1;
    mri_call call = {.in = spec, .more = argument, .more_size = size};
    mr_process made;
    mr_error error;

    call.in_size =
        offsetof(mri_process_spec, names) + write_names(spec, number, options);
    spec->parent = mri_handle_of(mri_process_of_endpoint(mri_self_endpoint()));
    spec->daemon = options && options->daemon;
    spec->role.holds |= ranks_held(options);
    error = create_at_place(options, number, &call, &made.handle);
    if (error) {
        return error;
    }
    error = hold(made, options);
    if (!error) {
        error = mri_process_remember(made);
    }
    if (error) {
        (void)!mri_destroy(&mri_process_ops, made.handle);
        return error;
    }
    *process = made;
    return MR_OK;
}

mr_error mri_process_create(mr_process *process, mr_process_function *function,
                            const void *argument, size_t size,
                            const mr_process_options *options,
                            const mri_process_role *role)
{
    mri_record *self = mri_self();
    mri_process_spec spec = {.role = *role};
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    error = mri_may_create_processes("mr_process_create");
    if (!error) {
        error = mri_function_encode((mri_function *)function, &spec.function);
    }
    return error ? error : build(self, process, &spec, argument, size, options);
}

mr_error mr_process_create(mr_process *process, mr_process_function *function,
                           const void *argument, size_t size,
                           const mr_process_options *options)
{
    static const mri_process_role none;
    mr_error error;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (!process || !function) {
        return mri_bad_argument("mr_process_create",
                                process ? "function" : "process", "is NULL");
    }
    if (!argument && size) {
        return mri_bad_argument("mr_process_create", "argument", "is NULL");
    }
    if (size > SIZE_MAX / 2) {
        return MR_ERR_TOO_LARGE;
    }
    error = check_options(options);
    return error ? error
                 : mri_process_create(process, function, argument, size,
                                      options, &none);
}
