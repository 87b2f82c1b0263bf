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
#include <vector>

namespace multirank
{

/** How a job starts; see mr_init_options. */
struct init_options {
    std::vector<std::string> command = {}; /* empty: that of the program */
    unsigned int ranks = 0;
    const void *communicator = nullptr; /* the address of an MPI_Comm */
    bool serve_return = false;          /* the other ranks return, too */
};

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

    /** Starts the job with options.  With serve_return the other ranks have
     *  served when they return, and their variable is of no job; see
     *  mr_init_with. */
    explicit job(const init_options &options)
    {
        mr_init_options start = {};
        std::vector<const char *> words;
        bool served = false;

        for (const auto &word : options.command) {
            words.push_back(word.c_str());
        }
        words.push_back(nullptr);
        start.command = options.command.empty() ? nullptr : words.data();
        start.ranks = options.ranks;
        start.communicator = options.communicator;
        start.served = options.serve_return ? &served : nullptr;
        detail::check(mr_init_with(&start), "mr_init_with");
        runs_ = !served;
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

    /** Has this rank served rank 0, which has ended the job? */
    bool served() const noexcept
    {
        return !runs_;
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

/** Ends the whole job now; see mr_job_abort. */
[[noreturn]] inline void abort_job(int status)
{
    mr_job_abort(status);
}

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
