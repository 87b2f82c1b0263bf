/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions travel: static ones, those of libraries, those with a name; given
 * by rank 0 and by a process, to a Process and to a Pool.
 */
#include "mpi/support.h"

#include <gnu/lib-names.h>

#include "library/functions.h"

typedef struct functions {
    mr_process_function *process;
    mr_task_function *task;
} functions;

/* ---- what holds for rank 0 and for a process ------------------------------
 */

/* A process on a rank either ends with this number, or is not started. */
static void check_process(int rank, mr_process_function *function, int number,
                          mr_error expected)
{
    const mr_process_options options = {.place = MR_ON_RANK(rank)};
    mr_process process;
    int code = -1000;

    if (!CHILD_OK(mr_process_create(&process, function, NULL, 0, &options))) {
        return;
    }
    CHILD_ERROR(mr_process_start(process), expected);
    if (!expected) {
        CHILD_OK(mr_process_join(process, GUARD));
        CHILD_OK(mr_process_exit_code(process, &code));
        CHILD_CHECK(code == number);
    }
    CHILD_OK(mr_process_destroy(process));
}

/* A map over all ranks gives this number each time, or fails. */
static void check_map(mr_task_function *function, int number, mr_error expected)
{
    enum { TASKS = 100 };
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.error = &error, .timeout = GUARD};
    int outputs[TASKS] = {0};
    int wrong = 0;
    mr_pool pool;

    if (!CHILD_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    CHILD_ERROR(mr_pool_map(pool, function, NULL, 0, NULL, 0, outputs,
                            sizeof *outputs, TASKS, &options),
                expected);
    for (int i = 0; i < TASKS; i++) {
        wrong += outputs[i] != number;
    }
    CHILD_CHECK(expected || wrong == 0);
    CHILD_CHECK(error.code == expected);
    CHILD_CHECK(!expected || error.host[0]);
    CHILD_OK(mr_pool_destroy(pool));
}

static void check(const functions *f, int number, mr_error expected)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        check_process(rank, f->process, number, expected);
    }
    check_map(f->task, number, expected);
}

static void check_library(const library *l, int number, mr_error expected)
{
    const functions f = {l->process, l->task};

    check(&f, number, expected);
    check_process(mr_size() - 1, l->static_process, number, expected);
}

/* ---- both of them ---------------------------------------------------------
 */

typedef void scene(const char *path);

typedef struct order {
    size_t scene;
    char path[PATH_MAX];
} order;

static scene static_functions, linked_library, opened_library, c_library;

static scene *const scenes[] = {static_functions, linked_library,
                                opened_library, c_library};

static int act(const void *argument, size_t size)
{
    const order *o = argument;

    (void)size;
    scenes[o->scene](o->path);
    return child_result();
}

/* Copies have a number for each, as what one has opened is there for the
 * other. */
static void here_and_there(scene *function, const char *path_here,
                           const char *path_there)
{
    order o = {.scene = 0};

    while (scenes[o.scene] != function) {
        o.scene++;
    }
    snprintf(o.path, sizeof o.path, "%s", path_there);
    child_failures = 0;
    function(path_here);
    MRT_EQUAL(child_failures, 0);
    RUN(ANYWHERE, act, &o, sizeof o);
}

/* ---- static functions, linked libraries, the C library --------------------
 */

static int seven(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 7;
}

static mr_error give_seven(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = 7;
    return MR_OK;
}

static void static_functions(const char *path)
{
    const functions f = {seven, give_seven};

    (void)path;
    check(&f, 7, MR_OK);
}

static void static_functions_run_everywhere(void)
{
    here_and_there(static_functions, "", "");
}

static void linked_library(const char *path)
{
    const library l = {.process = library_process,
                       .static_process = library_static_process(),
                       .task = library_task};

    (void)path;
    check_library(&l, LIBRARY_NUMBER, MR_OK);
}

static void functions_of_linked_libraries_run_everywhere(void)
{
    here_and_there(linked_library, "", "");
}

/* ---- handles --------------------------------------------------------------
 */

typedef struct call {
    mr_function_handle function;
    int number;
} call;

static int twice(int number)
{
    return 2 * number;
}

static int negative(int number)
{
    return -number;
}

static mr_error call_function(const void *input, void *output,
                              const mr_task *task)
{
    const call *c = input;
    mr_function *function;
    mr_error error = mr_function_unpack(&c->function, &function);

    (void)task;
    if (!error) {
        *(int *)output = ((int (*)(int))function)(c->number);
    }
    return error;
}

static void handles_of_functions_travel_in_inputs(void)
{
    enum { CALLS = 100 };
    const mr_map_options options = {.chunk = 1, .timeout = GUARD};
    call calls[CALLS];
    int out[CALLS] = {0};
    mr_pool pool;

    for (int i = 0; i < CALLS; i++) {
        MRT_OK(mr_function_pack((mr_function *)(i % 2 ? twice : negative),
                                &calls[i].function));
        calls[i].number = i;
    }
    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, call_function, NULL, 0, calls, sizeof calls[0],
                       out, sizeof out[0], CALLS, &options));
    for (int i = 0; i < CALLS; i++) {
        MRT_EQUAL(out[i], i % 2 ? 2 * i : -i);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void handles_without_a_function_are_refused(void)
{
    mr_function_handle good, bad;
    mr_function *function = NULL;

    MRT_ERROR(mr_function_pack(NULL, &good), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_function_pack((mr_function *)twice, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_function_pack((mr_function *)twice, &good));
    MRT_ERROR(mr_function_unpack(NULL, &function), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_function_unpack(&good, NULL), MR_ERR_ARGUMENT);
    memset(&bad, 0, sizeof bad);
    MRT_ERROR(mr_function_unpack(&bad, &function), MR_ERR_FUNCTION);
    memset(&bad, 0xff, sizeof bad);
    MRT_ERROR(mr_function_unpack(&bad, &function), MR_ERR_FUNCTION);
    for (size_t bit = 0; bit < 64; bit++) {
        unsigned char *bytes = memcpy(&bad, &good, sizeof bad);

        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        MRT_ERROR(mr_function_unpack(&bad, &function), MR_ERR_FUNCTION);
    }
    bad = good;
    bad.place[1] = UINT64_MAX / 2;
    MRT_ERROR(mr_function_unpack(&bad, &function), MR_ERR_FUNCTION);
    MRT_CHECK(function == NULL);
    MRT_OK(mr_function_unpack(&good, &function));
    MRT_CHECK(function == (mr_function *)twice);
}

static void c_library(const char *path)
{
    void *handle = dlopen(LIBC_SO, RTLD_NOW);
    const mr_process_options options = {.daemon = false};
    mr_process_function *process;
    mr_task_function *task;
    mr_process made;
    mr_pool pool;

    (void)path;
    if (!CHILD_CHECK(handle != NULL)) {
        return;
    }
    *(void **)&process = dlsym(handle, "memcmp");
    *(void **)&task = dlsym(handle, "qsort");
    CHILD_ERROR(mr_process_create(&made, process, NULL, 0, &options),
                MR_ERR_FUNCTION);
    if (CHILD_OK(mr_pool_create(&pool, NULL))) {
        CHILD_ERROR(mr_pool_map(pool, task, NULL, 0, NULL, 0, NULL, 0, 5, NULL),
                    MR_ERR_FUNCTION);
        CHILD_OK(mr_pool_destroy(pool));
    }
    dlclose(handle);
}

static void functions_of_the_c_library_are_refused(void)
{
    here_and_there(c_library, "", "");
}

/* ---- libraries that are opened in the job ---------------------------------
 */

/* A copy is called by its number, as "/folder/4.so". */
typedef struct copies {
    char folder[PATH_MAX];
    char path[PATH_MAX + 16];
    char other[PATH_MAX + 16]; /* of the next number */
} copies;

static bool make_copies(copies *c, int number)
{
    if (!library_folder(c->folder)) {
        mrt_skip("no shared library was built");
        return false;
    }
    snprintf(c->path, sizeof c->path, "%s/%d.so", c->folder, number);
    snprintf(c->other, sizeof c->other, "%s/%d.so", c->folder, number + 1);
    return MRT_CHECK(library_copy(c->path, number)) &&
           MRT_CHECK(library_copy(c->other, number + 1));
}

static void remove_copies(const copies *c)
{
    unlink(c->path);
    unlink(c->other);
    MRT_EQUAL(rmdir(c->folder), 0);
}

static int number_of(const char *path)
{
    return path[strlen(path) - strlen("n.so")] - '0';
}

static void opened_library(const char *path)
{
    library l;

    if (CHILD_CHECK(library_open(&l, path))) {
        check_library(&l, number_of(path), MR_OK);
        dlclose(l.handle);
    }
}

static void functions_of_libraries_opened_later_run_everywhere(void)
{
    copies c;

    if (make_copies(&c, 2)) {
        here_and_there(opened_library, c.path, c.other);
        remove_copies(&c);
    }
}

static void functions_of_libraries_with_relative_paths_run_everywhere(void)
{
    char before[PATH_MAX];
    library l;
    copies c;
    bool opened;

    if (!make_copies(&c, 4)) {
        return;
    }
    if (MRT_CHECK(getcwd(before, sizeof before) != NULL) &&
        MRT_EQUAL(chdir(c.folder), 0)) {
        opened = library_open(&l, "./4.so");
        MRT_EQUAL(chdir(before), 0);
        if (MRT_CHECK(opened)) {
            child_failures = 0;
            check_library(&l, 4, MR_OK);
            MRT_EQUAL(child_failures, 0);
            dlclose(l.handle);
        }
    }
    remove_copies(&c);
}

static void functions_of_libraries_that_were_replaced_are_refused(void)
{
    library l;
    copies c;

    if (!make_copies(&c, 6)) {
        return;
    }
    if (MRT_CHECK(library_open(&l, c.path))) {
        child_failures = 0;
        MRT_CHECK(library_copy(c.path, 8));
        check_library(&l, 6, MR_ERR_FUNCTION);
        MRT_EQUAL(unlink(c.path), 0);
        check_library(&l, 6, MR_ERR_FUNCTION);
        MRT_CHECK(library_copy(c.path, 6));
        check_library(&l, 6, MR_OK);
        MRT_EQUAL(child_failures, 0);
        dlclose(l.handle);
    }
    remove_copies(&c);
}

/* ---- functions with a name ------------------------------------------------
 */

static int even_answer(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 20;
}

static int odd_answer(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 21;
}

/* The rank of the process before mr_init; -1: the launcher does not say. */
static int early_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",
                                        "PMI_RANK"};
    const char *text = NULL;

    for (size_t i = 0; !text && i < MRT_COUNT(names); i++) {
        text = getenv(names[i]);
    }
    return text ? atoi(text) : -1;
}

static int early;

static void registered_functions_are_found_by_name(void)
{
    if (early < 0) {
        mrt_skip("the launcher does not tell the rank before mr_init");
        return;
    }
    child_failures = 0;
    for (int rank = 0; rank < mr_size(); rank++) {
        check_process(rank, even_answer, 20 + rank % 2, MR_OK);
    }
    MRT_EQUAL(child_failures, 0);
}

static void functions_are_registered_before_the_job_only(void)
{
    MRT_ERROR(mr_function_register("late", (mr_function *)seven), MR_ERR_STATE);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"static_functions_run_everywhere", static_functions_run_everywhere, 0},
        {"functions_of_linked_libraries_run_everywhere",
         functions_of_linked_libraries_run_everywhere, 0},
        {"handles_of_functions_travel_in_inputs",
         handles_of_functions_travel_in_inputs, 0},
        {"handles_without_a_function_are_refused",
         handles_without_a_function_are_refused, 0},
        {"functions_of_the_c_library_are_refused",
         functions_of_the_c_library_are_refused, 0},
        {"functions_of_libraries_opened_later_run_everywhere",
         functions_of_libraries_opened_later_run_everywhere, 0},
        {"functions_of_libraries_with_relative_paths_run_everywhere",
         functions_of_libraries_with_relative_paths_run_everywhere, 0},
        {"functions_of_libraries_that_were_replaced_are_refused",
         functions_of_libraries_that_were_replaced_are_refused, 0},
        {"registered_functions_are_found_by_name",
         registered_functions_are_found_by_name, 0},
        {"functions_are_registered_before_the_job_only",
         functions_are_registered_before_the_job_only, 0},
    };
    mr_process_function *answer;

    early = early_rank();
    answer = early % 2 == 1 ? odd_answer : even_answer;
    /* The lines that say why a function is refused would be many; the unit
     * test reads them. */
    setenv("MR_LOG", "none", 0);
    if (mr_function_register("answer", (mr_function *)answer)) {
        return EXIT_FAILURE;
    }
    return suite_main("mpi_function", tests, MRT_COUNT(tests), argc, argv);
}
