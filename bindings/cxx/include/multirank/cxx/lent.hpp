/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lent items: memory of a queue or a pipe that is written before it is put, or
 * read after it was taken, without a copy.
 *
 *     auto row = rows.reserve(1000);          queue<std::vector<double>> rows
 *     std::fill(row.begin(), row.end(), 1.0);
 *     rows.commit(std::move(row));
 *
 *     for (double number : rows.take()) ...
 */
#ifndef MULTIRANK_CXX_LENT_HPP
#define MULTIRANK_CXX_LENT_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/item.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/cxx/travel.hpp>
#include <multirank/item.h>

#include <cstddef>
#include <utility>

namespace multirank
{

/** Elements in lent memory, which is given back with its variable: moved, not
 *  copied. */
template <class T> class lent
{
  public:
    using value_type = T;

    /** Nothing. */
    lent() noexcept = default;

    /** Owns what was lent by the functions of C. */
    explicit lent(mr_item c) : c_(c)
    {
        detail::must_travel<T>();
        if (c.size % sizeof(T)) {
            detail::ignore(mr_item_release(&c_));
            detail::must_match(false, "multirank::lent");
        }
    }

    lent(lent &&other) noexcept : c_(std::exchange(other.c_, {}))
    {
    }

    lent &operator=(lent &&other) noexcept
    {
        std::swap(c_, other.c_);
        return *this;
    }

    lent(const lent &) = delete;
    lent &operator=(const lent &) = delete;

    ~lent()
    {
        release();
    }

    /** Is there anything? */
    explicit operator bool() const noexcept
    {
        return c_.data != nullptr;
    }

    T *data() const noexcept
    {
        return static_cast<T *>(c_.data);
    }

    /** Elements. */
    std::size_t size() const noexcept
    {
        return c_.size / sizeof(T);
    }

    T *begin() const noexcept
    {
        return data();
    }

    T *end() const noexcept
    {
        return data() + size();
    }

    T &operator[](std::size_t index) const
    {
        return data()[index];
    }

    operator span<T>() const noexcept
    {
        return {data(), size()};
    }

    /** Makes it smaller before a commit. */
    void shrink(std::size_t size) noexcept
    {
        c_.size = size * sizeof(T);
    }

    /** Gives it back now; see mr_item_release. */
    void release() noexcept
    {
        if (c_.data) {
            detail::ignore(mr_item_release(&c_));
        }
        c_ = {};
    }

    /** For the functions of C. */
    mr_item &native_item() noexcept
    {
        return c_;
    }

  private:
    mr_item c_ = {};
};

} // namespace multirank

#endif
