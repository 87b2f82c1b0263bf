/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What threads and processes wait at in C++: recursive_mutex, semaphore, event,
 * condition, barrier and shared_mutex, also through the guards of the standard
 * library.
 */
#include "cxx/support.hpp"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <poll.h>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

namespace
{

namespace mr = multirank;
using namespace std::chrono_literals;

mr::place last_rank()
{
    return mr::on_rank(mr::size() - 1);
}

void handles_travel_and_owners_are_moved()
{
    static_assert(std::is_trivially_copyable_v<mr::recursive_mutex_handle>);
    static_assert(std::is_trivially_copyable_v<mr::semaphore_handle>);
    static_assert(std::is_trivially_copyable_v<mr::event_handle>);
    static_assert(std::is_trivially_copyable_v<mr::condition_handle>);
    static_assert(std::is_trivially_copyable_v<mr::barrier_handle>);
    static_assert(std::is_trivially_copyable_v<mr::shared_mutex_handle>);
    static_assert(!std::is_copy_constructible_v<mr::semaphore>);
    static_assert(!std::is_copy_constructible_v<mr::condition>);
    static_assert(std::is_nothrow_move_constructible_v<mr::barrier>);
    mr::event first(last_rank());
    mr::event second = std::move(first);

    second.set();
    MRT_CHECK(second.is_set() && !first);
    THROWS(MR_ERR_STALE, first.set());
    second.destroy();
    THROWS(MR_ERR_ARGUMENT, mr::event(mr::on_rank(mr::size())));
}

void recursive_mutex_is_taken_again_by_its_thread_alone()
{
    mr::recursive_mutex mutex(last_rank());

    {
        const std::lock_guard outer(mutex);
        const std::unique_lock inner(mutex);

        MRT_CHECK(mutex.try_lock());
        mutex.release();
        std::thread([&] {
            MRT_CHECK(!mutex.try_lock());
            THROWS(MR_ERR_NOT_HELD, mutex.release());
        }).join();
    }
    THROWS(MR_ERR_NOT_HELD, mutex.release());
    std::thread([&] {
        MRT_CHECK(mutex.try_lock_for(guard));
        mutex.unlock();
    }).join();
}

void semaphore_counts()
{
    mr::semaphore semaphore(2, {false, last_rank()});

    semaphore.acquire();
    MRT_CHECK(semaphore.try_acquire());
    MRT_CHECK(!semaphore.try_acquire());
    MRT_CHECK(!semaphore.try_acquire_for(brief));
    MRT_CHECK(
        !semaphore.try_acquire_until(std::chrono::steady_clock::now() + 10ms));
    semaphore.release(3);
    MRT_EQUAL(semaphore.value(), 3);
    THROWS(MR_ERR_LIMIT, semaphore.release(semaphore.max()));
    THROWS(MR_ERR_ARGUMENT, semaphore.release(0));
}

void bounded_semaphore_refuses_one_too_many()
{
    mr::semaphore semaphore(1, {true});

    THROWS(MR_ERR_NOT_HELD, semaphore.release());
    semaphore.acquire();
    semaphore.release();
    MRT_EQUAL(semaphore.value(), 1);
}

void event_wakes_a_process()
{
    mr::event begin(last_rank());
    mr::event done;

    MRT_CHECK(!begin.wait_for(brief));
    MRT_CHECK(!done.wait_until(std::chrono::system_clock::now() - 1h));
    mr::process child(
        [](mr::event_handle first, mr::event_handle second) {
            first.wait();
            second.set();
        },
        begin.handle(), done.handle());

    child.start();
    begin.set();
    MRT_CHECK(done.wait_for(guard));
    child.join();
    begin.clear();
    MRT_CHECK(!begin.is_set());
}

/* Waits, notifies and times out over one lock and condition. */
template <class Mutex>
void use_condition(mr::condition &condition, Mutex &mutex)
{
    bool ready = false;
    std::unique_lock lock(mutex);

    MRT_CHECK(condition.wait_for(lock, 0s) == std::cv_status::timeout);
    MRT_CHECK(!condition.wait_for(lock, brief, [&] { return ready; }));
    MRT_CHECK(condition.wait_until(lock, std::chrono::steady_clock::now()) ==
              std::cv_status::timeout);
    MRT_CHECK(!condition.wait_until(lock, std::chrono::steady_clock::now(),
                                    [&] { return ready; }));
    std::thread setter([&] {
        const std::lock_guard inside(mutex);

        ready = true;
        condition.notify_one();
        condition.notify(2);
        condition.notify_all();
    });
    condition.wait(lock, [&] { return ready; });
    MRT_CHECK(ready && lock.owns_lock());
    setter.join();
    std::thread notifier([&] {
        const std::lock_guard inside(mutex);

        condition.notify_one();
    });
    condition.wait(lock);
    notifier.join();
}

void condition_waits_over_its_own_lock()
{
    mr::condition condition(last_rank());
    mr::mutex_handle own = condition.get_lock();

    use_condition(condition, own);
    THROWS(MR_ERR_NOT_HELD, condition.notify_one());
    THROWS(MR_ERR_ARGUMENT, mr::condition{own});
}

void condition_waits_over_a_given_lock()
{
    mr::recursive_mutex mutex(last_rank());
    mr::condition condition(mutex);

    MRT_EQUAL(condition.get_lock().native_handle().handle.slot,
              mutex.native_handle().handle.slot);
    use_condition(condition, mutex);
}

void condition_lets_exceptions_of_predicates_through()
{
    mr::condition condition;
    mr::mutex_handle own = condition.get_lock();
    std::unique_lock lock(own);
    bool caught = false;

    try {
        condition.wait(lock, []() -> bool { throw std::logic_error("no"); });
    } catch (const std::logic_error &) {
        caught = true;
    }
    MRT_CHECK(caught && lock.owns_lock());
    condition.notify_all();
}

void condition_without_its_lock_leaves_the_guard_empty()
{
    mr::condition condition;
    mr::mutex_handle own = condition.get_lock();
    std::unique_lock lock(own);

    own.release();
    THROWS(MR_ERR_NOT_HELD, condition.wait(lock));
    MRT_CHECK(!lock.owns_lock());
}

void barrier_gives_each_party_a_number()
{
    mr::barrier barrier(2, last_rank());

    for (int round = 0; round < 10; round++) {
        unsigned int other = 2;
        std::thread thread([&] { other = barrier.arrive_and_wait(); });
        const unsigned int mine = barrier.arrive_and_wait();

        thread.join();
        MRT_EQUAL(mine + other, 1);
    }
}

int acted;

void act()
{
    acted++;
}

void barrier_runs_its_action()
{
    mr::barrier named(1, mr::fn<act>);
    mr::barrier lambda(
        1, [] { acted++; }, last_rank());

    acted = 0;
    named.arrive_and_wait();
    lambda.arrive_and_wait();
    MRT_EQUAL(acted, 2);
}

void barrier_breaks_and_is_reset()
{
    mr::barrier barrier(2);
    bool caught = false;

    MRT_CHECK(!barrier.try_arrive_and_wait_for(brief));
    MRT_CHECK(barrier.state().broken);
    try {
        barrier.arrive_and_wait();
    } catch (const mr::broken_barrier &) {
        caught = true;
    }
    MRT_CHECK(caught);
    barrier.reset();
    MRT_CHECK(!barrier.state().broken);
    MRT_EQUAL(barrier.state().parties, 2);
    MRT_EQUAL(barrier.state().waiting, 0);
    barrier.abort();
    THROWS(MR_ERR_BROKEN, barrier.arrive_and_wait());
}

void shared_mutex_has_readers_or_a_writer()
{
    mr::shared_mutex mutex(last_rank());

    {
        const std::shared_lock first(mutex);

        std::thread([&] {
            const std::shared_lock second(mutex, guard);

            MRT_CHECK(second.owns_lock());
            MRT_CHECK(!mutex.try_lock());
            MRT_CHECK(!mutex.try_lock_for(10ms));
        }).join();
    }
    const std::unique_lock writer(mutex);

    std::thread([&] {
        MRT_CHECK(!mutex.try_lock_shared());
        MRT_CHECK(!mutex.try_lock_shared_for(10ms));
        MRT_CHECK(!mutex.try_lock_shared_until(
            std::chrono::steady_clock::now() + 10ms));
        MRT_CHECK(!mutex.try_lock_until(std::chrono::steady_clock::now()));
        THROWS(MR_ERR_NOT_HELD, mutex.release());
    }).join();
}

void shared_mutex_of_a_dead_writer_is_told()
{
    mr::shared_mutex mutex(last_rank());
    mr::process child(
        [](mr::shared_mutex_handle held) {
            held.lock();
            std::raise(SIGKILL);
        },
        mutex.handle());

    child.start();
    child.join();
    THROWS(MR_ERR_HOLDER_DIED, mutex.lock_shared());
    THROWS(MR_ERR_HOLDER_DIED, mutex.lock());
    MRT_CHECK(mutex.acquire(guard) == mr::acquired::yes);
    mutex.release();
    MRT_CHECK(mutex.acquire_shared(guard) == mr::acquired::yes);
    mutex.release();
}

void wait_takes_semaphores_and_events()
{
    mr::semaphore semaphore(0);
    mr::event event;
    const std::vector<mr::waitable> both = {semaphore, event};

    MRT_CHECK(mr::wait(both, brief).empty());
    semaphore.release();
    MRT_CHECK((mr::wait(both, guard) == std::vector<std::size_t>{0}));
    event.set();
    MRT_CHECK((mr::wait(both, guard) == std::vector<std::size_t>{0, 1}));
}

void wait_set_is_readable_while_an_object_is_ready()
{
    mr::semaphore semaphore(0);
    mr::event event(last_rank());
    mr::wait_set set;
    int mark = 0;

    set.add(semaphore);
    set.add(event, &mark);
    pollfd one = {set.descriptor(), POLLIN, 0};
    MRT_CHECK(set.ready().empty());
    MRT_EQUAL(poll(&one, 1, 10), 0);
    event.set();
    MRT_EQUAL(poll(&one, 1, 10000), 1);
    const auto ready = set.ready();
    MRT_CHECK(ready.size() == 1 && ready[0].is(event) &&
              ready[0].user() == &mark && ready[0].error() == MR_OK);
    set.remove(event);
    THROWS(MR_ERR_ARGUMENT, set.remove(event));
    MRT_CHECK(set.ready().empty());
    semaphore.release();
    MRT_EQUAL(poll(&one, 1, 10000), 1);
    MRT_CHECK(set.ready().at(0).is(semaphore));
}

const mrt_test tests[] = {
    TEST(handles_travel_and_owners_are_moved),
    TEST(wait_set_is_readable_while_an_object_is_ready),
    TEST(recursive_mutex_is_taken_again_by_its_thread_alone),
    TEST(semaphore_counts),
    TEST(bounded_semaphore_refuses_one_too_many),
    TEST(event_wakes_a_process),
    TEST(condition_waits_over_its_own_lock),
    TEST(condition_waits_over_a_given_lock),
    TEST(condition_lets_exceptions_of_predicates_through),
    TEST(condition_without_its_lock_leaves_the_guard_empty),
    TEST(barrier_gives_each_party_a_number),
    TEST(barrier_runs_its_action),
    TEST(barrier_breaks_and_is_reset),
    TEST(shared_mutex_has_readers_or_a_writer),
    TEST(shared_mutex_of_a_dead_writer_is_told),
    TEST(wait_takes_semaphores_and_events),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("sync", tests, MRT_COUNT(tests), argc, argv);
}
