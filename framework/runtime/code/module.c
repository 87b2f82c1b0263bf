/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the identities of loaded modules.  They are found by
 * dl_iterate_phdr(3), which also sees static functions and all kinds of
 * executables; the idea is that of UPC++ (docs/ccs-rpc.md there).
 *
 * A module is known by a hash of its build-id, or, as not all linkers write
 * one, of its file.  The second is remembered: a file is long, and it may be
 * replaced while the program runs.  The lock guards what is remembered and is
 * a leaf below the loader's own.
 */
#include "runtime/code/module.h"

#include <elf.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- hashes -------------------------------------------------------------- */

#define HASH_START 0xcbf29ce484222325u

/* FNV-1a (Fowler, Noll and Vo) over words, as files are long; what is in the
 * upper bits is brought down, which bytes would not need. */
static uint64_t hash(uint64_t value, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size > 0) {
        uint64_t word = 0;
        size_t part = size < sizeof word ? size : sizeof word;

        memcpy(&word, at, part);
        value = (value ^ word) * 0x100000001b3u;
        value ^= value >> 32;
        at += part;
        size -= part;
    }
    return value;
}

/* 0: it cannot be read. */
static uint64_t hash_file(const char *path)
{
    uint64_t buffer[1024];
    uint64_t value = HASH_START;
    size_t got;
    bool bad;
    FILE *file = fopen(path, "re");

    if (!file) {
        return 0;
    }
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        value = hash(value, buffer, got);
    }
    bad = ferror(file) != 0;
    fclose(file);
    return bad ? 0 : value;
}

/* ---- files --------------------------------------------------------------- */

/* The kernel knows an absolute path where the loader has none: it names the
 * main program "", and others as they were asked for. */
static void find_mapped_file(uintptr_t address, char *path, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;

    while (maps && !found && getline(&line, &capacity, maps) > 0) {
        uintptr_t start, end;
        int at = 0;

        found = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n",
                       &start, &end, &at) == 2 &&
                address >= start && address < end && line[at] == '/';
        if (found) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(path, size, "%s",
                     strlen(line + at) < size ? line + at : "");
        }
    }
    free(line);
    if (maps) {
        fclose(maps);
    }
}

void mri_module_path(const mri_module *module, char *path, size_t size)
{
    path[0] = '\0';
    if (module->name[0] != '/') {
        find_mapped_file(module->start, path, size);
    } else if (strlen(module->name) < size) {
        strcpy(path, module->name);
    }
}

static uint64_t hash_file_of(const mri_module *module)
{
    char path[PATH_MAX];

    mri_module_path(module, path, sizeof path);
    return hash_file(path);
}

/* ---- identities ---------------------------------------------------------- */

/* What the hashes of files were.  The main program comes first and stays;
 * where a library was another may lie after it was unloaded. */
typedef struct known {
    const void *headers;
    uint64_t id;
} known;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t program_id;
static known libraries[64];
static unsigned int libraries_next;
static unsigned long long unloads;

static uint64_t *place_of_library(const struct dl_phdr_info *info)
{
    known *place;

    if (info->dlpi_subs != unloads) {
        memset(libraries, 0, sizeof libraries);
        unloads = info->dlpi_subs;
    }
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (libraries[i].headers == info->dlpi_phdr) {
            return &libraries[i].id;
        }
    }
    place =
        &libraries[libraries_next++ % (sizeof libraries / sizeof *libraries)];
    *place = (known){.headers = info->dlpi_phdr};
    return &place->id;
}

static uint64_t content_id(const struct dl_phdr_info *info,
                           const mri_module *module)
{
    uint64_t *place;
    uint64_t id;

    pthread_mutex_lock(&mutex);
    place = module->program ? &program_id : place_of_library(info);
    if (!*place) {
        *place = hash_file_of(module);
    }
    id = *place;
    pthread_mutex_unlock(&mutex);
    return id;
}

/* The build-id among notes; 0: none. */
static uint64_t find_build_id(const unsigned char *at, size_t size)
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
            return hash(HASH_START, (const unsigned char *)(note + 1) + name,
                        note->n_descsz);
        }
        at += sizeof *note + name + text;
        size -= sizeof *note + name + text;
    }
    return 0;
}

static uint64_t build_id(const struct dl_phdr_info *info)
{
    uint64_t id = 0;

    for (int i = 0; !id && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];

        if (part->p_type == PT_NOTE) {
            id = find_build_id((const void *)(info->dlpi_addr + part->p_vaddr),
                               part->p_memsz);
        }
    }
    return id;
}

/* ---- looking through all modules ----------------------------------------- */

/* The main program comes first. */
typedef struct search {
    uintptr_t address; /* looked for, or 0 */
    uint64_t id;       /* looked for, or 0 */
    unsigned int seen;
    mri_module *module; /* found */
} search;

static bool has_code_at(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + part->p_vaddr;

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) &&
            address >= start && address - start < part->p_memsz) {
            return true;
        }
    }
    return false;
}

static uintptr_t start_of(const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            return info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        }
    }
    return 0;
}

/* What `info` describes. */
static void describe(const struct dl_phdr_info *info, bool program,
                     mri_module *module)
{
    *module = (mri_module){.base = info->dlpi_addr,
                           .program = program,
                           .name = info->dlpi_name,
                           .start = start_of(info)};
    module->id = build_id(info);
    if (!module->id) {
        module->id = content_id(info, module);
    }
}

static int look(struct dl_phdr_info *info, size_t size, void *user)
{
    search *wanted = user;
    bool program = wanted->seen++ == 0;

    (void)size;
    if (wanted->address && !has_code_at(info, wanted->address)) {
        return 0;
    }
    describe(info, program, wanted->module);
    return !wanted->id || wanted->module->id == wanted->id;
}

/* ---- the main program ---------------------------------------------------- */

/* It is never unloaded, so one look is enough; most functions are its. */
static pthread_once_t program_once = PTHREAD_ONCE_INIT;
static struct dl_phdr_info program_info;
static mri_module program;

static int look_at_program(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    (void)user;
    program_info = *info;
    describe(info, true, &program);
    return 1;
}

static void find_program(void)
{
    dl_iterate_phdr(look_at_program, NULL);
}

bool mri_module_program(mri_module *module)
{
    pthread_once(&program_once, find_program);
    *module = program;
    return program.program;
}

bool mri_module_at(uintptr_t address, mri_module *module)
{
    search wanted = {.address = address, .module = module};

    if (mri_module_program(module) && has_code_at(&program_info, address)) {
        return true;
    }
    return address && dl_iterate_phdr(look, &wanted) == 1;
}

bool mri_module_with(uint64_t id, mri_module *module)
{
    search wanted = {.id = id, .module = module};

    if (id && mri_module_program(module) && module->id == id) {
        return true;
    }
    return id && dl_iterate_phdr(look, &wanted) == 1;
}
