/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ownership: an object is its handle, and destroyed at its end.
 */
#ifndef MULTIRANK_CXX_OWNER_HPP
#define MULTIRANK_CXX_OWNER_HPP

#include <multirank/cxx/error.hpp>

#include <type_traits>
#include <utility>

namespace multirank
{

/** Owns what a handle names: moved, not copied.  All members of the handle are
 *  its own, too.  After a move, detach() or destroy() it owns nothing, and
 *  its members throw MR_ERR_STALE. */
template <class Handle> class owner : public Handle
{
  public:
    using handle_type = Handle;

    /** Takes over what a handle names. */
    explicit owner(Handle handle) noexcept : Handle(handle), owns_(true)
    {
    }

    owner(owner &&other) noexcept
        : Handle(other), owns_(std::exchange(other.owns_, false))
    {
        other.forget();
    }

    owner &operator=(owner &&other) noexcept
    {
        if (this != &other) {
            drop();
            Handle::operator=(other);
            owns_ = std::exchange(other.owns_, false);
            other.forget();
        }
        return *this;
    }

    /** Destroys it.  Errors are not told: it may be gone already. */
    ~owner()
    {
        drop();
    }

    /** The handle, to be copied and sent. */
    Handle handle() const noexcept
    {
        return *this;
    }

    /** Does it own anything? */
    explicit operator bool() const noexcept
    {
        return owns_;
    }

    /** Gives the handle away: its new holder destroys the object, or the end
     *  of the job does. */
    Handle detach() noexcept
    {
        const Handle handle = *this;

        owns_ = false;
        forget();
        return handle;
    }

    /** Destroys it now, and throws what the C function refuses. */
    void destroy()
    {
        const Handle handle = detach();

        detail::check(handle.end(), "destroy");
    }

  private:
    void forget() noexcept
    {
        Handle::operator=(Handle());
    }

    void drop() noexcept
    {
        if (owns_) {
            owns_ = false;
            detail::ignore(Handle::end());
        }
    }

    bool owns_ = false;
};

namespace detail
{

/* What is sent of a value: of an owner its handle. */
template <class T, class = void> struct sent {
    using type = T;
};
template <class T> struct sent<T, std::void_t<typename T::handle_type>> {
    using type = typename T::handle_type;
};
template <class T> using sent_t = typename sent<std::decay_t<T>>::type;

} // namespace detail
} // namespace multirank

#endif
