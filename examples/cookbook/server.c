/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server with time-outs: a daemon process answers requests through pipes.
 *
 * Each client has a pipe of its own, so a client that crashes disturbs nobody:
 * the server sees end of file.  A client never waits for ever: it gives up
 * after its time-out.
 */
#include "../check.h"
#include <string.h>

enum { CLIENTS = 3 };

/* [recipe] */
struct service {
    mr_pipe_end ends[CLIENTS];
};

/* Returns false when the client is gone. */
static bool answer(mr_pipe_end end)
{
    int number;
    mr_error error = mr_pipe_recv(end, &number, sizeof number, NULL, 0);

    if (error == MR_ERR_END_OF_FILE) {
        return false;
    }
    CHECK(error);
    if (number < 0) {
        return true; /* a request that this server does not answer */
    }
    number *= 2;
    error = mr_pipe_send(end, &number, sizeof number, 1.0);
    return error != MR_ERR_CLOSED;
}

static int serve(const void *argument, size_t size)
{
    const struct service *service = argument;
    mr_handle handles[CLIENTS];
    bool ready[CLIENTS];
    size_t open = CLIENTS;

    (void)size;
    memcpy(handles, service->ends, sizeof handles);
    while (open > 0) {
        mr_error error = mr_wait(handles, open, 10.0, ready);

        if (error == MR_ERR_TIMEOUT) {
            continue; /* a quiet moment: time for other things */
        }
        CHECK(error);
        for (size_t i = open; i-- > 0;) {
            if (ready[i] && !answer((mr_pipe_end){handles[i]})) {
                handles[i] = handles[--open];
            }
        }
    }
    return 0;
}

static void ask(mr_pipe_end end, int number)
{
    int reply;
    mr_error error;

    CHECK(mr_pipe_send(end, &number, sizeof number, 1.0));
    error =
        mr_pipe_recv(end, &reply, sizeof reply, NULL, number < 0 ? 0.2 : 10.0);
    if (error == MR_ERR_TIMEOUT) {
        printf("%d: no answer in time\n", number);
    } else {
        CHECK(error);
        printf("%d: %d\n", number, reply);
    }
}
/* [end] */

int main(int argc, char **argv)
{
    struct service service;
    mr_pipe_end clients[CLIENTS];
    mr_process server;
    mr_process_options options = {.name = "server", .daemon = true};

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(mr_pipe_create(&service.ends[i], &clients[i], true));
    }
    options.ends = service.ends;
    options.ends_count = CLIENTS;
    CHECK(
        mr_process_create(&server, serve, &service, sizeof service, &options));
    CHECK(mr_process_start(server));
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(mr_pipe_close(service.ends[i])); /* the server holds it */
        ask(clients[i], i - 1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(mr_pipe_close(clients[i]));
    }
    CHECK(mr_process_join(server, 10.0));
    puts("the server has ended");
    return mr_finalize();
}
