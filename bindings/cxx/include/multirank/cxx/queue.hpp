/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue: first in, first out, of items of one type: a trivially copyable one,
 * a std::string, or a std::vector of trivially copyable elements.
 */
#ifndef MULTIRANK_CXX_QUEUE_HPP
#define MULTIRANK_CXX_QUEUE_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/item.hpp>
#include <multirank/cxx/lent.hpp>
#include <multirank/cxx/owner.hpp>
#include <multirank/cxx/place.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/cxx/time.hpp>
#include <multirank/queue.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace multirank
{

/** How to make a queue; see mr_queue_options. */
struct queue_options {
    std::size_t maxsize = 0; /* items; 0: as many as there is room for */
    multirank::place place = place::anywhere;
    bool exact = false; /* puts from other nodes keep to maxsize, too */
};

/** Names a queue, and can be sent. */
template <class T> class queue_handle
{
  public:
    using value_type = T;

    queue_handle() noexcept = default;

    explicit queue_handle(mr_queue c) noexcept : c_(c)
    {
    }

    /** For the functions of C. */
    mr_queue native_handle() const noexcept
    {
        return c_;
    }

    /** Puts a copy of an item at the end; see mr_queue_put. */
    void put(const T &value) const
    {
        detail::check(put_within(value, MR_FOREVER), "mr_queue_put");
    }

    /** The same; false when it was full until then. */
    bool try_put_for(const T &value, duration timeout) const
    {
        return detail::in_time(put_within(value, detail::c_timeout(timeout)),
                               "mr_queue_put");
    }

    /** Puts copies of several items, of a type of one size; see
     *  mr_queue_put_many. */
    void put_many(span<const T> values) const
    {
        static_assert(item::fixed, "all items must have one size");
        detail::must_travel<T>();
        detail::check(mr_queue_put_many(c_, values.data(), sizeof(T),
                                        values.size(), nullptr, MR_FOREVER),
                      "mr_queue_put_many");
    }

    /** Takes as many items as there are, at least one and at most `max`, of a
     *  type of one size; see mr_queue_get_many. */
    std::vector<T> get_many(std::size_t max) const
    {
        return get_many_within(max, MR_FOREVER);
    }

    /** The same; none when it was empty until then. */
    std::vector<T> try_get_many_for(std::size_t max, duration timeout) const
    {
        return get_many_within(max, detail::c_timeout(timeout));
    }

    /** Takes the first item; throws end_of_file when the queue is closed and
     *  has none.  See mr_queue_get_alloc. */
    T get() const
    {
        return std::move(*get_within(MR_FOREVER));
    }

    /** The same; nothing when it was empty until then. */
    std::optional<T> try_get_for(duration timeout) const
    {
        return get_within(detail::c_timeout(timeout));
    }

    /** Takes the first item, or nothing when the queue is closed and has none:
     *
     *      while (auto item = queue.next()) ...
     */
    std::optional<T> next() const
    {
        try {
            return get_within(MR_FOREVER);
        } catch (const end_of_file &) {
            return std::nullopt;
        }
    }

    /** Elements of T, or one T; see lent. */
    using element = typename detail::item<T>::element;

    /** Lends memory for so many elements; see mr_queue_reserve. */
    lent<element> reserve(std::size_t count = 1) const
    {
        mr_item c = {};

        detail::check(
            mr_queue_reserve(c_, count * sizeof(element), &c, MR_FOREVER),
            "mr_queue_reserve");
        return lent<element>(c);
    }

    /** Puts lent elements, without a copy on this node; see
     *  mr_queue_commit. */
    void commit(lent<element> &&elements) const
    {
        detail::check(mr_queue_commit(c_, &elements.native_item(), MR_FOREVER),
                      "mr_queue_commit");
    }

    /** The same; false when there was no room until then: it is still lent. */
    bool try_commit_for(lent<element> &elements, duration timeout) const
    {
        return detail::in_time(mr_queue_commit(c_, &elements.native_item(),
                                               detail::c_timeout(timeout)),
                               "mr_queue_commit");
    }

    /** Takes what is first, without a copy on this node; see mr_queue_take. */
    lent<element> take() const
    {
        return take_within(MR_FOREVER);
    }

    /** The same; nothing when there was none until then. */
    lent<element> try_take_for(duration timeout) const
    {
        return take_within(detail::c_timeout(timeout));
    }

    /** Puts one item of the bytes of these buffers; see mr_queue_put_gathered.
     */
    void put_gathered(span<const mr_buffer> buffers) const
    {
        detail::check(mr_queue_put_gathered(c_, buffers.data(), buffers.size(),
                                            MR_FOREVER),
                      "mr_queue_put_gathered");
    }

    /** Lets nobody put any more; see mr_queue_close. */
    void close() const
    {
        detail::check(mr_queue_close(c_), "mr_queue_close");
    }

    /** Makes the caller a producer that is counted; see mr_queue_attach. */
    void attach_producer() const
    {
        detail::check(mr_queue_attach(c_), "mr_queue_attach");
    }

    /** Says that the caller puts no more; see mr_queue_detach. */
    void detach_producer() const
    {
        detail::check(mr_queue_detach(c_), "mr_queue_detach");
    }

    /** Marks `count` items as done; see mr_queue_task_done. */
    void task_done(std::size_t count = 1) const
    {
        detail::check(mr_queue_task_done(c_, count), "mr_queue_task_done");
    }

    /** Waits until all items are done; see mr_queue_join. */
    void join() const
    {
        detail::check(mr_queue_join(c_, MR_FOREVER), "mr_queue_join");
    }

    /** The same; false when some were left then. */
    bool try_join_for(duration timeout) const
    {
        return detail::in_time(mr_queue_join(c_, detail::c_timeout(timeout)),
                               "mr_queue_join");
    }

    /** Is it empty?  See mr_queue_empty. */
    bool empty() const
    {
        bool empty = false;

        detail::check(mr_queue_empty(c_, &empty), "mr_queue_empty");
        return empty;
    }

    /** Does it hold maxsize items?  See mr_queue_full. */
    bool full() const
    {
        bool full = false;

        detail::check(mr_queue_full(c_, &full), "mr_queue_full");
        return full;
    }

    /** The number of items; see mr_queue_qsize. */
    std::size_t size() const
    {
        std::size_t count = 0;

        detail::check(mr_queue_qsize(c_, &count), "mr_queue_qsize");
        return count;
    }

    /** Destroys it; for owner.  See mr_queue_destroy. */
    mr_error end() const noexcept
    {
        return mr_queue_destroy(c_);
    }

  private:
    using item = detail::item<T>;

    lent<element> take_within(double timeout) const
    {
        mr_item c = {};

        return detail::in_time(mr_queue_take(c_, &c, timeout), "mr_queue_take")
                   ? lent<element>(c)
                   : lent<element>();
    }

    mr_error put_within(const T &value, double timeout) const
    {
        return mr_queue_put(c_, item::data(value), item::size(value), timeout);
    }

    std::optional<T> get_within(double timeout) const
    {
        if constexpr (item::fixed) {
            return get_fixed(timeout);
        } else {
            return get_any(timeout);
        }
    }

    std::optional<T> get_fixed(double timeout) const
    {
        detail::landing<T> room;
        std::size_t size = 0;

        if (!detail::in_time(
                mr_queue_get(c_, room.bytes(), sizeof(T), &size, timeout),
                "mr_queue_get")) {
            return std::nullopt;
        }
        detail::must_match(size == sizeof(T), "mr_queue_get");
        return room.value();
    }

    std::vector<T> get_many_within(std::size_t max, double timeout) const
    {
        static_assert(item::fixed, "all items must have one size");
        detail::must_travel<T>();
        std::vector<T> values(max);
        std::size_t count = 0, size = sizeof(T);

        if (!detail::in_time(mr_queue_get_many(c_, values.data(),
                                               max * sizeof(T), max, &count,
                                               &size, timeout),
                             "mr_queue_get_many")) {
            count = 0;
        }
        detail::must_match(size == sizeof(T), "mr_queue_get_many");
        values.resize(count);
        return values;
    }

    std::optional<T> get_any(double timeout) const
    {
        void *data = nullptr;
        std::size_t size = 0;

        if (!detail::in_time(mr_queue_get_alloc(c_, &data, &size, timeout),
                             "mr_queue_get_alloc")) {
            return std::nullopt;
        }
        const std::unique_ptr<void, decltype(&std::free)> owned(data,
                                                                std::free);
        return item::make(data, size, "mr_queue_get_alloc");
    }

    mr_queue c_ = {};
};

/** A queue that is destroyed with its variable. */
template <class T> class queue : public owner<queue_handle<T>>
{
  public:
    using owner<queue_handle<T>>::owner;

    /** Makes an empty queue; see mr_queue_create. */
    explicit queue(const queue_options &options = {})
        : owner<queue_handle<T>>(create(options))
    {
    }

  private:
    static queue_handle<T> create(const queue_options &options)
    {
        mr_queue c = {};
        mr_queue_options how = {};

        how.maxsize = options.maxsize;
        how.place = static_cast<int>(options.place);
        how.exact = options.exact;
        detail::check(mr_queue_create(&c, &how), "mr_queue_create");
        return queue_handle<T>(c);
    }
};

/** The names of Python's other two queues: every queue has their calls. */
template <class T> using simple_queue = queue<T>;
template <class T> using joinable_queue = queue<T>;

} // namespace multirank

#endif
