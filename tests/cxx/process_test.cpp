/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes in C++: arguments, ends, exceptions, and what happens at the end
 * of a variable.
 */
#include "cxx/support.hpp"

#include <csignal>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace
{

using namespace std::chrono_literals;

struct options {
    double factor;
    char letter;
};

int add_up(char letter, multirank::queue_handle<double> results,
           const options &with, std::int16_t number)
{
    results.put(with.factor * number);
    return letter == with.letter ? 7 : 8;
}

void process_gets_its_arguments()
{
    multirank::queue<double> results;

    for (int rank = 0; rank < multirank::size(); rank++) {
        multirank::process_options where;

        where.place = multirank::on_rank(rank);
        multirank::process child(where, multirank::fn<add_up>, 'q', results,
                                 options{2.5, 'q'}, std::int16_t(-3));
        MRT_CHECK(!child.exit_code());
        child.start();
        child.join();
        MRT_EQUAL(child.exit_code().value_or(-1), 7);
        MRT_CHECK(results.get() == -7.5);
    }
}

void process_runs_a_lambda()
{
    multirank::process silent([] {});
    multirank::process child([](int code) { return code; }, 42);

    silent.start();
    child.start();
    MRT_CHECK(silent.try_join_for(guard));
    MRT_CHECK(child.try_join_for(guard));
    MRT_EQUAL(silent.exit_code().value_or(-1), 0);
    MRT_EQUAL(child.exit_code().value_or(-1), 42);
    MRT_CHECK(!child.is_alive());
}

void process_has_a_name_and_knows_itself()
{
    multirank::queue<std::string> names;
    multirank::process_options called;

    called.name = "Heinz";
    multirank::process child(
        called,
        [](const multirank::queue_handle<std::string> &to) {
            to.put(multirank::current_process().name());
        },
        names);
    MRT_TEXT(child.name().c_str(), "Heinz");
    child.start();
    MRT_CHECK(child.pid() > 0);
    MRT_TEXT(names.get().c_str(), "Heinz");
    MRT_TEXT(multirank::current_process().name().c_str(), "MainProcess");
    MRT_CHECK(!multirank::parent_process());
}

void exit_code_is_1_after_an_unhandled_exception()
{
    multirank::process child([] { throw std::runtime_error("as planned"); });
    multirank::process other([]() -> int { throw 1; });

    child.start();
    other.start();
    child.join();
    other.join();
    MRT_EQUAL(child.exit_code().value_or(-1), 1);
    MRT_EQUAL(other.exit_code().value_or(-1), 1);
}

int answer(multirank::pipe_handle<int> handle)
{
    const multirank::pipe_end<int> end(handle);
    int sum = 0;

    try {
        for (;;) {
            sum += end.recv();
            end.send(sum);
        }
    } catch (const multirank::end_of_file &) {
        return sum;
    }
}

void pipe_among_the_arguments_is_held()
{
    auto [mine, its] = multirank::pipe<int>();
    multirank::process child(multirank::fn<answer>, its);

    its.destroy();
    child.start();
    mine.send(20);
    MRT_EQUAL(mine.recv(), 20);
    mine.send(22);
    MRT_EQUAL(mine.recv(), 42);
    mine.destroy();
    child.join();
    MRT_EQUAL(child.exit_code().value_or(-1), 42);
}

void processes_are_started_by_one_call_and_known_as_children()
{
    multirank::queue<std::string> parents, go;
    std::vector<multirank::process> children;

    for (int i = 0; i < 5; i++) {
        children.emplace_back(
            [](const multirank::queue_handle<std::string> &to,
               const multirank::queue_handle<std::string> &until) {
                to.put(multirank::parent_process().value().name());
                until.get();
            },
            parents, go);
    }
    MRT_EQUAL(multirank::active_children().size(), 0);
    multirank::start_all(children);
    MRT_EQUAL(multirank::active_children().size(), 5);
    THROWS(MR_ERR_STATE, multirank::start_all(children));
    for (int i = 0; i < 5; i++) {
        MRT_TEXT(parents.get().c_str(), "MainProcess");
        go.put("");
    }
    for (const multirank::process &child : children) {
        child.join();
    }
    MRT_EQUAL(multirank::active_children().size(), 0);
}

void sleep_for_ever(multirank::queue_handle<int> never)
{
    never.get();
}

void process_is_terminated_killed_and_interrupted()
{
    multirank::queue<int> never;
    multirank::process first(multirank::fn<sleep_for_ever>, never);
    multirank::process second(multirank::fn<sleep_for_ever>, never);
    multirank::process third(multirank::fn<sleep_for_ever>, never);

    first.start();
    second.start();
    third.start();
    MRT_CHECK(first.is_alive());
    MRT_CHECK(!first.try_join_for(brief));
    first.terminate();
    second.kill();
    third.interrupt();
    MRT_EQUAL(multirank::wait({first}, guard).size(), 1);
    first.join();
    second.join();
    third.join();
    MRT_EQUAL(first.exit_code().value_or(0), -SIGTERM);
    MRT_EQUAL(second.exit_code().value_or(0), -SIGKILL);
    MRT_EQUAL(third.exit_code().value_or(0), -SIGINT);
}

void process_is_joined_at_the_end_of_its_variable()
{
    multirank::value<int> count;

    for (int i = 0; i < 3; i++) {
        multirank::process child(
            [](const multirank::value_handle<int> &counted) { counted.add(1); },
            count);

        child.start();
    }
    MRT_EQUAL(count.get(), 3);
}

void daemon_is_terminated_at_the_end_of_its_variable()
{
    multirank::queue<int> never;
    multirank::process_handle left;

    {
        multirank::process child(multirank::fn<sleep_for_ever>, never);

        child.set_daemon(true);
        MRT_CHECK(child.daemon());
        child.start();
        left = child.handle();
    }
    THROWS(MR_ERR_STALE, left.is_alive());
}

void exception_kills_the_process_that_it_leaves()
{
    multirank::queue<int> never;
    bool thrown = false;

    try {
        multirank::process child(multirank::fn<sleep_for_ever>, never);

        child.start();
        throw std::runtime_error("leave");
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    MRT_CHECK(thrown);
}

void process_is_moved_and_given_up()
{
    multirank::queue<int> numbers;
    std::vector<multirank::process> children;

    for (int i = 0; i < 3; i++) {
        children.emplace_back(
            [](const multirank::queue_handle<int> &to, int n) { to.put(n); },
            numbers, i);
        children.back().start();
    }
    children.front() = std::move(children.back());
    MRT_CHECK(!children.back());
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        sum += numbers.get();
    }
    MRT_EQUAL(sum, 3);
    const multirank::process_handle left = children.front().detach();
    left.join();
    multirank::process(left).destroy();
    THROWS(MR_ERR_STALE, left.join());
}

void topology_tells_of_all_ranks()
{
    int ranks = 0;

    for (int rank = 0; rank < multirank::size(); rank++) {
        const multirank::topology node(rank);

        MRT_CHECK(!node.items().empty());
        MRT_CHECK(node->host[0] != '\0');
        for (const auto &resident : node.residents()) {
            ranks += resident.rank == rank && resident.name[0] == '\0';
        }
    }
    MRT_EQUAL(ranks, multirank::size());
    THROWS(MR_ERR_ARGUMENT, multirank::topology nowhere{multirank::size()});
}

void process_says_what_is_wrong()
{
    multirank::process_options options;
    multirank::process child([] {});

    options.name = std::string(MR_NAME_SIZE, 'n');
    THROWS(MR_ERR_ARGUMENT, multirank::process(options, [] {}));
    THROWS(MR_ERR_STATE, child.join());
    child.start();
    THROWS(MR_ERR_STATE, child.start());
    THROWS(MR_ERR_STATE, child.set_daemon(true));
    THROWS(MR_ERR_STATE, multirank::child_hooks(nullptr, nullptr));
    THROWS(MR_ERR_STATE, multirank::fork_hooks(nullptr, nullptr));
}

void exception_names_the_wrong_argument()
{
    std::string text;

    try {
        multirank::topology nowhere{multirank::size()};
    } catch (const multirank::error &thrown) {
        text = thrown.what();
    }
    MRT_CHECK(text.find("mr_topology_read: rank") != std::string::npos);
    MRT_CHECK(multirank::last_error(MR_ERR_ARGUMENT) != "");
    MRT_CHECK(multirank::last_error(MR_ERR_FAR) == "");
}

const mrt_test tests[] = {
    TEST(exception_names_the_wrong_argument),
    TEST(process_gets_its_arguments),
    TEST(process_runs_a_lambda),
    TEST(process_has_a_name_and_knows_itself),
    TEST(exit_code_is_1_after_an_unhandled_exception),
    TEST(pipe_among_the_arguments_is_held),
    TEST(processes_are_started_by_one_call_and_known_as_children),
    TEST(process_is_terminated_killed_and_interrupted),
    TEST(process_is_joined_at_the_end_of_its_variable),
    TEST(daemon_is_terminated_at_the_end_of_its_variable),
    TEST(exception_kills_the_process_that_it_leaves),
    TEST(process_is_moved_and_given_up),
    TEST(topology_tells_of_all_ranks),
    TEST(process_says_what_is_wrong),
};

} // namespace

int main(int argc, char **argv)
{
    return suite_main("process", tests, MRT_COUNT(tests), argc, argv);
}
