/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small tour of Multirank in C++: a pool, its results one by one, processes
 * with a pipe, a lock and a Value, and a queue.
 *
 *     c++ -std=c++17 harvest.cpp -o harvest \
 *         $(pkg-config --cflags --libs multirank) \
 *         -Wl,-rpath,$(pkg-config --variable=libdir multirank)
 *     mpirun -np 2 ./harvest
 */
#include <multirank.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace mr = multirank;

namespace
{

/* Plain functions travel as fn<name>, and lambdas that capture nothing. */
std::int64_t square(std::int64_t n)
{
    return n * n;
}

void map_numbers(const mr::pool &workers)
{
    std::vector<std::int64_t> numbers(100);

    std::iota(numbers.begin(), numbers.end(), 1);
    const auto squares = workers.map(mr::fn<square>, numbers);
    const auto thirds = workers.map(
        [](std::int64_t n) { return static_cast<double>(n) / 3; }, numbers);
    std::cout << "The sum of the squares is "
              << std::accumulate(squares.begin(), squares.end(),
                                 std::int64_t(0))
              << ", and the ninth third is " << thirds[8] << ".\n";
}

/* What a task throws is told where its result is asked for. */
std::string fruit(int basket)
{
    if (basket == 2) {
        throw std::runtime_error("the basket has a hole");
    }
    return std::string(static_cast<std::size_t>(basket), '*');
}

void collect_fruit(const mr::pool &workers)
{
    const std::vector<int> baskets = {1, 2, 3, 4};

    for (const auto &result : workers.imap(mr::fn<fruit>, baskets)) {
        if (result) {
            std::cout << "Basket " << result.index() << ": " << *result << '\n';
        } else {
            std::cout << "Basket " << result.index()
                      << " is lost: " << result.error().text() << '\n';
        }
    }
}

/* A process gets the handles of the objects it was given, and holds its end of
 * a pipe.  Its lines come out in the order in which they were printed. */
void pick(mr::pipe_handle<int> partner, mr::mutex_handle gate,
          mr::value_handle<int> picked)
{
    const std::string name = mr::current_process().name();

    for (int crates = partner.recv(); crates < 4; crates = partner.recv()) {
        const std::lock_guard guard(gate);

        picked.set(picked.get() + 10);
        std::cout << name << " adds crate " << crates + 1 << ".\n";
        partner.send(crates + 1);
    }
    partner.send(4);
}

void harvest()
{
    mr::mutex gate;
    mr::value<int> picked;
    auto [left, right] = mr::pipe<int>();
    mr::process_options ada, grace;

    ada.name = "Ada";
    grace.name = "Grace";
    mr::process first(ada, mr::fn<pick>, left, gate, picked);
    mr::process second(grace, mr::fn<pick>, right, gate, picked);
    first.start();
    second.start();
    right.send(0);
    first.join();
    second.join();
    std::cout << "Picked in all: " << picked.get() << ".\n";
}

void pass_words()
{
    mr::queue<std::string> words({2});

    words.put("short");
    words.put(std::string(1000, 'o'));
    std::cout << "Full: " << std::boolalpha << words.full() << ", then "
              << words.get().size() << " and " << words.get().size()
              << " letters.\n";
    if (!words.try_get_for(std::chrono::milliseconds(1))) {
        std::cout << "No word is left.\n";
    }
}

} // namespace

int main(int argc, char **argv)
try {
    const mr::job job(argc, argv); /* returns on rank 0 alone */
    const mr::pool workers;

    map_numbers(workers);
    collect_fruit(workers);
    harvest();
    pass_words();
    return 0;
} catch (const mr::error &error) {
    std::cerr << "harvest: " << error.what() << '\n';
    return 1;
}
