/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects.
 */
#ifndef MULTIRANK_CXX_WAIT_HPP
#define MULTIRANK_CXX_WAIT_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/wait.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace multirank
{

/** Any object that can be waited for: a queue, an end of a pipe, a process, a
 *  lock, a semaphore, an event, a future, or the handle of one. */
class waitable
{
  public:
    template <
        class Object,
        class = decltype(std::declval<const Object &>().native_handle().handle)>
    waitable(const Object &object) noexcept : c_(object.native_handle().handle)
    {
    }

    /** For the functions of C. */
    mr_handle native_handle() const noexcept
    {
        return c_;
    }

  private:
    mr_handle c_;
};

/** Waits until one of several objects is ready, and gives the indices of those
 *  that are, as in wait({numbers, child}); none when the time was over.  See
 *  mr_wait. */
inline std::vector<std::size_t> wait(const std::vector<waitable> &objects,
                                     duration timeout = forever)
{
    const std::unique_ptr<bool[]> ready(new bool[objects.size()]());
    std::vector<std::size_t> indices;
    std::vector<mr_handle> handles;

    for (const waitable &object : objects) {
        handles.push_back(object.native_handle());
    }
    if (!detail::in_time(mr_wait(handles.data(), handles.size(),
                                 detail::c_timeout(timeout), ready.get()),
                         "mr_wait")) {
        return indices;
    }
    for (std::size_t i = 0; i < handles.size(); i++) {
        if (ready[i]) {
            indices.push_back(i);
        }
    }
    return indices;
}

/** Lets signals end blocked calls, which then throw an error of the code
 *  MR_ERR_INTERRUPTED; nullptr ends this.  See mr_set_interrupt. */
inline void set_interrupt(mr_interrupt_hook *hook, void *argument = nullptr)
{
    mr_set_interrupt(hook, argument);
}

} // namespace multirank

#endif
