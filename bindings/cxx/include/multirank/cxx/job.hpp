/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a job: it lasts as long as a variable of class job.
 */
#ifndef MULTIRANK_CXX_JOB_HPP
#define MULTIRANK_CXX_JOB_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/job.h>

#include <string>
#include <utility>

namespace multirank
{

/** A job.  Declare it first in main, so that the objects that come after it
 *  are destroyed before it ends. */
class job
{
  public:
    /** Starts the job; returns on rank 0 alone.  See mr_init. */
    job(int &argc, char **&argv)
    {
        detail::check(mr_init(&argc, &argv), "mr_init");
    }

    /** The same, for who has no arguments at hand. */
    job()
    {
        detail::check(mr_init(nullptr, nullptr), "mr_init");
    }

    job(const job &) = delete;
    job &operator=(const job &) = delete;

    /** Ends the job, if finalize() has not.  Errors are not told. */
    ~job()
    {
        if (runs_) {
            detail::ignore(mr_finalize());
        }
    }

    /** Ends the job now; see mr_finalize. */
    void finalize()
    {
        runs_ = false;
        detail::check(mr_finalize(), "mr_finalize");
    }

  private:
    bool runs_ = true;
};

/** The rank on which the caller runs; see mr_rank. */
inline int rank() noexcept
{
    return mr_rank();
}

/** The number of ranks; see mr_size. */
inline int size() noexcept
{
    return mr_size();
}

/** The processors that the job may use on this node; see mr_processors. */
inline int processors() noexcept
{
    return mr_processors();
}

/** The name of the caller's host; see mr_host. */
inline std::string host()
{
    return mr_host();
}

/** The version of the library in use; see mr_version. */
inline std::string version()
{
    return mr_version();
}

} // namespace multirank

#endif
