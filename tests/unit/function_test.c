/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Function references: from an address to (module, offset) or a name, and
 * back; and the comparison of what ranks run.
 */
#include "harness/harness.h"

#include <gnu/lib-names.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "library/functions.h"
#include "runtime/code/binary.h"
#include "runtime/code/function.h"
#include "runtime/job/identity.h"

/* ---- the log --------------------------------------------------------------
 */

static char logged[2048];
static unsigned int logged_lines;

static void keep_log(mr_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    logged_lines++;
    snprintf(logged, sizeof logged, "%s", text);
}

static void begin_log(void)
{
    logged[0] = '\0';
    logged_lines = 0;
    mr_log_set_hook(keep_log, NULL);
}

static bool last_log_has(const char *text)
{
    mr_log_set_hook(NULL, NULL);
    return mrt_check(strstr(logged, text) != NULL, __FILE__, __LINE__,
                     "the log has no \"%s\" but: %s", text, logged);
}

/* ---- modules --------------------------------------------------------------
 */

static void any_function(void)
{
}

void function_seen_by_others(void);
void function_seen_by_others(void)
{
    any_function();
}

static void functions_come_back_from_their_references(void)
{
    mri_function *const functions[] = {any_function, function_seen_by_others,
                                       (mri_function *)mrt_main,
                                       (mri_function *)library_process,
                                       (mri_function *)library_static_process};
    mri_function_ref refs[MRT_COUNT(functions)];

    for (size_t i = 0; i < MRT_COUNT(functions); i++) {
        MRT_OK(mri_function_encode(functions[i], &refs[i]));
        MRT_CHECK(mri_function_decode(&refs[i]) == functions[i]);
    }
    MRT_CHECK(refs[0].module == refs[1].module);
    MRT_TEXT(refs[0].name, "");
}

static void addresses_without_code_are_refused(void)
{
    static int data;
    int local = 0;
    void *heap = malloc(1);
    void *const addresses[] = {NULL, &data,     &local,
                               heap, (void *)1, (void *)UINTPTR_MAX};
    mri_function_ref ref = {.module = 5};

    begin_log();
    for (size_t i = 0; i < MRT_COUNT(addresses); i++) {
        mri_function *function;

        memcpy(&function, &addresses[i], sizeof function);
        MRT_ERROR(mri_function_encode(function, &ref), MR_ERR_FUNCTION);
        MRT_EQUAL(ref.module, 5);
    }
    last_log_has("in no loaded module");
    free(heap);
}

static void check_refused(mri_function *function)
{
    mri_function_ref ref = {.module = 5};

    begin_log();
    MRT_ERROR(mri_function_encode(function, &ref), MR_ERR_FUNCTION);
    MRT_EQUAL(ref.module, 5);
    last_log_has("give a function of your own");
}

static void functions_of_the_c_library_are_refused(void)
{
    static const char *const libraries[] = {LIBC_SO, LIBM_SO};
    static const char *const names[] = {"memcpy", "sin"};

    for (size_t i = 0; i < MRT_COUNT(libraries); i++) {
        void *opened = dlopen(libraries[i], RTLD_NOW);
        mri_function *function;

        if (MRT_CHECK(opened != NULL)) {
            *(void **)&function = dlsym(opened, names[i]);
            check_refused(function);
            dlclose(opened);
        }
    }
}

static void functions_of_the_kernel_are_refused(void)
{
    unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

    if (vdso) {
        check_refused((mri_function *)vdso);
    } else {
        mrt_skip("the kernel gives no vDSO");
    }
}

static void references_into_unknown_modules_give_nothing(void)
{
    mri_function_ref ref;

    MRT_OK(mri_function_encode(any_function, &ref));
    ref.module++;
    begin_log();
    MRT_CHECK(mri_function_decode(&ref) == NULL);
    last_log_has("runs another program");
}

/* ---- libraries ------------------------------------------------------------
 */

typedef struct copy {
    char folder[PATH_MAX];
    char path[PATH_MAX + 16];
    mri_function_ref ref; /* of its static function */
} copy;

/* A copy of the library that was opened, and is closed again. */
static bool make_copy(copy *c, int number)
{
    library l = {.handle = NULL};
    bool opened;

    if (!library_folder(c->folder)) {
        mrt_skip("no shared library was built");
        return false;
    }
    snprintf(c->path, sizeof c->path, "%s/copy.so", c->folder);
    opened = library_copy(c->path, number) && library_open(&l, c->path);
    if (!MRT_CHECK(opened)) {
        return false;
    }
    MRT_OK(mri_function_encode((mri_function *)l.static_process, &c->ref));
    dlclose(l.handle);
    return true;
}

static void remove_copy(const copy *c)
{
    unlink(c->path);
    MRT_EQUAL(rmdir(c->folder), 0);
}

static void libraries_that_are_not_loaded_are_opened(void)
{
    mr_process_function *function;
    copy c;

    if (make_copy(&c, 2)) {
        MRT_TEXT(c.ref.name, c.path);
        function = (mr_process_function *)mri_function_decode(&c.ref);
        if (MRT_CHECK(function != NULL)) {
            MRT_EQUAL(function(NULL, 0), 2);
        }
        remove_copy(&c);
    }
}

static void libraries_of_another_build_are_refused(void)
{
    copy c;

    if (make_copy(&c, 3)) {
        MRT_CHECK(library_copy(c.path, 4));
        begin_log();
        MRT_CHECK(mri_function_decode(&c.ref) == NULL);
        last_log_has("another build of ");
        last_log_has(c.path);
        remove_copy(&c);
    }
}

static void libraries_that_are_gone_are_refused(void)
{
    copy c;

    if (make_copy(&c, 5)) {
        MRT_EQUAL(unlink(c.path), 0);
        begin_log();
        MRT_CHECK(mri_function_decode(&c.ref) == NULL);
        last_log_has("cannot open the library");
        last_log_has(c.path);
        remove_copy(&c);
    }
}

/* ---- names ----------------------------------------------------------------
 */

static void registered_functions_travel_by_name(void)
{
    mri_function_ref ref;

    MRT_OK(mr_function_register("by name", any_function));
    MRT_OK(mri_function_encode(any_function, &ref));
    MRT_TEXT(ref.name, "by name");
    MRT_CHECK(mri_function_decode(&ref) == any_function);
    strcpy(ref.name, "unknown");
    begin_log();
    MRT_CHECK(mri_function_decode(&ref) == NULL);
    last_log_has("registered as unknown");
}

static void what_lies_in_no_module_may_be_registered(void)
{
    mri_function *function;
    mri_function_ref ref;
    void *made = malloc(1);

    memcpy(&function, &made, sizeof function);
    MRT_OK(mr_function_register("made", function));
    MRT_OK(mri_function_encode(function, &ref));
    MRT_CHECK(mri_function_decode(&ref) == function);
    free(made);
}

static void register_refuses_bad_arguments(void)
{
    char name[MR_FUNCTION_NAME_SIZE + 1];

    memset(name, 'n', sizeof name);
    name[MR_FUNCTION_NAME_SIZE] = '\0';
    begin_log();
    MRT_ERROR(mr_function_register(NULL, any_function), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_function_register("", any_function), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_function_register(name, any_function), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_function_register("null", NULL), MR_ERR_ARGUMENT);
    name[MR_FUNCTION_NAME_SIZE - 1] = '\0';
    MRT_OK(mr_function_register(name, any_function));
    MRT_ERROR(mr_function_register(name, any_function), MR_ERR_ARGUMENT);
    mr_log_set_hook(NULL, NULL);
}

static void register_is_refused_in_a_job(void)
{
    begin_log();
    mri_here.pid = getpid();
    MRT_ERROR(mr_function_register("late", any_function), MR_ERR_STATE);
    mri_here.pid = 0;
    mr_log_set_hook(NULL, NULL);
}

/* ---- what ranks run -------------------------------------------------------
 */

static void programs_know_themselves(void)
{
    char path[PATH_MAX];
    mri_binary one, two;

    mri_binary_describe(&one);
    mri_binary_describe(&two);
    MRT_CHECK(one.program.id != 0);
    MRT_EQUAL(one.program.id, one.library.id); /* it is linked in */
    MRT_BYTES(&one, &two, sizeof one);
    MRT_CHECK(one.host[0] != '\0');
    if (MRT_CHECK(realpath("/proc/self/exe", path) != NULL) &&
        strlen(path) < sizeof one.program.path) {
        MRT_TEXT(one.program.path, path);
    }
}

enum { RANKS = 20 };

/* Ranks on three hosts that run the same. */
static void describe_ranks(mri_binary ranks[RANKS])
{
    for (int i = 0; i < RANKS; i++) {
        mri_binary_describe(&ranks[i]);
        ranks[i].library.id++;
        strcpy(ranks[i].library.path, "/lib/libmultirank.so");
        snprintf(ranks[i].host, sizeof ranks[i].host, "node%d", 1 + i / 8);
    }
}

static void equal_programs_may_lie_anywhere(void)
{
    mri_binary ranks[RANKS];

    describe_ranks(ranks);
    strcpy(ranks[3].program.path, "/elsewhere/app");
    strcpy(ranks[4].library.path, "/elsewhere/libmultirank.so");
    begin_log();
    MRT_OK(mri_binaries_compare(ranks, RANKS));
    MRT_OK(mri_binaries_compare(ranks, 1));
    MRT_EQUAL(logged_lines, 0);
    mr_log_set_hook(NULL, NULL);
}

static void another_program_is_named(void)
{
    mri_binary ranks[RANKS];

    describe_ranks(ranks);
    strcpy(ranks[0].program.path, "/app");
    strcpy(ranks[9].program.path, "/old/app");
    ranks[9].program.id++;
    ranks[9].library.id++;
    begin_log();
    MRT_ERROR(mri_binaries_compare(ranks, RANKS), MR_ERR_FUNCTION);
    MRT_EQUAL(logged_lines, 1);
    last_log_has("rank 9 on node2 runs another program (/old/app) than rank 0 "
                 "on node1 (/app)");
}

static void another_library_is_named(void)
{
    mri_binary ranks[RANKS];

    describe_ranks(ranks);
    strcpy(ranks[RANKS - 1].library.path, "/old/libmultirank.so");
    ranks[RANKS - 1].library.id++;
    begin_log();
    MRT_ERROR(mri_binaries_compare(ranks, RANKS), MR_ERR_FUNCTION);
    last_log_has("rank 19 on node3 runs another libmultirank "
                 "(/old/libmultirank.so) than rank 0 on node1 "
                 "(/lib/libmultirank.so)");
}

static void many_other_programs_are_counted(void)
{
    mri_binary ranks[RANKS];

    describe_ranks(ranks);
    ranks[0].program.id++;
    begin_log();
    MRT_ERROR(mri_binaries_compare(ranks, RANKS), MR_ERR_FUNCTION);
    MRT_EQUAL(logged_lines, 9);
    last_log_has("11 more ranks");
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"functions_come_back_from_their_references",
         functions_come_back_from_their_references, 0},
        {"addresses_without_code_are_refused",
         addresses_without_code_are_refused, 0},
        {"functions_of_the_c_library_are_refused",
         functions_of_the_c_library_are_refused, 0},
        {"functions_of_the_kernel_are_refused",
         functions_of_the_kernel_are_refused, 0},
        {"references_into_unknown_modules_give_nothing",
         references_into_unknown_modules_give_nothing, 0},
        {"libraries_that_are_not_loaded_are_opened",
         libraries_that_are_not_loaded_are_opened, 0},
        {"libraries_of_another_build_are_refused",
         libraries_of_another_build_are_refused, 0},
        {"libraries_that_are_gone_are_refused",
         libraries_that_are_gone_are_refused, 0},
        {"registered_functions_travel_by_name",
         registered_functions_travel_by_name, 0},
        {"what_lies_in_no_module_may_be_registered",
         what_lies_in_no_module_may_be_registered, 0},
        {"register_refuses_bad_arguments", register_refuses_bad_arguments, 0},
        {"register_is_refused_in_a_job", register_is_refused_in_a_job, 0},
        {"programs_know_themselves", programs_know_themselves, 0},
        {"equal_programs_may_lie_anywhere", equal_programs_may_lie_anywhere, 0},
        {"another_program_is_named", another_program_is_named, 0},
        {"another_library_is_named", another_library_is_named, 0},
        {"many_other_programs_are_counted", many_other_programs_are_counted, 0},
    };

    setenv("MR_LOG", "info", 1);
    return mrt_main("function", tests, MRT_COUNT(tests), argc, argv);
}
