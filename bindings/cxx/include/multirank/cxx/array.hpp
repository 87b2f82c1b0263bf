/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Array: elements of one type in shared memory, with a lock; whole on one rank,
 * spread in blocks over all, or with a copy on each node.
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
#include <string>
#include <vector>

namespace multirank
{

/** How to make an Array; see mr_array_options. */
struct array_options {
    multirank::place place = place::anywhere;
    bool spread = false;  /* in blocks over all ranks */
    std::size_t unit = 1; /* of a spread one: blocks have a multiple of that */
    mutex_handle lock = {};  /* a given one; else it has its own */
    bool replicated = false; /* read-only, with a copy on each node */
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
        return change(mr_array_add, index, amount, "mr_array_add");
    }

    /** Makes one element the smaller of itself and a number, and gives what it
     *  was before; see mr_array_min. */
    T min(std::size_t index, T number) const
    {
        return change(mr_array_min, index, number, "mr_array_min");
    }

    /** The same with the larger; see mr_array_max. */
    T max(std::size_t index, T number) const
    {
        return change(mr_array_max, index, number, "mr_array_max");
    }

    /** Writes one element, and gives what it was before; see
     *  mr_array_exchange. */
    T exchange(std::size_t index, T desired) const
    {
        return change(mr_array_exchange, index, desired, "mr_array_exchange");
    }

    /** Writes one element if it is `expected`, which else becomes what it is;
     *  see mr_array_compare_exchange. */
    bool compare_exchange(std::size_t index, T &expected, T desired) const
    {
        bool exchanged = false;

        detail::check(mr_array_compare_exchange(c_, index, &expected, &desired,
                                                &exchanged),
                      "mr_array_compare_exchange");
        return exchanged;
    }

    /** Combines a slice with other elements; see mr_array_accumulate. */
    void accumulate(std::size_t first, span<const T> numbers,
                    mr_combination how = MR_COMBINE_ADD) const
    {
        detail::check(
            mr_array_accumulate(c_, first, numbers.size(), numbers.data(), how),
            "mr_array_accumulate");
    }

    /** Writes all elements to a .npy file; see mr_array_save. */
    void save(const std::string &path) const
    {
        detail::check(mr_array_save(c_, path.c_str()), "mr_array_save");
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
    using changer = mr_error(mr_array, std::size_t, const void *, void *);

    T change(changer *function, std::size_t index, T by,
             const char *caller) const
    {
        T before = {};

        detail::check(function(c_, index, &by, &before), caller);
        return before;
    }

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

    /** Makes an Array of the elements in a .npy file, which must have this
     *  type; see mr_array_load. */
    static array load(const std::string &path,
                      const array_options &options = {})
    {
        mr_array c = {};
        const mr_array_options how = c_options(options);

        detail::check(mr_array_load(&c, path.c_str(), &how), "mr_array_load");
        array made{array_handle<T>(c)};
        if (mr_array_type(c) != detail::element_type<T>()) {
            detail::fail(MR_ERR_ARGUMENT, "mr_array_load");
        }
        return made;
    }

  private:
    static mr_array_options c_options(const array_options &options)
    {
        mr_array_options how = {};

        how.place = static_cast<int>(options.place);
        how.spread = options.spread;
        how.unit = options.spread ? options.unit : 0;
        how.lock = options.lock.native_handle();
        how.replicated = options.replicated;
        return how;
    }

    static array_handle<T> create(std::size_t count, const T *initial,
                                  const array_options &options)
    {
        mr_array c = {};
        const mr_array_options how = c_options(options);

        detail::check(mr_array_create(&c, detail::element_type<T>(), count,
                                      initial, &how),
                      "mr_array_create");
        return array_handle<T>(c);
    }
};

} // namespace multirank

#endif
