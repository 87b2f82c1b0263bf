/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Function references: how a function travels to a process where the same
 * code lies at another address.
 */
#ifndef MRI_RUNTIME_CODE_FUNCTION_H
#define MRI_RUNTIME_CODE_FUNCTION_H

#include <stdint.h>

#include <multirank/function.h>

typedef mr_function mri_function;

/* Where a function is: an offset in a module, which tells static functions
 * too, or the name under which it was registered. */
typedef struct mri_function_ref {
    uint64_t module; /* its id; 0: registered */
    uint64_t offset;
    char name[MR_FUNCTION_NAME_SIZE]; /* as registered, or the path of a
                                       * library; "" for the main program */
} mri_function_ref;

/* MR_ERR_FUNCTION: the address is not inside the code of a module, or in the
 * C library, whose functions need not be the same everywhere. */
mr_error mri_function_encode(mri_function *function, mri_function_ref *ref);

/* The function in this process.  A library that is not loaded is opened.
 * NULL: it is not here, the log says why. */
mri_function *mri_function_decode(const mri_function_ref *ref);

#endif
