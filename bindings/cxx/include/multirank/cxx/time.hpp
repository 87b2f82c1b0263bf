/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time-outs, and where an object shall live.
 */
#ifndef MULTIRANK_CXX_TIME_HPP
#define MULTIRANK_CXX_TIME_HPP

#include <multirank/base.h>

#include <chrono>
#include <limits>

namespace multirank
{

/** A time-out: each duration of std::chrono becomes one by itself.  Zero and
 *  less ask once and return. */
using duration = std::chrono::duration<double>;

/** No time-out. */
inline constexpr duration forever{std::numeric_limits<double>::infinity()};

namespace detail
{

/* In C a negative time-out waits for ever; here it has passed, as with the
 * clocks and locks of the standard library. */
inline double c_timeout(duration timeout)
{
    if (timeout == forever) {
        return MR_FOREVER;
    }
    return timeout.count() < 0 ? 0 : timeout.count();
}

} // namespace detail
} // namespace multirank

#endif
