/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results: what pool.imap gives, one by one, while other tasks run.
 *
 *     for (const auto &result : workers.imap(fn<read>, files)) {
 *         use(result.value());
 *     }
 *
 * That a task failed is told where its value is asked for; the iteration goes
 * on.
 */
#ifndef MULTIRANK_CXX_RESULTS_HPP
#define MULTIRANK_CXX_RESULTS_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/item.hpp>
#include <multirank/cxx/task.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/iterator.h>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace multirank
{

/** What a task of a void function gives. */
struct nothing {
};

/** The result of one task. */
template <class T> class result
{
  public:
    result(std::size_t index, T value)
        : index_(index), outcome_(std::move(value))
    {
    }

    result(std::size_t index, const mr_task_error &failure)
        : index_(index), outcome_(failure)
    {
    }

    /** The task. */
    std::size_t index() const noexcept
    {
        return index_;
    }

    /** Did the task succeed? */
    explicit operator bool() const noexcept
    {
        return outcome_.index() == 0;
    }

    /** What it gave; throws task_error when it failed. */
    const T &value() const
    {
        if (!*this) {
            throw error();
        }
        return std::get<0>(outcome_);
    }

    /** The same. */
    const T &operator*() const
    {
        return value();
    }

    /** How it failed; only when it did. */
    task_error error() const
    {
        return task_error(std::get<1>(outcome_));
    }

  private:
    std::size_t index_;
    std::variant<T, mr_task_error> outcome_;
};

/** The results of a pool's tasks, each of which is given once; see
 *  mr_iterator.  At its end tasks that have not begun never run, and the pool
 *  is free for other maps. */
template <class T> class results
{
  public:
    using value_type = result<T>;
    class iterator;

    explicit results(mr_iterator *c) noexcept : c_(c)
    {
    }

    /** Takes the next result; nothing at the end.  See mr_iterator_next. */
    std::optional<result<T>> next()
    {
        return next_within(MR_FOREVER);
    }

    /** The same; nothing also when there was none until then. */
    std::optional<result<T>> try_next_for(duration timeout)
    {
        return next_within(detail::c_timeout(timeout));
    }

    /** Were all results taken? */
    bool ended() const noexcept
    {
        return ended_;
    }

    /** For loops: takes the first of those that are left. */
    iterator begin()
    {
        return iterator(*this);
    }

    iterator end() noexcept
    {
        return iterator();
    }

  private:
    struct destroyer {
        void operator()(mr_iterator *c) const noexcept
        {
            detail::ignore(mr_iterator_destroy(c));
        }
    };

    std::optional<result<T>> next_within(double timeout)
    {
        mr_result told = {};
        const mr_error code = mr_iterator_next(c_.get(), &told, timeout);

        if (code == MR_ERR_END_OF_FILE) {
            ended_ = true;
            return std::nullopt;
        }
        if (!detail::in_time(code, "mr_iterator_next")) {
            return std::nullopt;
        }
        if (told.error.code != MR_OK) {
            return result<T>(told.index, told.error);
        }
        if constexpr (std::is_same_v<T, nothing>) {
            return result<T>(told.index, nothing());
        } else {
            return result<T>(told.index,
                             detail::item<T>::make(told.data, told.size,
                                                   "mr_iterator_next"));
        }
    }

    std::unique_ptr<mr_iterator, destroyer> c_;
    bool ended_ = false;
};

/** Steps through results; all iterators of one share its position. */
template <class T> class results<T>::iterator
{
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = result<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type *;
    using reference = const value_type &;

    /** The end. */
    iterator() noexcept = default;

    explicit iterator(results &of) : of_(&of), current_(of.next())
    {
    }

    reference operator*() const
    {
        return *current_;
    }

    pointer operator->() const
    {
        return &*current_;
    }

    iterator &operator++()
    {
        current_ = of_->next();
        return *this;
    }

    void operator++(int)
    {
        ++*this;
    }

    friend bool operator==(const iterator &left, const iterator &right) noexcept
    {
        return left.current_.has_value() == right.current_.has_value();
    }

    friend bool operator!=(const iterator &left, const iterator &right) noexcept
    {
        return !(left == right);
    }

  private:
    results *of_ = nullptr;
    std::optional<value_type> current_;
};

namespace detail
{

/* A task of mr_pool_imap. */
template <class Function, class In>
mr_error run_yielding_task(const void *in, void *, const mr_task *c) noexcept
{
    using out = task_result_t<Function, In>;

    return guarded([&] {
        if constexpr (std::is_void_v<out>) {
            call_task<Function, In>(in, *c);
            return MR_OK;
        } else {
            const out value = call_task<Function, In>(in, *c);

            return mr_task_return(item<out>::data(value),
                                  item<out>::size(value));
        }
    });
}

} // namespace detail
} // namespace multirank

#endif
