/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Future: the results of tasks that run while the caller does something else.
 *
 *     future<std::vector<double>> roots = workers.map_async(fn<root>, numbers);
 *     ... something else
 *     for (double root : roots.get()) ...
 */
#ifndef MULTIRANK_CXX_FUTURE_HPP
#define MULTIRANK_CXX_FUTURE_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/results.hpp>
#include <multirank/cxx/task.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/future.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace multirank
{

/** How far a map has come; see mr_progress. */
struct progress {
    std::size_t tasks = 0; /* of the map */
    std::size_t ended = 0; /* of these, well or not */
};

/** What a map or a single task will give; like std::future, it is moved and not
 *  copied.  Its end cancels what has not ended, and waits for that. */
template <class T> class future
{
  public:
    /** Of nothing. */
    future() noexcept = default;

    /** Of a map with this state; for pool. */
    template <class State>
    explicit future(std::unique_ptr<State> made) noexcept
        : state_(std::move(made))
    {
    }

    /** Is it of a map whose result was not taken? */
    bool valid() const noexcept
    {
        return state_ != nullptr;
    }

    /** For the functions of C, and for wait. */
    mr_future native_handle() const noexcept
    {
        return state_ ? state_->c : mr_future{};
    }

    /** Has the map ended?  See mr_future_ready. */
    bool ready() const
    {
        bool ready = false;

        detail::check(mr_future_ready(native_handle(), &ready),
                      "mr_future_ready");
        return ready;
    }

    /** Waits for the end; false when the time was over.  See
     *  mr_future_wait. */
    bool wait(duration timeout = forever) const
    {
        return detail::in_time(
            mr_future_wait(native_handle(), detail::c_timeout(timeout)),
            "mr_future_wait");
    }

    /** Waits for the end, and gives the results; then the future is of nothing.
     *  Throws task_error when a task failed, and error with MR_ERR_CANCELLED
     *  when the map was cancelled.  See mr_future_get. */
    T get()
    {
        const std::unique_ptr<state> taken = std::move(state_);
        const mr_future c = taken ? taken->c : mr_future{};
        mr_task_error told = {};
        const mr_error code = mr_future_get(c, MR_FOREVER, &told);

        if (code != MR_OK && told.code == code) {
            throw task_error(told);
        }
        detail::check(code, "mr_future_get");
        if constexpr (!std::is_void_v<T>) {
            return std::move(taken->value);
        }
    }

    /** Did the map end without a failure?  Throws error with MR_ERR_STATE
     * before it has ended.  See mr_future_successful. */
    bool successful() const
    {
        bool successful = false;

        detail::check(mr_future_successful(native_handle(), &successful),
                      "mr_future_successful");
        return successful;
    }

    /** Begins no more tasks; see mr_future_cancel. */
    void cancel() const
    {
        detail::check(mr_future_cancel(native_handle()), "mr_future_cancel");
    }

    /** How far has the map come?  See mr_future_progress. */
    multirank::progress progress() const
    {
        mr_progress c = {};
        multirank::progress result;

        detail::check(mr_future_progress(native_handle(), &c),
                      "mr_future_progress");
        result.tasks = c.tasks;
        result.ended = c.ended;
        return result;
    }

    /** What the tasks read and write, at a place that does not change. */
    struct state {
        state() = default;
        state(const state &) = delete;
        state &operator=(const state &) = delete;

        virtual ~state()
        {
            detail::ignore(mr_future_destroy(c));
        }

        mr_future c = {};
        std::conditional_t<std::is_void_v<T>, nothing, T> value = {};
    };

  private:
    std::unique_ptr<state> state_;
};

} // namespace multirank

#endif
