/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes: messages both ways, holders, end of file.
 */
#include "unit/fake.h"

#include <pthread.h>
#include <string.h>

enum { MESSAGES = 2000, HOLDERS = 21 };

typedef struct pipe_ends {
    mr_pipe_end ends[2];
    pthread_barrier_t barrier;
} pipe_ends;

static void pipe_carries_messages_of_all_sizes(void)
{
    static const size_t sizes[] = {0, 1, 56, 57, 5000, 100000};
    static char in[100000];
    static char out[100000];
    uint64_t before;
    mr_pipe_end a;
    mr_pipe_end b;
    size_t size;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    memset(in, 7, sizeof in);
    MRT_OK(mr_pipe_create(&a, &b, true));
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_OK(mr_pipe_send(a, in, sizes[i], 0));
        MRT_OK(mr_pipe_send(b, in, sizes[i] / 2, 0));
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        memset(out, 0, sizeof out);
        MRT_OK(mr_pipe_recv(b, out, sizeof out, &size, 0));
        MRT_EQUAL(size, sizes[i]);
        MRT_BYTES(out, in, size);
        MRT_OK(mr_pipe_recv(a, out, sizeof out, &size, 0));
        MRT_EQUAL(size, sizes[i] / 2);
    }
    MRT_ERROR(mr_pipe_recv(a, out, 1, &size, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_pipe_close(a));
    MRT_OK(mr_pipe_close(b));
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void pipe_of_one_direction_refuses_the_other(void)
{
    mr_pipe_end reader;
    mr_pipe_end writer;
    bool ready;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_pipe_create(&reader, &writer, false));
    MRT_ERROR(mr_pipe_send(reader, NULL, 0, 0), MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_recv(writer, NULL, 0, NULL, 0), MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_poll(writer, 0, &ready), MR_ERR_DIRECTION);
    MRT_OK(mr_pipe_poll(reader, 0.001, &ready));
    MRT_CHECK(!ready);
    MRT_OK(mr_pipe_send(writer, NULL, 0, 0));
    MRT_OK(mr_pipe_poll(reader, 0, &ready));
    MRT_CHECK(ready);
    MRT_OK(mr_pipe_close(reader));
    MRT_ERROR(mr_pipe_send(writer, NULL, 0, 0), MR_ERR_CLOSED);
    MRT_OK(mr_pipe_close(writer));
    fake_stop();
}

static void wait_refuses_a_side_that_no_pipe_has(void)
{
    mr_pipe_end a;
    mr_pipe_end b;
    mr_handle wrong;
    bool ready;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_pipe_create(&a, &b, true));
    wrong = a.handle;
    for (unsigned int part = 2; part < 5000; part = part * 2 + 1) {
        wrong.variant = (uint16_t)part;
        MRT_ERROR(mr_wait(&wrong, 1, 0.001, &ready), MR_ERR_STALE);
    }
    MRT_OK(mr_pipe_close(a));
    MRT_OK(mr_pipe_close(b));
    fake_stop();
}

static void pipe_ends_when_nobody_holds_the_other_side(void)
{
    mr_pipe_end a;
    mr_pipe_end b;
    bool ready;
    char byte;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_pipe_create(&a, &b, true));
    MRT_OK(mr_pipe_send(b, "x", 1, 0));
    MRT_OK(mr_pipe_close(b));
    MRT_ERROR(mr_pipe_close(b), MR_ERR_NOT_HELD);
    MRT_OK(mr_pipe_recv(a, &byte, 1, NULL, 0));
    MRT_ERROR(mr_pipe_recv(a, &byte, 1, NULL, MR_FOREVER), MR_ERR_END_OF_FILE);
    MRT_OK(mr_pipe_poll(a, MR_FOREVER, &ready));
    MRT_CHECK(ready);
    MRT_ERROR(mr_pipe_send(a, "x", 1, 0), MR_ERR_CLOSED);
    MRT_OK(mr_pipe_close(a));
    MRT_ERROR(mr_pipe_recv(a, &byte, 1, NULL, 0), MR_ERR_STALE);
    fake_stop();
}

static void send_and_close(unsigned int number, void *user)
{
    pipe_ends *p = user;
    uint64_t in = 0;

    MRT_OK(mr_pipe_attach(p->ends[number]));
    pthread_barrier_wait(&p->barrier);
    pthread_barrier_wait(&p->barrier); /* the creator closed its ends */
    for (uint64_t i = 0; number == 1 && i < MESSAGES; i++) {
        MRT_OK(mr_pipe_send(p->ends[1], &i, sizeof i, GUARD));
    }
    for (uint64_t i = 0; number == 0 && i < MESSAGES; i++) {
        MRT_OK(mr_pipe_recv(p->ends[0], &in, sizeof in, NULL, GUARD));
        MRT_EQUAL(in, i);
    }
    if (number == 0) {
        MRT_ERROR(mr_pipe_recv(p->ends[0], &in, sizeof in, NULL, GUARD),
                  MR_ERR_END_OF_FILE);
    }
    MRT_OK(mr_pipe_close(p->ends[number]));
}

/* Thread 2 creates the pipe and closes it at once; the others go on. */
static void hand_over(unsigned int number, void *user)
{
    pipe_ends *p = user;

    if (number < 2) {
        pthread_barrier_wait(&p->barrier);
        send_and_close(number, user);
        return;
    }
    MRT_OK(mr_pipe_create(&p->ends[0], &p->ends[1], false));
    pthread_barrier_wait(&p->barrier);
    pthread_barrier_wait(&p->barrier);
    MRT_OK(mr_pipe_close(p->ends[0]));
    MRT_OK(mr_pipe_close(p->ends[1]));
    pthread_barrier_wait(&p->barrier);
}

static void pipe_lives_as_long_as_somebody_holds_it(void)
{
    pipe_ends p = {0};
    unsigned int objects;
    uint64_t before;

    fake_start(3, FAKE_MEMORY);
    objects = fake_objects();
    before = fake_used(2);
    pthread_barrier_init(&p.barrier, NULL, 3);
    fake_threads(3, hand_over, &p);
    pthread_barrier_destroy(&p.barrier);
    MRT_EQUAL(fake_objects(), objects);
    MRT_EQUAL(fake_used(2), before);
    fake_stop();
}

/* More holders than the first table has rows, at once. */
static void attach_and_close(unsigned int number, void *user)
{
    pipe_ends *p = user;
    uint64_t bytes[2];

    MRT_OK(mr_pipe_attach(p->ends[number % 2]));
    MRT_OK(mr_pipe_attach(p->ends[number % 2])); /* again is nothing new */
    pthread_barrier_wait(&p->barrier);
    if (number % 2 == 0) {
        MRT_OK(mr_pipe_send(p->ends[0], bytes, 0, GUARD));
    } else {
        MRT_OK(mr_pipe_recv(p->ends[1], bytes, sizeof bytes, NULL, GUARD));
    }
    MRT_OK(mr_pipe_close(p->ends[number % 2]));
    MRT_ERROR(mr_pipe_close(p->ends[number % 2]), MR_ERR_NOT_HELD);
}

static void pipe_has_any_number_of_holders(void)
{
    pipe_ends p = {0};
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(0);
    pthread_barrier_init(&p.barrier, NULL, HOLDERS - 1);
    MRT_OK(mr_pipe_create(&p.ends[0], &p.ends[1], true));
    fake_threads(HOLDERS - 1, attach_and_close, &p);
    pthread_barrier_destroy(&p.barrier);
    MRT_OK(mr_pipe_close(p.ends[0]));
    MRT_OK(mr_pipe_close(p.ends[1]));
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* ---- deaths -------------------------------------------------------------- */

/* Thread 1 holds the other end and dies when thread 0 waits for it; thread 2
 * has created the pipe and reaps. */
static void die_holding(unsigned int number, void *user)
{
    pipe_ends *p = user;
    char byte;

    if (number == 2) {
        MRT_OK(mr_pipe_create(&p->ends[0], &p->ends[1], true));
        pthread_barrier_wait(&p->barrier);
        pthread_barrier_wait(&p->barrier);
        MRT_OK(mr_pipe_close(p->ends[0]));
        MRT_OK(mr_pipe_close(p->ends[1]));
        fake_await_death(1);
        fake_reap(fake_endpoint_of(1));
        return;
    }
    pthread_barrier_wait(&p->barrier);
    MRT_OK(mr_pipe_attach(p->ends[number]));
    pthread_barrier_wait(&p->barrier);
    if (number == 1) {
        MRT_OK(mr_pipe_send(p->ends[1], "x", 1, 0));
        fake_await_sleep(fake_endpoint_of(0));
        fake_die();
    }
    MRT_OK(mr_pipe_recv(p->ends[0], &byte, 1, NULL, GUARD));
    MRT_ERROR(mr_pipe_recv(p->ends[0], &byte, 1, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    fake_die();
}

static void pipe_ends_when_its_last_holder_died(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        pipe_ends p = {0};
        unsigned int objects;
        uint64_t before;

        fake_start(1, FAKE_MEMORY);
        objects = fake_objects();
        before = fake_used(0);
        pthread_barrier_init(&p.barrier, NULL, 3);
        fake_threads(3, die_holding, &p);
        MRT_EQUAL(fake_objects(), objects + 1);
        fake_reap(fake_endpoint_of(0));
        pthread_barrier_destroy(&p.barrier);
        MRT_EQUAL(fake_objects(), objects);
        MRT_EQUAL(fake_used(0), before);
        fake_stop();
    }
}

/* The reaper looks at all pipes while others make and end theirs. */
enum { LIVES = 300 };

static void create_and_close(unsigned int number, void *user)
{
    mri_word *end = user;
    mr_pipe_end a;
    mr_pipe_end b;

    if (number == 0) {
        while (!mri_load(end)) {
            /* One that never lived, and seems to have held something. */
            uint64_t id = mri_endpoint_id(1, 0, MRI_ENDPOINTS_MAX - 1);

            mri_store(&mri_endpoint_at(id)->holds, 1);
            fake_reap(id);
        }
        return;
    }
    for (unsigned int i = 0; i < LIVES; i++) {
        MRT_OK(mr_pipe_create(&a, &b, true));
        MRT_OK(mr_pipe_send(a, "x", 1, 0));
        MRT_OK(mr_pipe_close(a));
        MRT_OK(mr_pipe_close(b));
    }
    mri_store(end, 1);
}

static void pipes_come_and_go_while_others_are_reaped(void)
{
    mri_word end = 0;
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(1);
    fake_threads(2, create_and_close, &end);
    MRT_EQUAL(fake_used(1), before);
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"pipe_carries_messages_of_all_sizes",
         pipe_carries_messages_of_all_sizes, 0},
        {"pipe_of_one_direction_refuses_the_other",
         pipe_of_one_direction_refuses_the_other, 0},
        {"wait_refuses_a_side_that_no_pipe_has",
         wait_refuses_a_side_that_no_pipe_has, 0},
        {"pipe_ends_when_nobody_holds_the_other_side",
         pipe_ends_when_nobody_holds_the_other_side, 0},
        {"pipe_lives_as_long_as_somebody_holds_it",
         pipe_lives_as_long_as_somebody_holds_it, 0},
        {"pipe_has_any_number_of_holders", pipe_has_any_number_of_holders, 0},
        {"pipe_ends_when_its_last_holder_died",
         pipe_ends_when_its_last_holder_died, 0},
        {"pipes_come_and_go_while_others_are_reaped",
         pipes_come_and_go_while_others_are_reaped, 0},
    };

    return mrt_main("pipe", tests, MRT_COUNT(tests), argc, argv);
}
