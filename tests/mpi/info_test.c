/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of info.h: which facts are told where, and what of settings.
 */
#include "mpi/support.h"

#include <stdint.h>

/* What main saw before mr_init. */
static int told_before;

static bool find_fact(const char *group, const char *name, mr_fact *fact)
{
    for (size_t i = 0; mr_info_fact(i, fact); i++) {
        if (strcmp(fact->group, group) == 0 && strcmp(fact->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_setting(const char *name, mr_setting *setting)
{
    for (size_t i = 0; mr_info_setting(i, setting); i++) {
        if (strcmp(setting->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The facts of a group that have a text here. */
static int count_told(const char *group)
{
    mr_fact fact;
    int told = 0;

    for (size_t i = 0; mr_info_fact(i, &fact); i++) {
        told += strcmp(fact.group, group) == 0 && *fact.text;
    }
    return told;
}

static void facts_have_names_of_their_own(void)
{
    mr_fact one;
    mr_fact other;

    for (size_t i = 0; mr_info_fact(i, &one); i++) {
        MRT_CHECK(*one.group && *one.name);
        for (size_t j = 0; j < i && mr_info_fact(j, &other); j++) {
            MRT_CHECK(strcmp(one.group, other.group) != 0 ||
                      strcmp(one.name, other.name) != 0);
        }
    }
}

static void facts_of_versions_and_build_are_told(void)
{
    mr_fact fact;

    for (size_t i = 0; mr_info_fact(i, &fact); i++) {
        MRT_CHECK(*fact.text && strlen(fact.text) < sizeof fact.text);
    }
    if (MRT_CHECK(find_fact("versions", "Multirank", &fact))) {
        MRT_TEXT(fact.text, mr_version());
    }
    MRT_CHECK(find_fact("build", "debug", &fact));
}

static void facts_of_the_job_are_true(void)
{
    char expected[MR_FACT_SIZE];
    mr_fact fact;

    if (MRT_CHECK(find_fact("job", "ranks", &fact))) {
        snprintf(expected, sizeof expected, "%d, of which %u share memory here",
                 mr_size(), mri_node.count);
        MRT_TEXT(fact.text, expected);
    }
    if (MRT_CHECK(find_fact("job", "host", &fact))) {
        MRT_TEXT(fact.text, mr_host());
    }
    if (MRT_CHECK(find_fact("job", "nodes", &fact))) {
        MRT_CHECK(atoi(fact.text) >= 1 && atoi(fact.text) <= mr_size());
        MRT_EQUAL(atoi(fact.text) == 1, (int)mri_node.count == mr_size());
    }
}

static void facts_of_the_job_are_not_told_before_it(void)
{
    MRT_EQUAL(told_before, 0);
    MRT_CHECK(count_told("job") > 0);
}

static int tell_nothing_of_the_job(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_CHECK(count_told("job") == 0);
    CHILD_CHECK(count_told("versions") > 0);
    return child_result();
}

static void facts_of_the_job_are_not_told_to_processes(void)
{
    RUN(mr_size() - 1, tell_nothing_of_the_job, NULL, 0);
}

static mr_error tell_if_rank(const void *input, void *output,
                             const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = mr_rank() == 0 || count_told("job") > 0;
    return MR_OK;
}

static void facts_of_the_job_are_told_to_tasks_in_ranks(void)
{
    int told[64] = {0};
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, tell_if_rank, NULL, 0, NULL, 0, told,
                       sizeof told[0], MRT_COUNT(told), NULL));
    for (size_t i = 0; i < MRT_COUNT(told); i++) {
        MRT_EQUAL(told[i], 1);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void settings_have_values_and_defaults(void)
{
    mr_setting setting;

    if (MRT_CHECK(find_setting("MR_SPIN", &setting))) {
        MRT_TEXT(setting.kind, "number");
        MRT_TEXT(setting.standard, "50");
        MRT_TEXT(setting.value, "49");
        MRT_CHECK(setting.set);
    }
    if (MRT_CHECK(find_setting("MR_GRACE", &setting))) {
        MRT_TEXT(setting.value, setting.standard);
        MRT_CHECK(!setting.set); /* it has no meaning */
    }
    if (MRT_CHECK(find_setting("MR_LOG", &setting))) {
        MRT_TEXT(setting.kind, "choice");
        MRT_TEXT(setting.value, "error");
        MRT_CHECK(strstr(setting.help, "warning") != NULL);
    }
}

static void lists_end(void)
{
    mr_setting setting;
    mr_fact fact;

    MRT_CHECK(!mr_info_fact(SIZE_MAX, &fact));
    MRT_CHECK(!mr_info_setting(SIZE_MAX, &setting));
    MRT_CHECK(!mr_info_fact(0, NULL));
    MRT_CHECK(!mr_info_setting(0, NULL));
}

static const mrt_test tests[] = {
    {"facts_have_names_of_their_own", facts_have_names_of_their_own, 0},
    {"facts_of_versions_and_build_are_told",
     facts_of_versions_and_build_are_told, 0},
    {"facts_of_the_job_are_true", facts_of_the_job_are_true, 0},
    {"facts_of_the_job_are_not_told_before_it",
     facts_of_the_job_are_not_told_before_it, 0},
    {"facts_of_the_job_are_not_told_to_processes",
     facts_of_the_job_are_not_told_to_processes, 0},
    {"facts_of_the_job_are_told_to_tasks_in_ranks",
     facts_of_the_job_are_told_to_tasks_in_ranks, 0},
    {"settings_have_values_and_defaults", settings_have_values_and_defaults, 0},
    {"lists_end", lists_end, 0},
};

int main(int argc, char **argv)
{
    setenv("MR_SPIN", "49", 1);
    setenv("MR_GRACE", "soon", 1);
    setenv("MR_LOG", "error", 1);
    told_before = count_told("job");
    return suite_main("info", tests, MRT_COUNT(tests), argc, argv);
}
