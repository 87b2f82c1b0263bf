/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Array: numbers of one type in shared memory, with a recursive lock; whole at
 * one rank, or spread in blocks over all.
 */
#ifndef MULTIRANK_CXX_ARRAY_HPP
#define MULTIRANK_CXX_ARRAY_HPP

#include <multirank/array.h>
#include <multirank/cxx/error.hpp>
#include <multirank/cxx/lock.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/cxx/value.hpp>

#include <cstddef>
#include <vector>

namespace multirank
{

/** How to make an Array; see mr_array_options. */
struct array_options {
    multirank::place place = place::anywhere;
    bool spread = false; /* in blocks over all ranks */
};

/** The elements of an Array in the memory of one rank. */
template <class T> struct array_block {
    std::size_t first; /* the index of its first element */
    span<T> elements;
};

/** Names an Array, and can be sent. */
template <class T> class array_handle
{
  public:
    using value_type = T;

    array_handle() noexcept = default;

    explicit array_handle(mr_array c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_array native_handle() const noexcept
    {
        return c_;
    }

    /** The number of elements; see mr_array_length. */
    std::size_t size() const
    {
        std::size_t count = 0;

        detail::check(mr_array_length(c_, &count), "mr_array_length");
        return count;
    }

    /** Reads one element; see mr_array_get. */
    T get(std::size_t index) const
    {
        T number = {};

        get_into(index, span<T>(&number, 1));
        return number;
    }

    /** Reads a slice; see mr_array_get. */
    std::vector<T> get(std::size_t first, std::size_t count) const
    {
        std::vector<T> numbers(count);

        get_into(first, numbers);
        return numbers;
    }

    /** Reads a slice into memory of the caller; see mr_array_get. */
    void get_into(std::size_t first, span<T> numbers) const
    {
        detail::check(mr_array_get(c_, first, numbers.size(), numbers.data()),
                      "mr_array_get");
    }

    /** Writes one element; see mr_array_set. */
    void set(std::size_t index, T number) const
    {
        set(index, span<const T>(&number, 1));
    }

    /** Writes a slice; see mr_array_set. */
    void set(std::size_t first, span<const T> numbers) const
    {
        detail::check(mr_array_set(c_, first, numbers.size(), numbers.data()),
                      "mr_array_set");
    }

    /** Adds to one element in one atomic step, and gives what it was before;
     *  see mr_array_add. */
    T add(std::size_t index, T amount) const
    {
        T before = {};

        detail::check(mr_array_add(c_, index, &amount, &before),
                      "mr_array_add");
        return before;
    }

    /** The elements themselves, where they lie on this node; see
     *  mr_array_data. */
    span<T> data() const
    {
        void *data = nullptr;

        detail::check(mr_array_data(c_, &data), "mr_array_data");
        return {static_cast<T *>(data), size()};
    }

    /** The elements in the memory of the caller's own rank; see
     *  mr_array_local. */
    array_block<T> local() const
    {
        std::size_t first = 0, count = 0;
        void *data = nullptr;

        detail::check(mr_array_local(c_, &first, &count, &data),
                      "mr_array_local");
        return {first, {static_cast<T *>(data), count}};
    }

    /** Its lock; see mr_array_get_lock. */
    mutex_handle get_lock() const
    {
        mr_lock lock = {};

        detail::check(mr_array_get_lock(c_, &lock), "mr_array_get_lock");
        return mutex_handle(lock);
    }

    /** Destroys it; for owner.  See mr_array_destroy. */
    mr_error end() const noexcept
    {
        return mr_array_destroy(c_);
    }

  private:
    mr_array c_ = {};
};

/** An Array that is destroyed with its variable. */
template <class T> class array : public owner<array_handle<T>>
{
  public:
    using owner<array_handle<T>>::owner;

    /** Makes an Array of zeros; see mr_array_create. */
    explicit array(std::size_t count, const array_options &options = {})
        : owner<array_handle<T>>(create(count, nullptr, options))
    {
    }

    /** Makes an Array of these elements. */
    explicit array(span<const T> initial, const array_options &options = {})
        : owner<array_handle<T>>(
              create(initial.size(), initial.data(), options))
    {
    }

  private:
    static array_handle<T> create(std::size_t count, const T *initial,
                                  const array_options &options)
    {
        mr_array c = {};
        mr_array_options how = {};

        how.place = static_cast<int>(options.place);
        how.spread = options.spread;
        detail::check(
            mr_array_create(&c, detail::number_type<T>(), count, initial, &how),
            "mr_array_create");
        return array_handle<T>(c);
    }
};

} // namespace multirank

#endif
