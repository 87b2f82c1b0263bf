/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns sets of processors, and what the kernel knows and does of them.
 *
 * A set is laid out as the kernel's own masks are, sched_setaffinity(2).
 */
#include "topology/processors.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/list.h"

enum { BITS = 8 * sizeof(unsigned long) };

_Static_assert(MRI_PROCESSORS_WORDS *BITS >= MRI_PROCESSORS_MAX,
               "a set has room for all processors");

bool mri_processors_has(const mri_processors *set, unsigned int number)
{
    return number < MRI_PROCESSORS_MAX &&
           (set->words[number / BITS] >> number % BITS & 1);
}

void mri_processors_add(mri_processors *set, unsigned int number)
{
    if (number < MRI_PROCESSORS_MAX) {
        set->words[number / BITS] |= 1UL << number % BITS;
    }
}

unsigned int mri_processors_count(const mri_processors *set)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < MRI_PROCESSORS_WORDS; i++) {
        count += (unsigned int)__builtin_popcountl(set->words[i]);
    }
    return count;
}

bool mri_processors_same(const mri_processors *a, const mri_processors *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

void mri_processors_unite(mri_processors *set, const mri_processors *other)
{
    for (unsigned int i = 0; i < MRI_PROCESSORS_WORDS; i++) {
        set->words[i] |= other->words[i];
    }
}

void mri_processors_remove(mri_processors *set, const mri_processors *other)
{
    for (unsigned int i = 0; i < MRI_PROCESSORS_WORDS; i++) {
        set->words[i] &= ~other->words[i];
    }
}

bool mri_processors_narrow(mri_processors *set, const mri_processors *other)
{
    mri_processors both = *set;

    for (unsigned int i = 0; i < MRI_PROCESSORS_WORDS; i++) {
        both.words[i] &= other->words[i];
    }
    if (mri_processors_count(&both) == 0) {
        return false;
    }
    *set = both;
    return true;
}

void mri_processors_read(mri_processors *set, const char *list)
{
    unsigned int first;
    unsigned int last;

    memset(set, 0, sizeof *set);
    while (mri_list_next(&list, &first, &last)) {
        for (; first <= last && first < MRI_PROCESSORS_MAX; first++) {
            mri_processors_add(set, first);
        }
    }
}

void mri_processors_write(const mri_processors *set, char *list, size_t size)
{
    size_t length = 0;

    *list = '\0';
    for (unsigned int first = 0; first < MRI_PROCESSORS_MAX; first++) {
        unsigned int last = first;

        if (!mri_processors_has(set, first)) {
            continue;
        }
        while (mri_processors_has(set, last + 1)) {
            last++;
        }
        if (length < size) {
            length += (size_t)snprintf(list + length, size - length,
                                       last > first ? "%s%u-%u" : "%s%u",
                                       length ? "," : "", first, last);
        }
        first = last;
    }
}

bool mri_processors_of(pid_t process, mri_processors *set)
{
    memset(set, 0, sizeof *set);
    return sched_getaffinity(process, sizeof *set, (cpu_set_t *)set) == 0;
}

bool mri_processors_bind(pid_t process, const mri_processors *set)
{
    return sched_setaffinity(process, sizeof *set, (const cpu_set_t *)set) == 0;
}

void mri_processors_bind_all(const mri_processors *set)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *thread;

    while (threads && (thread = readdir(threads))) {
        pid_t id = (pid_t)strtol(thread->d_name, NULL, 10);

        if (id > 0) {
            mri_processors_bind(id, set);
        }
    }
    if (threads) {
        closedir(threads);
    }
}
