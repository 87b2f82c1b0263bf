/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items that are lent and gathered, by queues and by pipes.
 */
#include "mpi/queue_support.h"

#include <signal.h>
#include <unistd.h>

static const size_t sizes[] = {0,    1,     8,     56,      57,     64,
                               4096, 65000, 70000, 1 << 20, 3 << 20};

static bool reserve_filled(mr_queue queue, size_t size, unsigned int seed,
                           mr_item *item)
{
    if (!MRT_OK(mr_queue_reserve(queue, size, item, GUARD)) ||
        !MRT_EQUAL(item->size, size) || !MRT_CHECK(item->data)) {
        return false;
    }
    MRT_CHECK((uintptr_t)item->data % 64 == 0);
    pattern_fill(item->data, size, seed);
    return true;
}

static bool is_nothing(const mr_item *item)
{
    return !item->data && !item->size && !item->row;
}

/* ---- queues -------------------------------------------------------------- */

static void lent_items_of_all_sizes_go_through_a_queue(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            mr_item item;

            if (!reserve_filled(queue, sizes[i], (unsigned int)i, &item)) {
                return;
            }
            MRT_OK(mr_queue_commit(queue, &item, GUARD));
            MRT_CHECK(is_nothing(&item));
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            mr_item item;

            if (!MRT_OK(mr_queue_take(queue, &item, GUARD))) {
                return;
            }
            MRT_EQUAL(item.size, sizes[i]);
            MRT_CHECK(pattern_holds(item.data, item.size, (unsigned int)i));
            MRT_OK(mr_item_release(&item));
            MRT_CHECK(is_nothing(&item));
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void lent_items_and_copies_mix(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        unsigned char bytes[300];
        size_t size = 0;
        mr_queue queue;
        mr_item item;

        if (!make(&queue, rank, 0) || !reserve_filled(queue, 200, 1, &item)) {
            return;
        }
        put_number(queue, 7);
        MRT_OK(mr_queue_commit(queue, &item, GUARD));
        put_number(queue, 8);
        get_number(queue, 7);
        MRT_OK(mr_queue_get(queue, bytes, sizeof bytes, &size, GUARD));
        MRT_CHECK(size == 200 && pattern_holds(bytes, 200, 1));
        MRT_OK(mr_queue_take(queue, &item, GUARD));
        MRT_CHECK(item.size == 8 && memcmp(item.data, &(int64_t){8}, 8) == 0);
        MRT_OK(mr_item_release(&item));
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void lent_item_may_become_smaller(void)
{
    static const size_t left[] = {0, 56, 57, 900, 5000};

    for (int rank = 0; rank < mr_size(); rank++) {
        unsigned char bytes[5000];
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (size_t i = 0; i < MRT_COUNT(left); i++) {
            size_t size = 99999;
            mr_item item;

            if (!reserve_filled(queue, 100000, 3, &item)) {
                return;
            }
            item.size = 100000 + 100000;
            MRT_ERROR(mr_queue_commit(queue, &item, GUARD), MR_ERR_ARGUMENT);
            item.size = left[i];
            MRT_OK(mr_queue_commit(queue, &item, GUARD));
            MRT_OK(mr_queue_get(queue, bytes, sizeof bytes, &size, GUARD));
            MRT_CHECK(size == left[i] && pattern_holds(bytes, size, 3));
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

/* A stage of a pipeline changes an item in place and passes it on. */
static void taken_item_is_committed_to_another_queue(void)
{
    for (int from = 0; from < mr_size(); from++) {
        for (int to = 0; to < mr_size(); to++) {
            mr_queue first, second;
            mr_item item;
            void *before;

            if (!make(&first, from, 0) || !make(&second, to, 0) ||
                !reserve_filled(first, 3000, 5, &item)) {
                return;
            }
            MRT_OK(mr_queue_commit(first, &item, GUARD));
            MRT_OK(mr_queue_take(first, &item, GUARD));
            before = item.data;
            *(unsigned char *)item.data ^= 0xff;
            MRT_OK(mr_queue_commit(second, &item, GUARD));
            MRT_OK(mr_queue_take(second, &item, GUARD));
            MRT_EQUAL(item.size, 3000);
            MRT_CHECK(!several_nodes() && from == to ? item.data == before
                                                     : true);
            *(unsigned char *)item.data ^= 0xff;
            MRT_CHECK(pattern_holds(item.data, 3000, 5));
            MRT_OK(mr_item_release(&item));
            MRT_OK(mr_queue_destroy(first));
            MRT_OK(mr_queue_destroy(second));
        }
    }
}

static void commit_that_fails_keeps_the_item(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;
        mr_item item;

        if (!make(&queue, rank, 1) || !reserve_filled(queue, 500, 2, &item)) {
            return;
        }
        put_number(queue, 1);
        MRT_ERROR(mr_queue_commit(queue, &item, 0), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_queue_commit(queue, &item, SHORT), MR_ERR_TIMEOUT);
        MRT_CHECK(pattern_holds(item.data, 500, 2));
        get_number(queue, 1);
        MRT_OK(mr_queue_commit(queue, &item, GUARD));
        MRT_OK(mr_queue_take(queue, &item, GUARD));
        MRT_CHECK(item.size == 500 && pattern_holds(item.data, 500, 2));
        MRT_OK(mr_queue_close(queue));
        MRT_ERROR(mr_queue_commit(queue, &item, GUARD), MR_ERR_CLOSED);
        MRT_OK(mr_queue_destroy(queue));
        MRT_ERROR(mr_queue_commit(queue, &item, GUARD), MR_ERR_STALE);
        MRT_CHECK(pattern_holds(item.data, 500, 2));
        MRT_OK(mr_item_release(&item));
    }
}

static void take_waits_and_ends_as_get(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_item item = {.size = 5};
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        MRT_ERROR(mr_queue_take(queue, &item, 0), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_queue_take(queue, &item, SHORT), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_close(queue));
        MRT_ERROR(mr_queue_take(queue, &item, GUARD), MR_ERR_END_OF_FILE);
        MRT_OK(mr_queue_destroy(queue));
        MRT_ERROR(mr_queue_take(queue, &item, GUARD), MR_ERR_STALE);
    }
}

static void lent_item_is_refused_twice(void)
{
    mr_queue queue;
    mr_item item, copy;

    if (!make(&queue, mr_size() - 1, 0) ||
        !reserve_filled(queue, 100, 1, &item)) {
        return;
    }
    copy = item;
    MRT_OK(mr_queue_commit(queue, &item, GUARD));
    MRT_ERROR(mr_queue_commit(queue, &item, GUARD), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_commit(queue, &copy, GUARD), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_item_release(&copy), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_item_release(NULL), MR_ERR_ARGUMENT);
    copy.row = UINT64_MAX;
    MRT_ERROR(mr_item_release(&copy), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_reserve(queue, 8, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_reserve(queue, 8, &item, NOT_A_NUMBER), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_take(queue, &item, NOT_A_NUMBER), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_commit(queue, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_take(queue, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_reserve(queue, SIZE_MAX - 64, &item, 0),
              MR_ERR_TOO_LARGE);
    MRT_OK(mr_queue_destroy(queue));
}

/* More than a page of rows, at once. */
static void many_items_are_lent_at_a_time(void)
{
    enum { ITEMS = 150 };

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_item items[ITEMS];
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (unsigned int i = 0; i < ITEMS; i++) {
            reserve_filled(queue, 100 + i, i, &items[i]);
        }
        for (unsigned int i = ITEMS; i-- > 0;) {
            MRT_OK(mr_queue_commit(queue, &items[i], GUARD));
        }
        for (unsigned int i = ITEMS; i-- > 0;) {
            MRT_OK(mr_queue_take(queue, &items[i], GUARD));
            MRT_CHECK(items[i].size == 100 + i &&
                      pattern_holds(items[i].data, items[i].size, i));
        }
        for (unsigned int i = 0; i < ITEMS; i++) {
            MRT_OK(mr_item_release(&items[i]));
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

/* ---- the end of a borrower ----------------------------------------------- */

typedef struct stage {
    mr_queue queue, said;
} stage;

static int borrow_and_wait(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_item item;

    (void)size;
    CHILD_OK(mr_queue_reserve(s->queue, 1 << 20, &item, GUARD));
    CHILD_OK(mr_queue_take(s->queue, &item, GUARD));
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    for (;;) {
        pause();
    }
    return 0;
}

/* On this node the memory is counted; a borrower of another node borrows its
 * own rank's. */
static void items_of_a_killed_borrower_are_freed(void)
{
    stage s;

    if (several_nodes() || !make(&s.said, 0, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        double end = mrt_now() + GUARD;
        mr_process child;
        uint64_t before;

        if (!make(&s.queue, mr_size() - 1 - rank, 0)) {
            return;
        }
        before = bytes_used();
        MRT_OK(mr_queue_put(s.queue, &(mr_item){0}, 8, GUARD));
        START(&child, rank, borrow_and_wait, &s, sizeof s);
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        MRT_CHECK(bytes_used() > before + (1 << 20));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        while (bytes_used() > before && mrt_now() < end) {
            mrt_pause();
        }
        MRT_EQUAL(bytes_used(), before);
        MRT_OK(mr_queue_destroy(s.queue));
    }
    MRT_OK(mr_queue_destroy(s.said));
}

static int lend_from_a_process(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_item item;

    (void)size;
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        CHILD_OK(mr_queue_take(s->queue, &item, GUARD));
        CHILD_CHECK(item.size == sizes[i] &&
                    pattern_holds(item.data, item.size, (unsigned int)i));
        CHILD_OK(mr_queue_commit(s->said, &item, GUARD));
    }
    return child_result();
}

static void processes_lend_items_of_all_ranks(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        stage s;

        if (!make(&s.queue, rank, 0) || !make(&s.said, 0, 0)) {
            return;
        }
        START(&child, mr_size() - 1 - rank, lend_from_a_process, &s, sizeof s);
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            mr_item item;

            reserve_filled(s.queue, sizes[i], (unsigned int)i, &item);
            MRT_OK(mr_queue_commit(s.queue, &item, GUARD));
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            mr_item item;

            MRT_OK(mr_queue_take(s.said, &item, GUARD));
            MRT_CHECK(item.size == sizes[i] &&
                      pattern_holds(item.data, item.size, (unsigned int)i));
            MRT_OK(mr_item_release(&item));
        }
        END(child, 0);
        MRT_OK(mr_queue_destroy(s.queue));
        MRT_OK(mr_queue_destroy(s.said));
    }
}

/* ---- buffers --------------------------------------------------------------
 */

static void buffers_make_one_item(void)
{
    static const size_t middle[] = {0, 1, 30, 1000, 3000, 70000, 2 << 20};

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (size_t i = 0; i < MRT_COUNT(middle); i++) {
            size_t total = middle[i] + 11;
            unsigned char *bytes = malloc(total);
            const mr_buffer buffers[] = {{bytes, 5},
                                         {NULL, 0},
                                         {bytes + 5, middle[i]},
                                         {bytes + 5 + middle[i], 6}};
            void *got = NULL;
            size_t size = 0;

            pattern_fill(bytes, total, (unsigned int)i);
            MRT_OK(mr_queue_put_gathered(queue, buffers, 4, GUARD));
            MRT_OK(mr_queue_get_alloc(queue, &got, &size, GUARD));
            MRT_CHECK(size == total && memcmp(got, bytes, total) == 0);
            free(got);
            free(bytes);
        }
        MRT_OK(mr_queue_put_gathered(queue, NULL, 0, GUARD));
        MRT_OK(mr_queue_get(queue, NULL, 0, NULL, GUARD));
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void bad_buffers_are_refused(void)
{
    const mr_buffer without[] = {{"a", 1}, {NULL, 1}};
    const mr_buffer endless[] = {{"a", SIZE_MAX - 1}, {"b", 1}};
    const mr_buffer huge[] = {{"a", SIZE_MAX / 2}};
    mr_queue queue;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_put_gathered(queue, NULL, 1, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_gathered(queue, without, 2, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_gathered(queue, endless, 2, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_gathered(queue, huge, 1, 0), MR_ERR_TOO_LARGE);
    MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
}

/* ---- pipes --------------------------------------------------------------- */

static void pipe_lends_messages_and_gathers_them(void)
{
    mr_pipe_end first, second;
    unsigned char bytes[6000];
    const mr_buffer buffers[] = {{bytes, 2000}, {bytes + 2000, 4000}};
    mr_item item;

    pattern_fill(bytes, sizeof bytes, 9);
    if (!MRT_OK(mr_pipe_create(&first, &second, true))) {
        return;
    }
    MRT_OK(mr_pipe_reserve(first, sizeof bytes, &item, GUARD));
    memcpy(item.data, bytes, sizeof bytes);
    MRT_OK(mr_pipe_commit(first, &item, GUARD));
    MRT_OK(mr_pipe_send_gathered(first, buffers, 2, GUARD));
    for (int i = 0; i < 2; i++) {
        MRT_OK(mr_pipe_take(second, &item, GUARD));
        MRT_CHECK(item.size == sizeof bytes &&
                  memcmp(item.data, bytes, sizeof bytes) == 0);
        MRT_OK(mr_pipe_commit(second, &item, GUARD));
        MRT_OK(mr_pipe_take(first, &item, GUARD));
        MRT_CHECK(item.size == sizeof bytes);
        MRT_OK(mr_item_release(&item));
    }
    MRT_ERROR(mr_pipe_take(first, &item, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_pipe_reserve(first, 100, &item, GUARD));
    MRT_OK(mr_pipe_close(second));
    MRT_ERROR(mr_pipe_commit(first, &item, GUARD), MR_ERR_CLOSED);
    MRT_OK(mr_item_release(&item));
    MRT_ERROR(mr_pipe_take(first, &item, GUARD), MR_ERR_END_OF_FILE);
    MRT_OK(mr_pipe_close(first));
    MRT_ERROR(mr_pipe_take(first, &item, GUARD), MR_ERR_STALE);
}

static void pipe_of_one_way_lends_one_way(void)
{
    mr_pipe_end first, second, none;
    mr_item item;

    if (!MRT_OK(mr_pipe_create(&first, &second, false))) {
        return;
    }
    none = first;
    none.handle.variant = 7;
    MRT_ERROR(mr_pipe_reserve(none, 8, &item, 0), MR_ERR_STALE);
    MRT_ERROR(mr_pipe_take(none, &item, 0), MR_ERR_STALE);
    MRT_ERROR(mr_pipe_reserve(first, 8, &item, 0), MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_take(second, &item, 0), MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_send_gathered(first, NULL, 0, 0), MR_ERR_DIRECTION);
    MRT_OK(mr_pipe_close(first));
    MRT_OK(mr_pipe_close(second));
}

typedef struct echo {
    mr_pipe_end end;
} echo;

/* Ends when its partner is gone. */
static int echo_lent(const void *argument, size_t size)
{
    const echo *e = argument;
    mr_item item;
    mr_error error;

    (void)size;
    while ((error = mr_pipe_take(e->end, &item, GUARD)) == MR_OK) {
        CHILD_OK(mr_pipe_commit(e->end, &item, GUARD));
    }
    CHILD_ERROR(error, MR_ERR_END_OF_FILE);
    return child_result();
}

static void processes_lend_messages_of_pipes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_pipe_end mine;
        mr_process child;
        mr_item item;
        echo e;
        const mr_process_options options = {
            .place = MR_ON_RANK(rank), .ends = &e.end, .ends_count = 1};

        if (!MRT_OK(mr_pipe_create(&mine, &e.end, true)) ||
            !MRT_OK(
                mr_process_create(&child, echo_lent, &e, sizeof e, &options)) ||
            !MRT_OK(mr_process_start(child))) {
            return;
        }
        MRT_OK(mr_pipe_close(e.end));
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            MRT_OK(mr_pipe_reserve(mine, sizes[i], &item, GUARD));
            pattern_fill(item.data, sizes[i], (unsigned int)i);
            MRT_OK(mr_pipe_commit(mine, &item, GUARD));
            MRT_OK(mr_pipe_take(mine, &item, GUARD));
            MRT_CHECK(item.size == sizes[i] &&
                      pattern_holds(item.data, item.size, (unsigned int)i));
            MRT_OK(mr_item_release(&item));
        }
        MRT_OK(mr_pipe_close(mine));
        END(child, 0);
    }
}

static const mrt_test tests[] = {
    MRT_TEST(lent_items_of_all_sizes_go_through_a_queue),
    MRT_TEST(lent_items_and_copies_mix),
    MRT_TEST(lent_item_may_become_smaller),
    MRT_TEST(taken_item_is_committed_to_another_queue),
    MRT_TEST(commit_that_fails_keeps_the_item),
    MRT_TEST(take_waits_and_ends_as_get),
    MRT_TEST(lent_item_is_refused_twice),
    MRT_TEST(many_items_are_lent_at_a_time),
    MRT_TEST(items_of_a_killed_borrower_are_freed),
    MRT_TEST(processes_lend_items_of_all_ranks),
    MRT_TEST(buffers_make_one_item),
    MRT_TEST(bad_buffers_are_refused),
    MRT_TEST(pipe_lends_messages_and_gathers_them),
    MRT_TEST(pipe_of_one_way_lends_one_way),
    MRT_TEST(processes_lend_messages_of_pipes),
};

int main(int argc, char **argv)
{
    return suite_main("lent", tests, MRT_COUNT(tests), argc, argv);
}
