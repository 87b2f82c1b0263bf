/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the question how much memory is free.
 *
 * A batch system puts a job into a control group with a limit of its own, and
 * kills a process when the group exceeds it.  The file /proc/self/cgroup names
 * the group within each hierarchy, /proc/self/mountinfo says where the
 * hierarchy is mounted (Linux, cgroups(7), proc(5)).  A group is limited by
 * all groups above it, so each is looked at, from the process' own up to the
 * mount point.  What is above that cannot be seen from inside a container.
 */
#include "memory/allowance.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/allocator.h"
#include "util/settings.h"

/* A hierarchy of control groups that limits memory. */
typedef struct hierarchy {
    bool unified;           /* version 2 */
    char point[PATH_MAX];   /* where it is mounted */
    char visible[PATH_MAX]; /* the group that is seen there */
    char group[PATH_MAX];   /* of the calling process */
} hierarchy;

/* ---- files --------------------------------------------------------------- */

static FILE *open_file(const char *root, const char *folder, const char *name)
{
    char path[3 * PATH_MAX];

    snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return fopen(path, "re");
}

/* The number behind a key that begins a line; -1: there is none, as when the
 * file says "max". */
static int64_t read_number(const char *root, const char *folder,
                           const char *name, const char *key)
{
    FILE *file = open_file(root, folder, name);
    size_t skip = strlen(key);
    int64_t number = -1;
    char line[256];

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, skip) == 0) {
            char *end;
            long long value = strtoll(line + skip, &end, 10);

            number = end == line + skip ? -1 : value;
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    return number;
}

/* ---- one group ----------------------------------------------------------- */

static void lower(int64_t *bound, int64_t limit)
{
    if (limit >= 0 && limit < *bound) {
        *bound = limit;
    }
}

/* Pages of files that nobody has used lately count as free: the kernel drops
 * them before it refuses memory to the group. */
static int64_t used_by(const char *root, const char *folder, bool unified)
{
    int64_t used = read_number(
        root, folder, unified ? "memory.current" : "memory.usage_in_bytes", "");
    int64_t cache =
        read_number(root, folder, "memory.stat",
                    unified ? "inactive_file " : "total_inactive_file ");

    if (used > 0 && cache > 0) {
        used = cache < used ? used - cache : 0;
    }
    return used < 0 ? 0 : used;
}

/* What is left below the limits of one group. */
static int64_t left_in(const char *root, const char *folder, bool unified)
{
    int64_t limit = INT64_MAX;
    int64_t used;

    if (unified) {
        lower(&limit, read_number(root, folder, "memory.max", ""));
        lower(&limit, read_number(root, folder, "memory.high", ""));
    } else {
        lower(&limit, read_number(root, folder, "memory.limit_in_bytes", ""));
        lower(&limit, read_number(root, folder, "memory.stat",
                                  "hierarchical_memory_limit "));
    }
    if (limit == INT64_MAX) {
        return limit;
    }
    used = used_by(root, folder, unified);
    return used < limit ? limit - used : 0;
}

/* ---- all groups ---------------------------------------------------------- */

/* Is `word` one of a list with commas? */
static bool lists(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (list) {
        if (strncmp(list, word, length) == 0 &&
            (list[length] == ',' || list[length] == '\0')) {
            return true;
        }
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return false;
}

/* The line of a hierarchy in /proc/self/cgroup is NUMBER:CONTROLLERS:GROUP;
 * that of version 2 is 0::GROUP. */
static bool find_group(const char *root, hierarchy *h)
{
    FILE *file = open_file(root, "/proc/self", "cgroup");
    bool found = false;
    char line[PATH_MAX + 256];

    while (file && !found && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!group) {
            continue;
        }
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        found = h->unified ? strcmp(line, "0:") == 0
                           : lists(controllers + 1, "memory");
        if (found) {
            snprintf(h->group, sizeof h->group, "%s",
                     strcmp(group, "/") == 0 ? "" : group);
        }
    }
    if (file) {
        fclose(file);
    }
    return found;
}

/* Is this line of /proc/self/mountinfo, which is changed, that of the
 * hierarchy? */
static bool is_mount_of(char *line, hierarchy *h)
{
    char *tail = strstr(line, " - ");
    char type[32];
    char options[1024];
    char visible[PATH_MAX];
    char point[PATH_MAX];

    if (!tail || sscanf(tail + 3, "%31s %*s %1023s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", visible, point) != 2) {
        return false;
    }
    if (strcmp(type, h->unified ? "cgroup2" : "cgroup") != 0 ||
        (!h->unified && !lists(options, "memory"))) {
        return false;
    }
    snprintf(h->visible, sizeof h->visible, "%s",
             strcmp(visible, "/") == 0 ? "" : visible);
    snprintf(h->point, sizeof h->point, "%s", point);
    return true;
}

static bool find_mount(const char *root, hierarchy *h)
{
    FILE *file = open_file(root, "/proc/self", "mountinfo");
    bool found = false;
    char *line = NULL;
    size_t size = 0;

    while (file && !found && getline(&line, &size, file) > 0) {
        found = is_mount_of(line, h);
    }
    free(line);
    if (file) {
        fclose(file);
    }
    return found;
}

/* From the process' group up to the one that is mounted.  In a container the
 * group may have a name that does not exist there; then only groups that are
 * there count, the mounted one at least. */
static int64_t left_in_groups(const char *root, hierarchy *h)
{
    char folder[2 * PATH_MAX];
    size_t top;
    const char *below = h->group;
    size_t skip = strlen(h->visible);
    int64_t left = INT64_MAX;

    if (strncmp(below, h->visible, skip) == 0 &&
        (below[skip] == '/' || below[skip] == '\0')) {
        below += skip;
    }
    snprintf(folder, sizeof folder, "%s%s", h->point, below);
    top = strlen(h->point);
    for (;;) {
        char *slash;

        lower(&left, left_in(root, folder, h->unified));
        slash = strrchr(folder + top, '/');
        if (!slash) {
            return left;
        }
        *slash = '\0';
    }
}

int64_t mri_memory_available(const char *root)
{
    int64_t kib = read_number(root, "/proc", "meminfo", "MemAvailable:");
    int64_t bytes = kib < 0 ? (int64_t)1 << 30 : kib * 1024;

    for (int version = 1; version <= 2; version++) {
        hierarchy h = {.unified = version == 2};

        if (find_group(root, &h) && find_mount(root, &h)) {
            lower(&bytes, left_in_groups(root, &h));
        }
    }
    return bytes;
}

int64_t mri_segment_allowance(unsigned int ranks)
{
    int64_t bytes = mri_settings()->memory;

    if (bytes == 0) {
        bytes = mri_memory_available("") / 2 / (int64_t)ranks;
    }
    return bytes < MRI_PAGE ? bytes : bytes / MRI_PAGE * MRI_PAGE;
}
