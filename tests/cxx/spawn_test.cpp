/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks in C++ that make tasks: results, exceptions, and tasks for which nobody
 * waits.
 */
#include "cxx/support.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace
{

using multirank::fn;

/* ---- results ------------------------------------------------------------- */

std::int64_t fibonacci(std::int64_t n)
{
    std::int64_t a = 0, b = 0;

    if (n < 2) {
        return n;
    }
    multirank::spawn(fn<fibonacci>, n - 1, a);
    multirank::spawn(fn<fibonacci>, n - 2, b);
    multirank::wait_for_spawned();
    return a + b;
}

void spawned_tasks_give_results()
{
    multirank::pool pool;

    MRT_EQUAL(pool.apply(fn<fibonacci>, std::int64_t{15}), 610);
}

struct sums {
    double all[1000];
};

void fill(int by, sums &out, const multirank::task &task)
{
    for (double &each : out.all) {
        each += by + task.context<double>();
    }
}

/* Of all shapes. */
double spawn_of_all_shapes(int by, const multirank::task &task)
{
    double half = 0, context = 0;
    sums large = {};

    multirank::spawn([](int n) { return n / 2.0; }, by, half);
    multirank::spawn(
        [](int, const multirank::task &told) { return told.context<double>(); },
        by, context);
    multirank::spawn(fn<fill>, by, large);
    multirank::spawn(fn<fibonacci>, std::int64_t{3});
    multirank::wait_for_spawned();
    return half == by / 2.0 && context == task.context<double>() &&
                   large.all[999] == by + context
               ? large.all[0]
               : -1;
}

void functions_of_all_shapes_are_spawned()
{
    const double context = 0.5;
    multirank::map_options options;
    multirank::pool pool;

    options.context = multirank::shared::value(context);
    for (double sum : pool.map(fn<spawn_of_all_shapes>,
                               std::array<int, 4>{7, 7, 7, 7}, options)) {
        MRT_CHECK(sum == 7.5);
    }
}

/* ---- exceptions ---------------------------------------------------------- */

int odd(int n)
{
    if (n % 2 == 0) {
        throw std::runtime_error("it is even");
    }
    return n;
}

/* Of a task at the end of a chain. */
int pass_on(int depth)
{
    int result = 0;

    if (depth == 0) {
        return odd(0);
    }
    multirank::spawn(fn<pass_on>, depth - 1, result);
    multirank::wait_for_spawned();
    return result;
}

void exception_passes_all_that_wait()
{
    multirank::pool pool;

    try {
        (void)pool.apply(fn<pass_on>, 20);
        MRT_FAIL("it gave a result");
    } catch (const multirank::task_error &thrown) {
        MRT_EQUAL(thrown.code(), MR_ERR_USER);
        MRT_CHECK(std::strcmp(thrown.text(), "it is even") == 0);
    }
}

int catch_failure(int n)
{
    int one = 0, two = 0;

    multirank::spawn(fn<odd>, 1, one);
    multirank::spawn(fn<odd>, 2, two);
    try {
        multirank::wait_for_spawned();
    } catch (const multirank::task_error &thrown) {
        return one == 1 && thrown.code() == MR_ERR_USER &&
                       std::strcmp(thrown.text(), "it is even") == 0
                   ? n
                   : -1;
    }
    return -2;
}

void parent_catches_what_a_task_threw()
{
    multirank::pool pool;

    MRT_EQUAL(pool.apply(fn<catch_failure>, 5), 5);
}

void outside_of_a_task_all_throw()
{
    std::int64_t result = 0;

    THROWS(MR_ERR_STATE, multirank::spawn(fn<odd>, 1, result));
    THROWS(MR_ERR_STATE, multirank::spawn(fn<odd>, 1));
    THROWS(MR_ERR_STATE, multirank::add(fn<odd>, 1));
    THROWS(MR_ERR_STATE, multirank::wait_for_spawned());
}

/* ---- tasks that nobody waits for ----------------------------------------- */

struct branch {
    multirank::value_handle<std::int64_t> leaves;
    int depth;
};

void visit(const branch &in)
{
    if (in.depth == 0) {
        in.leaves.add(1);
        return;
    }
    for (int i = 0; i < 3; i++) {
        multirank::add(fn<visit>, branch{in.leaves, in.depth - 1});
    }
}

void map_ends_with_the_last_task_that_was_added()
{
    multirank::value<std::int64_t> leaves(0);
    multirank::pool pool;

    pool.apply(fn<visit>, branch{leaves.handle(), 6});
    MRT_EQUAL(leaves.get(), 729);
}

void add_even(int n)
{
    multirank::add(fn<odd>, 2 * n);
}

void map_throws_what_an_added_task_threw()
{
    multirank::pool pool;

    try {
        pool.apply(fn<add_even>, 1);
        MRT_FAIL("it did not throw");
    } catch (const multirank::task_error &thrown) {
        MRT_CHECK(std::strcmp(thrown.text(), "it is even") == 0);
    }
}

const mrt_test tests[] = {
    TEST(spawned_tasks_give_results),
    TEST(functions_of_all_shapes_are_spawned),
    TEST(exception_passes_all_that_wait),
    TEST(parent_catches_what_a_task_threw),
    TEST(outside_of_a_task_all_throw),
    TEST(map_ends_with_the_last_task_that_was_added),
    TEST(map_throws_what_an_added_task_threw),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("spawn", tests, MRT_COUNT(tests), argc, argv);
}
