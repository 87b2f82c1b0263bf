// SPDX-License-Identifier: BSD-3-Clause
//
// boost::lockfree::spsc_queue in memory that two processes share: for one
// producer and one consumer.
//
//   bench/objects/batches_boost
//
// It has no way to wait: who finds it empty or full asks again.
#include "batches.h"

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

using items_queue =
    boost::lockfree::spsc_queue<std::int64_t, boost::lockfree::capacity<65536>>;

struct shared {
    items_queue items;
    items_queue answers;
};

void put(void *user, const std::int64_t *items, std::size_t count, std::size_t)
{
    auto &queue = static_cast<shared *>(user)->items;

    while (count > 0) {
        std::size_t put = queue.push(items, count);

        items += put;
        count -= put;
    }
}

std::size_t get(void *user, std::int64_t *items, std::size_t batch)
{
    auto &queue = static_cast<shared *>(user)->items;
    std::size_t count;

    do {
        count = queue.pop(items, batch > 0 ? batch : 1);
    } while (count == 0);
    return count;
}

void answer(void *user, std::int64_t number)
{
    static_cast<shared *>(user)->answers.push(number);
}

std::int64_t wait_for_answer(void *user)
{
    std::int64_t number;

    while (!static_cast<shared *>(user)->answers.pop(number)) {
    }
    return number;
}

void must(bool right, const char *what)
{
    if (!right) {
        std::perror(what);
        std::exit(1);
    }
}

} // namespace

int main()
{
    void *memory = mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    alarm(300);
    must(memory != MAP_FAILED, "mmap");
    const batches_channel channel = {put, get, answer, wait_for_answer,
                                     new (memory) shared};
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        alarm(300);
        batches_follow(&channel);
        _exit(0);
    }
    batches_lead(&channel);
    int status = 0;
    must(waitpid(child, &status, 0) == child && status == 0, "the other side");
    return 0;
}
