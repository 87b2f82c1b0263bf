/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon runs beside main and ends with it: nobody waits for it.
 *
 * Without more ado main might be gone before the daemon has said anything, or
 * not; a pipe lets them speak in turn, so that the output is always the same.
 */
#include "tour.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum { SECONDS = 2 };

static int background_task(const void *argument, size_t size)
{
    mr_pipe_end main_program = *(const mr_pipe_end *)argument;

    (void)size;
    /* Main has the first word. */
    CHECK(mr_pipe_recv(main_program, NULL, 0, NULL, MR_FOREVER));
    while (true) {
        puts("Running in the background");
        CHECK(mr_pipe_send(main_program, NULL, 0, MR_FOREVER));
        sleep(SECONDS);
    }
    return 0;
}

void tour_daemon(void)
{
    const mr_process_options options = {.daemon = true};
    mr_pipe_end mine, yours;
    mr_process process;

    CHECK(mr_pipe_create(&mine, &yours, true));
    CHECK(mr_process_create(&process, background_task, &yours, sizeof yours,
                            &options));
    CHECK(mr_process_start(process));
    puts("Main process exiting");

    /* Stay until the daemon has spoken once; it would go on for ever, but
     * main leaves now, and the daemon with it. */
    CHECK(mr_pipe_send(mine, NULL, 0, MR_FOREVER));
    CHECK(mr_pipe_recv(mine, NULL, 0, NULL, MR_FOREVER));
}
