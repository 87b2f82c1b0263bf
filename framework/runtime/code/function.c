/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns function references, and the table of functions that were registered.
 *
 * The lock guards the table and is a leaf.  The fork server and all that it
 * forks inherit the table, which is complete when mr_init begins.
 */
#include "runtime/code/function.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/code/module.h"
#include "runtime/job/identity.h"
#include "util/log.h"

/* ---- registered functions ------------------------------------------------ */

typedef struct entry {
    struct entry *next;
    mr_function *function;
    char name[MR_FUNCTION_NAME_SIZE];
} entry;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static entry *entries;

/* By name, or by function when that is NULL. */
static const entry *find_locked(const char *name, mr_function *function)
{
    const entry *e = entries;

    while (e && (name ? strcmp(e->name, name) != 0 : e->function != function)) {
        e = e->next;
    }
    return e;
}

static const entry *find(const char *name, mr_function *function)
{
    const entry *found;

    pthread_mutex_lock(&mutex);
    found = find_locked(name, function);
    pthread_mutex_unlock(&mutex);
    return found;
}

static mr_error add(entry *added)
{
    bool known;

    pthread_mutex_lock(&mutex);
    known = find_locked(added->name, NULL) != NULL;
    if (!known) {
        added->next = entries;
        entries = added;
    }
    pthread_mutex_unlock(&mutex);
    return known ? mri_bad_argument("mr_function_register", "name",
                                    "was registered before")
                 : MR_OK;
}

mr_error mr_function_register(const char *name, mr_function *function)
{
    entry *added;
    mr_error error;

    if (mri_here.pid) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "mr_function_register: call it before mr_init");
    }
    if (!name || !*name || strlen(name) >= MR_FUNCTION_NAME_SIZE) {
        return mri_bad_argument("mr_function_register", "name",
                                "is NULL, empty or too long");
    }
    if (!function) {
        return mri_bad_argument("mr_function_register", "function", "is NULL");
    }
    added = calloc(1, sizeof *added);
    if (!added) {
        return MR_ERR_NO_MEMORY;
    }
    added->function = function;
    strcpy(added->name, name);
    error = add(added);
    if (error) {
        free(added);
    }
    return error;
}

/* ---- references ---------------------------------------------------------- */

/* Has the module a function for each kind of processor, of which the loader
 * chooses one (STT_GNU_IFUNC)?  The vDSO is not even a file, but a part of
 * the kernel. */
static bool differs_between_hosts(const mri_module *module)
{
    static const char *const beginnings[] = {
        "libc.",    "libc-2.",  "libm.",  "libm-2.", "libmvec", "libmvec-2.",
        "ld-linux", "ld-musl-", "ld64.s", "ld.so",   "ld-2."};
    const char *slash = strrchr(module->name, '/');

    if (module->program) {
        return false;
    }
    for (size_t i = 0; slash && i < sizeof beginnings / sizeof *beginnings;
         i++) {
        if (strncmp(slash + 1, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return !slash;
}

mr_error mri_function_encode(mri_function *function, mri_function_ref *ref)
{
    uintptr_t address = (uintptr_t)function;
    const entry *registered = find(NULL, function);
    mri_module module;

    if (registered) {
        *ref = (mri_function_ref){0};
        strcpy(ref->name, registered->name);
        return MR_OK;
    }
    if (!mri_module_at(address, &module) || !module.id) {
        return mri_fail(
            MR_ERR_FUNCTION, MR_LOG_INFO,
            "the function at %p lies in no loaded module: give a function "
            "of the program or of a shared library",
            (void *)address);
    }
    if (differs_between_hosts(&module)) {
        return mri_fail(
            MR_ERR_FUNCTION, MR_LOG_WARNING,
            "the function at %p lies in %s and may lie elsewhere on "
            "another processor: give a function of your own that calls it",
            (void *)address, module.name);
    }
    *ref = (mri_function_ref){.module = module.id,
                              .offset = address - module.base};
    if (!module.program) {
        mri_module_path(&module, ref->name, sizeof ref->name);
    }
    return MR_OK;
}

/* False, with the reason in the log: the module is not on this host.  What
 * is opened stays, as functions of it are about to run. */
static bool open_module(const mri_function_ref *ref, mri_module *module)
{
    void *library;

    if (!ref->name[0]) {
        mri_fail(MR_ERR_FUNCTION, MR_LOG_ERROR,
                 "host %s runs another program than the caller of a function, "
                 "or the path of the function's library is too long",
                 mri_here.host);
        return false;
    }
    library = dlopen(ref->name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        mri_fail(
            MR_ERR_FUNCTION, MR_LOG_ERROR,
            "host %s cannot open the library of a function: %s; install it "
            "there, at the same path",
            mri_here.host, dlerror());
        return false;
    }
    if (!mri_module_with(ref->module, module)) {
        mri_fail(MR_ERR_FUNCTION, MR_LOG_ERROR,
                 "host %s has another build of %s than the caller of a "
                 "function in it: copy the same file to all hosts",
                 mri_here.host, ref->name);
        dlclose(library);
        return false;
    }
    return true;
}

static mri_function *find_by_name(const char *name)
{
    const entry *registered = find(name, NULL);

    if (!registered) {
        mri_fail(MR_ERR_FUNCTION, MR_LOG_ERROR,
                 "host %s has no function that is registered as %s: register "
                 "it before mr_init, on all hosts",
                 mri_here.host, name);
    }
    return registered ? registered->function : NULL;
}

mri_function *mri_function_decode(const mri_function_ref *ref)
{
    mri_module module;

    if (!ref->module) {
        return find_by_name(ref->name);
    }
    if (!mri_module_with(ref->module, &module) && !open_module(ref, &module)) {
        return NULL;
    }
    return (mri_function *)(module.base + ref->offset);
}

/* ---- handles of the user ------------------------------------------------- */

static_assert(sizeof(mr_function_handle) == sizeof(mri_function_ref),
              "a handle is a reference");

mr_error mr_function_pack(mr_function *function, mr_function_handle *handle)
{
    mri_function_ref ref;
    mr_error error;

    if (!function || !handle) {
        return mri_bad_argument("mr_function_pack",
                                function ? "handle" : "function", "is NULL");
    }
    error = mri_function_encode(function, &ref);
    if (!error) {
        memcpy(handle, &ref, sizeof ref);
    }
    return error;
}

/* A handle that was damaged on its way leads into no code of its module. */
static bool is_in_module(mri_function *function, uint64_t id)
{
    mri_module module;

    return mri_module_at((uintptr_t)function, &module) && module.id == id;
}

mr_error mr_function_unpack(const mr_function_handle *handle,
                            mr_function **function)
{
    mri_function_ref ref;
    mri_function *found;

    if (!handle || !function) {
        return mri_bad_argument("mr_function_unpack",
                                handle ? "function" : "handle", "is NULL");
    }
    memcpy(&ref, handle, sizeof ref);
    if (!memchr(ref.name, '\0', sizeof ref.name) ||
        (!ref.module && !ref.name[0])) {
        return mri_fail(MR_ERR_FUNCTION, MR_LOG_INFO,
                        "mr_function_unpack: the handle holds no "
                        "function; fill it by mr_function_pack");
    }
    found = mri_function_decode(&ref);
    if (!found || (ref.module && !is_in_module(found, ref.module))) {
        return MR_ERR_FUNCTION;
    }
    *function = found;
    return MR_OK;
}
