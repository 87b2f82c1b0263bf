/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes sure that descriptors 0, 1 and 2 are what programs take them for.
 *
 * A program that is started with one of them closed, as `command >&-` and
 * some daemons do, would get that number for the next thing it opens: here
 * the socket of the fork server.  Then what main prints would be read as
 * orders to the server.
 */
#include "runtime/job/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/log.h"

/* open() takes the lowest number that is free. */
mr_error mri_standard_streams_open(void)
{
    int descriptor;

    do {
        descriptor = open("/dev/null", O_RDWR);
        if (descriptor < 0) {
            return mri_system_error("open of /dev/null");
        }
    } while (descriptor <= STDERR_FILENO);
    close(descriptor);
    return MR_OK;
}
