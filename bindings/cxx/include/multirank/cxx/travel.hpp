/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be sent: bytes that mean the same in another process.
 */
#ifndef MULTIRANK_CXX_TRAVEL_HPP
#define MULTIRANK_CXX_TRAVEL_HPP

#include <cstddef>
#include <type_traits>

namespace multirank::detail
{

/* Names what is wrong before the templates do. */
template <class T> constexpr void must_travel() noexcept
{
    static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                  "a pointer means nothing in another process: send what it "
                  "points to, or a handle");
    static_assert(std::is_trivially_copyable_v<T>,
                  "what travels is copied byte by byte: it must be trivially "
                  "copyable (an object such as a queue is sent as its "
                  "handle())");
}

/* The bytes of what travels; void is nothing. */
template <class T> constexpr std::size_t size_of() noexcept
{
    if constexpr (std::is_void_v<T>) {
        return 0;
    } else {
        must_travel<T>();
        return sizeof(T);
    }
}

/* Memory for a T that is made of bytes.  Those of a trivially copyable type
 * begin to live when they are copied in (P0593), so that no constructor is
 * needed. */
template <class T> class landing
{
  public:
    void *bytes() noexcept
    {
        return bytes_;
    }

    const T &value() const noexcept
    {
        return *reinterpret_cast<const T *>(bytes_);
    }

  private:
    alignas(T) unsigned char bytes_[sizeof(T)] = {};
};

} // namespace multirank::detail

#endif
