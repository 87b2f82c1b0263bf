/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An event for which two processes wait.
 */
#include "tour.h"

#include <stdio.h>

enum { PROCESSES = 2 };

static int wait_for_it(const void *argument, size_t size)
{
    (void)size;
    CHECK(mr_event_wait(*(const mr_event *)argument, MR_FOREVER));
    puts("a process goes on");
    return 0;
}

void tour_event(void)
{
    mr_process processes[PROCESSES];
    mr_event event;

    CHECK(mr_event_create(&event, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = start(wait_for_it, &event, sizeof event);
    }
    puts("main sets the event");
    CHECK(mr_event_set(event));
    for (int i = 0; i < PROCESSES; i++) {
        finish(processes[i]);
    }
    CHECK(mr_event_destroy(event));
}
