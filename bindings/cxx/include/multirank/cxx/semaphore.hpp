/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Semaphore: a count that threads take from and give to, at any endpoint.  It
 * has the members of std::counting_semaphore.
 */
#ifndef MULTIRANK_CXX_SEMAPHORE_HPP
#define MULTIRANK_CXX_SEMAPHORE_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/semaphore.h>

#include <chrono>

namespace multirank
{

/** What a semaphore may be told when it is made. */
struct semaphore_options {
    bool bounded = false; /* never more than it begins with */
    multirank::place place = place::anywhere;
};

/** Names a semaphore, and can be sent. */
class semaphore_handle
{
  public:
    semaphore_handle() noexcept = default;

    explicit semaphore_handle(mr_semaphore c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_semaphore native_handle() const noexcept
    {
        return c_;
    }

    /** The most that a count may be. */
    static constexpr unsigned int max() noexcept
    {
        return MR_SEMAPHORE_MAX;
    }

    /** Takes one, as soon as there is one; see mr_semaphore_acquire. */
    void acquire() const
    {
        static_cast<void>(try_acquire_for(forever));
    }

    /** Takes one if there is one. */
    bool try_acquire() const
    {
        return try_acquire_for(duration::zero());
    }

    /** Takes one; false when the time was over. */
    bool try_acquire_for(duration timeout) const
    {
        return detail::in_time(
            mr_semaphore_acquire(c_, detail::c_timeout(timeout)),
            "mr_semaphore_acquire");
    }

    /** The same, until a time of some clock. */
    template <class Clock, class Duration>
    bool
    try_acquire_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return try_acquire_for(end - Clock::now());
    }

    /** Gives `count`; see mr_semaphore_release. */
    void release(unsigned int count = 1) const
    {
        detail::check(mr_semaphore_release(c_, count), "mr_semaphore_release");
    }

    /** The count at one moment during the call; see mr_semaphore_get_value. */
    unsigned int value() const
    {
        unsigned int count = 0;

        detail::check(mr_semaphore_get_value(c_, &count),
                      "mr_semaphore_get_value");
        return count;
    }

    /** Destroys it; for owner.  See mr_semaphore_destroy. */
    mr_error end() const noexcept
    {
        return mr_semaphore_destroy(c_);
    }

  private:
    mr_semaphore c_ = {};
};

/** A semaphore that is destroyed with its variable. */
class semaphore : public owner<semaphore_handle>
{
  public:
    using owner::owner;

    /** Makes a semaphore with this count; see mr_semaphore_create. */
    explicit semaphore(unsigned int value, semaphore_options options = {})
        : owner(create(value, options))
    {
    }

  private:
    static semaphore_handle create(unsigned int value,
                                   const semaphore_options &options)
    {
        mr_semaphore c = {};
        mr_semaphore_options c_options = {};

        c_options.place = static_cast<int>(options.place);
        c_options.bounded = options.bounded;
        detail::check(mr_semaphore_create(&c, value, &c_options),
                      "mr_semaphore_create");
        return semaphore_handle(c);
    }
};

} // namespace multirank

#endif
