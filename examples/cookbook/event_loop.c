/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An event loop: poll() waits for a queue, for a process and for a timer.
 *
 * A wait set has one descriptor for any number of objects.  libuv, GLib, epoll
 * and Python's asyncio (add_reader) take it in the same way.
 */
#define _POSIX_C_SOURCE 200809L /* CLOCK_MONOTONIC */
#include "../check.h"
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { RESULTS = 4 };

static int work(const void *argument, size_t size)
{
    const mr_queue *results = argument;

    (void)size;
    for (int i = 0; i < RESULTS; i++) {
        CHECK(mr_queue_put(*results, &i, sizeof i, MR_FOREVER));
    }
    return 0;
}

/* [recipe] */
static void take_results(mr_queue results)
{
    int result;

    while (mr_queue_get(results, &result, sizeof result, NULL, 0) == MR_OK) {
        printf("result %d\n", result);
    }
}

static void loop(mr_queue results, mr_process worker, int timer)
{
    struct pollfd events[2] = {{.events = POLLIN},
                               {.fd = timer, .events = POLLIN}};
    bool running = true;
    mr_wait_set *set;

    CHECK(mr_wait_set_create(&set));
    CHECK(mr_wait_set_add(set, results.handle, NULL));
    CHECK(mr_wait_set_add(set, worker.handle, &running));
    CHECK(mr_wait_set_descriptor(set, &events[0].fd));
    while (running && poll(events, 2, -1) > 0) {
        mr_ready ready[2];
        size_t count = 0;

        if (events[0].revents) {
            CHECK(mr_wait_set_ready(set, ready, 2, &count));
        }
        for (size_t i = 0; i < count; i++) {
            if (ready[i].user == &running) {
                running = false; /* after its last result */
            }
        }
        take_results(results);
        if (events[1].revents) {
            puts("ten seconds have passed");
            break;
        }
    }
    CHECK(mr_wait_set_destroy(set));
}
/* [end] */

int main(int argc, char **argv)
{
    const struct itimerspec ten_seconds = {.it_value = {.tv_sec = 10}};
    mr_process worker;
    mr_queue results;
    int timer;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    timerfd_settime(timer, 0, &ten_seconds, NULL);
    CHECK(mr_queue_create(&results, NULL));
    CHECK(mr_process_create(&worker, work, &results, sizeof results, NULL));
    CHECK(mr_process_start(worker));
    loop(results, worker, timer);
    CHECK(mr_process_join(worker, 10.0));
    puts("the worker has ended");
    close(timer);
    return mr_finalize();
}
