/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest program that needs the headers and the library.
 */
#include <multirank.h>
#include <stdio.h>

int main(void)
{
    printf("%s\n", mr_version());
    return 0;
}
