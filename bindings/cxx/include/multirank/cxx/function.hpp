/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that travel: a plain function as fn<name>, or a lambda that
 * captures nothing.
 *
 * Either is a type without data.  Each makes an instance of a small function
 * of C's shape, which calls it and into which it is inlined; that one travels
 * as multirank/function.h says, by its module and its place there, and so is
 * the same on all ranks of a program.  A pointer to a function would be data,
 * of no meaning elsewhere, and could not be inlined.
 */
#ifndef MULTIRANK_CXX_FUNCTION_HPP
#define MULTIRANK_CXX_FUNCTION_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/travel.hpp>
#include <multirank/function.h>

#include <type_traits>
#include <utility>

namespace multirank
{

/** A plain function as a type: see fn. */
template <auto Function> struct function {
    template <class... Arguments>
    constexpr auto operator()(Arguments &&...arguments) const
        -> decltype(Function(std::forward<Arguments>(arguments)...))
    {
        return Function(std::forward<Arguments>(arguments)...);
    }
};

/** A plain function, as in pool.map(fn<square>, numbers). */
template <auto Function> inline constexpr function<Function> fn{};

namespace detail
{

template <class Function> constexpr void must_be_stateless() noexcept
{
    static_assert(!std::is_pointer_v<Function>,
                  "write fn<name> for a plain function: its address differs "
                  "from process to process");
    static_assert(std::is_empty_v<Function> || std::is_pointer_v<Function>,
                  "a function that travels cannot capture: give it what it "
                  "needs as an argument or as the context");
    static_assert(std::is_trivially_copyable_v<Function>,
                  "a function that travels has nothing to construct");
}

/* Calls a function by its type alone.  What has no data needs none to live. */
template <class Function, class... Arguments>
decltype(auto) call(Arguments &&...arguments)
{
    return landing<Function>().value()(std::forward<Arguments>(arguments)...);
}

} // namespace detail
} // namespace multirank

#endif
