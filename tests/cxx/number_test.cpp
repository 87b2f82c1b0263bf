/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values, Arrays and their locks in C++, and locks by themselves.
 */
#include "cxx/support.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

using namespace std::chrono_literals;

template <class T> void value_holds(T first, T second)
{
    multirank::value<T> value(first);

    MRT_CHECK(value.get() == first);
    value.set(second);
    MRT_CHECK(value.add(1) == second);
    MRT_CHECK(value.get() == second + 1);
}

void value_holds_numbers_of_its_types()
{
    value_holds<std::int32_t>(-7, 2000000000);
    value_holds<std::int64_t>(-7, INT64_C(4000000000000));
    value_holds<long long>(1, 2);
    value_holds<double>(0.25, -1.5);
    MRT_EQUAL(multirank::value<int>().get(), 0);
}

template <class T> void value_changes(T low, T high)
{
    multirank::value<T> value(low);
    T expected = low;

    MRT_CHECK(value.max(high) == low);
    MRT_CHECK(value.min(low) == high);
    MRT_CHECK(value.exchange(high) == low);
    MRT_CHECK(!value.compare_exchange(expected, low));
    MRT_CHECK(expected == high);
    MRT_CHECK(value.compare_exchange(expected, low));
    MRT_CHECK(value.get() == low);
}

void value_changes_numbers_of_its_types()
{
    value_changes<std::int8_t>(-128, 127);
    value_changes<std::uint8_t>(0, 255);
    value_changes<std::int16_t>(-300, 300);
    value_changes<std::uint16_t>(0, 65535);
    value_changes<std::uint32_t>(0, 4000000000U);
    value_changes<std::uint64_t>(0, UINT64_MAX);
    value_changes<float>(-0.5F, 0.5F);
    value_changes<double>(-0.5, 0.5);
}

struct point {
    double x, y, z;
};

void value_and_array_hold_structs_and_bools()
{
    multirank::value<point> value(point{1, 2, 3});
    multirank::array<point> array(3);
    multirank::value<bool> flag(false);

    MRT_CHECK(value.get().z == 3);
    MRT_CHECK(value.exchange(point{4, 5, 6}).x == 1);
    array.set(1, value.get());
    MRT_CHECK(array.get(1).y == 5);
    MRT_CHECK(!flag.exchange(true));
    MRT_CHECK(flag.get());
}

void array_changes_elements_and_slices()
{
    multirank::array_options rows;
    const std::vector<float> ones(10, 1);
    float expected = 0;

    rows.spread = true;
    rows.unit = 5;
    multirank::array<float> array(10, rows);
    array.accumulate(0, ones);
    array.accumulate(5, multirank::span<const float>(ones.data(), 5));
    MRT_CHECK(array.get(4) == 1 && array.get(5) == 2);
    MRT_CHECK(array.max(0, 7) == 1);
    MRT_CHECK(array.min(0, 3) == 7);
    MRT_CHECK(array.exchange(0, 9) == 3);
    MRT_CHECK(!array.compare_exchange(0, expected, 1) && expected == 9);
    MRT_CHECK(array.compare_exchange(0, expected, 1));
    array.accumulate(0, ones, MR_COMBINE_MAX);
    MRT_CHECK(array.get(0) == 1);
}

void array_comes_back_from_its_file()
{
    const std::string path =
        "/tmp/multirank-cxx-" + std::to_string(getpid()) + ".npy";
    const std::vector<int> numbers = {1, 2, 3};
    const multirank::array<int> array{multirank::span<const int>(numbers)};

    array.save(path);
    MRT_CHECK(multirank::array<int>::load(path).get(0, 3) == numbers);
    THROWS(MR_ERR_ARGUMENT, multirank::array<double>::load(path));
    MRT_EQUAL(unlink(path.c_str()), 0);
}

void value_has_the_lock_that_is_given()
{
    multirank::mutex mutex;
    multirank::value<int> value(1, mutex.handle());
    const std::lock_guard guard(mutex);

    MRT_CHECK(!value.get_lock().try_lock());
}

void adds_of_all_workers_are_counted()
{
    multirank::value<std::int64_t> sum(
        0, multirank::on_rank(multirank::size() - 1));
    const auto handle = sum.handle();
    multirank::map_options options;
    const std::vector<std::int64_t> numbers(1000, 2);
    multirank::pool pool;

    options.context = multirank::shared::value(handle);
    pool.map(
        [](std::int64_t n, const multirank::task &task) {
            task.context<multirank::value_handle<std::int64_t>>().add(n);
        },
        numbers, options);
    MRT_EQUAL(sum.get(), 2000);
}

void array_reads_and_writes_slices()
{
    multirank::array<double> array(100);
    const std::vector<double> three = {1.5, 2.5, 3.5};
    double two[2] = {0, 0};

    MRT_EQUAL(array.size(), 100);
    array.set(10, three);
    array.set(13, 4.5);
    MRT_CHECK((array.get(10, 4) == std::vector<double>{1.5, 2.5, 3.5, 4.5}));
    MRT_CHECK(array.get(9) == 0);
    array.get_into(12, two);
    MRT_CHECK(two[0] == 3.5 && two[1] == 4.5);
    MRT_CHECK(array.add(13, 0.5) == 4.5);
    MRT_CHECK(array.get(13) == 5.0);
    THROWS(MR_ERR_ARGUMENT, array.get(99, 2));
    THROWS(MR_ERR_ARGUMENT, array.set(100, 1));
}

void array_begins_with_what_it_is_given()
{
    const std::vector<int> initial = {3, 1, 4, 1, 5};
    multirank::array<int> array(initial);

    MRT_CHECK(array.get(0, 5) == initial);
}

void array_is_mapped_in_place()
{
    multirank::array<std::int64_t> inputs(1000), outputs(1000);
    multirank::pool pool;
    std::int64_t n = 0;

    for (std::int64_t &input : inputs.data()) {
        input = n++;
    }
    pool.map_into([](std::int64_t input) { return 3 * input; }, inputs.data(),
                  outputs.data());
    for (std::size_t i = 0; i < 1000; i++) {
        MRT_EQUAL(outputs.data()[i], 3 * i);
    }
}

void array_is_spread_over_the_ranks()
{
    const auto ranks = static_cast<std::size_t>(multirank::size());
    multirank::array_options options;

    options.spread = true;
    multirank::array<int> array(10 * ranks, options);
    const auto block = array.local();

    MRT_EQUAL(block.first, 0);
    MRT_EQUAL(block.elements.size(), 10);
    for (int &element : block.elements) {
        element = 9;
    }
    MRT_EQUAL(array.get(9), 9);
    if (ranks > 1) {
        MRT_EQUAL(array.get(10), 0);
        THROWS(MR_ERR_FAR, array.data());
    }
}

void array_is_replicated_to_all_nodes()
{
    multirank::array_options options;
    const std::vector<double> table = {0.5, 1.5, 2.5};

    options.replicated = true;
    multirank::array<double> array(table, options);
    multirank::process_options there;

    there.place = multirank::on_rank(multirank::size() - 1);
    multirank::process reader(
        there,
        [](multirank::array_handle<double> copy) {
            return copy.data()[2] == 2.5 && copy.get(0) == 0.5 ? 0 : 1;
        },
        array);

    reader.start();
    MRT_EQUAL(array.data()[1], 1.5);
    THROWS(MR_ERR_STATE, array.set(0, 1.0));
    reader.join();
    MRT_EQUAL(reader.exit_code().value(), 0);
}

void guards_of_the_standard_library_hold_locks()
{
    multirank::mutex mutex, other;

    {
        const std::lock_guard guard(mutex);

        MRT_CHECK(!mutex.try_lock());
    }
    {
        std::unique_lock lock(mutex, 1s);

        MRT_CHECK(lock.owns_lock());
        MRT_CHECK(!mutex.try_lock_for(10ms));
        MRT_CHECK(
            !mutex.try_lock_until(std::chrono::steady_clock::now() + 10ms));
        MRT_CHECK(!mutex.try_lock_until(std::chrono::system_clock::now() - 1h));
        lock.unlock();
        MRT_CHECK(lock.try_lock());
    }
    const std::scoped_lock both(mutex, other);
    MRT_CHECK(!mutex.try_lock() && !other.try_lock());
}

void lock_is_released_once()
{
    multirank::mutex mutex;

    MRT_CHECK(mutex.acquire() == multirank::acquired::yes);
    MRT_CHECK(mutex.acquire(brief) == multirank::acquired::no);
    mutex.release();
    THROWS(MR_ERR_NOT_HELD, mutex.release());
    mutex.unlock();
}

void lock_of_a_value_is_recursive()
{
    multirank::value<double> value;
    multirank::array<double> array(1);
    const multirank::mutex_handle first = value.get_lock();
    const multirank::mutex_handle second = array.get_lock();
    const std::scoped_lock both(first, second);

    MRT_CHECK(first.try_lock() && second.try_lock());
    first.unlock();
    second.unlock();
}

void die_with(multirank::mutex_handle mutex)
{
    mutex.lock();
    std::_Exit(0);
}

void lock_tells_of_a_holder_that_died()
{
    multirank::mutex mutex;
    bool told = false;

    for (int i = 0; i < 2; i++) {
        multirank::process child(multirank::fn<die_with>, mutex);

        child.start();
        child.join();
        if (i == 0) {
            MRT_CHECK(mutex.acquire(guard) ==
                      multirank::acquired::after_holder_died);
            mutex.release();
        }
    }
    try {
        const std::lock_guard guard(mutex);
    } catch (const multirank::holder_died &) {
        told = true;
    }
    MRT_CHECK(told);
    MRT_CHECK(mutex.try_lock());
}

void mpi_is_locked()
{
    const multirank::mpi_mutex mpi;
    const std::lock_guard guard(mpi);
}

const mrt_test tests[] = {
    TEST(value_holds_numbers_of_its_types),
    TEST(value_changes_numbers_of_its_types),
    TEST(value_and_array_hold_structs_and_bools),
    TEST(array_changes_elements_and_slices),
    TEST(array_comes_back_from_its_file),
    TEST(value_has_the_lock_that_is_given),
    TEST(adds_of_all_workers_are_counted),
    TEST(array_reads_and_writes_slices),
    TEST(array_begins_with_what_it_is_given),
    TEST(array_is_mapped_in_place),
    TEST(array_is_spread_over_the_ranks),
    TEST(array_is_replicated_to_all_nodes),
    TEST(guards_of_the_standard_library_hold_locks),
    TEST(lock_is_released_once),
    TEST(lock_of_a_value_is_recursive),
    TEST(lock_tells_of_a_holder_that_died),
    TEST(mpi_is_locked),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("number", tests, MRT_COUNT(tests), argc, argv);
}
