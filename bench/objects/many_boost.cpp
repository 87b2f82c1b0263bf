// SPDX-License-Identifier: BSD-3-Clause
//
// Queues of Boost in memory that processes share, with many producers and many
// consumers.
//
//   bench/objects/many_boost interprocess   interprocess::message_queue
//   bench/objects/many_boost lockfree       lockfree::queue; not for 1 MiB
//
// lockfree::queue has no way to wait: who finds it empty or full yields.
#include "market.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/lockfree/queue.hpp>
#include <cstdio>
#include <cstring>
#include <new>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace
{

namespace ipc = boost::interprocess;

// ---- interprocess::message_queue -------------------------------------------

std::string name_of_queue()
{
    return "bench-" + std::to_string(getpid());
}

void put_message(void *user, const void *item, std::size_t size)
{
    static_cast<ipc::message_queue *>(user)->send(item, size, 0);
}

int get_message(void *user, void *item, std::size_t size)
{
    ipc::message_queue::size_type got;
    unsigned int priority;

    static_cast<ipc::message_queue *>(user)->receive(item, size, got, priority);
    return 1;
}

// The forked processes inherit the mapping.
void *create_messages(const market_case *c)
{
    std::string name = name_of_queue();
    auto *queue = new ipc::message_queue(ipc::create_only, name.c_str(),
                                         market_room(c), c->size);

    ipc::message_queue::remove(name.c_str());
    return queue;
}

void destroy_messages(void *user)
{
    delete static_cast<ipc::message_queue *>(user);
}

// ---- lockfree::queue -------------------------------------------------------

template <std::size_t size> struct item_of {
    unsigned char bytes[size];
};

template <std::size_t size>
using queue_of =
    boost::lockfree::queue<item_of<size>, boost::lockfree::capacity<1024>>;

// One of the two is used.
struct either {
    queue_of<8> *small;
    queue_of<1024> *large;
};

template <typename Step> void until(Step step)
{
    for (int tries = 0; !step(); tries++) {
        if (tries % 64 == 63) {
            sched_yield();
        }
    }
}

template <std::size_t size> void put_to(queue_of<size> *queue, const void *from)
{
    item_of<size> item;

    std::memcpy(item.bytes, from, size);
    until([&] { return queue->bounded_push(item); });
}

template <std::size_t size> void get_from(queue_of<size> *queue, void *to)
{
    item_of<size> item;

    until([&] { return queue->pop(item); });
    std::memcpy(to, item.bytes, size);
}

void put_lockfree(void *user, const void *item, std::size_t)
{
    auto *queue = static_cast<either *>(user);

    if (queue->small) {
        put_to<8>(queue->small, item);
    } else {
        put_to<1024>(queue->large, item);
    }
}

int get_lockfree(void *user, void *item, std::size_t)
{
    auto *queue = static_cast<either *>(user);

    if (queue->small) {
        get_from<8>(queue->small, item);
    } else {
        get_from<1024>(queue->large, item);
    }
    return 1;
}

template <typename Queue> Queue *new_shared()
{
    void *memory = mmap(nullptr, sizeof(Queue), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? nullptr : new (memory) Queue;
}

void *create_lockfree(const market_case *c)
{
    if (c->size == 8) {
        return new either{new_shared<queue_of<8>>(), nullptr};
    }
    if (c->size == 1024) {
        return new either{nullptr, new_shared<queue_of<1024>>()};
    }
    return nullptr;
}

void destroy_lockfree(void *user)
{
    auto *queue = static_cast<either *>(user);

    if (queue->small) {
        munmap(static_cast<void *>(queue->small), sizeof *queue->small);
    } else {
        munmap(static_cast<void *>(queue->large), sizeof *queue->large);
    }
    delete queue;
}

} // namespace

int main(int argc, char **argv)
{
    const market_forked interprocess = {
        {put_message, get_message}, create_messages, destroy_messages};
    const market_forked lockfree = {
        {put_lockfree, get_lockfree}, create_lockfree, destroy_lockfree};
    const std::string which = argc > 1 ? argv[1] : "";

    if (which != "interprocess" && which != "lockfree") {
        std::fprintf(stderr, "start it so: bench/objects/many_boost "
                             "interprocess|lockfree\n");
        return 2;
    }
    market_fork(which == "lockfree" ? &lockfree : &interprocess);
    return 0;
}
