/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event: a flag that threads wait for, at any endpoint.
 */
#ifndef MULTIRANK_CXX_EVENT_HPP
#define MULTIRANK_CXX_EVENT_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/event.h>

#include <chrono>

namespace multirank
{

/** Names an event, and can be sent. */
class event_handle
{
  public:
    event_handle() noexcept = default;

    explicit event_handle(mr_event c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_event native_handle() const noexcept
    {
        return c_;
    }

    /** Sets the flag: all who wait go on; see mr_event_set. */
    void set() const
    {
        detail::check(mr_event_set(c_), "mr_event_set");
    }

    /** Clears the flag; see mr_event_clear. */
    void clear() const
    {
        detail::check(mr_event_clear(c_), "mr_event_clear");
    }

    /** Is it set? */
    bool is_set() const
    {
        bool set = false;

        detail::check(mr_event_is_set(c_, &set), "mr_event_is_set");
        return set;
    }

    /** Waits until it is set; see mr_event_wait. */
    void wait() const
    {
        static_cast<void>(wait_for(forever));
    }

    /** The same; false when the time was over. */
    bool wait_for(duration timeout) const
    {
        return detail::in_time(mr_event_wait(c_, detail::c_timeout(timeout)),
                               "mr_event_wait");
    }

    /** The same, until a time of some clock. */
    template <class Clock, class Duration>
    bool wait_until(const std::chrono::time_point<Clock, Duration> &end) const
    {
        return wait_for(end - Clock::now());
    }

    /** Destroys it; for owner.  See mr_event_destroy. */
    mr_error end() const noexcept
    {
        return mr_event_destroy(c_);
    }

  private:
    mr_event c_ = {};
};

/** An event that is destroyed with its variable. */
class event : public owner<event_handle>
{
  public:
    using owner::owner;

    /** Makes an event that is not set; see mr_event_create. */
    explicit event(multirank::place place = place::anywhere)
        : owner(create(place))
    {
    }

  private:
    static event_handle create(multirank::place place)
    {
        mr_event c = {};
        mr_event_options options = {};

        options.place = static_cast<int>(place);
        detail::check(mr_event_create(&c, &options), "mr_event_create");
        return event_handle(c);
    }
};

} // namespace multirank

#endif
