/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An end of a pipe that travels: a process makes a pipe, sends one end in a
 * message, and ends.  The ticket holds the end until main has it.
 */
#include "tour.h"

#include <stdio.h>

static int send_an_end(const void *argument, size_t size)
{
    const mr_queue *queue = argument;
    mr_pipe_end mine, travels;
    mr_ticket ticket;

    (void)size;
    CHECK(mr_pipe_create(&mine, &travels, true));
    CHECK(mr_pipe_send(mine, "a message", 10, MR_FOREVER));
    CHECK(mr_pipe_ticket(travels, &ticket));
    CHECK(mr_queue_put(*queue, &ticket, sizeof ticket, MR_FOREVER));
    return 0; /* this closes both ends */
}

void tour_ticket(void)
{
    char text[10];
    mr_ticket ticket;
    mr_pipe_end end;
    mr_queue queue;

    CHECK(mr_queue_create(&queue, NULL));
    finish(start(send_an_end, &queue, sizeof queue));
    CHECK(mr_queue_get(queue, &ticket, sizeof ticket, NULL, MR_FOREVER));
    CHECK(mr_pipe_redeem(ticket, &end));
    CHECK(mr_pipe_recv(end, text, sizeof text, NULL, MR_FOREVER));
    printf("The sender has ended, and its pipe still has %s\n", text);
    CHECK(mr_pipe_close(end));
    CHECK(mr_queue_destroy(queue));
}
