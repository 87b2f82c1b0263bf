/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_rwlock: readers together or a writer alone, also after
 * deaths of those who hold it and of those who wait for it.
 */
#include "mpi/sync_support.h"

static int read_until_told(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_CHECK(is_held(mr_rwlock_acquire_read(s->rwlock, GUARD)));
    tell_ready(s);
    await_go(s);
    CHILD_OK(mr_rwlock_release(s->rwlock));
    return child_result();
}

static int write_until_told(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_rwlock_acquire_write(s->rwlock, GUARD));
    tell_ready(s);
    await_go(s);
    CHILD_OK(mr_rwlock_release(s->rwlock));
    return child_result();
}

static int wait_and_read(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_OK(mr_rwlock_acquire_read(s->rwlock, MR_FOREVER));
    CHILD_OK(mr_rwlock_release(s->rwlock));
    return child_result();
}

static int wait_and_write(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_OK(mr_rwlock_acquire_write(s->rwlock, MR_FOREVER));
    CHILD_OK(mr_rwlock_release(s->rwlock));
    return child_result();
}

static bool make_rwlock_scene(scene *s)
{
    const mr_rwlock_options there = {.place = MR_ON_RANK(mr_size() - 1)};

    return make_queues(s) && MRT_OK(mr_rwlock_create(&s->rwlock, &there));
}

static void end_rwlock_scene(const scene *s)
{
    MRT_OK(mr_rwlock_acquire_write(s->rwlock, GUARD));
    MRT_OK(mr_rwlock_release(s->rwlock));
    MRT_OK(mr_rwlock_acquire_read(s->rwlock, 0));
    MRT_OK(mr_rwlock_release(s->rwlock));
    MRT_OK(mr_rwlock_acquire_write(s->rwlock, 0));
    MRT_OK(mr_rwlock_release(s->rwlock));
    MRT_ERROR(mr_rwlock_release(s->rwlock), MR_ERR_NOT_HELD);
    MRT_OK(mr_rwlock_destroy(s->rwlock));
    destroy_queues(s);
}

static void rwlock_has_many_readers_or_one_writer(void)
{
    mr_process readers[3], writer;
    scene s;

    make_rwlock_scene(&s);
    for (int i = 0; i < 3; i++) {
        START(&readers[i], rank_of(i), read_until_told, &s, sizeof s);
        await_ready(&s);
    }
    MRT_OK(mr_rwlock_acquire_read(s.rwlock, 0));
    MRT_OK(mr_rwlock_acquire_read(s.rwlock, 0));
    MRT_OK(mr_rwlock_release(s.rwlock));
    MRT_OK(mr_rwlock_release(s.rwlock));
    MRT_ERROR(mr_rwlock_acquire_write(s.rwlock, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_rwlock_acquire_write(s.rwlock, SHORT), MR_ERR_TIMEOUT);
    for (int i = 0; i < 3; i++) {
        let_go(&s);
    }
    for (int i = 0; i < 3; i++) {
        END(readers[i], 0);
    }
    START(&writer, rank_of(1), write_until_told, &s, sizeof s);
    await_ready(&s);
    MRT_ERROR(mr_rwlock_acquire_read(s.rwlock, SHORT), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_rwlock_acquire_write(s.rwlock, SHORT), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_rwlock_release(s.rwlock), MR_ERR_NOT_HELD);
    let_go(&s);
    END(writer, 0);
    end_rwlock_scene(&s);
}

/* No new reader enters before the waiting writer, which dies. */
static void rwlock_forgets_a_writer_killed_while_it_waits(void)
{
    mr_process writer, reader;
    scene s;

    make_rwlock_scene(&s);
    MRT_OK(mr_rwlock_acquire_read(s.rwlock, 0));
    start_sleeper(&writer, 1, wait_and_write, &s);
    start_sleeper(&reader, 2, wait_and_read, &s);
    kill_child(writer);
    END(reader, 0);
    MRT_OK(mr_rwlock_release(s.rwlock));
    end_rwlock_scene(&s);
}

static void rwlock_forgets_a_reader_killed_while_it_waits(void)
{
    mr_process writer, reader;
    scene s;

    make_rwlock_scene(&s);
    MRT_OK(mr_rwlock_acquire_write(s.rwlock, 0));
    start_sleeper(&reader, 1, wait_and_read, &s);
    start_sleeper(&writer, 2, wait_and_write, &s);
    kill_child(reader);
    MRT_OK(mr_rwlock_release(s.rwlock));
    END(writer, 0);
    end_rwlock_scene(&s);
}

static void rwlock_of_a_killed_reader_is_free(void)
{
    scene s;

    make_rwlock_scene(&s);
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process reader, writer;

        START(&reader, rank, read_until_told, &s, sizeof s);
        await_ready(&s);
        start_sleeper(&writer, rank + 1, wait_and_write, &s);
        kill_child(reader);
        END(writer, 0);
    }
    end_rwlock_scene(&s);
}

static void rwlock_of_a_killed_writer_is_told_to_all_up_to_the_next(void)
{
    scene s;

    make_rwlock_scene(&s);
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process writer;

        START(&writer, rank, write_until_told, &s, sizeof s);
        await_ready(&s);
        kill_child(writer);
        for (int i = 0; i < 2; i++) {
            MRT_ERROR(mr_rwlock_acquire_read(s.rwlock, GUARD),
                      MR_ERR_HOLDER_DIED);
            MRT_OK(mr_rwlock_release(s.rwlock));
        }
        MRT_ERROR(mr_rwlock_acquire_write(s.rwlock, GUARD), MR_ERR_HOLDER_DIED);
        MRT_OK(mr_rwlock_release(s.rwlock));
    }
    end_rwlock_scene(&s);
}

static const mrt_test tests[] = {
    MRT_TEST(rwlock_has_many_readers_or_one_writer),
    MRT_TEST(rwlock_forgets_a_writer_killed_while_it_waits),
    MRT_TEST(rwlock_forgets_a_reader_killed_while_it_waits),
    MRT_TEST(rwlock_of_a_killed_reader_is_free),
    MRT_TEST(rwlock_of_a_killed_writer_is_told_to_all_up_to_the_next),
};

int main(int argc, char **argv)
{
    return suite_main("rwlock", tests, MRT_COUNT(tests), argc, argv);
}
