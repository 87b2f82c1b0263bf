/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For programs that call MPI themselves, from main or from pool tasks.
 */
#ifndef MULTIRANK_CXX_MPI_HPP
#define MULTIRANK_CXX_MPI_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/mpi.h>

namespace multirank
{

/** The mutex under which the library calls MPI, for std::lock_guard; see
 *  mr_mpi_lock.  All variables of this class are the same mutex. */
class mpi_mutex
{
  public:
    /** Takes it; see mr_mpi_lock. */
    void lock() const
    {
        detail::check(mr_mpi_lock(), "mr_mpi_lock");
    }

    /** Gives it back; see mr_mpi_unlock. */
    void unlock() const noexcept
    {
        detail::ignore(mr_mpi_unlock());
    }
};

} // namespace multirank

#endif
