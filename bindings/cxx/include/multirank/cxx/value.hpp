/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Value: one number, bool or struct in shared memory, with a lock.
 */
#ifndef MULTIRANK_CXX_VALUE_HPP
#define MULTIRANK_CXX_VALUE_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/lock.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/value.h>

#include <type_traits>

namespace multirank
{

namespace detail
{

/* The mr_type of T. */
template <class T> constexpr mr_type element_type() noexcept
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "a Value or an Array holds numbers, bools, or structs that "
                  "memcpy may copy");
    constexpr bool positive = std::is_unsigned_v<T>;

    if constexpr (std::is_same_v<T, bool>) {
        return MR_BOOL;
    } else if constexpr (std::is_same_v<T, float>) {
        return MR_FLOAT;
    } else if constexpr (std::is_same_v<T, double>) {
        return MR_DOUBLE;
    } else if constexpr (!std::is_integral_v<T>) {
        static_assert(sizeof(T) <= MR_BYTES_MAX, "the struct is too large");
        return static_cast<mr_type>(MR_BYTES_FLAG |
                                    static_cast<int>(sizeof(T)));
    } else if constexpr (sizeof(T) == 1) {
        return positive ? MR_UINT8 : MR_INT8;
    } else if constexpr (sizeof(T) == 2) {
        return positive ? MR_UINT16 : MR_INT16;
    } else if constexpr (sizeof(T) == 4) {
        return positive ? MR_UINT32 : MR_INT32;
    } else {
        static_assert(sizeof(T) == 8, "an integer has at most 64 bits");
        return positive ? MR_UINT64 : MR_INT64;
    }
}

} // namespace detail

/** Names a Value, and can be sent. */
template <class T> class value_handle
{
  public:
    using value_type = T;

    value_handle() noexcept = default;

    explicit value_handle(mr_value c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_value native_handle() const noexcept
    {
        return c_;
    }

    /** Reads it; see mr_value_get. */
    T get() const
    {
        T number = {};

        detail::check(mr_value_get(c_, &number), "mr_value_get");
        return number;
    }

    /** Writes it; see mr_value_set. */
    void set(T number) const
    {
        detail::check(mr_value_set(c_, &number), "mr_value_set");
    }

    /** Adds in one atomic step, and gives what it was before; see
     *  mr_value_add. */
    T add(T amount) const
    {
        return change(mr_value_add, amount, "mr_value_add");
    }

    /** Makes it the smaller of itself and a number, and gives what it was
     *  before; see mr_value_min. */
    T min(T number) const
    {
        return change(mr_value_min, number, "mr_value_min");
    }

    /** The same with the larger; see mr_value_max. */
    T max(T number) const
    {
        return change(mr_value_max, number, "mr_value_max");
    }

    /** Writes it, and gives what it was before; see mr_value_exchange. */
    T exchange(T desired) const
    {
        return change(mr_value_exchange, desired, "mr_value_exchange");
    }

    /** Writes it if it is `expected`, which else becomes what it is; see
     *  mr_value_compare_exchange. */
    bool compare_exchange(T &expected, T desired) const
    {
        bool exchanged = false;

        detail::check(
            mr_value_compare_exchange(c_, &expected, &desired, &exchanged),
            "mr_value_compare_exchange");
        return exchanged;
    }

    /** Its lock; see mr_value_get_lock. */
    mutex_handle get_lock() const
    {
        mr_lock lock = {};

        detail::check(mr_value_get_lock(c_, &lock), "mr_value_get_lock");
        return mutex_handle(lock);
    }

    /** Destroys it; for owner.  See mr_value_destroy. */
    mr_error end() const noexcept
    {
        return mr_value_destroy(c_);
    }

  private:
    using changer = mr_error(mr_value, const void *, void *);

    T change(changer *function, T by, const char *caller) const
    {
        T before = {};

        detail::check(function(c_, &by, &before), caller);
        return before;
    }

    mr_value c_ = {};
};

/** A Value that is destroyed with its variable. */
template <class T> class value : public owner<value_handle<T>>
{
  public:
    using owner<value_handle<T>>::owner;

    /** Makes a Value with a recursive lock of its own; see
     *  mr_value_create. */
    explicit value(T initial = {}, multirank::place place = place::anywhere)
        : owner<value_handle<T>>(create(initial, place, {}))
    {
    }

    /** Makes a Value that has a given lock. */
    value(T initial, mutex_handle lock,
          multirank::place place = place::anywhere)
        : owner<value_handle<T>>(create(initial, place, lock))
    {
    }

  private:
    static value_handle<T> create(T initial, multirank::place place,
                                  mutex_handle lock)
    {
        mr_value c = {};
        mr_value_options options = {};

        options.lock = lock.native_handle();
        options.place = static_cast<int>(place);
        detail::check(
            mr_value_create(&c, detail::element_type<T>(), &initial, &options),
            "mr_value_create");
        return value_handle<T>(c);
    }
};

} // namespace multirank

#endif
