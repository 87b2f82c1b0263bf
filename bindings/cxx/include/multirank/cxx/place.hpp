/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where an object lives, or a process runs.
 */
#ifndef MULTIRANK_CXX_PLACE_HPP
#define MULTIRANK_CXX_PLACE_HPP

#include <multirank/base.h>

namespace multirank
{

/** A rank, or the choice of the library; see MR_PLACE_DEFAULT. */
enum class place : int { anywhere = MR_PLACE_DEFAULT };

/** On this rank; see MR_ON_RANK. */
constexpr place on_rank(int rank) noexcept
{
    return static_cast<place>(MR_ON_RANK(rank));
}

} // namespace multirank

#endif
