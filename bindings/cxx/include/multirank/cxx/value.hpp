/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Value: one number in shared memory, with a recursive lock of its own.
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

/* The mr_type of a number. */
template <class T> constexpr mr_type number_type() noexcept
{
    constexpr bool integer = std::is_integral_v<T> && std::is_signed_v<T>;

    static_assert(std::is_same_v<T, double> ||
                      (integer && (sizeof(T) == 4 || sizeof(T) == 8)),
                  "a Value or an Array holds signed integers of 32 or 64 "
                  "bits, or doubles");
    if constexpr (std::is_same_v<T, double>) {
        return MR_DOUBLE;
    } else {
        return sizeof(T) == 4 ? MR_INT32 : MR_INT64;
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
        T before = {};

        detail::check(mr_value_add(c_, &amount, &before), "mr_value_add");
        return before;
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
    mr_value c_ = {};
};

/** A Value that is destroyed with its variable. */
template <class T> class value : public owner<value_handle<T>>
{
  public:
    using owner<value_handle<T>>::owner;

    /** Makes a Value; see mr_value_create. */
    explicit value(T initial = {}, multirank::place place = place::anywhere)
        : owner<value_handle<T>>(create(initial, place))
    {
    }

  private:
    static value_handle<T> create(T initial, multirank::place place)
    {
        mr_value c = {};
        mr_value_options options = {};

        options.place = static_cast<int>(place);
        detail::check(
            mr_value_create(&c, detail::number_type<T>(), &initial, &options),
            "mr_value_create");
        return value_handle<T>(c);
    }
};

} // namespace multirank

#endif
