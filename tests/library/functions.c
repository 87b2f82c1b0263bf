/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The functions of the library.  Nothing here may be found in another copy
 * instead, so each refers to what is static alone.
 */
#include "library/functions.h"

/* Read when it runs, as the digit is changed in the file. */
static const volatile char mark[] = LIBRARY_MARK "1";

static int number(void)
{
    return mark[strlen(LIBRARY_MARK)] - '0';
}

static int static_process(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return number();
}

int library_process(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return number();
}

mr_error library_task(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = number();
    return MR_OK;
}

mr_process_function *library_static_process(void)
{
    return static_process;
}
