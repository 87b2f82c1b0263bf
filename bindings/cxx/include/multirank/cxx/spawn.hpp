/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that make tasks; see multirank/spawn.h.
 *
 *     long count(node in)
 *     {
 *         long left = 0, right = 0;
 *
 *         spawn(fn<count>, in.left(), left);
 *         spawn(fn<count>, in.right(), right);
 *         wait_for_spawned();
 *         return left + right;
 *     }
 *
 * What is spawned has one of the shapes of task.hpp that take an input, and
 * fails by an exception, as other tasks do.
 */
#ifndef MULTIRANK_CXX_SPAWN_HPP
#define MULTIRANK_CXX_SPAWN_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/task.hpp>
#include <multirank/cxx/travel.hpp>
#include <multirank/spawn.h>

#include <cstddef>
#include <type_traits>

namespace multirank
{

namespace detail
{

/* The bytes of inputs and outputs lie where any type of C may. */
template <class T> constexpr void must_be_spawnable() noexcept
{
    static_assert(alignof(T) <= alignof(std::max_align_t),
                  "a spawned task takes and gives no over-aligned types");
    static_assert(!std::is_const_v<T>, "a result is written");
}

} // namespace detail

/** Makes a task from inside a task: it calls the function with a copy of the
 *  input.  wait_for_spawned writes the result to `output`, which must stay
 *  until then.  See mr_task_spawn. */
template <class Function, class In, class Out>
void spawn(Function, const In &input, Out &output)
{
    detail::must_be_stateless<Function>();
    detail::must_be_spawnable<In>();
    detail::must_be_spawnable<Out>();
    detail::check(mr_task_spawn(detail::run_task<Function, In, Out>, &input,
                                detail::size_of<In>(), &output,
                                detail::size_of<Out>()),
                  "mr_task_spawn");
}

/** The same; nothing is done with the result, if there is one. */
template <class Function, class In> void spawn(Function, const In &input)
{
    detail::must_be_stateless<Function>();
    detail::must_be_spawnable<In>();
    detail::check(mr_task_spawn(detail::run_task<Function, In, void>, &input,
                                detail::size_of<In>(), nullptr, 0),
                  "mr_task_spawn");
}

/** Waits until all tasks that the calling task has spawned have ended.  Throws
 *  task_error if one failed; of the first.  See mr_task_wait. */
inline void wait_for_spawned()
{
    mr_task_error told = {};
    const mr_error code = mr_task_wait(&told);

    if (code != MR_OK && (told.host[0] || told.text[0])) {
        throw task_error(told);
    }
    detail::check(code, "mr_task_wait");
}

/** Adds a task to the map, for which no task waits.  See mr_task_add. */
template <class Function, class In> void add(Function, const In &input)
{
    detail::must_be_stateless<Function>();
    detail::must_be_spawnable<In>();
    detail::check(mr_task_add(detail::run_task<Function, In, void>, &input,
                              detail::size_of<In>()),
                  "mr_task_add");
}

} // namespace multirank

#endif
