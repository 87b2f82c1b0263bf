/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Function references: from an address to (module, offset) and back.
 */
#include "harness/harness.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/function.h"

static void quiet_log(mr_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

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
    mri_function *const functions[] = {
        any_function, function_seen_by_others, (mri_function *)qsort,
        (mri_function *)mr_error_name, (mri_function *)mrt_main};
    mri_function_ref refs[MRT_COUNT(functions)];

    for (size_t i = 0; i < MRT_COUNT(functions); i++) {
        MRT_OK(mri_function_encode(functions[i], &refs[i]));
        MRT_CHECK(mri_function_decode(&refs[i]) == functions[i]);
    }
    MRT_CHECK(refs[0].module == refs[1].module);
    MRT_CHECK(refs[0].module != refs[2].module);
}

static void addresses_without_code_are_refused(void)
{
    static int data;
    int local = 0;
    void *heap = malloc(1);
    void *const addresses[] = {NULL, &data,     &local,
                               heap, (void *)1, (void *)UINTPTR_MAX};
    mri_function_ref ref = {.module = 5};

    mr_log_set_hook(quiet_log, NULL);
    for (size_t i = 0; i < MRT_COUNT(addresses); i++) {
        mri_function *function;

        memcpy(&function, &addresses[i], sizeof function);
        MRT_ERROR(mri_function_encode(function, &ref), MR_ERR_FUNCTION);
        MRT_EQUAL(ref.module, 5);
    }
    mr_log_set_hook(NULL, NULL);
    free(heap);
}

static void references_into_unknown_modules_give_nothing(void)
{
    mri_function_ref ref;

    MRT_OK(mri_function_encode(any_function, &ref));
    ref.module++;
    MRT_CHECK(mri_function_decode(&ref) == NULL);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"functions_come_back_from_their_references",
         functions_come_back_from_their_references, 0},
        {"addresses_without_code_are_refused",
         addresses_without_code_are_refused, 0},
        {"references_into_unknown_modules_give_nothing",
         references_into_unknown_modules_give_nothing, 0},
    };

    return mrt_main("function", tests, MRT_COUNT(tests), argc, argv);
}
