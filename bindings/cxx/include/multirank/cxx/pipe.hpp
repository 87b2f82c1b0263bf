/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipe: two ends, and messages of one type between them; the types are those
 * of a queue.
 *
 *     auto [mine, its] = pipe<int>();
 *     process child(fn<work>, its);
 *     its.destroy();
 *
 * A process holds the ends that are among its arguments, so that the endpoint
 * that made the pipe closes its own, to see the end of file when the process
 * ends.
 */
#ifndef MULTIRANK_CXX_PIPE_HPP
#define MULTIRANK_CXX_PIPE_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/item.hpp>
#include <multirank/cxx/lent.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/pipe.h>

#include <optional>
#include <utility>
#include <vector>

namespace multirank
{

/** Names an end of a pipe, and can be sent. */
template <class T> class pipe_handle
{
  public:
    using value_type = T;

    pipe_handle() noexcept = default;

    explicit pipe_handle(mr_pipe_end c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_pipe_end native_handle() const noexcept
    {
        return c_;
    }

    /** Sends a message to the other end; see mr_pipe_send. */
    void send(const T &message) const
    {
        detail::check(send_within(message, MR_FOREVER), "mr_pipe_send");
    }

    /** The same; false when there was no room until then. */
    bool try_send_for(const T &message, duration timeout) const
    {
        return detail::in_time(send_within(message, detail::c_timeout(timeout)),
                               "mr_pipe_send");
    }

    /** Receives the next message.  Throws end_of_file when there is none and
     *  nobody holds the other end; see mr_pipe_recv. */
    T recv() const
    {
        return std::move(*recv_within(MR_FOREVER));
    }

    /** The same; nothing when no message came until then. */
    std::optional<T> try_recv_for(duration timeout) const
    {
        return recv_within(detail::c_timeout(timeout));
    }

    /** Waits until recv() would not block; false when the time was over.  See
     *  mr_pipe_poll. */
    bool poll(duration timeout) const
    {
        bool ready = false;

        detail::check(mr_pipe_poll(c_, detail::c_timeout(timeout), &ready),
                      "mr_pipe_poll");
        return ready;
    }

    /** Elements of T, or one T; see lent. */
    using element = typename detail::item<T>::element;

    /** Lends memory for so many elements; see mr_pipe_reserve. */
    lent<element> reserve(std::size_t count = 1) const
    {
        mr_item c = {};

        detail::check(
            mr_pipe_reserve(c_, count * sizeof(element), &c, MR_FOREVER),
            "mr_pipe_reserve");
        return lent<element>(c);
    }

    /** Puts lent elements, without a copy on this node; see
     *  mr_pipe_commit. */
    void commit(lent<element> &&elements) const
    {
        detail::check(mr_pipe_commit(c_, &elements.native_item(), MR_FOREVER),
                      "mr_pipe_commit");
    }

    /** The same; false when there was no room until then: it is still lent. */
    bool try_commit_for(lent<element> &elements, duration timeout) const
    {
        return detail::in_time(mr_pipe_commit(c_, &elements.native_item(),
                                              detail::c_timeout(timeout)),
                               "mr_pipe_commit");
    }

    /** Takes what is first, without a copy on this node; see mr_pipe_take. */
    lent<element> take() const
    {
        return take_within(MR_FOREVER);
    }

    /** The same; nothing when there was none until then. */
    lent<element> try_take_for(duration timeout) const
    {
        return take_within(detail::c_timeout(timeout));
    }

    /** Puts one item of the bytes of these buffers; see mr_pipe_send_gathered.
     */
    void send_gathered(span<const mr_buffer> buffers) const
    {
        detail::check(mr_pipe_send_gathered(c_, buffers.data(), buffers.size(),
                                            MR_FOREVER),
                      "mr_pipe_send_gathered");
    }

    /** Holds the end on its way, and is to be redeemed; see mr_pipe_ticket. */
    mr_ticket ticket() const
    {
        mr_ticket ticket = {};

        detail::check(mr_pipe_ticket(c_, &ticket), "mr_pipe_ticket");
        return ticket;
    }

    /** Closes the end; for owner.  See mr_pipe_close. */
    mr_error end() const noexcept
    {
        return mr_pipe_close(c_);
    }

  private:
    using item = detail::item<T>;

    lent<element> take_within(double timeout) const
    {
        mr_item c = {};

        return detail::in_time(mr_pipe_take(c_, &c, timeout), "mr_pipe_take")
                   ? lent<element>(c)
                   : lent<element>();
    }

    mr_error send_within(const T &message, double timeout) const
    {
        return mr_pipe_send(c_, item::data(message), item::size(message),
                            timeout);
    }

    std::optional<T> recv_within(double timeout) const
    {
        /* Most messages fit at once.  One that does not stays the next, and
         * says how much it needs. */
        constexpr std::size_t first = item::fixed ? sizeof(T) : 4096;
        std::vector<unsigned char> room(first);
        std::size_t size = 0;
        mr_error code =
            mr_pipe_recv(c_, room.data(), room.size(), &size, timeout);

        while (code == MR_ERR_TRUNCATED && !item::fixed) {
            room.resize(size);
            code = mr_pipe_recv(c_, room.data(), room.size(), &size, timeout);
        }
        if (!detail::in_time(code, "mr_pipe_recv")) {
            return std::nullopt;
        }
        return item::make(room.data(), size, "mr_pipe_recv");
    }

    mr_pipe_end c_ = {};
};

/** An end that is closed with its variable. */
template <class T> class pipe_end : public owner<pipe_handle<T>>
{
  public:
    using owner<pipe_handle<T>>::owner;
};

/** Makes a pipe and holds both ends; without duplex the first only receives
 *  and the second only sends.  See mr_pipe_create. */
template <class T> std::pair<pipe_end<T>, pipe_end<T>> pipe(bool duplex = true)
{
    mr_pipe_end first = {}, second = {};

    detail::check(mr_pipe_create(&first, &second, duplex), "mr_pipe_create");
    return {pipe_end<T>(pipe_handle<T>(first)),
            pipe_end<T>(pipe_handle<T>(second))};
}

/** Holds an end, e.g. one that came through a queue; see mr_pipe_attach. */
template <class T> pipe_end<T> attach(pipe_handle<T> end)
{
    detail::check(mr_pipe_attach(end.native_handle()), "mr_pipe_attach");
    return pipe_end<T>(end);
}

/** Holds an end in place of a ticket; see mr_pipe_redeem. */
template <class T> pipe_end<T> redeem_pipe(const mr_ticket &ticket)
{
    mr_pipe_end end = {};

    detail::check(mr_pipe_redeem(ticket, &end), "mr_pipe_redeem");
    return pipe_end<T>(pipe_handle<T>(end));
}

} // namespace multirank

#endif
