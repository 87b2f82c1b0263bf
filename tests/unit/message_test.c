/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages over the fake net: the scenes with ranks as threads, and failures
 * with one thread that plays the ranks in turn.
 */
#include "unit/message_fake.h"
#include "unit/message_scenes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/fault.h"

enum { MOST_RANKS = 8 };

static fake_net *net;
static mri_messages states[MOST_RANKS];
static unsigned int ranks;

/* ---- ranks --------------------------------------------------------------- */

/* The calling thread plays a rank from now on. */
static void act(unsigned int rank)
{
    mri_messages_become(&states[rank]);
}

static void begin(unsigned int count, uint64_t seed, unsigned int delay)
{
    ranks = count;
    net = fake_net_make(count, seed, delay);
    for (unsigned int rank = 0; rank < count; rank++) {
        act(rank);
        MRT_OK(mri_message_begin(fake_net_transport(net, rank), count));
        states[rank].fragment = SCENE_FRAGMENT;
    }
}

static void end(unsigned int left)
{
    for (unsigned int rank = 0; rank < ranks; rank++) {
        act(rank);
        mri_message_end();
    }
    mri_messages_become(NULL);
    MRT_EQUAL(fake_net_under_way(net), left);
    fake_net_free(net);
}

/* ---- scenes -------------------------------------------------------------- */

static scene *played;

static void *actor(void *number)
{
    unsigned int rank = (unsigned int)(uintptr_t)number;

    act(rank);
    mri_message_lock();
    played(rank, ranks);
    mri_message_unlock();
    return NULL;
}

static void play(scene *s, unsigned int count, uint64_t seed,
                 unsigned int delay)
{
    pthread_t threads[MOST_RANKS];

    begin(count, seed, delay);
    played = s;
    for (uintptr_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, actor, (void *)i) != 0) {
            abort();
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    end(0);
}

static void play_all(scene *s)
{
    static const unsigned int counts[] = {1, 2, 3, 5};
    static const unsigned int delays[] = {0, 3, 40};

    for (uint64_t i = 0; i < MRT_COUNT(counts); i++) {
        for (uint64_t k = 0; k < MRT_COUNT(delays); k++) {
            play(s, counts[i], 1 + i * 10 + k, delays[k]);
        }
    }
}

static void small_messages_keep_their_order(void)
{
    play_all(scene_all_to_all);
}

static void one_rank_takes_from_many(void)
{
    play_all(scene_many_to_one);
}

static void bulk_and_small_messages_mix(void)
{
    play_all(scene_bulk);
}

static void crowd_passes(void)
{
    play_all(scene_crowd);
}

static void messages_go_there_and_back(void)
{
    play(scene_ping_pong, 2, 7, 3);
}

/* ---- small messages, in turn --------------------------------------------- */

static unsigned char bytes[MRI_MESSAGE_MAX + 1];

static void send_from(unsigned int from, unsigned int to, size_t size,
                      uint64_t seed)
{
    act(from);
    scene_fill(bytes, size, seed);
    MRT_OK(mri_message_send(to, bytes, size, NULL, 0));
}

static void take_at(unsigned int to, unsigned int from, size_t size,
                    uint64_t seed)
{
    const void *got;
    unsigned int who;
    size_t got_size;

    act(to);
    if (scene_next(&who, &got, &got_size)) {
        MRT_EQUAL(who, from);
        MRT_EQUAL(got_size, size);
        MRT_CHECK(scene_holds(got, got_size, seed));
    }
}

static bool nothing_at(unsigned int to)
{
    const void *got;
    unsigned int who;
    size_t size;

    act(to);
    return MRT_CHECK(!mri_message_next(&who, &got, &size));
}

static void settle_all(void)
{
    for (unsigned int rank = 0; rank < ranks; rank++) {
        act(rank);
        scene_settle();
    }
}

static void larger_than_the_limit_is_too_large(void)
{
    begin(1, 1, 0);
    act(0);
    MRT_ERROR(mri_message_send(0, bytes, MRI_MESSAGE_MAX, bytes, 1),
              MR_ERR_TOO_LARGE);
    MRT_ERROR(mri_message_send(0, bytes, MRI_MESSAGE_MAX + 1, NULL, 0),
              MR_ERR_TOO_LARGE);
    MRT_ERROR(mri_message_send(0, bytes, 1, bytes, SIZE_MAX), MR_ERR_TOO_LARGE);
    MRT_CHECK(mri_message_idle());
    nothing_at(0);
    end(0);
}

/* While the body of rank 0's long message does not come, what rank 2 sends
 * passes it, and what rank 0 sends does not. */
static void message_of_another_rank_overtakes_an_incomplete_one(void)
{
    begin(3, 1, 0);
    fake_net_hold(net, 0, 1, MRI_CHANNEL_LONG, true);
    send_from(0, 1, MRI_MESSAGE_MAX, 1);
    send_from(0, 1, 5, 2);
    send_from(2, 1, 6, 3);
    take_at(1, 2, 6, 3);
    for (int i = 0; i < 20; i++) {
        nothing_at(1);
    }
    fake_net_hold(net, 0, 1, MRI_CHANNEL_LONG, false);
    take_at(1, 0, MRI_MESSAGE_MAX, 1);
    take_at(1, 0, 5, 2);
    settle_all();
    end(0);
}

static void small_messages_crowd_too(void)
{
    begin(2, 3, 0);
    fake_net_hold(net, 0, 1, MRI_CHANNEL_LONG, true);
    for (int i = 0; i < MRI_MESSAGES_UNDER_WAY; i++) {
        send_from(0, 1, 10000, (uint64_t)i);
    }
    act(0);
    MRT_CHECK(mri_message_crowded());
    for (int i = 0; i < 1000; i++) {
        mri_message_progress();
    }
    MRT_CHECK(mri_message_crowded());
    fake_net_hold(net, 0, 1, MRI_CHANNEL_LONG, false);
    for (int i = 0; i < MRI_MESSAGES_UNDER_WAY; i++) {
        take_at(1, 0, 10000, (uint64_t)i);
    }
    settle_all();
    act(0);
    MRT_CHECK(!mri_message_crowded());
    end(0);
}

/* One that does not answer keeps nobody else's messages from being seen to
 * have left. */
static void silent_rank_holds_nobody_up(void)
{
    begin(3, 3, 0);
    fake_net_hold(net, 0, 1, MRI_CHANNEL_LONG, true);
    for (int i = 0; i < 20; i++) {
        send_from(0, 1, 10000, 1);
    }
    send_from(0, 2, 10000, 2);
    take_at(2, 0, 10000, 2);
    for (int i = 0; i < 20; i++) {
        nothing_at(1);
        act(0);
        mri_message_progress();
    }
    MRT_EQUAL(states[0].under_way, 20);
    mri_message_lose(1);
    MRT_CHECK(mri_message_idle());
    act(1);
    mri_message_lose(0);
    end(0);
}

static void messages_of_a_lost_rank_are_dropped(void)
{
    begin(3, 3, 0);
    send_from(0, 1, 8, 1);
    send_from(0, 1, 9000, 2);
    act(1);
    mri_message_lose(0);
    for (int i = 0; i < 20; i++) {
        nothing_at(1);
    }
    send_from(2, 1, 8, 3);
    take_at(1, 2, 8, 3);
    fake_net_cut(net, 0);
    end(0);
}

/* ---- bulk, in turn ------------------------------------------------------- */

typedef struct bulk {
    unsigned char memory[10 * SCENE_FRAGMENT];
    int calls; /* of done */
    bool kept;
    mr_error error;
    bool begins_more;
    bool loses;
} bulk;

static void bulk_done(void *user, mr_error error)
{
    bulk *b = user;

    b->calls++;
    b->error = error;
    b->kept = mri_bulk_kept();
    if (b->begins_more) {
        b->begins_more = false;
        b->error = mri_bulk_send(1, MRI_CALL_BULK, b->memory, sizeof b->memory,
                                 bulk_done, b);
    }
    if (b->loses) {
        mri_message_lose(1);
    }
}

static bulk *bulk_make(void)
{
    bulk *b = calloc(1, sizeof *b);

    if (!b) {
        abort();
    }
    return b;
}

static mr_error bulk_send(unsigned int from, unsigned int to, bulk *b)
{
    act(from);
    return mri_bulk_send(to, MRI_CALL_BULK, b->memory, sizeof b->memory,
                         bulk_done, b);
}

static mr_error bulk_receive(unsigned int to, unsigned int from, bulk *b)
{
    act(to);
    return mri_bulk_receive(from, MRI_CALL_BULK, b->memory, sizeof b->memory,
                            bulk_done, b);
}

static void bulk_ends(bulk *b, int calls, mr_error error)
{
    MRT_EQUAL(b->calls, calls);
    MRT_EQUAL(b->error, error);
    free(b);
}

/* Let the ranks work in turn until one fragment of a transfer has ended. */
static void begin_to_move(unsigned int from, unsigned int to)
{
    for (int i = 0; i < 1000 && states[to].peers[from].bulk[0].first &&
                    states[to].peers[from].bulk[0].first->ended == 0;
         i++) {
        act(from);
        mri_message_progress();
        act(to);
        mri_message_progress();
    }
    MRT_CHECK(states[to].peers[from].bulk[0].first &&
              states[to].peers[from].bulk[0].first->ended > 0);
}

static void done_may_begin_more(void)
{
    bulk *out = bulk_make(), *first = bulk_make(), *second = bulk_make();

    begin(2, 5, 2);
    out->begins_more = true;
    scene_fill(out->memory, sizeof out->memory, 4);
    MRT_OK(bulk_send(0, 1, out));
    MRT_OK(bulk_receive(1, 0, first));
    MRT_OK(bulk_receive(1, 0, second));
    for (int i = 0; i < 1000 && !(out->calls == 2 && second->calls == 1); i++) {
        act(0);
        mri_message_progress();
        act(1);
        mri_message_progress();
    }
    MRT_CHECK(scene_holds(second->memory, sizeof second->memory, 4));
    bulk_ends(out, 2, MR_OK);
    bulk_ends(first, 1, MR_OK);
    bulk_ends(second, 1, MR_OK);
    end(0);
}

/* Rank 1 is cut off while bulk and small messages are under way both ways;
 * rank 2 goes on. */
static void lose_in_the_middle(bool stubborn)
{
    bulk *out = bulk_make(), *in = bulk_make(), *queued = bulk_make();
    bulk *theirs = bulk_make(), *other = bulk_make(), *others = bulk_make();

    begin(3, 9, 2);
    MRT_OK(bulk_send(0, 1, out));
    MRT_OK(bulk_send(0, 1, queued));
    MRT_OK(bulk_receive(0, 1, in));
    MRT_OK(bulk_send(1, 0, theirs));
    MRT_OK(bulk_send(0, 2, other));
    MRT_OK(bulk_receive(2, 0, others));
    begin_to_move(1, 0);
    send_from(0, 1, MRI_MESSAGE_MAX, 1);
    send_from(1, 0, MRI_MESSAGE_MAX, 1);
    send_from(1, 0, 3, 1);
    fake_net_hold(net, 1, 0, MRI_CHANNEL_LONG, true);
    nothing_at(0);
    fake_net_cut(net, 1);
    if (stubborn) {
        fake_net_be_stubborn(net);
    }
    for (int i = 0; i < 100; i++) {
        nothing_at(0);
        mri_message_progress();
    }
    MRT_CHECK(!mri_message_idle());
    MRT_EQUAL(in->calls + out->calls + queued->calls, 0);
    mri_message_lose(1);
    MRT_EQUAL(out->kept, stubborn);
    MRT_EQUAL(in->kept, stubborn);
    MRT_CHECK(!queued->kept); /* none of it has begun */
    MRT_CHECK(!mri_bulk_kept());
    memset(out->memory, 7, sizeof out->memory);
    memset(in->memory, 7, sizeof in->memory);
    bulk_ends(out, 1, MR_ERR_OWNER_LOST);
    bulk_ends(queued, 1, MR_ERR_OWNER_LOST);
    bulk_ends(in, 1, MR_ERR_OWNER_LOST);

    MRT_ERROR(mri_message_send(1, "x", 1, NULL, 0), MR_ERR_OWNER_LOST);
    MRT_ERROR(bulk_send(0, 1, theirs), MR_ERR_OWNER_LOST);
    MRT_ERROR(bulk_receive(0, 1, theirs), MR_ERR_OWNER_LOST);
    mri_message_lose(1);
    act(1);
    mri_message_lose(0);
    bulk_ends(theirs, 1, MR_ERR_OWNER_LOST);
    for (int i = 0; i < 1000 && !(other->calls && others->calls); i++) {
        act(0);
        mri_message_progress();
        act(2);
        mri_message_progress();
    }
    bulk_ends(other, 1, MR_OK);
    bulk_ends(others, 1, MR_OK);
    send_from(0, 2, 8, 5);
    take_at(2, 0, 8, 5);
    settle_all();
}

static void all_of_a_lost_rank_ends_once(void)
{
    lose_in_the_middle(false);
    end(0);
}

/* What cannot be cancelled keeps its memory, and is not used again before it
 * has ended. */
static void what_cannot_be_cancelled_keeps_its_memory(void)
{
    lose_in_the_middle(true);
    MRT_CHECK(!mri_link_alone(&states[0].abandoned));
    for (int i = 0; i < 100; i++) {
        nothing_at(0);
    }
    /* Bulk is not asked about again, and stays with the net. */
    act(0);
    mri_message_end();
    MRT_CHECK(fake_net_under_way(net) > 0);
    act(1);
    mri_message_end();
    act(2);
    mri_message_end();
    mri_messages_become(NULL);
    fake_net_free(net);
}

static void done_may_lose_the_rank(void)
{
    bulk *out = bulk_make(), *next = bulk_make(), *in = bulk_make();

    begin(2, 5, 0);
    out->loses = true;
    MRT_OK(bulk_send(0, 1, out));
    MRT_OK(bulk_send(0, 1, next));
    MRT_OK(bulk_receive(1, 0, in));
    for (int i = 0; i < 1000 && next->calls == 0; i++) {
        act(0);
        mri_message_progress();
        act(1);
        mri_message_progress();
    }
    act(0);
    MRT_CHECK(mri_message_idle());
    bulk_ends(out, 1, MR_OK);
    bulk_ends(next, 1, MR_ERR_OWNER_LOST);
    act(1);
    mri_message_lose(0);
    MRT_EQUAL(in->calls, 1);
    free(in);
    fake_net_cut(net, 0);
    end(0);
}

static void end_ends_all_that_is_under_way(void)
{
    bulk *out = bulk_make(), *in = bulk_make();

    begin(2, 5, 3);
    MRT_OK(bulk_send(0, 1, out));
    MRT_OK(bulk_receive(0, 1, in));
    send_from(0, 1, MRI_MESSAGE_MAX, 1);
    act(0);
    mri_message_end();
    bulk_ends(out, 1, MR_ERR_OWNER_LOST);
    bulk_ends(in, 1, MR_ERR_OWNER_LOST);
    mri_message_end(); /* nothing is there any more */
    act(1);
    mri_message_end();
    mri_messages_become(NULL);
    fake_net_free(net);
}

/* ---- a transport that refuses -------------------------------------------- */

static void refused_fragment_ends_its_stream_only(void)
{
    bulk *out = bulk_make(), *queued = bulk_make(), *in = bulk_make();
    bulk *back = bulk_make(), *got = bulk_make();

    begin(2, 5, 0);
    fake_net_refuse(net, 0, MRI_CHANNEL_BULK, 6);
    MRT_OK(bulk_send(0, 1, out));
    MRT_OK(bulk_send(0, 1, queued));
    MRT_OK(bulk_receive(1, 0, in));
    MRT_OK(mri_bulk_send(0, MRI_REPLY_BULK, back->memory, sizeof back->memory,
                         bulk_done, back));
    act(0);
    MRT_OK(mri_bulk_receive(1, MRI_REPLY_BULK, got->memory, sizeof got->memory,
                            bulk_done, got));
    for (int i = 0; i < 1000 && !(out->calls && got->calls && back->calls);
         i++) {
        act(0);
        mri_message_progress();
        act(1);
        mri_message_progress();
    }
    bulk_ends(out, 1, MR_ERR_MPI);
    bulk_ends(queued, 1, MR_ERR_MPI);
    bulk_ends(got, 1, MR_OK);
    bulk_ends(back, 1, MR_OK);
    MRT_ERROR(bulk_send(0, 1, in), MR_ERR_MPI);
    send_from(0, 1, 8, 5);
    take_at(1, 0, 8, 5);
    act(1);
    mri_message_lose(0);
    bulk_ends(in, 1, MR_ERR_OWNER_LOST);
    fake_net_cut(net, 0);
    end(0);
}

static void refused_message_is_an_error(void)
{
    begin(2, 5, 0);
    act(0);
    fake_net_refuse(net, 0, MRI_CHANNEL_SHORT, 1);
    MRT_ERROR(mri_message_send(1, "x", 1, NULL, 0), MR_ERR_MPI);
    fake_net_refuse(net, 0, MRI_CHANNEL_LONG, 1);
    MRT_ERROR(mri_message_send(1, bytes, 9000, NULL, 0), MR_ERR_MPI);
    send_from(0, 1, 9000, 1);
    take_at(1, 0, 9000, 1);
    /* A body without announcement puts all that follows out of step. */
    fake_net_refuse(net, 0, MRI_CHANNEL_ANNOUNCEMENT, 1);
    act(0);
    MRT_ERROR(mri_message_send(1, bytes, 9000, NULL, 0), MR_ERR_MPI);
    MRT_ERROR(mri_message_send(1, "x", 1, NULL, 0), MR_ERR_OWNER_LOST);
    fake_net_cut(net, 0);
    end(0);
}

/* ---- memory -------------------------------------------------------------- */

#ifdef MRI_DEBUG

static void failed_allocations_are_errors_or_tried_again(void)
{
    bulk *b = bulk_make();

    begin(2, 5, 0);
    act(0);
    mri_fault_fail_allocation(1);
    MRT_ERROR(mri_message_send(1, "x", 1, NULL, 0), MR_ERR_NO_MEMORY);
    mri_fault_fail_allocation(1);
    MRT_ERROR(bulk_send(0, 1, b), MR_ERR_NO_MEMORY);
    mri_fault_fail_allocation(2);
    MRT_ERROR(mri_message_send(1, bytes, 9000, NULL, 0), MR_ERR_NO_MEMORY);
    mri_fault_fail_allocation(0);
    MRT_CHECK(mri_message_idle());
    send_from(0, 1, 9000, 1);
    send_from(0, 1, 10, 2);
    /* The receiver has no memory for the long one, then none for the short
     * one behind it. */
    for (int i = 0; i < 2; i++) {
        mri_fault_fail_allocation(1);
        nothing_at(1);
        MRT_EQUAL(mri_fault_fail_allocation(0), 0);
    }
    take_at(1, 0, 9000, 1);
    take_at(1, 0, 10, 2);
    settle_all();
    free(b);
    end(0);
}

#else

static void failed_allocations_are_errors_or_tried_again(void)
{
    mrt_skip("needs --enable-debug");
}

#endif

static void steady_state_needs_no_memory(void)
{
    const void *got;
    unsigned int who;
    size_t size;
    unsigned int kept;

    begin(1, 5, 0);
    send_from(0, 0, 9000, 1);
    take_at(0, 0, 9000, 1);
    nothing_at(0);
    settle_all();
    kept = states[0].free_lists[0].count + states[0].free_lists[1].count;
    MRT_EQUAL(kept, 3);
    act(0);
    for (int i = 0; i < 100; i++) {
        MRT_OK(mri_message_send(0, bytes, i % 2 ? 9000 : 8, NULL, 0));
        MRT_CHECK(scene_next(&who, &got, &size));
        scene_settle();
        nothing_at(0);
        MRT_EQUAL(states[0].free_lists[0].count + states[0].free_lists[1].count,
                  kept);
    }
    end(0);
}

/* ---- threads of one rank ------------------------------------------------- */

enum { THREADS = 3, EACH = 2000 };

static unsigned int taken; /* under the lock */

static void *share(void *unused)
{
    const void *got;
    unsigned int who, sent = 0;
    size_t size;
    bool all = false;

    (void)unused;
    act(0);
    while (!all && !mrt_failed()) {
        mri_message_lock();
        if (sent < EACH && !mri_message_crowded()) {
            sent++;
            MRT_OK(mri_message_send(0, &sent, sizeof sent, NULL, 0));
        }
        while (mri_message_next(&who, &got, &size)) {
            MRT_EQUAL(size, sizeof sent);
            taken++;
        }
        mri_message_progress();
        all = taken == THREADS * EACH;
        mri_message_unlock();
        mrt_pause();
    }
    return NULL;
}

static void threads_of_a_rank_share_its_messages(void)
{
    pthread_t threads[THREADS];

    begin(1, 5, 3);
    taken = 0;
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, share, NULL) != 0) {
            abort();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    MRT_EQUAL(taken, THREADS * EACH);
    act(0);
    MRT_CHECK(mri_message_try_lock());
    MRT_CHECK(!mri_message_try_lock());
    mri_message_unlock();
    settle_all();
    end(0);
}

/* ---- the suite ----------------------------------------------------------- */

static const mrt_test tests[] = {
    {"small_messages_keep_their_order", small_messages_keep_their_order, 120},
    {"one_rank_takes_from_many", one_rank_takes_from_many, 120},
    {"bulk_and_small_messages_mix", bulk_and_small_messages_mix, 60},
    {"crowd_passes", crowd_passes, 60},
    {"messages_go_there_and_back", messages_go_there_and_back, 0},
    {"larger_than_the_limit_is_too_large", larger_than_the_limit_is_too_large,
     0},
    {"message_of_another_rank_overtakes_an_incomplete_one",
     message_of_another_rank_overtakes_an_incomplete_one, 0},
    {"small_messages_crowd_too", small_messages_crowd_too, 0},
    {"silent_rank_holds_nobody_up", silent_rank_holds_nobody_up, 0},
    {"messages_of_a_lost_rank_are_dropped", messages_of_a_lost_rank_are_dropped,
     0},
    {"done_may_begin_more", done_may_begin_more, 0},
    {"all_of_a_lost_rank_ends_once", all_of_a_lost_rank_ends_once, 0},
    {"what_cannot_be_cancelled_keeps_its_memory",
     what_cannot_be_cancelled_keeps_its_memory, 0},
    {"done_may_lose_the_rank", done_may_lose_the_rank, 0},
    {"end_ends_all_that_is_under_way", end_ends_all_that_is_under_way, 0},
    {"refused_fragment_ends_its_stream_only",
     refused_fragment_ends_its_stream_only, 0},
    {"refused_message_is_an_error", refused_message_is_an_error, 0},
    {"failed_allocations_are_errors_or_tried_again",
     failed_allocations_are_errors_or_tried_again, 0},
    {"steady_state_needs_no_memory", steady_state_needs_no_memory, 0},
    {"threads_of_a_rank_share_its_messages",
     threads_of_a_rank_share_its_messages, 0},
};

int main(int argc, char **argv)
{
    return mrt_main("unit/message", tests, MRT_COUNT(tests), argc, argv);
}
