/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Barrier: a number of parties wait until all have arrived, again and again, at
 * any endpoint.  It is a std::barrier whose parties may die, or give up: then
 * it is broken, and those who wait are told.
 */
#ifndef MULTIRANK_CXX_BARRIER_HPP
#define MULTIRANK_CXX_BARRIER_HPP

#include <multirank/barrier.h>
#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>

#include <optional>
#include <type_traits>

namespace multirank
{

/** A barrier at one moment. */
struct barrier_state {
    unsigned int parties;
    unsigned int waiting; /* parties that have arrived in this round */
    bool broken;
};

/** Names a barrier, and can be sent. */
class barrier_handle
{
  public:
    barrier_handle() noexcept = default;

    explicit barrier_handle(mr_barrier c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_barrier native_handle() const noexcept
    {
        return c_;
    }

    /** Waits until all parties are there, and gives the caller's number in
     *  this round.  Throws broken_barrier.  See mr_barrier_wait. */
    unsigned int arrive_and_wait() const
    {
        return *try_arrive_and_wait_for(forever);
    }

    /** The same; without a value when the time was over, and then the barrier
     *  is broken. */
    std::optional<unsigned int> try_arrive_and_wait_for(duration timeout) const
    {
        unsigned int number = 0;
        const mr_error code =
            mr_barrier_wait(c_, detail::c_timeout(timeout), &number);

        if (!detail::in_time(code, "mr_barrier_wait")) {
            return std::nullopt;
        }
        return number;
    }

    /** Begins again, with no party; see mr_barrier_reset. */
    void reset() const
    {
        detail::check(mr_barrier_reset(c_), "mr_barrier_reset");
    }

    /** Breaks it; see mr_barrier_abort. */
    void abort() const
    {
        detail::check(mr_barrier_abort(c_), "mr_barrier_abort");
    }

    /** Its state at one moment during the call; see mr_barrier_get_state. */
    barrier_state state() const
    {
        mr_barrier_state c = {};

        detail::check(mr_barrier_get_state(c_, &c), "mr_barrier_get_state");
        return {c.parties, c.waiting, c.broken};
    }

    /** Destroys it; for owner.  See mr_barrier_destroy. */
    mr_error end() const noexcept
    {
        return mr_barrier_destroy(c_);
    }

  private:
    mr_barrier c_ = {};
};

namespace detail
{

/* As with std::barrier, an action that throws ends its process. */
template <class Action> void act() noexcept
{
    call<Action>();
}

} // namespace detail

/** A barrier that is destroyed with its variable. */
class barrier : public owner<barrier_handle>
{
  public:
    using owner::owner;

    /** Makes a barrier; see mr_barrier_create. */
    explicit barrier(unsigned int parties,
                     multirank::place place = place::anywhere)
        : owner(create(parties, nullptr, place))
    {
    }

    /** Makes a barrier with an action, fn<name> or a lambda that captures
     *  nothing: the last party to arrive runs it, before any goes on. */
    template <class Action,
              class = std::enable_if_t<std::is_invocable_v<Action>>>
    barrier(unsigned int parties, Action,
            multirank::place place = place::anywhere)
        : owner(create(parties, action_of<Action>(), place))
    {
    }

  private:
    template <class Action> static mr_barrier_action *action_of() noexcept
    {
        detail::must_be_stateless<Action>();
        return detail::act<Action>;
    }

    static barrier_handle create(unsigned int parties,
                                 mr_barrier_action *action,
                                 multirank::place place)
    {
        mr_barrier c = {};
        mr_barrier_options options = {};

        options.place = static_cast<int>(place);
        options.action = action;
        detail::check(mr_barrier_create(&c, parties, &options),
                      "mr_barrier_create");
        return barrier_handle(c);
    }
};

} // namespace multirank

#endif
