/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools in C++: what can be mapped over what, and how a failure is told.
 */
#include "cxx/support.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

namespace
{

std::int64_t square(std::int64_t n)
{
    return n * n;
}

std::vector<std::int64_t> numbers(std::size_t count)
{
    std::vector<std::int64_t> all(count);

    std::iota(all.begin(), all.end(), 0);
    return all;
}

/* True when results are the squares of 0, 1, 2 and so on. */
template <class Results> bool are_squares(const Results &results)
{
    std::int64_t n = 0;
    std::size_t wrong = 0;

    for (std::int64_t result : results) {
        wrong += result != n * n;
        n++;
    }
    return MRT_EQUAL(wrong, 0);
}

void map_of_a_plain_function()
{
    multirank::pool pool;
    const auto results = pool.map(multirank::fn<square>, numbers(1000));

    MRT_EQUAL(results.size(), 1000);
    are_squares(results);
}

void map_of_a_lambda()
{
    multirank::pool pool;

    are_squares(pool.map([](std::int64_t n) { return n * n; }, numbers(1000)));
}

void map_of_a_generic_lambda_changes_the_type()
{
    multirank::pool pool;
    const auto halves =
        pool.map([](auto n) { return static_cast<double>(n) / 2; }, numbers(9));

    static_assert(std::is_same_v<decltype(halves), const std::vector<double>>);
    for (std::size_t i = 0; i < halves.size(); i++) {
        MRT_CHECK(halves[i] == static_cast<double>(i) / 2);
    }
}

void map_over_arrays_and_spans()
{
    const std::int64_t plain[] = {0, 1, 2};
    const std::array<std::int64_t, 4> array = {0, 1, 2, 3};
    const auto vector = numbers(100);
    const multirank::span<const std::int64_t> part(vector.data(), 50);
    multirank::pool pool;

    MRT_EQUAL(pool.map(multirank::fn<square>, plain).size(), 3);
    are_squares(pool.map(multirank::fn<square>, plain));
    are_squares(pool.map(multirank::fn<square>, array));
    MRT_EQUAL(pool.map(multirank::fn<square>, part).size(), 50);
    are_squares(pool.map(multirank::fn<square>, part));
}

void map_n_gives_tasks_their_index()
{
    multirank::pool pool;
    const auto results = pool.map_n(
        [](const multirank::task &task) { return 2 * task.index(); }, 100);

    MRT_EQUAL(results.size(), 100);
    for (std::size_t i = 0; i < results.size(); i++) {
        MRT_EQUAL(results[i], 2 * i);
    }
    pool.map_n([](const multirank::task &) {}, 3);
}

void apply_gives_one_result()
{
    const std::int64_t factor = 5;
    multirank::map_options options;
    multirank::pool pool;

    options.context = multirank::shared::value(factor);
    for (std::int64_t n = 0; n < 10; n++) {
        MRT_EQUAL(pool.apply(multirank::fn<square>, n), n * n);
        MRT_EQUAL(pool.apply(
                      [](std::int64_t i, const multirank::task &task) {
                          return i * task.context<std::int64_t>();
                      },
                      n, options),
                  5 * n);
    }
    pool.apply([](std::int64_t) {}, std::int64_t(1));
}

void map_over_nothing_gives_nothing()
{
    multirank::pool pool;

    MRT_CHECK(pool.map(multirank::fn<square>, numbers(0)).empty());
}

void map_into_the_callers_memory()
{
    const auto inputs = numbers(300);
    std::vector<std::int64_t> results(300);
    std::int64_t plain[4] = {-1, -1, -1, -1};
    multirank::pool pool;

    pool.map_into(multirank::fn<square>, inputs, results);
    are_squares(results);
    pool.map_into(multirank::fn<square>, numbers(3), plain);
    are_squares(multirank::span<std::int64_t>(plain, 3));
    MRT_EQUAL(plain[3], -1);
    THROWS(MR_ERR_ARGUMENT,
           pool.map_into(multirank::fn<square>, inputs, plain));
}

struct table {
    double factor;
    std::int64_t more[100];
};

void fill(std::int64_t n, table &out, const multirank::task &task)
{
    out.factor = static_cast<double>(task.index());
    for (std::int64_t &element : out.more) {
        element += n;
    }
}

void map_into_writes_large_outputs_by_reference()
{
    std::vector<table> tables(20);
    multirank::pool pool;

    pool.map_into(multirank::fn<fill>, numbers(20), tables);
    for (std::size_t i = 0; i < tables.size(); i++) {
        MRT_CHECK(tables[i].factor == static_cast<double>(i));
        MRT_EQUAL(tables[i].more[99], i);
    }
}

/* Aligned as vector instructions want it. */
struct alignas(64) line {
    double numbers[8];
};

void inputs_are_aligned_as_their_type_asks()
{
    multirank::pool pool;
    const std::vector<line> lines(100);
    const auto askew = pool.map(
        [](const line &input) {
            return reinterpret_cast<std::uintptr_t>(&input) % alignof(line);
        },
        lines);

    for (std::uintptr_t offset : askew) {
        MRT_EQUAL(offset, 0);
    }
}

std::int64_t scaled(std::int64_t n, const multirank::task &task)
{
    return n * task.context<std::int64_t>() +
           static_cast<std::int64_t>(task.count() - task.index());
}

void tasks_share_a_context()
{
    const std::int64_t factor = 1000;
    const std::vector<double> weights = {0.5, 0.25, 0.25};
    multirank::map_options options;
    multirank::pool pool;

    options.chunk = 2;
    options.context = multirank::shared::value(factor);
    const auto results = pool.map(multirank::fn<scaled>, numbers(10), options);
    for (std::size_t i = 0; i < results.size(); i++) {
        MRT_EQUAL(results[i], 1000 * i + 10 - i);
    }
    options.context = multirank::shared::elements(weights);
    const auto sums = pool.map(
        [](std::int64_t n, const multirank::task &task) {
            double sum = 0;

            for (double weight : task.context_span<double>()) {
                sum += weight;
            }
            return sum * static_cast<double>(n);
        },
        numbers(4), options);
    MRT_CHECK(sums[3] == 3.0);
}

void map_of_a_context_of_another_size_fails()
{
    const char small = 1;
    multirank::map_options options;
    multirank::pool pool;

    options.context = multirank::shared::value(small);
    THROWS(MR_ERR_ARGUMENT,
           pool.map(multirank::fn<scaled>, numbers(3), options));
}

constexpr auto bad_row = static_cast<mr_error>(MR_ERR_USER + 7);

std::int64_t picky(std::int64_t n)
{
    if (n == 5) {
        throw multirank::error(bad_row, "row 5 is no good");
    }
    return n * n;
}

void a_failing_task_is_told_with_its_index_rank_and_text()
{
    auto results = numbers(10);
    multirank::pool pool;
    bool told = false;

    try {
        pool.map_into(multirank::fn<picky>, numbers(10), results);
    } catch (const multirank::task_error &thrown) {
        told = true;
        MRT_EQUAL(thrown.code(), bad_row);
        MRT_EQUAL(thrown.index(), 5);
        MRT_CHECK(thrown.rank() >= 0 && thrown.rank() < multirank::size());
        MRT_CHECK(thrown.host()[0] != '\0');
        MRT_EQUAL(thrown.signal(), 0);
        MRT_TEXT(thrown.text(), "row 5 is no good");
        MRT_CHECK(std::strstr(thrown.what(), "task 5 failed on rank"));
        MRT_CHECK(std::strstr(thrown.what(), "row 5 is no good"));
    }
    MRT_CHECK(told);
    MRT_EQUAL(results[9], 81);
}

void exceptions_of_all_kinds_become_failures()
{
    multirank::pool pool;

    THROWS(MR_ERR_USER,
           pool.map(
               [](std::int64_t) -> int { throw std::runtime_error("no luck"); },
               numbers(3)));
    THROWS(MR_ERR_USER,
           pool.map([](std::int64_t) -> int { throw 42; }, numbers(3)));
    are_squares(pool.map(multirank::fn<square>, numbers(10)));
}

/* The first task that a child has ends it; those in ranks wait for that, so
 * that the child cannot miss its turn. */
mr_error fall(const mr_queue &fallen)
{
    mr_process parent;
    bool empty = true, ready;

    if (mr_process_parent(&parent) != MR_OK) {
        return mr_wait(&fallen.handle, 1, guard.count(), &ready);
    }
    mr_error code = mr_queue_empty(fallen, &empty);
    if (code == MR_OK && empty) {
        code = mr_queue_put(fallen, nullptr, 0, MR_FOREVER);
        std::_Exit(3);
    }
    return code;
}

void a_task_that_ends_its_worker_is_told()
{
    multirank::map_options options;
    multirank::pool pool;
    mr_queue fallen;

    if (!MRT_OK(mr_queue_create(&fallen, nullptr))) {
        return;
    }
    options.context = multirank::shared::value(fallen);
    THROWS(MR_ERR_WORKER_DIED,
           pool.map(
               [](std::int64_t, const multirank::task &task) {
                   return fall(task.context<mr_queue>());
               },
               numbers(20), options));
    are_squares(pool.map(multirank::fn<square>, numbers(10)));
    MRT_OK(mr_queue_destroy(fallen));
}

void map_times_out()
{
    multirank::map_options options;
    multirank::pool pool;

    options.timeout = brief;
    THROWS(MR_ERR_TIMEOUT, pool.map(
                               [](std::int64_t) {
                                   const double end = mrt_now() + 0.3;

                                   while (mrt_now() < end) {
                                   }
                                   return 0;
                               },
                               numbers(4), options));
}

void map_of_void_gives_nothing()
{
    multirank::pool pool;

    const auto nothing = [](std::int64_t) {};

    static_assert(std::is_void_v<decltype(pool.map(nothing, numbers(3)))>);
    pool.map(nothing, numbers(3));
    THROWS(bad_row, pool.map([](std::int64_t n) { picky(n); }, numbers(6)));
}

void pool_is_moved_and_destroyed()
{
    multirank::pool_handle left;

    {
        multirank::pool first(3);
        multirank::pool second(std::move(first));

        MRT_CHECK(!first && second);
        THROWS(MR_ERR_STALE, first.size());
        MRT_EQUAL(second.size(), 3);
        first = std::move(second);
        MRT_EQUAL(first.size(), 3);
        left = first.handle();
        MRT_EQUAL(left.size(), 3);
    }
    THROWS(MR_ERR_STALE, left.size());
    multirank::pool adopted(multirank::pool().detach());
    MRT_EQUAL(adopted.size(), multirank::size());
    adopted.destroy();
    THROWS(MR_ERR_STALE, adopted.destroy());
}

void pool_refuses_too_many_workers()
{
    THROWS(MR_ERR_ARGUMENT, multirank::pool(4097));
}

std::int64_t fail_at_seven(std::int64_t n)
{
    if (n == 7) {
        throw std::runtime_error("seven");
    }
    return n;
}

void map_async_gives_a_future_of_the_results()
{
    const auto inputs = numbers(1000);
    multirank::pool pool;
    auto future = pool.map_async(multirank::fn<square>, inputs);
    auto other = pool.map_async([](std::int64_t n) { return n; }, inputs);

    MRT_CHECK(future.valid());
    are_squares(future.get());
    MRT_CHECK(!future.valid());
    THROWS(MR_ERR_STALE, future.get());
    MRT_CHECK(other.wait());
    MRT_CHECK(other.ready() && other.successful());
    MRT_EQUAL(other.progress().ended, 1000);
    MRT_CHECK(other.get() == inputs);
}

void apply_async_copies_its_input()
{
    std::vector<multirank::future<std::int64_t>> futures;
    multirank::pool pool;

    for (std::int64_t n = 0; n < 100; n++) {
        futures.push_back(pool.apply_async(multirank::fn<square>, n));
    }
    for (std::int64_t n = 0; n < 100; n++) {
        MRT_EQUAL(futures[std::size_t(n)].get(), n * n);
    }
}

void future_throws_what_a_task_threw()
{
    const auto inputs = numbers(10);
    multirank::pool pool;
    auto future = pool.map_async(multirank::fn<fail_at_seven>, inputs);

    try {
        future.get();
        MRT_FAIL("no error");
    } catch (const multirank::task_error &error) {
        MRT_EQUAL(error.index(), 7);
    }
}

void future_is_waited_for_beside_other_objects()
{
    multirank::queue<int> nothing_comes;
    multirank::pool pool;
    auto future = pool.apply_async([](int n) { return n + 1; }, 1);
    const auto ready = multirank::wait({nothing_comes, future});

    MRT_EQUAL(ready.size(), 1);
    MRT_EQUAL(ready[0], 1);
    MRT_EQUAL(future.get(), 2);
}

void future_that_is_left_is_cancelled()
{
    multirank::pool pool(1);

    for (int i = 0; i < 20; i++) {
        (void)pool.apply_async([](int n) { return n; }, i);
    }
    auto kept = pool.apply_async([](int n) { return n; }, 1);

    kept.cancel();
    MRT_CHECK(kept.wait());
    pool.destroy();
}

void closed_pool_refuses_and_is_joined()
{
    multirank::pool pool;

    MRT_CHECK(pool.worker(0).alive && pool.worker(0).rank == 0);
    pool.close();
    MRT_CHECK(pool.join());
    try {
        (void)pool.map(multirank::fn<square>, numbers(3));
        MRT_FAIL("a closed pool maps");
    } catch (const multirank::error &e) {
        MRT_EQUAL(e.code(), MR_ERR_CLOSED);
    }
}

int offset = 0; /* in each worker */

mr_error keep_offset(const void *argument, size_t size)
{
    if (size != sizeof offset) {
        return mr_task_fail(MR_ERR_USER, "no offset");
    }
    std::memcpy(&offset, argument, sizeof offset);
    return MR_OK;
}

int add_offset(int number)
{
    return number + offset;
}

void initializer_prepares_workers_or_breaks_the_pool()
{
    const int by = 5;
    multirank::pool_options options;

    options.initializer = keep_offset;
    options.argument = multirank::shared::value(by);
    {
        const multirank::pool pool(options);

        MRT_EQUAL(pool.apply(multirank::fn<add_offset>, 2), 7);
    }
    options.argument = {};
    const multirank::pool broken(options);
    try {
        (void)broken.apply(multirank::fn<add_offset>, 2);
        MRT_FAIL("a broken pool maps");
    } catch (const multirank::task_error &e) {
        MRT_EQUAL(e.code(), MR_ERR_USER);
        MRT_CHECK(std::strstr(e.what(), "no offset") != nullptr);
    }
}

const mrt_test tests[] = {
    TEST(map_async_gives_a_future_of_the_results),
    TEST(apply_async_copies_its_input),
    TEST(future_throws_what_a_task_threw),
    TEST(future_is_waited_for_beside_other_objects),
    TEST(future_that_is_left_is_cancelled),
    TEST(map_of_a_plain_function),
    TEST(map_of_a_lambda),
    TEST(map_of_a_generic_lambda_changes_the_type),
    TEST(map_over_arrays_and_spans),
    TEST(map_n_gives_tasks_their_index),
    TEST(apply_gives_one_result),
    TEST(map_over_nothing_gives_nothing),
    TEST(map_into_the_callers_memory),
    TEST(map_into_writes_large_outputs_by_reference),
    TEST(inputs_are_aligned_as_their_type_asks),
    TEST(tasks_share_a_context),
    TEST(map_of_a_context_of_another_size_fails),
    TEST(a_failing_task_is_told_with_its_index_rank_and_text),
    TEST(exceptions_of_all_kinds_become_failures),
    TEST(a_task_that_ends_its_worker_is_told),
    TEST(map_times_out),
    TEST(map_of_void_gives_nothing),
    TEST(pool_is_moved_and_destroyed),
    TEST(pool_refuses_too_many_workers),
    TEST(closed_pool_refuses_and_is_joined),
    TEST(initializer_prepares_workers_or_breaks_the_pool),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("pool", tests, MRT_COUNT(tests), argc, argv);
}
