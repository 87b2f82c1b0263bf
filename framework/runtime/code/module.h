/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Modules: the main program and the shared libraries that are loaded, and by
 * what the same one is known again in another process, on another host.
 */
#ifndef MRI_RUNTIME_CODE_MODULE_H
#define MRI_RUNTIME_CODE_MODULE_H

#include <stdint.h>

#include <multirank/base.h>

typedef struct mri_module {
    uint64_t id;    /* the same wherever the same build is loaded; 0: none */
    uintptr_t base; /* what is added to the addresses in its file */
    bool program;
    const char *name; /* the loader's, valid as long as it is loaded */
    uintptr_t start;  /* its first byte in memory */
} mri_module;

/* The module with this address in its code; false: none. */
bool mri_module_at(uintptr_t address, mri_module *module);

/* The main program. */
bool mri_module_program(mri_module *module);

/* The loaded module with this id; false: none. */
bool mri_module_with(uint64_t id, mri_module *module);

/* The file of a module, as an absolute path; "" when it has none, or when the
 * path does not fit. */
void mri_module_path(const mri_module *module, char *path, size_t size);

#endif
