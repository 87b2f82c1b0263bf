/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Condition: threads give a lock back, wait until another notifies them, and
 * take the lock again.  It has the members of std::condition_variable_any, over
 * a std::unique_lock that holds the lock of the condition.
 *
 * When a wait throws, the lock is held as before it, but for errors that say
 * that there is no such lock to hold: then the std::unique_lock is given none
 * any more.  After holder_died, too, the lock is held.
 */
#ifndef MULTIRANK_CXX_CONDITION_HPP
#define MULTIRANK_CXX_CONDITION_HPP

#include <multirank/condition.h>
#include <multirank/cxx/error.hpp>
#include <multirank/cxx/lock.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

namespace multirank
{

namespace detail
{

/* A predicate for C, through which no exception may pass. */
template <class Predicate> struct asked {
    Predicate &predicate;
    std::exception_ptr thrown = nullptr;

    static bool ask(void *argument) noexcept
    {
        asked &self = *static_cast<asked *>(argument);

        try {
            return self.predicate();
        } catch (...) {
            self.thrown = std::current_exception();
            return true;
        }
    }
};

/* True: notified.  A guard keeps the lock that its thread has. */
template <class Mutex>
bool waited(mr_error code, std::unique_lock<Mutex> &lock, const char *caller)
{
    if (code == MR_ERR_NOT_HELD || code == MR_ERR_STALE ||
        code == MR_ERR_CLOSED || code == MR_ERR_OWNER_LOST) {
        lock.release();
    }
    return in_time(code, caller);
}

} // namespace detail

/** Names a condition, and can be sent. */
class condition_handle
{
  public:
    condition_handle() noexcept = default;

    explicit condition_handle(mr_condition c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_condition native_handle() const noexcept
    {
        return c_;
    }

    /** Its lock: the given one, or its own, which is recursive; see
     *  mr_condition_get_lock. */
    mutex_handle get_lock() const
    {
        mr_lock lock = {};

        detail::check(mr_condition_get_lock(c_, &lock),
                      "mr_condition_get_lock");
        return mutex_handle(lock);
    }

    /** Waits for a notification; see mr_condition_wait. */
    template <class Mutex> void wait(std::unique_lock<Mutex> &lock) const
    {
        static_cast<void>(wait_for(lock, forever));
    }

    /** Waits until the predicate is true; see mr_condition_wait_for. */
    template <class Mutex, class Predicate>
    void wait(std::unique_lock<Mutex> &lock, Predicate predicate) const
    {
        static_cast<void>(wait_for(lock, forever, predicate));
    }

    /** Waits for a notification, or until the time is over. */
    template <class Mutex>
    std::cv_status wait_for(std::unique_lock<Mutex> &lock,
                            duration timeout) const
    {
        const mr_error code = mr_condition_wait(c_, detail::c_timeout(timeout));

        return detail::waited(code, lock, "mr_condition_wait")
                   ? std::cv_status::no_timeout
                   : std::cv_status::timeout;
    }

    /** Waits until the predicate is true; false when the time was over
     *  before. */
    template <class Mutex, class Predicate>
    bool wait_for(std::unique_lock<Mutex> &lock, duration timeout,
                  Predicate predicate) const
    {
        detail::asked<Predicate> asked{predicate};
        const mr_error code =
            mr_condition_wait_for(c_, detail::asked<Predicate>::ask, &asked,
                                  detail::c_timeout(timeout));

        if (asked.thrown) {
            std::rethrow_exception(asked.thrown);
        }
        return detail::waited(code, lock, "mr_condition_wait_for");
    }

    /** Waits for a notification, or until a time of some clock. */
    template <class Mutex, class Clock, class Duration>
    std::cv_status
    wait_until(std::unique_lock<Mutex> &lock,
               const std::chrono::time_point<Clock, Duration> &end) const
    {
        return wait_for(lock, end - Clock::now());
    }

    /** Waits until the predicate is true, or until a time of some clock. */
    template <class Mutex, class Clock, class Duration, class Predicate>
    bool wait_until(std::unique_lock<Mutex> &lock,
                    const std::chrono::time_point<Clock, Duration> &end,
                    Predicate predicate) const
    {
        return wait_for(lock, end - Clock::now(), predicate);
    }

    /** Lets up to `count` threads go on; the caller holds the lock.  See
     *  mr_condition_notify. */
    void notify(unsigned int count) const
    {
        detail::check(mr_condition_notify(c_, count), "mr_condition_notify");
    }

    /** Lets one thread go on. */
    void notify_one() const
    {
        notify(1);
    }

    /** Lets all threads go on; see mr_condition_notify_all. */
    void notify_all() const
    {
        detail::check(mr_condition_notify_all(c_), "mr_condition_notify_all");
    }

    /** Destroys it; for owner.  See mr_condition_destroy. */
    mr_error end() const noexcept
    {
        return mr_condition_destroy(c_);
    }

  private:
    mr_condition c_ = {};
};

/** A condition that is destroyed with its variable. */
class condition : public owner<condition_handle>
{
  public:
    using owner::owner;

    /** Makes a condition with a lock of its own; see mr_condition_create. */
    explicit condition(multirank::place place = place::anywhere)
        : owner(create({}, place))
    {
    }

    /** Makes a condition over a given lock, which must live longer. */
    explicit condition(mutex_handle lock)
        : owner(create(lock.native_handle(), place::anywhere))
    {
    }

  private:
    static condition_handle create(mr_lock lock, multirank::place place)
    {
        mr_condition c = {};
        mr_condition_options options = {};

        options.place = static_cast<int>(place);
        options.lock = lock;
        detail::check(mr_condition_create(&c, &options), "mr_condition_create");
        return condition_handle(c);
    }
};

} // namespace multirank

#endif
