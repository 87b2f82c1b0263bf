/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pipe: there and back, and one way.
 *
 *   mpirun -np 2 bench/objects/pipe              the other side is rank 1
 *   mpirun -np 2 bench/objects/pipe children   a child process
 */
#include "../bench.h"
#include "../repeat.h"
#include "others.h"
#include "talk.h"

#include <string.h>

static void send_item(void *user, const void *item, size_t size)
{
    const mr_pipe_end *end = user;

    must(mr_pipe_send(*end, item, size, MR_FOREVER), "send");
}

static size_t receive_item(void *user, void *item)
{
    const mr_pipe_end *end = user;
    size_t size;

    must(mr_pipe_recv(*end, item, TALK_LARGEST, &size, MR_FOREVER), "recv");
    return size;
}

static talk_channel channel_of(mr_pipe_end *end)
{
    return (talk_channel){.put = send_item, .get = receive_item, .user = end};
}

static void follow(const void *argument, int which)
{
    mr_pipe_end mine;
    talk_channel channel = channel_of(&mine);

    (void)which;
    memcpy(&mine, argument, sizeof mine);
    must(mr_pipe_attach(mine), "attach");
    talk_follow(&channel);
    must(mr_pipe_close(mine), "close");
}

int main(int argc, char **argv)
{
    bool children = argc > 1 && strcmp(argv[1], "children") == 0;
    mr_pipe_end mine;
    mr_pipe_end theirs;
    talk_channel channel = channel_of(&mine);

    end_in_time();
    others_are(follow);
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() == 2, "mpirun -np 2 bench/objects/pipe [children]");
    must(mr_pipe_create(&mine, &theirs, true), "pipe");
    others_begin(children, 1, 1, &theirs, sizeof theirs);
    talk_lead(&channel);
    others_end();
    return mr_finalize();
}
