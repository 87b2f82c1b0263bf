/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_barrier: all pass or all are told that it is broken.
 */
#include "mpi/sync_support.h"

static bool make(scene *s, unsigned int parties, mr_barrier_action *action)
{
    const mr_barrier_options options = {.place = MR_ON_RANK(mr_size() - 1),
                                        .action = action};

    return make_queues(s) &&
           MRT_OK(mr_barrier_create(&s->barrier, parties, &options));
}

static void destroy(const scene *s)
{
    MRT_OK(mr_barrier_destroy(s->barrier));
    destroy_queues(s);
}

static mr_barrier_state state_of(const scene *s)
{
    mr_barrier_state state = {0};

    MRT_OK(mr_barrier_get_state(s->barrier, &state));
    return state;
}

static int pass(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_OK(mr_barrier_wait(s->barrier, MR_FOREVER, NULL));
    return child_result();
}

static int find_it_broken(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_ERROR(mr_barrier_wait(s->barrier, MR_FOREVER, NULL), MR_ERR_BROKEN);
    return child_result();
}

/* As if nothing had been. */
static void reset_and_pass(const scene *s)
{
    mr_process child;

    MRT_OK(mr_barrier_reset(s->barrier));
    MRT_CHECK(!state_of(s).broken);
    MRT_EQUAL(state_of(s).waiting, 0);
    START(&child, rank_of(1), pass, s, sizeof *s);
    await_ready(s);
    MRT_OK(mr_barrier_wait(s->barrier, GUARD, NULL));
    END(child, 0);
}

static void barrier_refuses_no_parties_and_null(void)
{
    mr_barrier barrier;
    scene s;

    MRT_ERROR(mr_barrier_create(&barrier, 0, NULL), MR_ERR_ARGUMENT);
    make(&s, 1, NULL);
    MRT_ERROR(mr_barrier_get_state(s.barrier, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_barrier_wait(s.barrier, 0, NULL));
    destroy(&s);
}

enum { PARTIES = 4 };

static int pass_and_tell_number(const void *argument, size_t size)
{
    const scene *s = argument;
    unsigned int number = PARTIES;

    (void)size;
    CHILD_OK(mr_barrier_wait(s->barrier, GUARD, &number));
    CHILD_OK(mr_queue_put(s->ready, &number, sizeof number, GUARD));
    return child_result();
}

static void barrier_gives_each_party_its_index(void)
{
    mr_process children[PARTIES];
    unsigned int seen = 0;
    scene s;

    make(&s, PARTIES, NULL);
    for (int i = 0; i < PARTIES; i++) {
        START(&children[i], rank_of(i), pass_and_tell_number, &s, sizeof s);
    }
    for (int i = 0; i < PARTIES; i++) {
        unsigned int number = PARTIES;

        MRT_OK(mr_queue_get(s.ready, &number, sizeof number, NULL, GUARD));
        MRT_CHECK(number < PARTIES);
        seen |= 1u << (number & 31);
        END(children[i], 0);
    }
    MRT_EQUAL(seen, (1u << PARTIES) - 1);
    /* They ended as they should, which breaks nothing. */
    MRT_CHECK(!state_of(&s).broken);
    destroy(&s);
}

static void barrier_tells_parties_and_waiting(void)
{
    mr_process child;
    scene s;

    make(&s, 2, NULL);
    MRT_EQUAL(state_of(&s).parties, 2);
    MRT_EQUAL(state_of(&s).waiting, 0);
    start_sleeper(&child, 1, pass, &s);
    MRT_EQUAL(state_of(&s).waiting, 1);
    MRT_OK(mr_barrier_wait(s.barrier, GUARD, NULL));
    END(child, 0);
    destroy(&s);
}

static void barrier_time_out_breaks_it_for_all(void)
{
    mr_process child;
    scene s;

    make(&s, 3, NULL);
    start_sleeper(&child, 1, find_it_broken, &s);
    MRT_ERROR(mr_barrier_wait(s.barrier, SHORT, NULL), MR_ERR_TIMEOUT);
    END(child, 0);
    MRT_CHECK(state_of(&s).broken);
    MRT_ERROR(mr_barrier_wait(s.barrier, GUARD, NULL), MR_ERR_BROKEN);
    destroy(&s);
    make(&s, 2, NULL);
    MRT_ERROR(mr_barrier_wait(s.barrier, 0, NULL), MR_ERR_TIMEOUT);
    reset_and_pass(&s);
    destroy(&s);
}

static void barrier_abort_and_reset_send_those_who_wait_away(void)
{
    mr_process child;
    scene s;

    make(&s, 2, NULL);
    start_sleeper(&child, 1, find_it_broken, &s);
    MRT_OK(mr_barrier_abort(s.barrier));
    END(child, 0);
    MRT_OK(mr_barrier_reset(s.barrier));
    start_sleeper(&child, 1, find_it_broken, &s);
    MRT_OK(mr_barrier_reset(s.barrier));
    END(child, 0);
    reset_and_pass(&s);
    destroy(&s);
}

static void barrier_breaks_when_one_who_waits_is_killed(void)
{
    scene s;

    make(&s, 3, NULL);
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process killed, other;

        start_sleeper(&killed, rank, find_it_broken, &s);
        start_sleeper(&other, rank + 1, find_it_broken, &s);
        kill_child(killed);
        END(other, 0);
        MRT_CHECK(state_of(&s).broken);
        MRT_OK(mr_barrier_reset(s.barrier));
    }
    destroy(&s);
}

static int pass_and_stay(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_barrier_wait(s->barrier, MR_FOREVER, NULL));
    tell_ready(s);
    await_go(s);
    return child_result();
}

/* It is missed in the next round. */
static void barrier_breaks_when_one_that_passed_is_killed(void)
{
    mr_process killed, other;
    scene s;

    make(&s, 2, NULL);
    START(&killed, rank_of(1), pass_and_stay, &s, sizeof s);
    MRT_OK(mr_barrier_wait(s.barrier, GUARD, NULL));
    await_ready(&s);
    start_sleeper(&other, 2, find_it_broken, &s);
    kill_child(killed);
    END(other, 0);
    reset_and_pass(&s);
    destroy(&s);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static int arrive_and_die(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    (void)!mr_barrier_wait(s->barrier, MR_FOREVER, NULL);
    return 1;
}

static void barrier_breaks_when_its_action_is_killed(void)
{
    scene s;

    make(&s, 3, die);
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process actor, others[2];

        start_sleeper(&others[0], rank + 1, find_it_broken, &s);
        start_sleeper(&others[1], rank + 2, find_it_broken, &s);
        START(&actor, rank, arrive_and_die, &s, sizeof s);
        END(actor, -SIGKILL);
        END(others[0], 0);
        END(others[1], 0);
        MRT_CHECK(state_of(&s).broken);
        MRT_EQUAL(state_of(&s).waiting, 0);
        MRT_OK(mr_barrier_reset(s.barrier));
    }
    destroy(&s);
}

static mr_value acts;

static void count_act(void)
{
    const int64_t one = 1;

    CHILD_OK(mr_value_add(acts, &one, NULL));
}

typedef struct acting {
    scene scene;
    mr_value acts;
} acting;

static int pass_ten_times(const void *argument, size_t size)
{
    const acting *a = argument;

    (void)size;
    acts = a->acts;
    /* Two waits for each look, so that nobody acts before all have looked. */
    for (int64_t i = 1; i <= 10; i += 2) {
        int64_t count = -1;

        CHILD_OK(mr_barrier_wait(a->scene.barrier, GUARD, NULL));
        CHILD_OK(mr_value_get(acts, &count));
        CHILD_CHECK(count == i);
        CHILD_OK(mr_barrier_wait(a->scene.barrier, GUARD, NULL));
    }
    return child_result();
}

static void barrier_runs_its_action_once_by_the_last(void)
{
    mr_process children[PARTIES];
    int64_t count = -1;
    acting a;

    make(&a.scene, PARTIES, count_act);
    MRT_OK(mr_value_create(&a.acts, MR_INT64, NULL, NULL));
    for (int i = 0; i < PARTIES; i++) {
        START(&children[i], rank_of(i), pass_ten_times, &a, sizeof a);
    }
    for (int i = 0; i < PARTIES; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_value_get(a.acts, &count));
    MRT_EQUAL(count, 10);
    MRT_OK(mr_value_destroy(a.acts));
    destroy(&a.scene);
}

static const mrt_test tests[] = {
    MRT_TEST(barrier_refuses_no_parties_and_null),
    MRT_TEST(barrier_gives_each_party_its_index),
    MRT_TEST(barrier_tells_parties_and_waiting),
    MRT_TEST(barrier_time_out_breaks_it_for_all),
    MRT_TEST(barrier_abort_and_reset_send_those_who_wait_away),
    MRT_TEST(barrier_breaks_when_one_who_waits_is_killed),
    MRT_TEST(barrier_breaks_when_one_that_passed_is_killed),
    MRT_TEST(barrier_breaks_when_its_action_is_killed),
    MRT_TEST(barrier_runs_its_action_once_by_the_last),
};

int main(int argc, char **argv)
{
    return suite_main("barrier", tests, MRT_COUNT(tests), argc, argv);
}
