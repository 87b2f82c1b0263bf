/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Process: an operating-system process that runs a function.
 *
 *     int count(queue_handle<int> numbers, int limit);
 *
 *     process child(fn<count>, numbers, 10);
 *     child.start();
 *     child.join();
 *
 * Arguments are copied.  In place of an object its handle travels, so that
 * above `numbers` may be a queue<int>.  Ends of pipes among them are held by
 * the process.  The function returns an exit code or void; an exception that
 * leaves it is printed, and the exit code is 1.
 */
#ifndef MULTIRANK_CXX_PROCESS_HPP
#define MULTIRANK_CXX_PROCESS_HPP

#include <multirank/cxx/arguments.hpp>
#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/output.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/pipe.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/process.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace multirank
{

/** How to make a process; see mr_process_options. */
struct process_options {
    std::string name = {}; /* empty: "Process-N" */
    bool daemon = false;   /* terminated, not joined, at the end */
    multirank::place place = place::anywhere;
    std::vector<mr_pipe_end> ends = {}; /* beside those among the arguments */
    std::vector<mr_queue> producer_of = {}; /* queues that count it */
};

/** Names a process, and can be sent. */
class process_handle
{
  public:
    process_handle() noexcept = default;

    explicit process_handle(mr_process c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_process native_handle() const noexcept
    {
        return c_;
    }

    /** Starts it; see mr_process_start. */
    void start() const
    {
        detail::check(mr_process_start(c_), "mr_process_start");
    }

    /** Waits until it has ended; see mr_process_join. */
    void join() const
    {
        detail::check(mr_process_join(c_, MR_FOREVER), "mr_process_join");
    }

    /** The same; false when it still ran then. */
    bool try_join_for(duration timeout) const
    {
        return detail::in_time(mr_process_join(c_, detail::c_timeout(timeout)),
                               "mr_process_join");
    }

    /** Was it started, and has not ended?  See mr_process_is_alive. */
    bool is_alive() const
    {
        bool alive = false;

        detail::check(mr_process_is_alive(c_, &alive), "mr_process_is_alive");
        return alive;
    }

    /** Its exit code, or nothing before its end; see mr_process_exit_code. */
    std::optional<int> exit_code() const
    {
        int exit_code = 0;
        const mr_error code = mr_process_exit_code(c_, &exit_code);

        if (code == MR_ERR_STATE) {
            return std::nullopt;
        }
        detail::check(code, "mr_process_exit_code");
        return exit_code;
    }

    /** Asks it to end; see mr_process_terminate. */
    void terminate() const
    {
        detail::check(mr_process_terminate(c_), "mr_process_terminate");
    }

    /** Ends it at once; see mr_process_kill. */
    void kill() const
    {
        detail::check(mr_process_kill(c_), "mr_process_kill");
    }

    /** Interrupts it, as Ctrl-C does; see mr_process_interrupt. */
    void interrupt() const
    {
        detail::check(mr_process_interrupt(c_), "mr_process_interrupt");
    }

    /** Makes it a daemon or none, before its start; see
     *  mr_process_set_daemon. */
    void set_daemon(bool daemon) const
    {
        detail::check(mr_process_set_daemon(c_, daemon),
                      "mr_process_set_daemon");
    }

    /** Is it a daemon?  See mr_process_daemon. */
    bool daemon() const
    {
        bool daemon = false;

        detail::check(mr_process_daemon(c_, &daemon), "mr_process_daemon");
        return daemon;
    }

    /** Its name; see mr_process_name. */
    std::string name() const
    {
        char name[MR_NAME_SIZE] = {};

        detail::check(mr_process_name(c_, name, sizeof name),
                      "mr_process_name");
        return name;
    }

    /** Its process id on its host; see mr_process_pid. */
    std::int64_t pid() const
    {
        std::int64_t pid = 0;

        detail::check(mr_process_pid(c_, &pid), "mr_process_pid");
        return pid;
    }

    /** Forgets it; for owner.  See mr_process_destroy. */
    mr_error end() const noexcept
    {
        return mr_process_destroy(c_);
    }

  private:
    mr_process c_ = {};
};

/** The process in which the caller runs, which may be main; see
 *  mr_process_current. */
inline process_handle current_process()
{
    mr_process c = {};

    detail::check(mr_process_current(&c), "mr_process_current");
    return process_handle(c);
}

/** The process that has created the caller's, or nothing in main; see
 *  mr_process_parent. */
inline std::optional<process_handle> parent_process()
{
    mr_process c = {};
    const mr_error code = mr_process_parent(&c);

    if (code == MR_ERR_STATE) {
        return std::nullopt;
    }
    detail::check(code, "mr_process_parent");
    return process_handle(c);
}

/** The children of the caller that run; see mr_process_children. */
inline std::vector<process_handle> active_children()
{
    std::vector<mr_process> c;
    std::size_t count = 0;
    mr_error code = MR_ERR_TRUNCATED;

    while (code == MR_ERR_TRUNCATED) {
        c.resize(count);
        code = mr_process_children(c.data(), c.size(), &count);
    }
    detail::check(code, "mr_process_children");
    c.resize(count);
    return std::vector<process_handle>(c.begin(), c.end());
}

/** Starts several processes or handles by one call; an error is that of the
 *  first that was not started.  See mr_process_start_many. */
template <class Processes> void start_all(const Processes &processes)
{
    std::vector<mr_process> c;

    for (const process_handle &one : processes) {
        c.push_back(one.native_handle());
    }
    detail::check(mr_process_start_many(c.data(), c.size(), nullptr),
                  "mr_process_start_many");
}

/** Writes text into the output of the caller, around the streams of C++; see
 *  mr_output_write. */
inline void write_output(int stream, const std::string &text)
{
    detail::check(mr_output_write(stream, text.data(), text.size()),
                  "mr_output_write");
}

/** Sets what each process calls first and last, before the job starts; see
 *  mr_child_hooks. */
inline void child_hooks(mr_hook *begin, mr_hook *end, void *user = nullptr)
{
    detail::check(mr_child_hooks(begin, end, user), "mr_child_hooks");
}

/** Sets what is called around the fork from which all processes descend; see
 *  mr_fork_hooks. */
inline void fork_hooks(mr_hook *before, mr_hook *after, void *user = nullptr)
{
    detail::check(mr_fork_hooks(before, after, user), "mr_fork_hooks");
}

namespace detail
{

inline void print_exception(const char *text) noexcept
{
    char name[MR_NAME_SIZE] = "a process";
    mr_process self = {};

    if (mr_process_current(&self) == MR_OK) {
        detail::ignore(mr_process_name(self, name, sizeof name));
    }
    std::fprintf(stderr, "%s: ended by an exception: %s\n", name, text);
}

/* What a process runs: no exception passes through the C library. */
template <class Function, class Arguments>
int run_process(const void *argument, std::size_t) noexcept
{
    const Arguments none = {};
    const Arguments &packed =
        argument ? *static_cast<const Arguments *>(argument) : none;

    try {
        print_through_c();
        if constexpr (std::is_void_v<decltype(apply<Function>(packed))>) {
            apply<Function>(packed);
            return 0;
        } else {
            return apply<Function>(packed);
        }
    } catch (const std::exception &thrown) {
        print_exception(thrown.what());
    } catch (...) {
        print_exception("it is no std::exception");
    }
    return 1;
}

inline void collect_ends(std::vector<mr_pipe_end> &)
{
}

template <class First, class... Rest>
void collect_ends(std::vector<mr_pipe_end> &ends, const First &,
                  const Rest &...rest)
{
    collect_ends(ends, rest...);
}

template <class T, class... Rest>
void collect_ends(std::vector<mr_pipe_end> &ends, const pipe_handle<T> &end,
                  const Rest &...rest)
{
    ends.push_back(end.native_handle());
    collect_ends(ends, rest...);
}

} // namespace detail

/** A process that is joined at the end of its variable if it runs, or
 *  terminated if it is a daemon; and killed if an exception ends the variable.
 *  detach() leaves it alone. */
class process : public owner<process_handle>
{
  public:
    using owner::owner;

    /** Makes a process that will call a function with these arguments; see
     *  mr_process_create. */
    template <class Function, class... Arguments>
    process(const process_options &options, Function,
            const Arguments &...values)
        : owner(create<Function>(
              options, static_cast<detail::sent_t<Arguments>>(values)...))
    {
    }

    /** The same, with all defaults. */
    template <
        class Function, class... Arguments,
        class = std::enable_if_t<!std::is_same_v<Function, process_options> &&
                                 !std::is_base_of_v<process_handle, Function>>>
    explicit process(Function function, const Arguments &...values)
        : process(process_options(), function, values...)
    {
    }

    process(process &&) noexcept = default;

    process &operator=(process &&other) noexcept
    {
        if (this != &other) {
            settle();
            owner::operator=(std::move(other));
        }
        return *this;
    }

    ~process()
    {
        settle();
    }

  private:
    /* A process that runs is joined, as at the end of its creator: else it
     * would lose the objects beside it.  What an exception leaves behind is
     * killed, as it may wait for what will not come. */
    void settle() const noexcept
    {
        const mr_process c = native_handle();
        bool alive = false, daemon = false;

        if (!*this || mr_process_is_alive(c, &alive) != MR_OK || !alive) {
            return;
        }
        if (std::uncaught_exceptions() > 0) {
            detail::ignore(mr_process_kill(c));
        } else if (mr_process_daemon(c, &daemon) == MR_OK && daemon) {
            detail::ignore(mr_process_terminate(c));
            if (mr_process_join(c, 1) == MR_ERR_TIMEOUT) {
                detail::ignore(mr_process_kill(c));
            }
        }
        detail::ignore(mr_process_join(c, MR_FOREVER));
    }

    template <class Function, class... Arguments>
    static process_handle create(const process_options &options,
                                 const Arguments &...values)
    {
        using packed = detail::arguments<Arguments...>;

        detail::must_be_stateless<Function>();
        static_assert(std::is_invocable_v<Function, const Arguments &...>,
                      "the function does not take these arguments (in place "
                      "of an object such as a queue it gets its handle)");
        const packed argument = detail::pack(values...);
        std::vector<mr_pipe_end> ends = options.ends;
        mr_process_options how = {};
        mr_process c = {};

        detail::collect_ends(ends, values...);
        how.name = options.name.empty() ? nullptr : options.name.c_str();
        how.daemon = options.daemon;
        how.place = static_cast<int>(options.place);
        how.ends = ends.data();
        how.ends_count = ends.size();
        how.producer_of = options.producer_of.data();
        how.producer_of_count = options.producer_of.size();
        detail::check(mr_process_create(&c,
                                        detail::run_process<Function, packed>,
                                        &argument, sizeof argument, &how),
                      "mr_process_create");
        return process_handle(c);
    }
};

} // namespace multirank

#endif
