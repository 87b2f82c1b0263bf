/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the pipe to the parent of `multirank run`.
 */
#include "runtime/job/parent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int descriptor = -1;

void mri_parent_find(void)
{
    const char *text = getenv("MULTIRANK_PARENT");

    if (text && *text) {
        descriptor = atoi(text);
        unsetenv("MULTIRANK_PARENT");
        if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
            descriptor = -1;
        }
    }
}

void mri_parent_leave(void)
{
    if (descriptor >= 0) {
        close(descriptor);
        descriptor = -1;
    }
}

bool mri_parent_is_there(void)
{
    return descriptor >= 0;
}

/* A parent that is not there any more needs no word. */
void mri_parent_say(mri_parent_word word)
{
    char byte = (char)word;

    if (descriptor >= 0 && write(descriptor, &byte, 1) != 1) {
        mri_parent_leave();
    }
}
