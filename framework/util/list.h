/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of numbers as taskset and the kernel write them: 0-3,8.
 */
#ifndef MRI_UTIL_LIST_H
#define MRI_UTIL_LIST_H

#include <stdbool.h>

/* Read the next range of a list, and move *text behind it and its comma.
 * False at the end of the list, which is where *text points to "", and at
 * what is no range. */
bool mri_list_next(const char **text, unsigned int *first, unsigned int *last);

/* Is that a list of one range or more? */
bool mri_list_is(const char *text);

#endif
