/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait sets: a file descriptor that is readable when an object is ready.
 */
#ifndef MULTIRANK_CXX_WAIT_SET_HPP
#define MULTIRANK_CXX_WAIT_SET_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/wait.hpp>
#include <multirank/wait_set.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace multirank
{

/** An object of a wait_set that is ready. */
class ready_object
{
  public:
    explicit ready_object(const mr_ready &c) noexcept : c_(c)
    {
    }

    /** Is it that object? */
    bool is(const waitable &object) const noexcept
    {
        const mr_handle other = object.native_handle();

        return c_.handle.owner == other.owner && c_.handle.slot == other.slot &&
               c_.handle.generation == other.generation &&
               c_.handle.kind == other.kind &&
               c_.handle.variant == other.variant;
    }

    /** The pointer that wait_set::add was given. */
    void *user() const noexcept
    {
        return c_.user;
    }

    /** MR_OK, or MR_ERR_STALE or MR_ERR_OWNER_LOST: the object is gone. */
    mr_error error() const noexcept
    {
        return c_.error;
    }

    /** For the functions of C. */
    mr_ready native_handle() const noexcept
    {
        return c_;
    }

  private:
    mr_ready c_;
};

/** Objects with a descriptor for poll, epoll and event loops, which is readable
 *  while one of them is ready; see mr_wait_set. */
class wait_set
{
  public:
    /** Makes an empty set; see mr_wait_set_create. */
    wait_set()
    {
        mr_wait_set *c = nullptr;

        detail::check(mr_wait_set_create(&c), "mr_wait_set_create");
        c_.reset(c);
    }

    /** Adds an object, and a pointer that is told with it; see
     *  mr_wait_set_add. */
    void add(const waitable &object, void *user = nullptr)
    {
        detail::check(mr_wait_set_add(c_.get(), object.native_handle(), user),
                      "mr_wait_set_add");
    }

    /** Removes an object; see mr_wait_set_remove. */
    void remove(const waitable &object)
    {
        detail::check(mr_wait_set_remove(c_.get(), object.native_handle()),
                      "mr_wait_set_remove");
    }

    /** What to poll; it belongs to the set.  See mr_wait_set_descriptor. */
    int descriptor() const
    {
        int descriptor = -1;

        detail::check(mr_wait_set_descriptor(c_.get(), &descriptor),
                      "mr_wait_set_descriptor");
        return descriptor;
    }

    /** The objects that are ready, at most `max`; none lets the descriptor wait
     *  for the next.  See mr_wait_set_ready. */
    std::vector<ready_object> ready(std::size_t max = 64)
    {
        std::vector<mr_ready> found(max);
        std::vector<ready_object> objects;
        std::size_t count = 0;

        detail::check(mr_wait_set_ready(c_.get(), found.data(), max, &count),
                      "mr_wait_set_ready");
        for (std::size_t i = 0; i < count; i++) {
            objects.emplace_back(found[i]);
        }
        return objects;
    }

  private:
    struct end {
        /* Ends the set; see mr_wait_set_destroy. */
        void operator()(mr_wait_set *c) const noexcept
        {
            detail::ignore(mr_wait_set_destroy(c));
        }
    };

    std::unique_ptr<mr_wait_set, end> c_;
};

} // namespace multirank

#endif
