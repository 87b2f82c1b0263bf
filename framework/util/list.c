/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a list of numbers is read.
 */
#include "util/list.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum { LARGEST = 1 << 20 };

static bool read_number(const char **text, unsigned int *number)
{
    char *end;
    unsigned long value;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    value = strtoul(*text, &end, 10);
    if (errno || value > LARGEST) {
        return false;
    }
    *text = end;
    *number = (unsigned int)value;
    return true;
}

bool mri_list_next(const char **text, unsigned int *first, unsigned int *last)
{
    const char *at = *text;

    if (!read_number(&at, first)) {
        return false;
    }
    *last = *first;
    if (*at == '-') {
        at++;
        if (!read_number(&at, last) || *last < *first) {
            return false;
        }
    }
    if (*at == ',' && at[1]) {
        at++;
    } else if (*at) {
        return false;
    }
    *text = at;
    return true;
}

bool mri_list_is(const char *text)
{
    unsigned int first;
    unsigned int last;
    bool any = *text != '\0';

    while (mri_list_next(&text, &first, &last)) {
    }
    return any && !*text;
}
