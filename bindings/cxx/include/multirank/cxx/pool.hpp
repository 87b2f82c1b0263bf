/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool: workers that map a function over many inputs.
 *
 *     pool workers;
 *     std::vector<double> roots = workers.map(fn<root>, numbers);
 */
#ifndef MULTIRANK_CXX_POOL_HPP
#define MULTIRANK_CXX_POOL_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/function.hpp>
#include <multirank/cxx/future.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/results.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/cxx/task.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/pool.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace multirank
{

/** The argument that all tasks of a map share: one value, or the elements of
 *  an array, a vector and the like.  Tasks read it by task::context or
 *  task::context_span.  It is not copied here: it must be there as long as the
 *  map. */
class shared
{
  public:
    /** Nothing. */
    shared() noexcept = default;

    /** This value. */
    template <class T> static shared value(const T &value) noexcept
    {
        detail::must_travel<T>();
        return shared(&value, sizeof value);
    }

    /** These elements. */
    template <class Container>
    static shared elements(const Container &container) noexcept
    {
        detail::must_travel<detail::element_t<const Container>>();
        return shared(std::data(container),
                      std::size(container) *
                          sizeof(detail::element_t<const Container>));
    }

    template <class T> static shared value(const T &&value) = delete;
    template <class T> static shared elements(const T &&container) = delete;

    const void *data() const noexcept
    {
        return data_;
    }

    std::size_t size() const noexcept
    {
        return size_;
    }

  private:
    shared(const void *data, std::size_t size) noexcept
        : data_(data), size_(size)
    {
    }

    const void *data_ = nullptr;
    std::size_t size_ = 0;
};

/** How to map; see mr_map_options. */
struct map_options {
    std::size_t chunk = 0; /* tasks taken at once; 0: chosen while it runs */
    duration timeout = forever;
    shared context = {};
};

/** How to make a pool; see mr_pool_options.  The functions are those of C: an
 *  exception must not leave them. */
struct pool_options {
    std::size_t workers = 0; /* 0: a worker for each rank */
    mr_worker_function *initializer = nullptr;
    mr_worker_function *finalizer = nullptr;
    shared argument = {};                 /* of both; it is copied */
    std::size_t max_tasks_per_worker = 0; /* 0: no limit */
};

/** How to iterate; see mr_imap_options. */
struct imap_options {
    std::size_t ahead = 0; /* tasks whose results were not taken; 0: chosen */
    shared context = {};
};

/** Names a pool, and can be sent: who has it may map. */
class pool_handle
{
  public:
    pool_handle() noexcept = default;

    explicit pool_handle(mr_pool c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_pool native_handle() const noexcept
    {
        return c_;
    }

    /** The number of workers; see mr_pool_size. */
    std::size_t size() const
    {
        std::size_t workers = 0;

        detail::check(mr_pool_size(c_, &workers), "mr_pool_size");
        return workers;
    }

    /** One worker; see mr_pool_worker. */
    mr_pool_worker_info worker(std::size_t number) const
    {
        mr_pool_worker_info info = {};

        detail::check(mr_pool_worker(c_, number, &info), "mr_pool_worker");
        return info;
    }

    /** Calls a function for each input, in parallel, and gives the results in
     *  order; none if it returns void.  Throws task_error when a task failed,
     *  and error with MR_ERR_TIMEOUT when the time was over.  See
     *  mr_pool_map. */
    template <class Function, class Inputs>
    auto map(Function, const Inputs &inputs,
             const map_options &options = {}) const
    {
        using in = detail::element_t<const Inputs>;
        using out = detail::task_result_t<Function, in>;
        const auto from = detail::elements(inputs);

        return gather<Function, in, out>(from.data(), from.size(), options);
    }

    /** The same into memory of the caller: an array, a vector, a span, or the
     *  memory of an Array, which is used in place.  After a failure the
     *  outputs of all other tasks are there. */
    template <class Function, class Inputs, class Outputs>
    void map_into(Function, const Inputs &inputs, Outputs &&outputs,
                  const map_options &options = {}) const
    {
        using in = detail::element_t<const Inputs>;
        using out = detail::element_t<Outputs>;
        const auto from = detail::elements(inputs);
        const span<out> into(outputs);

        if (into.size() < from.size()) {
            throw error(MR_ERR_ARGUMENT, "map_into: fewer outputs than inputs");
        }
        run<Function, in, out>(from.data(), into.data(), from.size(), options);
    }

    /** Calls a function `count` times, with nothing but the task, whose index
     *  tells one call from another.  Else as map. */
    template <class Function>
    auto map_n(Function, std::size_t count,
               const map_options &options = {}) const
    {
        using out = detail::task_result_t<Function, void>;

        return gather<Function, void, out>(nullptr, count, options);
    }

    /** Calls a function once, in a worker, and gives its result, if it has one:
     *  a map of one input.  Else as map.  See mr_pool_apply. */
    template <class Function, class In>
    auto apply(Function, const In &input, const map_options &options = {}) const
    {
        using out = detail::task_result_t<Function, In>;

        if constexpr (std::is_void_v<out>) {
            run_once<Function, In, void>(&input, nullptr, options);
        } else {
            out output = {};

            run_once<Function, In, out>(&input, &output, options);
            return output;
        }
    }

    /** As map, but at once gives a future of the results.  The inputs and the
     *  context must stay until it is ready.  See mr_pool_map_async. */
    template <class Function, class Inputs>
    auto map_async(Function, const Inputs &inputs,
                   const map_options &options = {}) const
    {
        using in = detail::element_t<const Inputs>;
        using out = detail::task_result_t<Function, in>;
        using result =
            std::conditional_t<std::is_void_v<out>, void, std::vector<out>>;
        const auto from = detail::elements(inputs);
        auto state = std::make_unique<typename future<result>::state>();

        if constexpr (std::is_void_v<out>) {
            begin_map<Function, in, void>(&state->c, from.data(), nullptr,
                                          from.size(), options);
        } else {
            state->value.resize(from.size());
            begin_map<Function, in, out>(&state->c, from.data(),
                                         state->value.data(), from.size(),
                                         options);
        }
        return future<result>(std::move(state));
    }

    template <class Function, class Inputs, class = detail::owns_t<Inputs>>
    auto map_async(Function, const Inputs &&,
                   const map_options & = {}) const = delete;

    /** As apply, but at once gives a future of the result.  The input is
     *  copied; the context must stay until it is ready.  See
     *  mr_pool_apply_async. */
    template <class Function, class In>
    auto apply_async(Function, const In &input,
                     const map_options &options = {}) const
    {
        using out = detail::task_result_t<Function, In>;
        struct with_input : future<out>::state {
            explicit with_input(const In &copied) : input(copied)
            {
            }
            ~with_input() override
            {
                detail::ignore(mr_future_destroy(this->c));
            }

            const In input;
        };
        auto state = std::make_unique<with_input>(input);

        if constexpr (std::is_void_v<out>) {
            begin_apply<Function, In, void>(&state->c, &state->input, nullptr,
                                            options);
        } else {
            begin_apply<Function, In, out>(&state->c, &state->input,
                                           &state->value, options);
        }
        return future<out>(
            std::unique_ptr<typename future<out>::state>(std::move(state)));
    }

    /** Calls a function for each input, in parallel, and gives the results one
     *  by one, in order.  They may be of any size, as those of a queue.  The
     *  inputs and the context must stay until the end of the iteration.  See
     *  mr_pool_imap. */
    template <class Function, class Inputs>
    auto imap(Function, const Inputs &inputs,
              const imap_options &options = {}) const
    {
        return iterate<Function>(mr_pool_imap, "mr_pool_imap", inputs, options);
    }

    /** The same, in the order in which they come; see
     *  mr_pool_imap_unordered. */
    template <class Function, class Inputs>
    auto imap_unordered(Function, const Inputs &inputs,
                        const imap_options &options = {}) const
    {
        return iterate<Function>(mr_pool_imap_unordered,
                                 "mr_pool_imap_unordered", inputs, options);
    }

    template <class Function, class Inputs, class = detail::owns_t<Inputs>>
    auto imap(Function, const Inputs &&,
              const imap_options & = {}) const = delete;
    template <class Function, class Inputs, class = detail::owns_t<Inputs>>
    auto imap_unordered(Function, const Inputs &&,
                        const imap_options & = {}) const = delete;

    /** Begins no more maps; see mr_pool_close. */
    void close() const
    {
        detail::check(mr_pool_close(c_), "mr_pool_close");
    }

    /** Waits until a closed pool has nothing to do, and ends its child workers;
     *  false: the time was over.  See mr_pool_join. */
    bool join(duration timeout = forever) const
    {
        return detail::in_time(mr_pool_join(c_, detail::c_timeout(timeout)),
                               "mr_pool_join");
    }

    /** Destroys it; for owner.  See mr_pool_destroy. */
    mr_error end() const noexcept
    {
        return mr_pool_destroy(c_);
    }

  private:
    /* In C a time-out of 0 is none; here no time at all is over at once. */
    static double timeout(duration timeout)
    {
        const double seconds = detail::c_timeout(timeout);

        return seconds == 0 ? 1e-9 : seconds;
    }

    static mr_map_options c_options(const map_options &options,
                                    mr_task_error *told)
    {
        mr_map_options c = {};

        c.chunk = options.chunk;
        c.timeout = timeout(options.timeout);
        c.error = told;
        return c;
    }

    static mr_async_options c_async_options(const map_options &options)
    {
        mr_async_options c = {};

        c.chunk = options.chunk;
        c.timeout = timeout(options.timeout);
        return c;
    }

    template <class Function, class In, class Out>
    void begin_map(mr_future *c, const In *inputs, Out *outputs,
                   std::size_t count, const map_options &options) const
    {
        const mr_async_options how = c_async_options(options);

        detail::must_be_stateless<Function>();
        detail::check(
            mr_pool_map_async(c, c_, detail::run_task<Function, In, Out>,
                              options.context.data(), options.context.size(),
                              inputs, detail::size_of<In>(), outputs,
                              detail::size_of<Out>(), count, &how),
            "mr_pool_map_async");
    }

    template <class Function, class In, class Out>
    void begin_apply(mr_future *c, const In *input, Out *output,
                     const map_options &options) const
    {
        const mr_async_options how = c_async_options(options);

        detail::must_be_stateless<Function>();
        detail::check(
            mr_pool_apply_async(c, c_, detail::run_task<Function, In, Out>,
                                options.context.data(), options.context.size(),
                                input, detail::size_of<In>(), output,
                                detail::size_of<Out>(), &how),
            "mr_pool_apply_async");
    }

    static void check(mr_error code, const mr_task_error &told,
                      const char *caller)
    {
        if (code != MR_OK && told.code == code) {
            throw task_error(told);
        }
        detail::check(code, caller);
    }

    template <class Function, class Inputs>
    auto iterate(decltype(mr_pool_imap) *begin, const char *caller,
                 const Inputs &inputs, const imap_options &options) const
    {
        using in = detail::element_t<const Inputs>;
        using out = detail::task_result_t<Function, in>;
        const auto from = detail::elements(inputs);
        mr_iterator *c = nullptr;
        mr_imap_options how = {};

        detail::must_be_stateless<Function>();
        detail::must_travel<in>();
        how.ahead = options.ahead;
        detail::check(begin(&c, c_, detail::run_yielding_task<Function, in>,
                            options.context.data(), options.context.size(),
                            from.data(), sizeof(in), from.size(), &how),
                      caller);
        return results<std::conditional_t<std::is_void_v<out>, nothing, out>>(
            c);
    }

    template <class Function, class In, class Out>
    auto gather(const In *inputs, std::size_t count,
                const map_options &options) const
    {
        static_assert(!std::is_same_v<Out, bool>,
                      "std::vector<bool> has no elements to write to: let the "
                      "task return a char, or use map_into");
        if constexpr (std::is_void_v<Out>) {
            run<Function, In, void>(inputs, nullptr, count, options);
        } else {
            std::vector<Out> outputs(count);

            run<Function, In, Out>(inputs, outputs.data(), count, options);
            return outputs;
        }
    }

    template <class Function, class In, class Out>
    void run(const In *inputs, Out *outputs, std::size_t count,
             const map_options &options) const
    {
        mr_task_error told = {};
        const mr_map_options c = c_options(options, &told);

        detail::must_be_stateless<Function>();
        check(mr_pool_map(c_, detail::run_task<Function, In, Out>,
                          options.context.data(), options.context.size(),
                          inputs, detail::size_of<In>(), outputs,
                          detail::size_of<Out>(), count, &c),
              told, "mr_pool_map");
    }

    template <class Function, class In, class Out>
    void run_once(const In *input, Out *output,
                  const map_options &options) const
    {
        mr_task_error told = {};
        const mr_map_options c = c_options(options, &told);

        detail::must_be_stateless<Function>();
        check(mr_pool_apply(c_, detail::run_task<Function, In, Out>,
                            options.context.data(), options.context.size(),
                            input, detail::size_of<In>(), output,
                            detail::size_of<Out>(), &c),
              told, "mr_pool_apply");
    }

    mr_pool c_ = {};
};

/** A pool that ends with its variable. */
class pool : public owner<pool_handle>
{
  public:
    using owner::owner;

    /** Makes a pool of so many workers; of 0, a worker for each rank.  See
     *  mr_pool_create. */
    explicit pool(std::size_t workers = 0) : owner(create({workers}))
    {
    }

    /** The same, with an initializer and more. */
    explicit pool(const pool_options &options) : owner(create(options))
    {
    }

  private:
    static pool_handle create(const pool_options &options)
    {
        mr_pool c = {};
        mr_pool_options how = {};

        how.workers = options.workers;
        how.initializer = options.initializer;
        how.finalizer = options.finalizer;
        how.argument = options.argument.data();
        how.argument_size = options.argument.size();
        how.max_tasks_per_worker = options.max_tasks_per_worker;
        detail::check(mr_pool_create(&c, &how), "mr_pool_create");
        return pool_handle(c);
    }
};

} // namespace multirank

#endif
