/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a rank may take: the limits of control groups, in trees of
 * files that are made for each test, and that of the size of files.
 */
#include "memory/allowance.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "runtime/job/map_segments.h"

#define MIB ((int64_t)1 << 20)

static char root[] = "/tmp/multirank-allowance-XXXXXX";

/* ---- a tree of files ----------------------------------------------------- */

/* Writes a file below the root, and the folders above it. */
static void file(const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *out;

    snprintf(path, sizeof path, "%s%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/'));
         slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    out = fopen(path, "w");
    if (MRT_CHECK(out != NULL)) {
        fputs(text, out);
        fclose(out);
    }
}

static void number(const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld\n", (long long)value);
    file(name, text);
}

static void tree_begin(void)
{
    strcpy(root + sizeof root - 7, "XXXXXX");
    MRT_CHECK(mkdtemp(root) != NULL);
    file("/proc/meminfo", "MemTotal:       8192000 kB\n"
                          "MemFree:         100000 kB\n"
                          "MemAvailable:   4194304 kB\n");
}

static void tree_end(void)
{
    char command[PATH_MAX];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    MRT_EQUAL(system(command), 0);
}

static void tree_of_version_1(const char *group)
{
    char text[PATH_MAX];

    tree_begin();
    snprintf(text, sizeof text, "5:devices:/\n4:cpu,memory:%s\n0::/x\n", group);
    file("/proc/self/cgroup", text);
    file("/proc/self/mountinfo",
         "22 1 0:5 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
         "30 1 0:26 / /sys/fs/cgroup/memory rw,nosuid shared:12 - cgroup "
         "cgroup rw,memory\n");
}

static void tree_of_version_2(const char *group)
{
    char text[PATH_MAX];

    tree_begin();
    snprintf(text, sizeof text, "0::%s\n", group);
    file("/proc/self/cgroup", text);
    file("/proc/self/mountinfo",
         "24 1 8:1 / / rw - ext4 /dev/root rw\n"
         "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 master:1 - cgroup2 "
         "cgroup2 rw,nsdelegate\n");
}

/* ---- tests --------------------------------------------------------------- */

static void machine_without_groups_offers_what_is_available(void)
{
    tree_begin();
    MRT_EQUAL(mri_memory_available(root), 4096 * MIB);
    tree_end();
}

static void own_group_of_version_1_limits(void)
{
    tree_of_version_1("/slurm/job_7");
    number("/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes",
           300 * MIB);
    number("/sys/fs/cgroup/memory/slurm/job_7/memory.usage_in_bytes",
           100 * MIB);
    MRT_EQUAL(mri_memory_available(root), 200 * MIB);
    tree_end();
}

static void group_above_of_version_1_limits(void)
{
    tree_of_version_1("/slurm/job_7/step_0");
    number("/sys/fs/cgroup/memory/slurm/job_7/step_0/memory.limit_in_bytes",
           INT64_MAX / 4096 * 4096);
    number("/sys/fs/cgroup/memory/slurm/job_7/step_0/memory.usage_in_bytes",
           MIB);
    number("/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes",
           500 * MIB);
    number("/sys/fs/cgroup/memory/slurm/job_7/memory.usage_in_bytes",
           100 * MIB);
    MRT_EQUAL(mri_memory_available(root), 400 * MIB);
    number("/sys/fs/cgroup/memory/memory.limit_in_bytes", 1000 * MIB);
    number("/sys/fs/cgroup/memory/memory.usage_in_bytes", 999 * MIB);
    MRT_EQUAL(mri_memory_available(root), MIB);
    tree_end();
}

/* In a container only the own group is seen, but it tells what limits it. */
static void limit_of_unseen_groups_of_version_1_counts(void)
{
    tree_of_version_1("/docker/0123");
    number("/sys/fs/cgroup/memory/memory.limit_in_bytes",
           INT64_MAX / 4096 * 4096);
    number("/sys/fs/cgroup/memory/memory.usage_in_bytes", 10 * MIB);
    file("/sys/fs/cgroup/memory/memory.stat",
         "cache 0\nhierarchical_memory_limit 104857600\n");
    MRT_EQUAL(mri_memory_available(root), 90 * MIB);
    tree_end();
}

static void own_group_of_version_2_limits(void)
{
    tree_of_version_2("/user.slice/job.scope");
    file("/sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n");
    number("/sys/fs/cgroup/user.slice/job.scope/memory.high", 300 * MIB);
    number("/sys/fs/cgroup/user.slice/job.scope/memory.current", 60 * MIB);
    MRT_EQUAL(mri_memory_available(root), 240 * MIB);
    number("/sys/fs/cgroup/user.slice/job.scope/memory.max", 200 * MIB);
    MRT_EQUAL(mri_memory_available(root), 140 * MIB);
    tree_end();
}

static void group_above_of_version_2_limits(void)
{
    tree_of_version_2("/user.slice/job.scope");
    file("/sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n");
    number("/sys/fs/cgroup/user.slice/memory.max", 100 * MIB);
    number("/sys/fs/cgroup/user.slice/memory.current", 30 * MIB);
    MRT_EQUAL(mri_memory_available(root), 70 * MIB);
    tree_end();
}

/* The kernel drops these pages before it refuses memory. */
static void unused_pages_of_files_count_as_free(void)
{
    tree_of_version_2("/job");
    number("/sys/fs/cgroup/job/memory.max", 300 * MIB);
    number("/sys/fs/cgroup/job/memory.current", 290 * MIB);
    file("/sys/fs/cgroup/job/memory.stat",
         "anon 1000\ninactive_file 209715200\nactive_file 5\n");
    MRT_EQUAL(mri_memory_available(root), 210 * MIB);
    tree_end();
    tree_of_version_1("/job");
    number("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", 300 * MIB);
    number("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", 290 * MIB);
    file("/sys/fs/cgroup/memory/job/memory.stat",
         "inactive_file 1\ntotal_inactive_file 104857600\n");
    MRT_EQUAL(mri_memory_available(root), 110 * MIB);
    tree_end();
}

static void group_that_is_full_leaves_nothing(void)
{
    tree_of_version_2("/job");
    number("/sys/fs/cgroup/job/memory.max", 300 * MIB);
    number("/sys/fs/cgroup/job/memory.current", 301 * MIB);
    MRT_EQUAL(mri_memory_available(root), 0);
    tree_end();
}

/* A container whose mount shows its own group: the name of the group begins
 * with that of the mounted one. */
static void name_of_the_mounted_group_is_not_looked_for_below_it(void)
{
    tree_begin();
    file("/proc/self/cgroup", "0::/pods/7/job\n");
    file("/proc/self/mountinfo",
         "30 24 0:26 /pods/7 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    number("/sys/fs/cgroup/job/memory.max", 50 * MIB);
    number("/sys/fs/cgroup/job/memory.current", 10 * MIB);
    MRT_EQUAL(mri_memory_available(root), 40 * MIB);
    tree_end();
}

static void limit_without_a_figure_of_use_counts_whole(void)
{
    tree_of_version_2("/job");
    number("/sys/fs/cgroup/job/memory.max", 300 * MIB);
    MRT_EQUAL(mri_memory_available(root), 300 * MIB);
    tree_end();
}

/* ---- the size of files --------------------------------------------------- */

/* In a child, as a hard limit is for ever. */
static int with_limit(rlim_t soft, rlim_t hard, int (*run)(void))
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};

        /* A message would make stderr larger, which may be a file. */
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 ? run() : 99);
    }
    MRT_EQUAL(waitpid(child, &status, 0), child);
    MRT_CHECK(WIFEXITED(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int create_what_fits(void)
{
    int64_t fit = mri_segment_fit(1024 * MIB);
    int descriptor;

    if (fit < MIB || fit > 100 * MIB ||
        mri_segment_create(fit, &descriptor) != MR_OK) {
        return 1;
    }
    return 0;
}

static int create_too_much(void)
{
    int descriptor;

    return mri_segment_create(1024 * MIB, &descriptor) == MR_ERR_NO_MEMORY ? 0
                                                                           : 1;
}

static int create_and_keep_the_limit(void)
{
    struct rlimit limit;
    int descriptor;

    if (mri_segment_fit(1024 * MIB) != 1024 * MIB ||
        mri_segment_create(1024 * MIB, &descriptor) != MR_OK) {
        return 1;
    }
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == 4096 ? 0
                                                                          : 2;
}

static void segment_fits_into_the_largest_file(void)
{
    MRT_EQUAL(with_limit(100 * MIB, 100 * MIB, create_what_fits), 0);
}

static void segment_above_the_largest_file_is_refused(void)
{
    MRT_EQUAL(with_limit(100 * MIB, 100 * MIB, create_too_much), 0);
    MRT_EQUAL(with_limit(0, 0, create_too_much), 0);
}

static void soft_limit_of_files_does_not_matter(void)
{
    MRT_EQUAL(with_limit(4096, RLIM_INFINITY, create_and_keep_the_limit), 0);
}

static void segment_is_for_its_user_alone(void)
{
    struct stat status;
    int descriptor;

    MRT_OK(mri_segment_create(MIB, &descriptor));
    MRT_EQUAL(fstat(descriptor, &status), 0);
    MRT_EQUAL(status.st_mode & 0777, 0600);
    close(descriptor);
}

static void segment_that_is_too_small_is_refused(void)
{
    int descriptor;

    MRT_ERROR(mri_segment_create(1024, &descriptor), MR_ERR_NO_MEMORY);
    MRT_ERROR(mri_segment_create(0, &descriptor), MR_ERR_NO_MEMORY);
}

static void job_of_too_many_ranks_is_refused(void)
{
    MRT_OK(mri_check_ranks(1));
    MRT_OK(mri_check_ranks(MRI_RANKS_MAX));
    MRT_ERROR(mri_check_ranks(MRI_RANKS_MAX + 1), MR_ERR_LIMIT);
    MRT_ERROR(mri_check_ranks(100000), MR_ERR_LIMIT);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"machine_without_groups_offers_what_is_available",
         machine_without_groups_offers_what_is_available, 0},
        {"own_group_of_version_1_limits", own_group_of_version_1_limits, 0},
        {"group_above_of_version_1_limits", group_above_of_version_1_limits, 0},
        {"limit_of_unseen_groups_of_version_1_counts",
         limit_of_unseen_groups_of_version_1_counts, 0},
        {"own_group_of_version_2_limits", own_group_of_version_2_limits, 0},
        {"group_above_of_version_2_limits", group_above_of_version_2_limits, 0},
        {"unused_pages_of_files_count_as_free",
         unused_pages_of_files_count_as_free, 0},
        {"group_that_is_full_leaves_nothing", group_that_is_full_leaves_nothing,
         0},
        {"name_of_the_mounted_group_is_not_looked_for_below_it",
         name_of_the_mounted_group_is_not_looked_for_below_it, 0},
        {"limit_without_a_figure_of_use_counts_whole",
         limit_without_a_figure_of_use_counts_whole, 0},
        {"segment_fits_into_the_largest_file",
         segment_fits_into_the_largest_file, 0},
        {"segment_above_the_largest_file_is_refused",
         segment_above_the_largest_file_is_refused, 0},
        {"soft_limit_of_files_does_not_matter",
         soft_limit_of_files_does_not_matter, 0},
        {"segment_is_for_its_user_alone", segment_is_for_its_user_alone, 0},
        {"segment_that_is_too_small_is_refused",
         segment_that_is_too_small_is_refused, 0},
        {"job_of_too_many_ranks_is_refused", job_of_too_many_ranks_is_refused,
         0},
    };

    return mrt_main("allowance", tests, MRT_COUNT(tests), argc, argv);
}
