/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that travel: another process or rank can run them, as a Process or
 * a Pool does.
 *
 * Functions of the program travel, also static ones, and functions of shared
 * libraries.  A library that is not loaded at the other side is opened there by
 * its path, and must be the same build.  Functions of the C library do not
 * travel, because another processor may use another variant of them: write a
 * function of your own that calls them.  A function that was made while the
 * program runs travels by a name; see mr_function_register.
 *
 * Only the function that a call names travels so.  A function pointer or any
 * other address inside an argument, an input or an item does not: addresses
 * differ from rank to rank.  Send an mr_function_handle instead:
 *
 *     struct job { mr_function_handle function; int x; } job;
 *     error = mr_function_pack((mr_function *)square, &job.function);
 *
 *     // in the task
 *     mr_function *function;
 *     error = mr_function_unpack(&job->function, &function);
 *     ((int (*)(int))function)(job->x);
 */
#ifndef MULTIRANK_FUNCTION_H
#define MULTIRANK_FUNCTION_H

#include <stdint.h>

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any function: cast an mr_process_function or an mr_task_function to it. */
typedef void mr_function(void);

#define MR_FUNCTION_NAME_SIZE 240 /* bytes of a name with its final zero */

/* A function as plain bytes, which every endpoint of the job understands.  Its
 * members are the library's. */
typedef struct mr_function_handle {
    uint64_t place[2];
    char name[MR_FUNCTION_NAME_SIZE];
} mr_function_handle;

/**
 * Make a handle of a function, to be sent to other endpoints.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: *handle is written on success only; it holds no memory and may be
 *            copied.
 * Errors:    MR_ERR_ARGUMENT - function or handle is NULL;
 *            MR_ERR_FUNCTION - the function lies in no loaded module and was
 *            not registered, or it lies in the C library.
 * Differs:   Python pickles a function by its name.
 */
MR_CHECKED mr_error mr_function_pack(mr_function *function,
                                     mr_function_handle *handle);

/**
 * Find the function of a handle in this process.  A library that is not loaded
 * here is opened.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while a library is opened.
 * Ownership: *function is written on success only; it is valid as long as its
 *            library is loaded.
 * Errors:    MR_ERR_ARGUMENT - handle or function is NULL;
 *            MR_ERR_FUNCTION - the handle holds no function, or this host has
 *            no such function, library or build; the log says which.
 */
MR_CHECKED mr_error mr_function_unpack(const mr_function_handle *handle,
                                       mr_function **function);

/**
 * Let a function travel by a name.  Each rank calls the function that it
 * registered under that name.
 *
 * Callers:   before mr_init, on all ranks alike; any thread.
 * Blocks:    never.
 * Ownership: `name` is copied.
 * Errors:    MR_ERR_STATE - mr_init was called before;
 *            MR_ERR_ARGUMENT - name is NULL, empty, too long, or registered
 *            before, or function is NULL;
 *            MR_ERR_NO_MEMORY - malloc failed.
 * Differs:   Python pickles all functions by their names.
 */
MR_CHECKED mr_error mr_function_register(const char *name,
                                         mr_function *function);

#ifdef __cplusplus
}
#endif

#endif
