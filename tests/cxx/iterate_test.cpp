/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterators in C++: results one by one, of any size, and those that failed.
 */
#include "cxx/support.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

namespace
{

using namespace std::chrono_literals;

std::vector<int> numbers(int count)
{
    std::vector<int> all(static_cast<std::size_t>(count));

    std::iota(all.begin(), all.end(), 0);
    return all;
}

std::string repeat(int times)
{
    return std::string(static_cast<std::size_t>(times), 'r');
}

void results_come_in_order()
{
    const auto inputs = numbers(500);
    multirank::pool pool;
    std::size_t at = 0;

    for (const auto &result : pool.imap(multirank::fn<repeat>, inputs)) {
        MRT_EQUAL(result.index(), at);
        MRT_EQUAL(result.value().size(), at);
        at++;
    }
    MRT_EQUAL(at, inputs.size());
}

void unordered_results_are_all_there()
{
    const auto inputs = numbers(500);
    std::vector<int> seen(500);
    multirank::pool pool;

    for (const auto &result : pool.imap_unordered(
             [](int n, const multirank::task &task) {
                 return static_cast<std::size_t>(n) + task.count();
             },
             inputs)) {
        MRT_EQUAL(*result, result.index() + 500);
        seen[result.index()]++;
    }
    MRT_CHECK(std::all_of(seen.begin(), seen.end(),
                          [](int times) { return times == 1; }));
}

int odd_only(int n)
{
    if (n % 2 == 0) {
        throw multirank::error(MR_ERR_USER, "even: " + std::to_string(n));
    }
    return n;
}

void failures_are_told_by_their_results()
{
    const auto inputs = numbers(10);
    multirank::pool pool;
    int failed = 0;

    for (const auto &result : pool.imap(multirank::fn<odd_only>, inputs)) {
        const auto n = static_cast<int>(result.index());

        if (result) {
            MRT_EQUAL(result.value(), n);
            continue;
        }
        failed++;
        THROWS(MR_ERR_USER, result.value());
        MRT_EQUAL(result.error().index(), n);
        MRT_TEXT(result.error().text(), ("even: " + std::to_string(n)).c_str());
    }
    MRT_EQUAL(failed, 5);
}

void iteration_is_left_early_and_the_pool_is_free()
{
    const auto inputs = numbers(1000);
    multirank::pool pool;

    {
        auto results = pool.imap(multirank::fn<repeat>, inputs);

        MRT_EQUAL(results.next().value().index(), 0);
        MRT_EQUAL(results.begin()->index(), 1);
        MRT_EQUAL(pool.map([](int n) { return n; }, inputs).size(), 1000);
    }
    MRT_EQUAL(pool.map([](int n) { return n; }, inputs).size(), 1000);
}

void next_times_out_and_goes_on()
{
    multirank::queue<int> gate;
    const auto handle = gate.handle();
    const std::vector<int> one(1);
    multirank::imap_options options;
    multirank::pool pool;

    options.context = multirank::shared::value(handle);
    options.ahead = 1;
    auto results = pool.imap(
        [](int, const multirank::task &task) {
            return task.context<multirank::queue_handle<int>>().get();
        },
        one, options);
    MRT_CHECK(!results.try_next_for(brief));
    MRT_CHECK(!results.ended());
    gate.put(5);
    MRT_EQUAL(results.next().value().value(), 5);
    MRT_CHECK(!results.next());
    MRT_CHECK(results.ended());
}

void results_of_void_are_nothing()
{
    const auto inputs = numbers(3);
    multirank::pool pool;
    int count = 0;

    for (const auto &result : pool.imap([](int) {}, inputs)) {
        MRT_CHECK(static_cast<bool>(result));
        count++;
    }
    MRT_EQUAL(count, 3);
}

const mrt_test tests[] = {
    TEST(results_come_in_order),
    TEST(unordered_results_are_all_there),
    TEST(failures_are_told_by_their_results),
    TEST(iteration_is_left_early_and_the_pool_is_free),
    TEST(next_times_out_and_goes_on),
    TEST(results_of_void_are_nothing),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("iterate", tests, MRT_COUNT(tests), argc, argv);
}
