/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks: what a function that is mapped is told, what shape it may have, and
 * how it fails.
 *
 * A task has one of the shapes
 *
 *     Out f(In)                   or (const In &)
 *     Out f(In, const task &)
 *     Out f(const task &)                with map_n
 *     void f(In, Out &)                  with map_into alone; the output holds
 *     void f(In, Out &, const task &)    zeros, or what was there in an Array
 *
 * and fails by an exception: one of class error gives its code, any other
 * MR_ERR_USER.  Its text travels to the caller.
 */
#ifndef MULTIRANK_CXX_TASK_HPP
#define MULTIRANK_CXX_TASK_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/output.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/pool.h>

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

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

/* Can a function be called with an input, if there is any, and more? */
template <class Function, class In, class... More> constexpr bool takes()
{
    if constexpr (std::is_void_v<In>) {
        return std::is_invocable_v<Function, More...>;
    } else {
        return std::is_invocable_v<Function, const In &, More...>;
    }
}

/* The same, for one that gives nothing back but writes what it is given. */
template <class Function, class In, class... More> constexpr bool writes()
{
    if constexpr (!std::is_void_v<In> && takes<Function, In, More...>()) {
        return std::is_void_v<
            std::invoke_result_t<Function, const In &, More...>>;
    } else {
        return false;
    }
}

template <class Function, class In, class... More>
decltype(auto) call_with(const void *in, More &&...more)
{
    if constexpr (std::is_void_v<In>) {
        static_cast<void>(in);
        return call<Function>(more...);
    } else {
        return call<Function>(*static_cast<const In *>(in), more...);
    }
}

/* Calls a function with its input and, if it takes that, its task. */
template <class Function, class In>
decltype(auto) call_task(const void *in, const mr_task &c)
{
    constexpr bool plain = !std::is_void_v<In> && takes<Function, In>();

    static_assert(plain || takes<Function, In, const task &>(),
                  "a task takes an input of the map, and a const task & "
                  "behind it if it likes; see multirank/cxx/task.hpp");
    if constexpr (plain) {
        static_cast<void>(c);
        return call_with<Function, In>(in);
    } else if constexpr (takes<Function, In, const task &>()) {
        return call_with<Function, In>(in, static_cast<const task &>(task(c)));
    }
}

/* What a task gives back for an input. */
template <class Function, class In>
using task_result_t = std::decay_t<decltype(call_task<Function, In>(
    nullptr, std::declval<const mr_task &>()))>;

/* No exception passes through the C library: it becomes the task's failure. */
template <class Body> mr_error guarded(Body body) noexcept
{
    try {
        print_through_c();
        return body();
    } catch (const task_error &thrown) { /* of a task that it had spawned */
        return mr_task_fail(thrown.code(), "%s", thrown.text());
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
        if constexpr (std::is_void_v<Out>) {
            static_cast<void>(out);
            static_cast<void>(call_task<Function, In>(in, *c));
        } else if constexpr (writes<Function, In, Out &, const task &>()) {
            const task told(*c);

            call_with<Function, In>(in, *static_cast<Out *>(out), told);
        } else if constexpr (writes<Function, In, Out &>()) {
            call_with<Function, In>(in, *static_cast<Out *>(out));
        } else {
            new (out) Out(call_task<Function, In>(in, *c));
        }
        return MR_OK;
    });
}

} // namespace detail
} // namespace multirank

#endif
