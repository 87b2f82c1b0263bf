/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that travel: what a Process runs and what a Pool maps.
 *
 * Any function of the program travels, also a static one, and any function
 * of a shared library.  A library that is not loaded where the function shall
 * run is opened there by its path, and must be the same build.  Not so the
 * functions of the C library, which may be others on another processor: give
 * one of your own that calls them.
 *
 * A function that lies in none of these, as when it is made while the program
 * runs, travels by a name instead.
 */
#ifndef MULTIRANK_FUNCTION_H
#define MULTIRANK_FUNCTION_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any function: cast an mr_process_function or an mr_task_function to it. */
typedef void mr_function(void);

#define MR_FUNCTION_NAME_SIZE 240 /* bytes of a name with its final zero */

/**
 * Let a function travel by a name.  Where it runs, that is the function which
 * was registered there under the same name.
 *
 * Callers:   before mr_init, on all ranks alike; any thread.
 * Blocks:    never.
 * Ownership: `name` is copied.
 * Units:     none.
 * Errors:    MR_ERR_STATE - mr_init was called before;
 *            MR_ERR_ARGUMENT - name is NULL, empty, too long, or registered
 *            before; function is NULL; MR_ERR_NO_MEMORY - the heap is full.
 * Differs:   Python pickles all functions by their names.
 */
MR_CHECKED mr_error mr_function_register(const char *name,
                                         mr_function *function);

#ifdef __cplusplus
}
#endif

#endif
