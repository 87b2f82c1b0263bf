/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors, settings, time and the log.  Settings are read once, so each case
 * is a second process of this program, whose output is looked at.
 */
#include "harness/harness.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/settings.h"

enum { MAX_OUTPUT = 8192 };

static const char inner_variable[] = "MRT_INNER";
static char program[4096];

/* ---- errors -------------------------------------------------------------- */

enum { FIRST_UNKNOWN = MR_ERR_CANCELLED + 1 };

static void errors_have_names_and_texts_of_their_own(void)
{
    for (int i = 0; i < FIRST_UNKNOWN; i++) {
        const char *name = mr_error_name((mr_error)i);
        const char *text = mr_error_text((mr_error)i);

        MRT_CHECK(strncmp(name, i ? "MR_ERR_" : "MR_OK", i ? 7 : 6) == 0);
        MRT_CHECK(strcmp(name, "MR_ERR_UNKNOWN") != 0);
        MRT_CHECK(*text != '\0');
        for (int j = 0; j < i; j++) {
            MRT_CHECK(strcmp(name, mr_error_name((mr_error)j)) != 0);
            MRT_CHECK(strcmp(text, mr_error_text((mr_error)j)) != 0);
        }
    }
}

static void errors_of_users_and_unknown_ones_have_names(void)
{
    MRT_TEXT(mr_error_name((mr_error)FIRST_UNKNOWN), "MR_ERR_UNKNOWN");
    MRT_TEXT(mr_error_name((mr_error)(MR_ERR_USER - 1)), "MR_ERR_UNKNOWN");
    MRT_TEXT(mr_error_name(MR_ERR_USER), "MR_ERR_USER");
    MRT_TEXT(mr_error_name((mr_error)(MR_ERR_USER + 7)), "MR_ERR_USER");
    MRT_CHECK(mr_error_text((mr_error)-1) != NULL);
}

/* A handle that nobody ever created gives it, too. */
static void stale_handle_need_not_have_been_destroyed(void)
{
    MRT_CHECK(strstr(mr_error_text(MR_ERR_STALE), "never") != NULL);
}

/* ---- settings ------------------------------------------------------------ */

static void run_inner(const char *environment, char output[MAX_OUTPUT])
{
    char command[sizeof program + 512];
    size_t size = 0;
    FILE *pipe;

    snprintf(command, sizeof command,
             "env -u MR_LOG -u MR_MEMORY -u MR_SPIN -u MR_GRACE %s=1 %s '%s' "
             "2>&1",
             inner_variable, environment, program);
    pipe = popen(command, "r");
    if (MRT_CHECK(pipe)) {
        size = fread(output, 1, MAX_OUTPUT - 1, pipe);
        MRT_EQUAL(pclose(pipe), 0);
    }
    output[size] = '\0';
}

/* With this environment a setting has this value. */
static void expect_value(const char *environment, const char *setting,
                         const char *value)
{
    char output[MAX_OUTPUT];
    char row[64];
    char standard[64];
    char now[64];
    const char *at = output;

    run_inner(environment, output);
    for (; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (sscanf(at, "%63s %63s %63s", row, standard, now) == 3 &&
            strcmp(row, setting) == 0) {
            MRT_TEXT(now, value);
            return;
        }
    }
    MRT_FAIL("%s is not printed: %s", setting, output);
}

static void expect_output(const char *environment, const char *text, bool is)
{
    char output[MAX_OUTPUT];

    run_inner(environment, output);
    if (!MRT_EQUAL(strstr(output, text) != NULL, is)) {
        printf("%s: %s", environment, output);
    }
}

static void settings_have_standard_values(void)
{
    expect_value("", "MR_LOG", "warning");
    expect_value("", "MR_MEMORY", "0");
    expect_value("", "MR_SPIN", "50");
    expect_value("", "MR_GRACE", "1000");
}

static void settings_take_numbers_suffixes_and_levels(void)
{
    expect_value("MR_MEMORY=4096", "MR_MEMORY", "4K");
    expect_value("MR_MEMORY=4097", "MR_MEMORY", "4097");
    expect_value("MR_MEMORY=3K", "MR_MEMORY", "3K");
    expect_value("MR_MEMORY=3m", "MR_MEMORY", "3M");
    expect_value("MR_MEMORY=2G", "MR_MEMORY", "2G");
    expect_value("MR_MEMORY=1t", "MR_MEMORY", "1T");
    expect_value("MR_SPIN=0", "MR_SPIN", "0");
    expect_value("MR_LOG=none", "MR_LOG", "none");
    expect_value("MR_LOG=DEBUG", "MR_LOG", "debug");
    expect_output("MR_MEMORY=3K MR_SPIN=9", "has a wrong value", false);
}

static void settings_take_names_or_lists_of_processors(void)
{
    expect_value("", "MR_BIND", "auto");
    expect_value("MR_BIND=NUMA", "MR_BIND", "numa");
    expect_value("MR_BIND=0-3,8", "MR_BIND", "0-3,8");
    expect_value("MR_BIND=3", "MR_BIND", "3");
    expect_output("MR_BIND=0-3,8", "has a wrong value", false);
    expect_value("MR_TASK_THREADS=off", "MR_TASK_THREADS", "off");
}

static void settings_without_meaning_are_told_and_not_taken(void)
{
    static const char *const bad[] = {
        "MR_MEMORY=3Q",         "MR_MEMORY=3KB",
        "MR_MEMORY=-1",         "MR_MEMORY=",
        "MR_MEMORY=M",          "MR_MEMORY=99999999999999999999",
        "MR_MEMORY=9999999999T"};

    for (size_t i = 0; i < MRT_COUNT(bad); i++) {
        expect_value(bad[i], "MR_MEMORY", "0");
        expect_output(bad[i], "has a wrong value", true);
        expect_output(bad[i], bad[i], true);
    }
    expect_value("MR_SPIN=5K", "MR_SPIN", "50");
    expect_output("MR_SPIN=5K", "MR_SPIN=5K has a wrong value", true);
    expect_value("MR_BIND=3-1", "MR_BIND", "auto");
    expect_output("MR_BIND=socket", "MR_BIND=socket has a wrong value", true);
    expect_value("MR_LOG=loud", "MR_LOG", "warning");
    expect_output("MR_LOG=loud", "MR_LOG=loud has a wrong value", true);
}

static void settings_that_are_unknown_are_told(void)
{
    expect_output("MR_MEMROY=1G", "unknown setting MR_MEMROY", true);
    expect_output("MR_=1", "unknown setting MR_;", true);
    expect_output("MRX=1", "unknown setting", false);
}

/* ---- lists ---------------------------------------------------------------
 */

static void lists_have_ranges_and_nothing_else(void)
{
    static const char *const good[] = {"0", "0,1", "7-9", "1-3,5,7-7"};
    static const char *const bad[] = {
        "",  ",",   "1,",  ",1", "1,,2",  "3-1",  "-1", "1-",
        "a", "1 2", "1,x", " 1", "1-2-3", "0x10", "+1", "99999999999999999999"};
    const char *text = "4-6,9";
    unsigned int first = 0;
    unsigned int last = 0;

    for (size_t i = 0; i < MRT_COUNT(good); i++) {
        MRT_CHECK(mri_list_is(good[i]));
    }
    for (size_t i = 0; i < MRT_COUNT(bad); i++) {
        if (!MRT_CHECK(!mri_list_is(bad[i]))) {
            printf("%s is a list\n", bad[i]);
        }
    }
    MRT_CHECK(mri_list_next(&text, &first, &last) && first == 4 && last == 6);
    MRT_CHECK(mri_list_next(&text, &first, &last) && first == 9 && last == 9);
    MRT_CHECK(!mri_list_next(&text, &first, &last));
}

/* ---- time ---------------------------------------------------------------- */

static void deadlines_are_exact_or_never_come(void)
{
    int64_t before = mri_now();
    int64_t deadline = mri_deadline(1.5);
    int64_t after = mri_now();

    MRT_CHECK(before > 0 && before <= after);
    MRT_CHECK(deadline >= before + 1500000000);
    MRT_CHECK(deadline <= after + 1500000000);
    MRT_EQUAL(mri_deadline(0), 0);
    MRT_EQUAL(mri_deadline(MR_FOREVER), MRI_NEVER);
    MRT_EQUAL(mri_deadline(1e300), MRI_NEVER);
    MRT_EQUAL(mri_deadline(INFINITY), MRI_NEVER);
    MRT_CHECK(mri_deadline(1e-12) >= before);
}

static void timeouts_shrink_to_nothing(void)
{
    MRT_CHECK(mri_timeout_left(MR_FOREVER, MRI_NEVER) == MR_FOREVER);
    MRT_CHECK(mri_timeout_left(1e300, MRI_NEVER) > 0);
    MRT_CHECK(mri_timeout_left(0, 0) == 0);
    MRT_CHECK(mri_timeout_left(1, mri_now() - 1) == 0);
    MRT_CHECK(mri_timeout_left(100, mri_now() + 50000000000) <= 50);
    MRT_CHECK(mri_timeout_left(100, mri_now() + 50000000000) > 40);
}

/* ---- the log ------------------------------------------------------------- */

typedef struct heard {
    unsigned int count;
    mr_log_level level;
    char text[2048];
} heard;

static void hear(mr_log_level level, const char *text, void *user)
{
    heard *h = user;

    h->count++;
    h->level = level;
    snprintf(h->text, sizeof h->text, "%s", text);
}

static void log_hook_gets_what_the_level_lets_through(void)
{
    heard h = {0};

    mr_log_set_hook(hear, &h);
    mri_log(MR_LOG_WARNING, "number %d", 7);
    MRT_EQUAL(h.count, 1);
    MRT_EQUAL(h.level, MR_LOG_WARNING);
    MRT_TEXT(h.text, "number 7");
    mri_log(MR_LOG_INFO, "not shown");
    MRT_EQUAL(h.count, 1);
    mri_log(MR_LOG_ERROR, "%01500d", 0);
    MRT_EQUAL(h.count, 2);
    MRT_EQUAL(h.level, MR_LOG_ERROR);
    MRT_EQUAL(strlen(h.text), 1023);
    mr_log_set_hook(NULL, NULL);
}

static void *log_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 500; i++) {
        mri_log(MR_LOG_ERROR, "%d", i);
    }
    return NULL;
}

/* The hook needs no lock of its own. */
static void log_hook_is_called_by_one_thread_at_a_time(void)
{
    heard h = {0};
    pthread_t threads[4];

    mr_log_set_hook(hear, &h);
    for (size_t i = 0; i < MRT_COUNT(threads); i++) {
        pthread_create(&threads[i], NULL, log_often, NULL);
    }
    for (size_t i = 0; i < MRT_COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    mr_log_set_hook(NULL, NULL);
    MRT_EQUAL(h.count, 500 * MRT_COUNT(threads));
}

static void log_without_hook_goes_to_stderr_as_lines(void)
{
    expect_output("MR_LOG=info", "multirank: rank 3: info: hello\n", true);
    expect_output("MR_LOG=info", "multirank: rank 3: error: alas\n", true);
    expect_output("MR_LOG=info", "debug: depth", false);
    expect_output("MR_LOG=debug", "multirank: rank 3: debug: depth\n", true);
    expect_output("MR_LOG=none", "alas", false);
}

static int inner(void)
{
    mr_settings_print();
    fflush(stdout);
    mri_settings_check(mri_log);
    mri_log_set_place("rank %d", 3);
    mri_log(MR_LOG_ERROR, "alas");
    mri_log(MR_LOG_INFO, "hello");
    mri_log(MR_LOG_DEBUG, "depth");
    return 0;
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"errors_have_names_and_texts_of_their_own",
         errors_have_names_and_texts_of_their_own, 0},
        {"stale_handle_need_not_have_been_destroyed",
         stale_handle_need_not_have_been_destroyed, 0},
        {"errors_of_users_and_unknown_ones_have_names",
         errors_of_users_and_unknown_ones_have_names, 0},
        {"settings_have_standard_values", settings_have_standard_values, 0},
        {"settings_take_numbers_suffixes_and_levels",
         settings_take_numbers_suffixes_and_levels, 0},
        {"settings_take_names_or_lists_of_processors",
         settings_take_names_or_lists_of_processors, 0},
        {"lists_have_ranges_and_nothing_else",
         lists_have_ranges_and_nothing_else, 0},
        {"settings_without_meaning_are_told_and_not_taken",
         settings_without_meaning_are_told_and_not_taken, 0},
        {"settings_that_are_unknown_are_told",
         settings_that_are_unknown_are_told, 0},
        {"deadlines_are_exact_or_never_come", deadlines_are_exact_or_never_come,
         0},
        {"timeouts_shrink_to_nothing", timeouts_shrink_to_nothing, 0},
        {"log_hook_gets_what_the_level_lets_through",
         log_hook_gets_what_the_level_lets_through, 0},
        {"log_hook_is_called_by_one_thread_at_a_time",
         log_hook_is_called_by_one_thread_at_a_time, 0},
        {"log_without_hook_goes_to_stderr_as_lines",
         log_without_hook_goes_to_stderr_as_lines, 0},
    };

    if (getenv(inner_variable)) {
        return inner();
    }
    unsetenv("MR_LOG");
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) {
        perror("/proc/self/exe");
        return 1;
    }
    return mrt_main("util", tests, MRT_COUNT(tests), argc, argv);
}
