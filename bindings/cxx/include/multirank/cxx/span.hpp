/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements that lie one behind the other in somebody else's memory.  C++20 has
 * std::span for it, which is taken here like any other container.
 */
#ifndef MULTIRANK_CXX_SPAN_HPP
#define MULTIRANK_CXX_SPAN_HPP

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace multirank
{

template <class T> class span;

namespace detail
{

template <class T> struct is_span : std::false_type {
};
template <class T> struct is_span<span<T>> : std::true_type {
};

/* Does a container have its elements as a T array?  From elements of a class
 * to those of its base the steps in memory would be wrong, hence the
 * comparison of arrays. */
template <class Container, class T>
using lies_as = std::enable_if_t<
    !is_span<std::remove_cv_t<Container>>::value &&
    std::is_convertible_v<std::remove_pointer_t<decltype(std::data(
                              std::declval<Container &>()))> (*)[],
                          T (*)[]>>;

} // namespace detail

/** `size` elements from `data` on; they are not owned. */
template <class T> class span
{
  public:
    using value_type = std::remove_cv_t<T>;

    /** No elements. */
    constexpr span() noexcept = default;

    /** These elements. */
    constexpr span(T *data, std::size_t size) noexcept
        : data_(data), size_(size)
    {
    }

    /** The elements of an array, a std::vector, a std::array and the like. */
    template <class Container, class = detail::lies_as<Container, T>>
    constexpr span(Container &container)
        : data_(std::data(container)), size_(std::size(container))
    {
    }

    /** The same, to read only, also of a container that is about to go. */
    template <class Container, class = detail::lies_as<const Container, T>>
    constexpr span(const Container &container)
        : data_(std::data(container)), size_(std::size(container))
    {
    }

    /** A span to write to can be read. */
    template <class Other, class = std::enable_if_t<
                               std::is_convertible_v<Other (*)[], T (*)[]>>>
    constexpr span(span<Other> other) noexcept
        : data_(other.data()), size_(other.size())
    {
    }

    constexpr T *data() const noexcept
    {
        return data_;
    }

    constexpr std::size_t size() const noexcept
    {
        return size_;
    }

    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }

    constexpr T *begin() const noexcept
    {
        return data_;
    }

    constexpr T *end() const noexcept
    {
        return data_ + size_;
    }

    constexpr T &operator[](std::size_t index) const
    {
        return data_[index];
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail
{

/* What a container holds, to read and as it is. */
template <class Container>
using element_t = std::remove_cv_t<
    std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))>>;

/* Holds for what takes its elements with it when it goes: not for a span. */
template <class Container>
using owns_t = std::enable_if_t<!is_span<Container>::value>;

template <class Container>
span<const element_t<const Container>> elements(const Container &container)
{
    return {std::data(container), std::size(container)};
}

} // namespace detail
} // namespace multirank

#endif
