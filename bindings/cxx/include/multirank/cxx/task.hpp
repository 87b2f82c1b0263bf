/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks: what a function that is mapped is told, what shape it may have, and
 * how it fails.
 *
 * A task has one of the shapes
 *
 *     Out f(In)                   or (const In &)
 *     Out f(In, const task &)
 *     void f(In, Out &)                  with map_into alone; the output holds
 *     void f(In, Out &, const task &)    zeros, or what was there in an Array
 *
 * and fails by an exception: one of class error gives its code, any other
 * MR_ERR_USER.  Its text travels to whoever called.
 */
#ifndef MULTIRANK_CXX_TASK_HPP
#define MULTIRANK_CXX_TASK_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/pool.h>

#include <exception>
#include <new>
#include <string>
#include <type_traits>

namespace multirank
{

/** What a task is told beside its input; see mr_task. */
class task
{
  public:
    explicit task(const mr_task &c) noexcept : c_(c)
    {
    }

    /** The number of the task in its map, from 0. */
    std::size_t index() const noexcept
    {
        return c_.index;
    }

    /** The tasks of the map. */
    std::size_t count() const noexcept
    {
        return c_.count;
    }

    /** The worker that runs it, from 0. */
    unsigned int worker() const noexcept
    {
        return c_.worker;
    }

    /** The workers of the pool. */
    unsigned int workers() const noexcept
    {
        return c_.workers;
    }

    /** The context that was given to the map: one T. */
    template <class T> const T &context() const
    {
        if (c_.context_size != sizeof(T)) {
            throw error(MR_ERR_ARGUMENT, "task::context: the map was given "
                                         "a context of another size");
        }
        return *static_cast<const T *>(c_.context);
    }

    /** The context that was given to the map: several T. */
    template <class T> span<const T> context_span() const
    {
        if (c_.context_size % sizeof(T) != 0) {
            throw error(MR_ERR_ARGUMENT, "task::context_span: the map was "
                                         "given a context of another type");
        }
        return {static_cast<const T *>(c_.context),
                c_.context_size / sizeof(T)};
    }

  private:
    const mr_task &c_;
};

/** Thrown where a map is called, when a task failed; see mr_task_error. */
class task_error : public error
{
  public:
    explicit task_error(const mr_task_error &told)
        : error(told.code, describe(told)), told_(told)
    {
    }

    /** The task. */
    std::size_t index() const noexcept
    {
        return told_.index;
    }

    /** The rank on which it ran. */
    int rank() const noexcept
    {
        return told_.rank;
    }

    /** The host of that rank. */
    const char *host() const noexcept
    {
        return told_.host;
    }

    /** What the task said, or the library of its end. */
    const char *text() const noexcept
    {
        return told_.text;
    }

    /** The signal that ended its worker, or 0. */
    int signal() const noexcept
    {
        return told_.signal;
    }

  private:
    static std::string describe(const mr_task_error &told)
    {
        return "task " + std::to_string(told.index) + " failed on rank " +
               std::to_string(told.rank) + " (" + told.host +
               "): " + (told.text[0] ? told.text : mr_error_text(told.code));
    }

    mr_task_error told_;
};

namespace detail
{

template <class Function, class In>
inline constexpr bool takes_task =
    !std::is_invocable_v<Function, const In &> &&
    std::is_invocable_v<Function, const In &, const task &>;

/* What a task gives back for an input. */
template <class Function, class In> auto task_result()
{
    if constexpr (takes_task<Function, In>) {
        return std::invoke_result<Function, const In &, const task &>();
    } else {
        static_assert(std::is_invocable_v<Function, const In &>,
                      "a task takes an input of the map, and a const task & "
                      "behind it if it likes; see multirank/cxx/task.hpp");
        return std::invoke_result<Function, const In &>();
    }
}

template <class Function, class In>
using task_result_t =
    std::decay_t<typename decltype(task_result<Function, In>())::type>;

template <class Function, class In>
decltype(auto) call_task(const In &in, const mr_task &c)
{
    if constexpr (takes_task<Function, In>) {
        return call<Function>(in, task(c));
    } else {
        static_cast<void>(c);
        return call<Function>(in);
    }
}

/* No exception passes through the C library: it becomes the task's failure. */
template <class Body> mr_error guarded(Body body) noexcept
{
    try {
        return body();
    } catch (const error &thrown) {
        return mr_task_fail(thrown.code(), "%s", thrown.what());
    } catch (const std::exception &thrown) {
        return mr_task_fail(MR_ERR_USER, "%s", thrown.what());
    } catch (...) {
        return mr_task_fail(MR_ERR_USER,
                            "the task threw what is no std::exception");
    }
}

/* A task of mr_pool_map.  Out is void when nothing comes back. */
template <class Function, class In, class Out>
mr_error run_task(const void *in, void *out, const mr_task *c) noexcept
{
    return guarded([&] {
        const In &input = *static_cast<const In *>(in);

        if constexpr (std::is_void_v<Out>) {
            static_cast<void>(out);
            static_cast<void>(call_task<Function>(input, *c));
        } else if constexpr (std::is_invocable_v<Function, const In &, Out &,
                                                 const task &>) {
            call<Function>(input, *static_cast<Out *>(out), task(*c));
        } else if constexpr (std::is_invocable_v<Function, const In &, Out &>) {
            call<Function>(input, *static_cast<Out *>(out));
        } else {
            new (out) Out(call_task<Function>(input, *c));
        }
        return MR_OK;
    });
}

} // namespace detail
} // namespace multirank

#endif
