/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues and pipes in C++: typed items, time-outs, ends, and waiting for any.
 */
#include "cxx/support.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace
{

using namespace std::chrono_literals;

struct point {
    double x, y;
    std::int32_t label;
};

void queue_keeps_the_order_of_typed_items()
{
    multirank::queue<point> points;

    MRT_CHECK(points.empty());
    for (int i = 0; i < 10; i++) {
        points.put({i / 2.0, i / 4.0, i});
    }
    MRT_EQUAL(points.size(), 10);
    for (int i = 0; i < 10; i++) {
        const point next = points.get();

        MRT_CHECK(next.x == i / 2.0 && next.y == i / 4.0);
        MRT_EQUAL(next.label, i);
    }
    MRT_CHECK(points.empty());
}

void queue_of_texts_and_vectors_takes_any_length()
{
    multirank::queue<std::string> texts;
    multirank::queue<std::vector<double>> vectors;
    const std::string large(100000, 'x');

    texts.put("");
    texts.put("short");
    texts.put(large);
    MRT_CHECK(texts.get().empty());
    MRT_TEXT(texts.get().c_str(), "short");
    MRT_CHECK(texts.get() == large);
    vectors.put({});
    vectors.put({1.5, 2.5});
    MRT_CHECK(vectors.get().empty());
    MRT_CHECK((vectors.get() == std::vector<double>{1.5, 2.5}));
}

void queue_times_out_without_an_exception()
{
    multirank::queue<int> one({1});

    MRT_CHECK(!one.try_get_for(0s));
    MRT_CHECK(!one.try_get_for(-1s));
    MRT_CHECK(!one.try_get_for(brief));
    MRT_CHECK(one.try_put_for(7, 0s));
    MRT_CHECK(one.full());
    MRT_CHECK(!one.try_put_for(8, 10ms));
    MRT_EQUAL(one.try_get_for(guard).value_or(-1), 7);
}

void queue_says_what_is_wrong()
{
    multirank::queue<int> numbers;
    multirank::queue_handle<int> copy = numbers.handle();
    const multirank::queue_handle<char> narrow(numbers.native_handle());
    const multirank::queue_handle<double> wide(numbers.native_handle());

    numbers.put(1);
    THROWS(MR_ERR_TRUNCATED, narrow.get());
    MRT_EQUAL(numbers.size(), 1);
    THROWS(MR_ERR_ARGUMENT, wide.get());
    numbers.destroy();
    THROWS(MR_ERR_STALE, copy.put(1));
    THROWS(MR_ERR_STALE, numbers.put(1));
    THROWS(MR_ERR_ARGUMENT,
           multirank::queue<int>({0, multirank::on_rank(multirank::size())}));
}

void queue_is_moved()
{
    static_assert(!std::is_copy_constructible_v<multirank::queue<int>>);
    static_assert(std::is_nothrow_move_constructible_v<multirank::queue<int>>);
    static_assert(std::is_trivially_copyable_v<multirank::queue_handle<int>>);
    std::vector<multirank::queue<int>> queues;

    for (int i = 0; i < 4; i++) {
        queues.emplace_back(multirank::queue_options{
            0, multirank::on_rank(i % multirank::size())});
        queues.back().put(i);
    }
    for (int i = 0; i < 4; i++) {
        MRT_EQUAL(queues[static_cast<std::size_t>(i)].get(), i);
    }
    queues.front() = std::move(queues.back());
    MRT_CHECK(queues.front() && !queues.back());
    MRT_CHECK(queues.front().empty());
}

void queue_takes_and_gives_many()
{
    multirank::queue<int> numbers({0, multirank::place::anywhere, true});
    std::vector<int> all;

    numbers.put_many(std::vector<int>{1, 2, 3, 4, 5});
    MRT_CHECK((numbers.get_many(2) == std::vector<int>{1, 2}));
    MRT_CHECK(
        (numbers.try_get_many_for(9, guard) == std::vector<int>{3, 4, 5}));
    MRT_CHECK(numbers.try_get_many_for(9, brief).empty());
    multirank::queue_handle<char>(numbers.native_handle()).put('x');
    THROWS(MR_ERR_ARGUMENT, numbers.get_many(3));
}

void queue_ends_when_it_is_closed()
{
    multirank::simple_queue<std::string> texts;
    std::string all;

    texts.put("a");
    texts.put("b");
    texts.close();
    THROWS(MR_ERR_CLOSED, texts.put("c"));
    while (const auto text = texts.next()) {
        all += *text;
    }
    MRT_TEXT(all.c_str(), "ab");
    THROWS(MR_ERR_END_OF_FILE, texts.get());
}

void queue_is_joined_when_all_is_done()
{
    multirank::joinable_queue<int> tasks;

    tasks.join();
    tasks.put(1);
    tasks.put(2);
    MRT_CHECK(!tasks.try_join_for(brief));
    tasks.task_done(2);
    tasks.join();
    THROWS(MR_ERR_STATE, tasks.task_done());
}

void queue_lends_elements()
{
    multirank::queue<std::vector<double>> rows;
    multirank::queue<point> points;
    double sum = 0;

    {
        auto row = rows.reserve(1000);

        MRT_EQUAL(row.size(), 1000);
        std::fill(row.begin(), row.end(), 1.5);
        row.shrink(900);
        rows.commit(std::move(row));
        MRT_CHECK(!row);
    }
    const auto taken = rows.take();
    for (const double number : taken) {
        sum += number;
    }
    MRT_CHECK(sum == 1350.0);
    MRT_CHECK(!rows.try_take_for(brief));
    auto place = points.reserve();
    place[0] = {1, 2, 3};
    MRT_CHECK(points.try_commit_for(place, guard));
    MRT_EQUAL(points.get().label, 3);
    multirank::queue_handle<char>(points.native_handle()).put('x');
    THROWS(MR_ERR_ARGUMENT, points.take());
}

void queue_gathers_buffers()
{
    multirank::queue<std::string> texts;
    const std::vector<mr_buffer> buffers = {{"one ", 4}, {"two", 3}};

    texts.put_gathered(buffers);
    MRT_TEXT(texts.get().c_str(), "one two");
}

void pipe_lends_elements()
{
    auto [first, second] = multirank::pipe<std::vector<int>>();
    const int one[] = {1}, more[] = {2, 3};
    const std::vector<mr_buffer> buffers = {{one, sizeof one},
                                            {more, sizeof more}};
    auto message = first.reserve(2);

    message[0] = 4;
    message[1] = 5;
    first.commit(std::move(message));
    first.send_gathered(buffers);
    MRT_EQUAL(second.take()[1], 5);
    const auto gathered = second.try_take_for(guard);
    MRT_CHECK(gathered.size() == 3 && gathered[0] == 1 && gathered[2] == 3);
    MRT_CHECK(!second.try_take_for(brief));
    auto other = first.reserve(1);
    MRT_CHECK(first.try_commit_for(other, guard));
}

void produce(multirank::queue_handle<int> numbers, int count)
{
    for (int i = 0; i < count; i++) {
        numbers.put(i);
    }
}

void queue_ends_with_its_producers()
{
    multirank::queue<int> numbers;
    multirank::process_options options;
    int sum = 0;

    options.producer_of = {numbers.native_handle()};
    numbers.attach_producer();
    multirank::process first(options, multirank::fn<produce>, numbers, 10);
    multirank::process second(options, multirank::fn<produce>, numbers, 20);
    first.start();
    second.start();
    numbers.detach_producer();
    while (const auto number = numbers.next()) {
        sum += *number;
    }
    MRT_EQUAL(sum, 45 + 190);
}

/* An end of a pipe that is sent through a queue. */
void handles_travel_through_queues()
{
    multirank::queue<multirank::queue_handle<int>> replies;
    multirank::queue<int> reply;

    replies.put(reply);
    replies.get().put(42);
    MRT_EQUAL(reply.get(), 42);
}

void pipe_carries_messages_both_ways()
{
    auto [first, second] = multirank::pipe<std::string>();
    const std::string large(50000, 'y');

    first.send("there");
    MRT_TEXT(second.recv().c_str(), "there");
    second.send("and back");
    MRT_CHECK(first.poll(guard));
    MRT_TEXT(first.recv().c_str(), "and back");
    first.send(large);
    MRT_CHECK(second.recv() == large);
    MRT_CHECK(!second.try_recv_for(brief));
    MRT_CHECK(!second.poll(0s));
}

void pipe_of_one_way_refuses_the_other()
{
    const auto ends = multirank::pipe<int>(false);
    const auto &out = ends.first;
    const auto &in = ends.second;

    in.send(5);
    MRT_EQUAL(out.recv(), 5);
    THROWS(MR_ERR_DIRECTION, out.send(1));
    THROWS(MR_ERR_DIRECTION, in.recv());
}

void pipe_ends_with_its_other_end()
{
    auto ends = multirank::pipe<int>();
    const auto &first = ends.first;
    auto &second = ends.second;
    bool ended = false;

    MRT_CHECK(second.try_send_for(1, guard));
    second.destroy();
    MRT_EQUAL(first.recv(), 1);
    try {
        first.recv();
    } catch (const multirank::end_of_file &thrown) {
        ended = thrown.code() == MR_ERR_END_OF_FILE;
    }
    MRT_CHECK(ended);
    THROWS(MR_ERR_CLOSED, first.send(2));
}

void pipe_end_is_attached_again()
{
    auto [first, second] = multirank::pipe<int>();
    const auto handle = second.handle();

    second.destroy();
    auto again = multirank::attach(handle);
    first.send(3);
    MRT_EQUAL(again.recv(), 3);
}

void keeper_destroys_with_its_last_holder()
{
    multirank::queue<int> numbers;
    const auto handle = numbers.handle();
    multirank::queue<mr_ticket> tickets;

    {
        const multirank::keeper kept(numbers.detach());

        tickets.put(kept.ticket());
        tickets.put(kept.ticket());
        const auto again = multirank::hold(kept.handle());
    }
    multirank::drop(tickets.get());
    {
        const auto mine = multirank::redeem(tickets.get());

        mine.object<multirank::queue_handle<int>>().put(6);
        MRT_EQUAL(handle.get(), 6);
    }
    THROWS(MR_ERR_STALE, handle.put(1));
}

void pipe_end_travels_by_a_ticket()
{
    auto [first, second] = multirank::pipe<int>();
    multirank::queue<mr_ticket> tickets;

    tickets.put(second.ticket());
    second.destroy();
    const auto end = multirank::redeem_pipe<int>(tickets.get());
    end.send(4);
    MRT_EQUAL(first.recv(), 4);
}

void wait_tells_what_is_ready()
{
    multirank::queue<int> numbers;
    multirank::mutex mutex;
    auto [first, second] = multirank::pipe<int>();
    const std::vector<multirank::waitable> objects = {numbers, first, mutex};

    mutex.lock();
    MRT_CHECK(multirank::wait(objects, brief).empty());
    numbers.put(1);
    MRT_CHECK((multirank::wait(objects) == std::vector<std::size_t>{0}));
    second.send(2);
    MRT_CHECK((multirank::wait({numbers, first, mutex}, guard) ==
               std::vector<std::size_t>{0, 1}));
    mutex.unlock();
    MRT_EQUAL(multirank::wait(objects).size(), 3);
    THROWS(MR_ERR_ARGUMENT, multirank::wait({}));
}

const mrt_test tests[] = {
    TEST(queue_keeps_the_order_of_typed_items),
    TEST(queue_of_texts_and_vectors_takes_any_length),
    TEST(queue_times_out_without_an_exception),
    TEST(queue_says_what_is_wrong),
    TEST(queue_is_moved),
    TEST(queue_takes_and_gives_many),
    TEST(queue_ends_when_it_is_closed),
    TEST(queue_is_joined_when_all_is_done),
    TEST(queue_ends_with_its_producers),
    TEST(queue_lends_elements),
    TEST(queue_gathers_buffers),
    TEST(pipe_lends_elements),
    TEST(handles_travel_through_queues),
    TEST(pipe_carries_messages_both_ways),
    TEST(pipe_of_one_way_refuses_the_other),
    TEST(pipe_ends_with_its_other_end),
    TEST(pipe_end_is_attached_again),
    TEST(keeper_destroys_with_its_last_holder),
    TEST(pipe_end_travels_by_a_ticket),
    TEST(wait_tells_what_is_ready),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("queue", tests, MRT_COUNT(tests), argc, argv);
}
