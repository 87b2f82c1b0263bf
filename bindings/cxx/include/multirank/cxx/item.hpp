/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items: values as the bytes that queues, pipes and iterators carry.
 *
 * A trivially copyable value is its own bytes.  A std::vector of such, or a
 * std::string, is its elements, and so of any length.
 */
#ifndef MULTIRANK_CXX_ITEM_HPP
#define MULTIRANK_CXX_ITEM_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/travel.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace multirank::detail
{

/* The item was put with another type, or by the functions of C. */
inline void must_match(bool matches, const char *caller)
{
    if (!matches) {
        throw error(MR_ERR_ARGUMENT, std::string(caller) +
                                         ": the item has not the size of this "
                                         "type: it was put as another");
    }
}

/* A value of one size. */
template <class T> struct item {
    using element = T;

    static constexpr bool fixed = true;

    static const void *data(const T &value) noexcept
    {
        must_travel<T>();
        return &value;
    }

    static std::size_t size(const T &) noexcept
    {
        return sizeof(T);
    }

    static T make(const void *data, std::size_t size, const char *caller)
    {
        landing<T> room;

        must_match(size == sizeof(T), caller);
        std::memcpy(room.bytes(), data, size);
        return room.value();
    }
};

/* Elements in a container that can be resized. */
template <class Container> struct elements_item {
    using element = typename Container::value_type;

    static constexpr bool fixed = false;

    static const void *data(const Container &value) noexcept
    {
        must_travel<element>();
        return value.data();
    }

    static std::size_t size(const Container &value) noexcept
    {
        return value.size() * sizeof(element);
    }

    static Container make(const void *data, std::size_t size,
                          const char *caller)
    {
        Container value;

        must_match(size % sizeof(element) == 0, caller);
        value.resize(size / sizeof(element));
        if (size > 0) {
            std::memcpy(value.data(), data, size);
        }
        return value;
    }
};

template <class T, class Allocator>
struct item<std::vector<T, Allocator>>
    : elements_item<std::vector<T, Allocator>> {
};

template <class T, class Traits, class Allocator>
struct item<std::basic_string<T, Traits, Allocator>>
    : elements_item<std::basic_string<T, Traits, Allocator>> {
};

} // namespace multirank::detail

#endif
