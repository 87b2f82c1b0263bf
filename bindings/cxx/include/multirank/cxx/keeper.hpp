/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeper: an object that is destroyed with its last holder, wherever that is.
 *
 *     keeper kept(numbers.detach());          of a queue<int> numbers
 *     tickets.put(kept.ticket());             a ticket holds it on its way
 *
 *     keeper mine = redeem(tickets.get());    in another process
 *     auto numbers = mine.object<queue_handle<int>>();
 */
#ifndef MULTIRANK_CXX_KEEPER_HPP
#define MULTIRANK_CXX_KEEPER_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/keeper.h>

namespace multirank
{

/** Names a keeper, and can be sent; it does not hold the object. */
class keeper_handle
{
  public:
    keeper_handle() noexcept = default;

    explicit keeper_handle(mr_keeper c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_keeper native_handle() const noexcept
    {
        return c_;
    }

    /** The object, as a handle of its class; see mr_keeper_object. */
    template <class Handle> Handle object() const
    {
        decltype(Handle().native_handle()) c = {};

        detail::check(mr_keeper_object(c_, &c.handle), "mr_keeper_object");
        return Handle(c);
    }

    /** Holds the object, and is to be redeemed; see mr_keeper_ticket. */
    mr_ticket ticket() const
    {
        mr_ticket ticket = {};

        detail::check(mr_keeper_ticket(c_, &ticket), "mr_keeper_ticket");
        return ticket;
    }

    /** Holds the object no longer; for owner.  See mr_keeper_drop. */
    mr_error end() const noexcept
    {
        return mr_keeper_drop(c_);
    }

  private:
    mr_keeper c_ = {};
};

/** Holds an object until the end of its variable. */
class keeper : public owner<keeper_handle>
{
  public:
    using owner::owner;

    /** Counts the holders of an object from now on; see mr_keeper_create. */
    template <class Handle, class = decltype(Handle().native_handle().handle)>
    explicit keeper(const Handle &object)
        : owner(create(object.native_handle().handle))
    {
    }

  private:
    static keeper_handle create(mr_handle object)
    {
        mr_keeper c = {};

        detail::check(mr_keeper_create(&c, object), "mr_keeper_create");
        return keeper_handle(c);
    }
};

/** Holds what a keeper keeps; see mr_keeper_hold. */
inline keeper hold(const keeper_handle &handle)
{
    detail::check(mr_keeper_hold(handle.native_handle()), "mr_keeper_hold");
    return keeper(handle);
}

/** Holds an object in place of a ticket; see mr_keeper_redeem. */
inline keeper redeem(const mr_ticket &ticket)
{
    mr_keeper c = {};

    detail::check(mr_keeper_redeem(ticket, &c), "mr_keeper_redeem");
    return keeper(keeper_handle(c));
}

/** Drops a ticket that nobody will redeem; see mr_ticket_drop. */
inline void drop(const mr_ticket &ticket)
{
    detail::check(mr_ticket_drop(ticket), "mr_ticket_drop");
}

} // namespace multirank

#endif
