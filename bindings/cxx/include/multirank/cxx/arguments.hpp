/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of a process, side by side in one block of memory.
 */
#ifndef MULTIRANK_CXX_ARGUMENTS_HPP
#define MULTIRANK_CXX_ARGUMENTS_HPP

#include <multirank/cxx/function.hpp>
#include <multirank/cxx/travel.hpp>

namespace multirank::detail
{

/* As std::tuple, which is not trivially copyable. */
template <class... Values> struct arguments {
};
template <class First, class... Rest> struct arguments<First, Rest...> {
    First first;
    arguments<Rest...> rest;
};

inline arguments<> pack()
{
    return {};
}

template <class First, class... Rest>
arguments<First, Rest...> pack(const First &first, const Rest &...rest)
{
    must_travel<First>();
    return {first, pack(rest...)};
}

/* Calls a function with what was packed, the first of it first. */
template <class Function, class... Before>
decltype(auto) apply(const arguments<> &, const Before &...before)
{
    return call<Function>(before...);
}

template <class Function, class First, class... Rest, class... Before>
decltype(auto) apply(const arguments<First, Rest...> &packed,
                     const Before &...before)
{
    return apply<Function>(packed.rest, before..., packed.first);
}

} // namespace multirank::detail

#endif
