/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Function references: how a function travels to a process where the same
 * code lies at another address.
 */
#ifndef MRI_RUNTIME_FUNCTION_H
#define MRI_RUNTIME_FUNCTION_H

#include <stdint.h>

#include <multirank/base.h>

typedef void mri_function(void);

/* A loaded module, by a hash of its build-id or else its name, and an offset
 * in it; static functions too. */
typedef struct mri_function_ref {
    uint64_t module;
    uint64_t offset;
    char path[240]; /* of the module's file; "": the main program */
} mri_function_ref;

/* MR_ERR_FUNCTION: the address is not inside the code of a module. */
mr_error mri_function_encode(mri_function *function, mri_function_ref *ref);

/* The function in this process; NULL: no such module here. */
mri_function *mri_function_decode(const mri_function_ref *ref);

#endif
