/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a pipe, and of a holder of its ends.  `first`
 * receives, `second` sends.
 */
#include "fault/kill.h"

enum { VICTIMS = 100, MESSAGES = 3, HOLDERS = 8 };

static unsigned char message[HUGE_];

/* ---- messages ------------------------------------------------------------ */

static mr_error send(mr_pipe_end end, size_t size, unsigned int seed)
{
    pattern_fill(message, size, seed);
    return mr_pipe_send(end, message, size, GUARD);
}

enum { NONE = -1, END_OF_FILE = -2, GONE = -3, WRONG = -4 };

/* The seed of the next message, or why there is none. */
static int recv_one(mr_pipe_end end, size_t expected, double timeout)
{
    size_t size = 0;
    mr_error error = mr_pipe_recv(end, message, sizeof message, &size, timeout);

    if (error != MR_OK) {
        return error == MR_ERR_TIMEOUT       ? NONE
               : error == MR_ERR_END_OF_FILE ? END_OF_FILE
               : error == MR_ERR_STALE       ? GONE
                                             : WRONG;
    }
    for (int seed = 0; size == expected && seed <= VICTIMS; seed++) {
        if (pattern_holds(message, size, (unsigned int)seed)) {
            return seed;
        }
    }
    return WRONG;
}

static void send_some(const scene *s, int first, int end)
{
    for (int i = first; i < end; i++) {
        MRT_OK(send(s->second, s->item, (unsigned int)i));
    }
}

static void expect_some(const scene *s, int first, int end)
{
    for (int i = first; i < end; i++) {
        MRT_EQUAL(recv_one(s->first, s->item, GUARD), i);
    }
}

/* ---- scenes -------------------------------------------------------------- */

static bool make_pipe(scene *s, size_t size, int messages)
{
    s->item = size;
    if (!MRT_OK(mr_pipe_create(&s->first, &s->second, s->k % 2 == 0))) {
        return false;
    }
    send_some(s, 0, messages);
    return !mrt_failed();
}

static bool empty(scene *s)
{
    return make_pipe(s, SMALL, 0);
}

static bool small_messages(scene *s)
{
    return make_pipe(s, SMALL, MESSAGES);
}

static bool large_messages(scene *s)
{
    return make_pipe(s, LARGE, MESSAGES);
}

static bool huge_messages(scene *s)
{
    return make_pipe(s, HUGE_, MESSAGES);
}

static bool no_scene(scene *s)
{
    (void)s;
    return true;
}

/* The end goes from rank 0 to the victim. */
static void hand_over_end(scene *s, mr_pipe_end end)
{
    s->ends[s->ends_count++] = end;
}

/* The victim is the only sender. */
static bool victim_sends(scene *s)
{
    if (!small_messages(s)) {
        return false;
    }
    hand_over_end(s, s->second);
    return true;
}

static bool victim_receives(scene *s)
{
    if (!small_messages(s)) {
        return false;
    }
    hand_over_end(s, s->first);
    return true;
}

static bool victim_holds_both(scene *s)
{
    if (!large_messages(s)) {
        return false;
    }
    hand_over_end(s, s->first);
    hand_over_end(s, s->second);
    return true;
}

static int receive_or_end(const void *argument, size_t size)
{
    const scene *s = argument;
    int seed = recv_one(s->first, s->item, GUARD);

    (void)size;
    return seed == NONE ? 255 : seed == END_OF_FILE ? 254 : seed;
}

static bool victim_sends_to_sleeper(scene *s)
{
    if (!empty(s) || !start_peer(s, receive_or_end)) {
        return false;
    }
    await_sleepers(s->first.handle, 0, 1, NULL);
    hand_over_end(s, s->second);
    return true;
}

static bool sleeper(scene *s)
{
    if (!empty(s) || !start_peer(s, receive_or_end)) {
        return false;
    }
    await_sleepers(s->first.handle, 0, 1, NULL);
    return true;
}

static int hold_until_told(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_pipe_attach(s->first));
    CHILD_OK(mr_queue_put(s->other, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
    return child_result();
}

/* So many holders that one more makes the table grow: rank 0 has two rows,
 * one process could take two more, so there is one process for each. */
static mr_process holders[HOLDERS];

static bool full_table(scene *s)
{
    if (!small_messages(s) || !MRT_OK(mr_queue_create(&s->queue, NULL)) ||
        !MRT_OK(mr_queue_create(&s->other, NULL))) {
        return false;
    }
    for (int i = 0; i < HOLDERS - 2; i++) {
        if (!START(&holders[i], rank_of(i), hold_until_told, s, sizeof *s)) {
            return false;
        }
    }
    for (int i = 0; i < HOLDERS - 2; i++) {
        MRT_OK(mr_queue_get(s->other, NULL, 0, NULL, GUARD));
    }
    return true;
}

/* ---- operations ---------------------------------------------------------- */

static void send_one(const scene *s)
{
    CHILD_OK(send(s->second, s->item, VICTIMS));
}

static void receive_one(const scene *s)
{
    CHILD_CHECK(recv_one(s->first, s->item, GUARD) >= 0);
}

static void receive_and_close(const scene *s)
{
    receive_one(s);
    CHILD_OK(mr_pipe_close(s->first));
}

static void close_second(const scene *s)
{
    CHILD_OK(mr_pipe_close(s->second));
}

static void close_both(const scene *s)
{
    CHILD_OK(mr_pipe_close(s->first));
    CHILD_OK(mr_pipe_close(s->second));
}

static void attach(const scene *s)
{
    CHILD_OK(mr_pipe_attach(s->second));
}

static void attach_and_close(const scene *s)
{
    CHILD_OK(mr_pipe_attach(s->first));
    CHILD_OK(mr_pipe_close(s->first));
}

static void poll_in_vain(const scene *s)
{
    bool ready = true;

    CHILD_OK(mr_pipe_poll(s->first, 0.001, &ready));
    CHILD_CHECK(!ready);
}

static void create(const scene *s)
{
    mr_pipe_end first, second;

    CHILD_OK(mr_pipe_create(&first, &second, s->k % 2 == 0));
}

static void create_and_close(const scene *s)
{
    mr_pipe_end first, second;

    CHILD_OK(mr_pipe_create(&first, &second, s->k % 2 == 0));
    CHILD_OK(send(second, LARGE, VICTIMS));
    CHILD_OK(mr_pipe_close(first));
    CHILD_OK(mr_pipe_close(second));
}

/* ---- meanwhile ----------------------------------------------------------- */

static void send_to_victim(scene *s)
{
    await_sleepers(s->first.handle, 0, 0, &s->victim);
    send_some(s, 0, 1);
}

/* One message for two. */
static void send_to_one(scene *s)
{
    await_sleepers(s->first.handle, 0, 0, &s->victim);
    if (start_peer(s, receive_or_end)) {
        await_sleepers(s->first.handle, 0, 1, &s->victim);
    }
    send_some(s, 0, 1);
}

/* ---- checks -------------------------------------------------------------- */

static void use_pipe(const scene *s)
{
    static const size_t sizes[] = {SMALL, LARGE, HUGE_};
    bool ready = true;

    for (unsigned int i = 0; i < MRT_COUNT(sizes); i++) {
        CHILD_OK(send(s->second, sizes[i], i));
        CHILD_OK(mr_pipe_poll(s->first, GUARD, &ready));
        CHILD_CHECK(ready);
        CHILD_CHECK(recv_one(s->first, sizes[i], GUARD) == (int)i);
    }
    CHILD_OK(mr_pipe_poll(s->first, 0, &ready));
    CHILD_CHECK(!ready);
    if (s->k % 2 == 0) {
        CHILD_OK(send(s->first, LARGE, 3));
        CHILD_CHECK(recv_one(s->second, LARGE, GUARD) == 3);
    }
    CHILD_CHECK(recv_one(s->first, SMALL, 0.001) == NONE);
}

/* Rank 0 is the last holder of both ends. */
static void close_up(scene *s)
{
    MRT_OK(mr_pipe_close(s->second));
    MRT_EQUAL(recv_one(s->first, s->item, GUARD), END_OF_FILE);
    MRT_OK(mr_pipe_close(s->first));
    MRT_EQUAL(recv_one(s->first, s->item, 0), GONE);
}

static void finish(scene *s)
{
    USE(use_pipe, s);
    close_up(s);
}

static void check_sent(scene *s)
{
    int seed;

    expect_some(s, 0, MESSAGES);
    seed = recv_one(s->first, s->item, 0);
    MRT_CHECK(seed == VICTIMS || seed == NONE);
    check_effect(s, seed == VICTIMS);
    finish(s);
}

static void check_received(scene *s)
{
    int seed = recv_one(s->first, s->item, GUARD);

    MRT_CHECK(seed == 0 || seed == 1);
    check_effect(s, seed == 1);
    expect_some(s, seed + 1, MESSAGES);
    finish(s);
}

static void check_unchanged(scene *s)
{
    finish(s);
}

/* The only sender is gone: what it sent is there, then the end of file. */
static void check_sender_gone(scene *s)
{
    int seed;

    expect_some(s, 0, MESSAGES);
    seed = recv_one(s->first, s->item, GUARD);
    MRT_CHECK(seed == VICTIMS || seed == END_OF_FILE);
    check_effect(s, seed == VICTIMS);
    MRT_EQUAL(recv_one(s->first, s->item, GUARD), END_OF_FILE);
    MRT_OK(mr_pipe_close(s->first));
    MRT_EQUAL(recv_one(s->first, s->item, 0), GONE);
}

static void check_closed(scene *s)
{
    expect_some(s, 0, MESSAGES);
    MRT_EQUAL(recv_one(s->first, s->item, GUARD), END_OF_FILE);
    MRT_OK(mr_pipe_close(s->first));
    MRT_EQUAL(recv_one(s->first, s->item, 0), GONE);
}

static void check_receiver_gone(scene *s)
{
    MRT_ERROR(send(s->second, s->item, 0), MR_ERR_CLOSED);
    MRT_OK(mr_pipe_close(s->second));
    MRT_EQUAL(recv_one(s->first, s->item, 0), GONE);
}

static void check_pipe_gone(scene *s)
{
    MRT_EQUAL(recv_one(s->first, s->item, 0), GONE);
    MRT_ERROR(mr_pipe_close(s->second), MR_ERR_STALE);
}

static void check_nothing(scene *s)
{
    (void)s;
}

static void end_peer_with(const scene *s, int expected)
{
    END(s->peer, expected);
}

/* The sleeper got the message or the end of file. */
static void check_sleeper_ended(scene *s)
{
    int code = -1;

    MRT_OK(mr_process_join(s->peer, GUARD));
    MRT_OK(mr_process_exit_code(s->peer, &code));
    MRT_CHECK(code == VICTIMS || code == 254);
    check_effect(s, code == VICTIMS);
    end_peer_with(s, code);
    MRT_EQUAL(recv_one(s->first, s->item, GUARD), END_OF_FILE);
    MRT_OK(mr_pipe_close(s->first));
}

static void check_closed_for_sleeper(scene *s)
{
    end_peer_with(s, 254);
    MRT_OK(mr_pipe_close(s->first));
}

static void check_sent_to_sleeper(scene *s)
{
    int code = -1;

    send_some(s, 0, 1);
    MRT_OK(mr_process_join(s->peer, GUARD));
    MRT_OK(mr_process_exit_code(s->peer, &code));
    MRT_CHECK(code == VICTIMS || code == 0);
    check_effect(s, code == VICTIMS);
    end_peer_with(s, code);
    if (code == VICTIMS) {
        expect_some(s, 0, 1);
    }
    finish(s);
}

static void check_message_given(scene *s)
{
    int seed = recv_one(s->first, s->item, 0);

    MRT_CHECK(seed == NONE || seed == 0);
    check_effect(s, seed == NONE);
    finish(s);
}

static void check_message_given_to_one(scene *s)
{
    int code = -1;

    send_some(s, 1, 2);
    MRT_OK(mr_process_join(s->peer, GUARD));
    MRT_OK(mr_process_exit_code(s->peer, &code));
    MRT_CHECK(code == 1 || (code == 0 && s->killed));
    end_peer_with(s, code);
    if (code == 0) {
        expect_some(s, 1, 2);
    }
    finish(s);
}

static void check_full_table(scene *s)
{
    for (int i = 0; i < HOLDERS - 2; i++) {
        MRT_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
    }
    for (int i = 0; i < HOLDERS - 2; i++) {
        END(holders[i], 0);
    }
    expect_some(s, 0, MESSAGES);
    MRT_OK(mr_queue_destroy(s->queue));
    MRT_OK(mr_queue_destroy(s->other));
    finish(s);
}

static void check_attached(scene *s)
{
    expect_some(s, 0, MESSAGES);
    finish(s);
}

#define ROW(name, prepare, operate, meanwhile, check)         \
    {                                                         \
        name, prepare, NULL, operate, meanwhile, check, false \
    }

const operation operations[] = {
    ROW("pipe_send_small", small_messages, send_one, NULL, check_sent),
    ROW("pipe_send_large", large_messages, send_one, NULL, check_sent),
    ROW("pipe_send_huge", huge_messages, send_one, NULL, check_sent),
    ROW("pipe_send_to_sleeper", sleeper, send_one, NULL, check_sent_to_sleeper),
    ROW("pipe_recv_small", small_messages, receive_one, NULL, check_received),
    ROW("pipe_recv_large", large_messages, receive_one, NULL, check_received),
    ROW("pipe_recv_huge", huge_messages, receive_one, NULL, check_received),
    ROW("pipe_recv_sleeps", empty, receive_one, send_to_victim,
        check_message_given),
    ROW("pipe_recv_before_another", empty, receive_one, send_to_one,
        check_message_given_to_one),
    ROW("pipe_poll_times_out", empty, poll_in_vain, NULL, check_unchanged),
    ROW("pipe_send_by_only_sender", victim_sends, send_one, NULL,
        check_sender_gone),
    ROW("pipe_send_to_sleeper_by_only_sender", victim_sends_to_sleeper,
        send_one, NULL, check_sleeper_ended),
    ROW("pipe_recv_by_only_receiver", victim_receives, receive_and_close, NULL,
        check_receiver_gone),
    ROW("pipe_close", victim_sends, close_second, NULL, check_closed),
    ROW("pipe_close_with_sleeper", victim_sends_to_sleeper, close_second, NULL,
        check_closed_for_sleeper),
    ROW("pipe_close_by_last_holder", victim_holds_both, close_both, NULL,
        check_pipe_gone),
    ROW("pipe_attach", small_messages, attach, NULL, check_attached),
    ROW("pipe_attach_and_close", small_messages, attach_and_close, NULL,
        check_attached),
    ROW("pipe_attach_to_full_table", full_table, attach, NULL,
        check_full_table),
    ROW("pipe_create", no_scene, create, NULL, check_nothing),
    ROW("pipe_create_and_close", no_scene, create_and_close, NULL,
        check_nothing),
};

int main(int argc, char **argv)
{
    return kill_main("fault/pipe", MRT_COUNT(operations), NULL, 0, argc, argv);
}
