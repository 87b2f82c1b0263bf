/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A message queue of POSIX, which lies in the kernel, with many producers and
 * many consumers.
 *
 *   bench/objects/many_mq
 *
 * It has as much room as the others where the user may have that, and otherwise
 * what the system allows.
 */
#include "../repeat.h"
#include "market.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/resource.h>

enum { ALLOWED = 10, ALLOWED_BYTES = 8192 }; /* mq_overview(7) */

static mqd_t queue;

static void put(void *user, const void *item, size_t size)
{
    (void)user;
    check(mq_send(queue, item, size, 0) == 0, "mq_send");
}

static int get(void *user, void *item, size_t size)
{
    (void)user;
    check(mq_receive(queue, item, size, NULL) == (ssize_t)size, "mq_receive");
    return 1;
}

static mqd_t open_queue(long room, size_t size)
{
    struct mq_attr attributes = {.mq_maxmsg = room, .mq_msgsize = (long)size};
    char name[64];
    mqd_t opened;

    snprintf(name, sizeof name, "/bench-%ld", (long)getpid());
    opened = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (opened != (mqd_t)-1) {
        mq_unlink(name);
    }
    return opened;
}

static void *create(const market_case *c)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_MSGQUEUE, &all);
    queue = open_queue((long)market_room(c), c->size);
    if (queue == (mqd_t)-1 && c->size <= ALLOWED_BYTES) {
        queue = open_queue(ALLOWED, c->size);
    }
    return queue == (mqd_t)-1 ? NULL : &queue;
}

static void destroy(void *user)
{
    mq_close(*(mqd_t *)user);
}

int main(void)
{
    market_fork(&(market_forked){{put, get}, create, destroy});
    return 0;
}
