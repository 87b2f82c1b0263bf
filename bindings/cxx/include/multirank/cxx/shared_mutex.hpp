/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RWLock: many readers hold it at a time, or one writer.  It is called
 * shared_mutex here and has the members of std::shared_timed_mutex, so that
 * std::shared_lock reads and std::unique_lock writes.
 *
 * When its last writer died, lock(), lock_shared() and their like give the lock
 * back and throw holder_died: readers until there is another writer, a writer
 * once.  A caller that can repair what the lock protects calls acquire().
 */
#ifndef MULTIRANK_CXX_SHARED_MUTEX_HPP
#define MULTIRANK_CXX_SHARED_MUTEX_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/lock.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/rwlock.h>

#include <chrono>

namespace multirank
{

/** Names a reader-writer lock, and can be sent. */
class shared_mutex_handle
{
  public:
    shared_mutex_handle() noexcept = default;

    explicit shared_mutex_handle(mr_rwlock c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_rwlock native_handle() const noexcept
    {
        return c_;
    }

    /** Takes the lock for writing, and tells of a writer that died; see
     *  mr_rwlock_acquire_write. */
    acquired acquire(duration timeout = forever) const
    {
        return told(mr_rwlock_acquire_write(c_, detail::c_timeout(timeout)),
                    write_call);
    }

    /** Takes it for reading, and tells of a writer that died; see
     *  mr_rwlock_acquire_read. */
    acquired acquire_shared(duration timeout = forever) const
    {
        return told(mr_rwlock_acquire_read(c_, detail::c_timeout(timeout)),
                    read_call);
    }

    /** Gives back what the thread holds; see mr_rwlock_release. */
    void release() const
    {
        detail::check(mr_rwlock_release(c_), "mr_rwlock_release");
    }

    /** Takes the lock for writing. */
    void lock() const
    {
        static_cast<void>(try_lock_for(forever));
    }

    /** Takes the lock for writing if nobody holds it. */
    bool try_lock() const
    {
        return try_lock_for(duration::zero());
    }

    /** Takes the lock for writing; false when the time was over. */
    bool try_lock_for(duration timeout) const
    {
        return unless_died(acquire(timeout), write_call);
    }

    /** The same, until a time of some clock. */
    template <class Clock, class Duration>
    bool
    try_lock_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return try_lock_for(end - Clock::now());
    }

    /** Gives it back after writing; see mutex_handle::unlock. */
    void unlock() const noexcept
    {
        detail::ignore(mr_rwlock_release(c_));
    }

    /** Takes the lock for reading. */
    void lock_shared() const
    {
        static_cast<void>(try_lock_shared_for(forever));
    }

    /** Takes the lock for reading if no writer holds it or waits for it. */
    bool try_lock_shared() const
    {
        return try_lock_shared_for(duration::zero());
    }

    /** Takes the lock for reading; false when the time was over. */
    bool try_lock_shared_for(duration timeout) const
    {
        return unless_died(acquire_shared(timeout), read_call);
    }

    /** The same, until a time of some clock. */
    template <class Clock, class Duration>
    bool try_lock_shared_until(
        const std::chrono::time_point<Clock, Duration> &end) const
    {
        return try_lock_shared_for(end - Clock::now());
    }

    /** Gives it back after reading. */
    void unlock_shared() const noexcept
    {
        detail::ignore(mr_rwlock_release(c_));
    }

    /** Destroys it; for owner.  See mr_rwlock_destroy. */
    mr_error end() const noexcept
    {
        return mr_rwlock_destroy(c_);
    }

  private:
    static constexpr const char *write_call = "mr_rwlock_acquire_write";
    static constexpr const char *read_call = "mr_rwlock_acquire_read";

    static acquired told(mr_error code, const char *caller)
    {
        if (code == MR_ERR_HOLDER_DIED) {
            return acquired::after_holder_died;
        }
        return detail::in_time(code, caller) ? acquired::yes : acquired::no;
    }

    bool unless_died(acquired how, const char *caller) const
    {
        if (how == acquired::after_holder_died) {
            detail::ignore(mr_rwlock_release(c_));
            detail::fail(MR_ERR_HOLDER_DIED, caller);
        }
        return how == acquired::yes;
    }

    mr_rwlock c_ = {};
};

/** A reader-writer lock that is destroyed with its variable. */
class shared_mutex : public owner<shared_mutex_handle>
{
  public:
    using owner::owner;

    /** Makes a lock that nobody holds; see mr_rwlock_create. */
    explicit shared_mutex(multirank::place place = place::anywhere)
        : owner(create(place))
    {
    }

  private:
    static shared_mutex_handle create(multirank::place place)
    {
        mr_rwlock c = {};
        mr_rwlock_options options = {};

        options.place = static_cast<int>(place);
        detail::check(mr_rwlock_create(&c, &options), "mr_rwlock_create");
        return shared_mutex_handle(c);
    }
};

} // namespace multirank

#endif
