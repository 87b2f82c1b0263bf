/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors as exceptions.  All are of class error, which has the code of the C
 * function; a few have a class of their own, as they are often caught alone.
 */
#ifndef MULTIRANK_CXX_ERROR_HPP
#define MULTIRANK_CXX_ERROR_HPP

#include <multirank/base.h>
#include <multirank/log.h>

#include <stdexcept>
#include <string>

namespace multirank
{

/** What a C function refused, or what a task of yours throws to fail with a
 *  code of its own. */
class error : public std::runtime_error
{
  public:
    /** An error with the library's own text, see mr_error_text. */
    explicit error(mr_error code)
        : std::runtime_error(mr_error_text(code)), code_(code)
    {
    }

    /** An error with a text. */
    error(mr_error code, const std::string &text)
        : std::runtime_error(text), code_(code)
    {
    }

    /** Which error it is, e.g. MR_ERR_STALE. */
    mr_error code() const noexcept
    {
        return code_;
    }

    /** Its name, e.g. "MR_ERR_STALE"; see mr_error_name. */
    const char *name() const noexcept
    {
        return mr_error_name(code_);
    }

  private:
    mr_error code_;
};

/** MR_ERR_END_OF_FILE: nothing is left, and nobody could send more. */
class end_of_file : public error
{
  public:
    using error::error;
};

/** MR_ERR_HOLDER_DIED: what the lock protects may be half changed. */
class holder_died : public error
{
  public:
    using error::error;
};

/** MR_ERR_BROKEN: a party of a barrier has died or given up. */
class broken_barrier : public error
{
  public:
    using error::error;
};

/** Why the last call of this thread that gave this error did so, "" if that is
 *  not known; see mr_last_error. */
inline std::string last_error(mr_error code = MR_OK)
{
    return mr_last_error(code);
}

namespace detail
{

/* For errors that always have a reason: that of another error might be old. */
inline std::string reason(mr_error code)
{
    const bool has_reason =
        code == MR_ERR_ARGUMENT || code == MR_ERR_SYSTEM || code == MR_ERR_MPI;
    const std::string text = has_reason ? last_error(code) : "";

    return text.empty() ? text : " (" + text + ")";
}

[[noreturn]] inline void fail(mr_error code, const char *caller)
{
    const std::string text =
        std::string(caller) + ": " + mr_error_text(code) + reason(code);

    switch (code) {
    case MR_ERR_END_OF_FILE:
        throw end_of_file(code, text);
    case MR_ERR_HOLDER_DIED:
        throw holder_died(code, text);
    case MR_ERR_BROKEN:
        throw broken_barrier(code, text);
    default:
        throw error(code, text);
    }
}

inline void check(mr_error code, const char *caller)
{
    if (code != MR_OK) {
        fail(code, caller);
    }
}

/* For ends of variables, which cannot throw, and where another error is told
 * already. */
inline void ignore(mr_error) noexcept
{
}

/* For calls with a time-out: false when it has passed. */
inline bool in_time(mr_error code, const char *caller)
{
    if (code == MR_ERR_TIMEOUT) {
        return false;
    }
    check(code, caller);
    return true;
}

} // namespace detail
} // namespace multirank

#endif
