/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns function references.  Modules are found by dl_iterate_phdr(3), which
 * also sees static functions and position-independent executables; the idea
 * is that of UPC++ (docs/ccs-rpc.md there).
 */
#include "runtime/function.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "util/log.h"

typedef struct search {
    uintptr_t address; /* looked for, or 0 */
    uint64_t module;   /* looked for when address is 0, else found */
    uintptr_t base;    /* found */
    bool found;
} search;

/* FNV-1a, Fowler, Noll and Vo. */
static uint64_t hash(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t value = 0xcbf29ce484222325;

    for (size_t i = 0; i < size; i++) {
        value = (value ^ at[i]) * 0x100000001b3;
    }
    return value;
}

/* The build-id in a note segment; 0: none. */
static uint64_t build_id(const unsigned char *at, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        size_t name = (note->n_namesz + 3u) & ~3u;
        size_t text = (note->n_descsz + 3u) & ~3u;

        if (size < sizeof *note + name + text) {
            return 0;
        }
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
            memcmp(note + 1, "GNU", 4) == 0) {
            return hash((const unsigned char *)(note + 1) + name,
                        note->n_descsz);
        }
        at += sizeof *note + name + text;
        size -= sizeof *note + name + text;
    }
    return 0;
}

static uint64_t identify(const struct dl_phdr_info *module)
{
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];

        if (part->p_type == PT_NOTE) {
            uint64_t id =
                build_id((const void *)(module->dlpi_addr + part->p_vaddr),
                         part->p_memsz);

            if (id) {
                return id;
            }
        }
    }
    return hash(module->dlpi_name, strlen(module->dlpi_name));
}

static bool has_code_at(const struct dl_phdr_info *module, uintptr_t address)
{
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        uintptr_t start = module->dlpi_addr + part->p_vaddr;

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) &&
            address >= start && address - start < part->p_memsz) {
            return true;
        }
    }
    return false;
}

static int look(struct dl_phdr_info *module, size_t size, void *user)
{
    search *wanted = user;

    (void)size;
    if (wanted->address ? has_code_at(module, wanted->address)
                        : identify(module) == wanted->module) {
        wanted->module = identify(module);
        wanted->base = module->dlpi_addr;
        wanted->found = true;
        return 1;
    }
    return 0;
}

mr_error mri_function_encode(mri_function *function, mri_function_ref *ref)
{
    search wanted = {.address = (uintptr_t)function};

    dl_iterate_phdr(look, &wanted);
    if (!wanted.found) {
        mri_log(MR_LOG_INFO, "the function at %p lies in no loaded module",
                (void *)wanted.address);
        return MR_ERR_FUNCTION;
    }
    ref->module = wanted.module;
    ref->offset = wanted.address - wanted.base;
    ref->path[0] = '\0';
    return MR_OK;
}

mri_function *mri_function_decode(const mri_function_ref *ref)
{
    search wanted = {.module = ref->module};

    dl_iterate_phdr(look, &wanted);
    return wanted.found ? (mri_function *)(wanted.base + ref->offset) : NULL;
}
