/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lock and RLock: one holder at a time, at any endpoint.  They are called mutex
 * and recursive_mutex here and have the members of std::timed_mutex and
 * std::recursive_timed_mutex, so that std::lock_guard, std::unique_lock and
 * std::scoped_lock hold them.
 *
 * When its last holder died, lock() and its like give the lock back and throw
 * holder_died, once: a guard cannot say that what it protects may be half
 * changed.  A caller that can repair that calls acquire().
 */
#ifndef MULTIRANK_CXX_LOCK_HPP
#define MULTIRANK_CXX_LOCK_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/lock.h>

#include <chrono>

namespace multirank
{

/** How acquire() ended. */
enum class acquired {
    no,                /* somebody else had it until the time was over */
    yes,               /* the caller holds it */
    after_holder_died, /* the same, but its last holder died */
};

/** Names a lock of either kind, and can be sent. */
class mutex_handle
{
  public:
    mutex_handle() noexcept = default;

    explicit mutex_handle(mr_lock c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_lock native_handle() const noexcept
    {
        return c_;
    }

    /** Takes the lock, and tells of a holder that died; see
     *  mr_lock_acquire. */
    acquired acquire(duration timeout = forever) const
    {
        const mr_error code = mr_lock_acquire(c_, detail::c_timeout(timeout));

        if (code == MR_ERR_HOLDER_DIED) {
            return acquired::after_holder_died;
        }
        return detail::in_time(code, "mr_lock_acquire") ? acquired::yes
                                                        : acquired::no;
    }

    /** Gives it back; see mr_lock_release. */
    void release() const
    {
        detail::check(mr_lock_release(c_), "mr_lock_release");
    }

    /** Takes the lock. */
    void lock() const
    {
        static_cast<void>(try_lock_for(forever));
    }

    /** Takes the lock if it is free. */
    bool try_lock() const
    {
        return try_lock_for(duration::zero());
    }

    /** Takes the lock; false when the time was over. */
    bool try_lock_for(duration timeout) const
    {
        const acquired how = acquire(timeout);

        if (how == acquired::after_holder_died) {
            detail::ignore(mr_lock_release(c_));
            detail::fail(MR_ERR_HOLDER_DIED, "mr_lock_acquire");
        }
        return how == acquired::yes;
    }

    /** The same, until a time of some clock. */
    template <class Clock, class Duration>
    bool
    try_lock_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return try_lock_for(end - Clock::now());
    }

    /** Gives it back.  Errors are not told, as a guard calls this at its end;
     *  release() tells them. */
    void unlock() const noexcept
    {
        detail::ignore(mr_lock_release(c_));
    }

    /** Destroys it; for owner.  See mr_lock_destroy. */
    mr_error end() const noexcept
    {
        return mr_lock_destroy(c_);
    }

  private:
    mr_lock c_ = {};
};

/** The same class names both. */
using recursive_mutex_handle = mutex_handle;

namespace detail
{

inline mutex_handle create_lock(place place, bool recursive)
{
    mr_lock c = {};
    mr_lock_options options = {};

    options.place = static_cast<int>(place);
    options.recursive = recursive;
    check(mr_lock_create(&c, &options), "mr_lock_create");
    return mutex_handle(c);
}

} // namespace detail

/** A lock that is destroyed with its variable. */
class mutex : public owner<mutex_handle>
{
  public:
    using owner::owner;

    /** Makes a lock that nobody holds; see mr_lock_create. */
    explicit mutex(multirank::place place = place::anywhere)
        : owner(detail::create_lock(place, false))
    {
    }
};

/** A lock that the thread that holds it may take again, and gives back as
 *  often; destroyed with its variable. */
class recursive_mutex : public owner<recursive_mutex_handle>
{
  public:
    using owner::owner;

    /** Makes a lock that nobody holds; see mr_lock_create. */
    explicit recursive_mutex(multirank::place place = place::anywhere)
        : owner(detail::create_lock(place, true))
    {
    }
};

} // namespace multirank

#endif
