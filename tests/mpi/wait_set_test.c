/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of wait sets: when the descriptor is readable, what is told
 * then, and that nothing is left behind.
 */
#include "mpi/support.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ROOM = 16 };

static bool is_readable(int descriptor, double timeout)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};

    return poll(&one, 1, (int)(timeout * 1000)) == 1;
}

typedef struct watched {
    mr_wait_set *set;
    int descriptor;
} watched;

static bool make_set(watched *w)
{
    return MRT_OK(mr_wait_set_create(&w->set)) &&
           MRT_OK(mr_wait_set_descriptor(w->set, &w->descriptor));
}

/* How many are ready; -1: an error. */
static int count_ready(mr_wait_set *set, mr_ready *ready)
{
    size_t count = 0;

    return MRT_OK(mr_wait_set_ready(set, ready, ROOM, &count)) ? (int)count
                                                               : -1;
}

/* Nothing is ready, and the descriptor says so. */
static void check_nothing(const watched *w)
{
    mr_ready ready[ROOM];

    MRT_EQUAL(count_ready(w->set, ready), 0);
    MRT_CHECK(!is_readable(w->descriptor, SHORT));
}

static void check_one(const watched *w, mr_handle handle, mr_error error)
{
    mr_ready ready[ROOM];

    if (MRT_CHECK(is_readable(w->descriptor, GUARD)) &&
        MRT_EQUAL(count_ready(w->set, ready), 1)) {
        MRT_CHECK(memcmp(&ready[0].handle, &handle, sizeof handle) == 0);
        MRT_EQUAL(ready[0].error, error);
        MRT_CHECK(is_readable(w->descriptor, 0));
    }
}

static mr_queue_options there(void)
{
    return (mr_queue_options){.place = MR_ON_RANK(mr_size() - 1)};
}

static void wait_set_refuses_bad_arguments(void)
{
    mr_ready ready[ROOM];
    mr_queue queue;
    mr_pool pool;
    size_t count;
    watched w;
    int none;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&queue, NULL)) ||
        !MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_ERROR(mr_wait_set_create(NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_add(NULL, queue.handle, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_add(w.set, pool.handle, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_add(w.set, (mr_handle){0}, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_wait_set_add(w.set, queue.handle, NULL));
    MRT_ERROR(mr_wait_set_add(w.set, queue.handle, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_wait_set_remove(w.set, queue.handle));
    MRT_ERROR(mr_wait_set_remove(w.set, queue.handle), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_remove(NULL, queue.handle), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_descriptor(NULL, &none), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_descriptor(w.set, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_ready(NULL, ready, 1, &count), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_ready(w.set, NULL, 1, &count), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_ready(w.set, ready, 1, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait_set_ready(w.set, ready, 0, &count), MR_ERR_ARGUMENT);
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_wait_set_destroy(NULL));
    MRT_OK(mr_queue_destroy(queue));
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- what is ready ------------------------------------------------------- */

static int end_when_told(const void *argument, size_t size)
{
    const mr_queue *go = argument;

    (void)size;
    CHILD_OK(mr_queue_get(*go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static void wait_set_is_readable_when_a_queue_has_an_item(void)
{
    const mr_queue_options options = there();
    mr_queue queue;
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&queue, &options)) ||
        !MRT_OK(mr_wait_set_add(w.set, queue.handle, NULL))) {
        return;
    }
    check_nothing(&w);
    for (int i = 0; i < 3; i++) {
        MRT_OK(mr_queue_put(queue, NULL, 0, GUARD));
        check_one(&w, queue.handle, MR_OK);
        check_one(&w, queue.handle, MR_OK); /* it took nothing */
        MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
        MRT_CHECK(is_readable(w.descriptor, 0)); /* until it is asked */
        check_nothing(&w);
    }
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_queue_destroy(queue));
}

static void wait_set_is_readable_when_a_pipe_end_has_a_message(void)
{
    mr_pipe_end first, second;
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_pipe_create(&first, &second, true)) ||
        !MRT_OK(mr_wait_set_add(w.set, first.handle, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, second.handle, NULL))) {
        return;
    }
    check_nothing(&w);
    MRT_OK(mr_pipe_send(first, NULL, 0, GUARD));
    check_one(&w, second.handle, MR_OK);
    MRT_OK(mr_pipe_recv(second, NULL, 0, NULL, 0));
    check_nothing(&w);
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_wait_set_remove(w.set, second.handle));
    check_one(&w, first.handle, MR_OK); /* end of file */
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_pipe_close(first));
}

static void wait_set_is_readable_when_a_process_ends_or_is_killed(void)
{
    for (int kills = 0; kills < 2; kills++) {
        mr_process child;
        mr_queue go;
        watched w;

        if (!make_set(&w) || !MRT_OK(mr_queue_create(&go, NULL)) ||
            !START(&child, mr_size() - 1, end_when_told, &go, sizeof go) ||
            !MRT_OK(mr_wait_set_add(w.set, child.handle, NULL))) {
            return;
        }
        check_nothing(&w);
        MRT_OK(kills ? mr_process_kill(child)
                     : mr_queue_put(go, NULL, 0, GUARD));
        check_one(&w, child.handle, MR_OK);
        END(child, kills ? -SIGKILL : 0);
        check_one(&w, child.handle, MR_ERR_STALE);
        MRT_OK(mr_wait_set_destroy(w.set));
        MRT_OK(mr_queue_destroy(go));
    }
}

static void wait_set_is_readable_when_an_event_or_lock_or_semaphore_is(void)
{
    const mr_event_options far_event = {.place = MR_ON_RANK(mr_size() - 1)};
    const mr_lock_options far_lock = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_semaphore semaphore;
    mr_event event;
    mr_lock lock;
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_event_create(&event, &far_event)) ||
        !MRT_OK(mr_lock_create(&lock, &far_lock)) ||
        !MRT_OK(mr_lock_acquire(lock, 0)) ||
        !MRT_OK(mr_semaphore_create(&semaphore, 0, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, event.handle, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, lock.handle, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, semaphore.handle, NULL))) {
        return;
    }
    check_nothing(&w);
    MRT_OK(mr_event_set(event));
    check_one(&w, event.handle, MR_OK);
    MRT_OK(mr_event_clear(event));
    check_nothing(&w);
    MRT_OK(mr_lock_release(lock));
    check_one(&w, lock.handle, MR_OK);
    MRT_OK(mr_lock_acquire(lock, 0));
    check_nothing(&w);
    MRT_OK(mr_semaphore_release(semaphore, 1));
    check_one(&w, semaphore.handle, MR_OK);
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_event_destroy(event));
    MRT_OK(mr_lock_destroy(lock));
    MRT_OK(mr_semaphore_destroy(semaphore));
}

static void wait_set_works_with_epoll_and_tells_the_users_pointer(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = 7}};
    struct epoll_event got;
    mr_ready ready[ROOM];
    int poller = epoll_create1(EPOLL_CLOEXEC);
    mr_queue queues[2];
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&queues[0], NULL)) ||
        !MRT_OK(mr_queue_create(&queues[1], NULL))) {
        return;
    }
    MRT_OK(mr_wait_set_add(w.set, queues[0].handle, &queues[0]));
    MRT_OK(mr_wait_set_add(w.set, queues[1].handle, &queues[1]));
    check_nothing(&w);
    MRT_EQUAL(epoll_ctl(poller, EPOLL_CTL_ADD, w.descriptor, &event), 0);
    MRT_EQUAL(epoll_wait(poller, &got, 1, 0), 0);
    MRT_OK(mr_queue_put(queues[1], NULL, 0, GUARD));
    MRT_EQUAL(epoll_wait(poller, &got, 1, (int)(GUARD * 1000)), 1);
    MRT_EQUAL(got.data.u32, 7);
    if (MRT_EQUAL(count_ready(w.set, ready), 1)) {
        MRT_CHECK(ready[0].user == &queues[1]);
    }
    close(poller);
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_queue_destroy(queues[0]));
    MRT_OK(mr_queue_destroy(queues[1]));
}

static void wait_set_tells_objects_that_are_gone_until_they_are_removed(void)
{
    const mr_queue_options far = there();
    mr_queue near_one, far_one;
    mr_ready ready[ROOM];
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&near_one, NULL)) ||
        !MRT_OK(mr_queue_create(&far_one, &far)) ||
        !MRT_OK(mr_wait_set_add(w.set, near_one.handle, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, far_one.handle, NULL))) {
        return;
    }
    check_nothing(&w);
    MRT_OK(mr_queue_destroy(far_one));
    check_one(&w, far_one.handle, MR_ERR_STALE);
    MRT_OK(mr_queue_put(near_one, NULL, 0, GUARD));
    MRT_EQUAL(count_ready(w.set, ready), 2); /* one does not hide the other */
    MRT_OK(mr_wait_set_remove(w.set, far_one.handle));
    check_one(&w, near_one.handle, MR_OK);
    MRT_OK(mr_queue_destroy(near_one));
    check_one(&w, near_one.handle, MR_ERR_STALE);
    MRT_OK(mr_wait_set_remove(w.set, near_one.handle));
    check_nothing(&w);
    MRT_OK(mr_wait_set_destroy(w.set));
}

static void wait_set_tells_all_in_turn_when_there_is_little_room(void)
{
    enum { QUEUES = 5 };
    mr_queue queues[QUEUES];
    int told[QUEUES] = {0};
    watched w;

    if (!make_set(&w)) {
        return;
    }
    for (int i = 0; i < QUEUES; i++) {
        const mr_queue_options options = {.place = MR_ON_RANK(rank_of(i))};

        if (!MRT_OK(mr_queue_create(&queues[i], &options)) ||
            !MRT_OK(mr_queue_put(queues[i], NULL, 0, GUARD)) ||
            !MRT_OK(mr_wait_set_add(w.set, queues[i].handle, &told[i]))) {
            return;
        }
    }
    for (int i = 0; i < QUEUES; i++) {
        mr_ready ready[2];
        size_t count = 0;

        MRT_OK(mr_wait_set_ready(w.set, ready, 2, &count));
        MRT_EQUAL(count, 2);
        for (size_t k = 0; k < count; k++) {
            ++*(int *)ready[k].user;
        }
    }
    for (int i = 0; i < QUEUES; i++) {
        MRT_EQUAL(told[i], 2);
        MRT_OK(mr_queue_destroy(queues[i]));
    }
    MRT_OK(mr_wait_set_destroy(w.set));
}

static void wait_set_forgets_what_was_removed(void)
{
    mr_queue kept, removed;
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&kept, NULL)) ||
        !MRT_OK(mr_queue_create(&removed, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, removed.handle, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, kept.handle, NULL))) {
        return;
    }
    check_nothing(&w);
    MRT_OK(mr_wait_set_remove(w.set, removed.handle));
    MRT_OK(mr_queue_put(removed, NULL, 0, GUARD));
    MRT_CHECK(!is_readable(w.descriptor, SHORT));
    check_nothing(&w);
    MRT_OK(mr_queue_put(kept, NULL, 0, GUARD));
    check_one(&w, kept.handle, MR_OK);
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_queue_destroy(kept));
    MRT_OK(mr_queue_destroy(removed));
}

/* The thread that watches stands in the list before the child does, and is
 * woken first. */
static void wait_set_takes_no_wake_from_those_who_wait(void)
{
    mr_process child;
    mr_queue go;
    watched w;

    if (!make_set(&w) || !MRT_OK(mr_queue_create(&go, NULL)) ||
        !MRT_OK(mr_wait_set_add(w.set, go.handle, NULL))) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        check_nothing(&w);
        START(&child, ANYWHERE, end_when_told, &go, sizeof go);
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_queue_put(go, NULL, 0, GUARD));
        END(child, 0);
    }
    MRT_OK(mr_wait_set_destroy(w.set));
    MRT_OK(mr_queue_destroy(go));
}

/* ---- children ------------------------------------------------------------ */

typedef struct served {
    mr_queue questions;
    mr_event over;
    mr_queue answers;
} served;

enum { QUESTIONS = 100 };

/* Answers while poll says that there is a question. */
static int answer_by_poll(const void *argument, size_t size)
{
    const served *s = argument;
    mr_wait_set *set = NULL;
    int descriptor = -1;
    bool over = false;

    (void)size;
    CHILD_OK(mr_wait_set_create(&set));
    CHILD_OK(mr_wait_set_descriptor(set, &descriptor));
    CHILD_OK(mr_wait_set_add(set, s->questions.handle, NULL));
    CHILD_OK(mr_wait_set_add(set, s->over.handle, &over));
    while (!over && CHILD_CHECK(is_readable(descriptor, GUARD))) {
        mr_ready ready[2];
        size_t count = 0;

        CHILD_OK(mr_wait_set_ready(set, ready, 2, &count));
        for (size_t i = 0; i < count; i++) {
            int question;

            if (ready[i].user) {
                over = true;
            } else if (mr_queue_get(s->questions, &question, sizeof question,
                                    NULL, 0) == MR_OK) {
                CHILD_OK(mr_queue_put(s->answers, &question, sizeof question,
                                      GUARD));
            }
        }
    }
    CHILD_OK(mr_wait_set_destroy(set));
    return child_result();
}

static void wait_set_works_in_children_of_each_rank(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process children[2];
        int sum = 0;
        served s;

        if (!MRT_OK(mr_queue_create(&s.questions, NULL)) ||
            !MRT_OK(mr_queue_create(&s.answers, NULL)) ||
            !MRT_OK(mr_event_create(&s.over, NULL))) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            START(&children[i], rank_of(rank + i), answer_by_poll, &s,
                  sizeof s);
        }
        for (int i = 0; i < QUESTIONS; i++) {
            int answer = 0;

            MRT_OK(mr_queue_put(s.questions, &i, sizeof i, GUARD));
            if (i % 10 == 9) {
                for (int k = 0; k < 10; k++) {
                    MRT_OK(mr_queue_get(s.answers, &answer, sizeof answer, NULL,
                                        GUARD));
                    sum += answer;
                }
            }
        }
        MRT_EQUAL(sum, QUESTIONS * (QUESTIONS - 1) / 2);
        MRT_OK(mr_event_set(s.over));
        END(children[0], 0);
        END(children[1], 0);
        MRT_OK(mr_queue_destroy(s.questions));
        MRT_OK(mr_queue_destroy(s.answers));
        MRT_OK(mr_event_destroy(s.over));
    }
}

static int have_a_set_until_killed(const void *argument, size_t size)
{
    const served *s = argument;
    mr_wait_set *set = NULL;
    mr_ready ready[2];
    size_t count = 1;

    (void)size;
    CHILD_OK(mr_wait_set_create(&set));
    CHILD_OK(mr_wait_set_add(set, s->questions.handle, NULL));
    CHILD_OK(mr_wait_set_ready(set, ready, 2, &count));
    CHILD_CHECK(count == 0);
    CHILD_OK(mr_queue_put(s->answers, NULL, 0, GUARD));
    pause();
    return child_result();
}

static void wait_set_of_a_killed_process_is_in_no_list(void)
{
    uint64_t before = objects_in_use();
    mr_process child, getter;
    served s;

    if (!MRT_OK(mr_queue_create(&s.questions, NULL)) ||
        !MRT_OK(mr_queue_create(&s.answers, NULL))) {
        return;
    }
    START(&child, mr_size() - 1, have_a_set_until_killed, &s, sizeof s);
    MRT_OK(mr_queue_get(s.answers, NULL, 0, NULL, GUARD));
    MRT_OK(mr_process_kill(child));
    END(child, -SIGKILL);
    START(&getter, ANYWHERE, end_when_told, &s.questions, sizeof s.questions);
    MRT_OK(mr_queue_put(s.questions, NULL, 0, GUARD));
    END(getter, 0);
    MRT_OK(mr_queue_destroy(s.questions));
    MRT_OK(mr_queue_destroy(s.answers));
    await_objects_in_use(before);
}

static int leave_a_set_behind(const void *argument, size_t size)
{
    const mr_queue *queue = argument;
    mr_wait_set *set = NULL;
    mr_ready ready[2];
    size_t count = 1;

    (void)size;
    CHILD_OK(mr_wait_set_create(&set));
    CHILD_OK(mr_wait_set_add(set, queue->handle, NULL));
    CHILD_OK(mr_wait_set_ready(set, ready, 2, &count));
    return child_result();
}

static void process_may_end_with_a_wait_set(void)
{
    const mr_queue_options options = there();
    mr_queue queue;

    if (!MRT_OK(mr_queue_create(&queue, &options))) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, leave_a_set_behind, &queue, sizeof queue);
    }
    MRT_OK(mr_queue_destroy(queue));
}

/* ---- many ---------------------------------------------------------------- */

/* Far, where each call takes a hundred times as long, a thousand. */
static void wait_set_takes_ten_thousand_objects(void)
{
    const int many = several_nodes() ? 1000 : 10000;
    mr_queue *queues = malloc((size_t)many * sizeof *queues);
    watched w;

    if (!MRT_CHECK(queues) || !make_set(&w)) {
        return;
    }
    for (int i = 0; i < many; i++) {
        const mr_queue_options options = {.place = MR_ON_RANK(rank_of(i))};

        if (!MRT_OK(mr_queue_create(&queues[i], &options)) ||
            !MRT_OK(mr_wait_set_add(w.set, queues[i].handle, NULL))) {
            return;
        }
    }
    check_nothing(&w);
    for (int i = 0; i < 20; i++) {
        const mr_queue one = queues[i * 49];

        MRT_OK(mr_queue_put(one, NULL, 0, GUARD));
        check_one(&w, one.handle, MR_OK);
        MRT_OK(mr_queue_get(one, NULL, 0, NULL, 0));
        check_nothing(&w);
    }
    for (int i = 0; i < many; i++) {
        MRT_OK(mr_wait_set_remove(w.set, queues[i].handle));
        MRT_OK(mr_queue_destroy(queues[i]));
    }
    check_nothing(&w);
    MRT_OK(mr_wait_set_destroy(w.set));
    free(queues);
}

/* Threads with a set each hand a token on, each to the next. */
enum { THREADS = 4, LAPS = 30 };

typedef struct ring {
    mr_queue queues[THREADS];
    bool good[THREADS];
} ring;

typedef struct runner {
    ring *ring;
    int number;
} runner;

static bool hand_on(const ring *r, int number, mr_wait_set *set, int descriptor)
{
    mr_ready ready[ROOM];
    size_t count = 0;

    while (count == 0) {
        if (!is_readable(descriptor, GUARD) ||
            mr_wait_set_ready(set, ready, ROOM, &count)) {
            return false;
        }
    }
    return mr_queue_get(r->queues[number], NULL, 0, NULL, 0) == MR_OK &&
           mr_queue_put(r->queues[(number + 1) % THREADS], NULL, 0, GUARD) ==
               MR_OK;
}

static void *run_laps(void *argument)
{
    const runner *me = argument;
    int number = me->number;
    bool good = true;

    for (int lap = 0; good && lap < LAPS; lap++) {
        mr_wait_set *set;
        int descriptor;

        good = mr_wait_set_create(&set) == MR_OK &&
               mr_wait_set_descriptor(set, &descriptor) == MR_OK &&
               mr_wait_set_add(set, me->ring->queues[number].handle, NULL) ==
                   MR_OK &&
               hand_on(me->ring, number, set, descriptor) &&
               mr_wait_set_destroy(set) == MR_OK;
    }
    me->ring->good[number] = good;
    return NULL;
}

static void wait_sets_of_several_threads_do_not_disturb_each_other(void)
{
    pthread_t threads[THREADS];
    runner runners[THREADS];
    ring r = {0};

    for (int i = 0; i < THREADS; i++) {
        const mr_queue_options options = {.place = MR_ON_RANK(rank_of(i))};

        if (!MRT_OK(mr_queue_create(&r.queues[i], &options))) {
            return;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        runners[i] = (runner){&r, i};
        pthread_create(&threads[i], NULL, run_laps, &runners[i]);
    }
    MRT_OK(mr_queue_put(r.queues[0], NULL, 0, GUARD));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        MRT_CHECK(r.good[i]);
        MRT_OK(mr_queue_destroy(r.queues[i]));
    }
}

/* Several threads share one set. */
typedef struct shared {
    watched w;
    mr_queue queues[2];
    int got;
    int left;
} shared;

static void *take_shared(void *argument)
{
    shared *s = argument;

    while (__atomic_load_n(&s->left, __ATOMIC_ACQUIRE) > 0) {
        mr_ready ready[2];
        size_t count = 0;

        if (!is_readable(s->w.descriptor, 0.01) ||
            mr_wait_set_ready(s->w.set, ready, 2, &count)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            const mr_queue *queue = ready[i].user;

            if (mr_queue_get(*queue, NULL, 0, NULL, 0) == MR_OK) {
                __atomic_add_fetch(&s->got, 1, __ATOMIC_ACQ_REL);
                __atomic_sub_fetch(&s->left, 1, __ATOMIC_ACQ_REL);
            }
        }
    }
    return NULL;
}

static void wait_set_is_shared_by_threads(void)
{
    const mr_queue_options far = there();
    enum { TAKERS = 3, ITEMS = 200 };
    pthread_t threads[TAKERS];
    shared s = {.left = ITEMS};

    if (!make_set(&s.w) || !MRT_OK(mr_queue_create(&s.queues[0], NULL)) ||
        !MRT_OK(mr_queue_create(&s.queues[1], &far)) ||
        !MRT_OK(mr_wait_set_add(s.w.set, s.queues[0].handle, &s.queues[0])) ||
        !MRT_OK(mr_wait_set_add(s.w.set, s.queues[1].handle, &s.queues[1]))) {
        return;
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_create(&threads[i], NULL, take_shared, &s);
    }
    for (int i = 0; i < ITEMS; i++) {
        MRT_OK(mr_queue_put(s.queues[i % 2], NULL, 0, GUARD));
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    MRT_EQUAL(s.got, ITEMS);
    MRT_OK(mr_wait_set_destroy(s.w.set));
    MRT_OK(mr_queue_destroy(s.queues[0]));
    MRT_OK(mr_queue_destroy(s.queues[1]));
}

/* ---- what is left -------------------------------------------------------- */

static int entries_of(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (folder && readdir(folder)) {
        count++;
    }
    if (folder) {
        closedir(folder);
    }
    return count;
}

/* A thread that was joined is in /proc for a moment more. */
static void has_no_more_entries(const char *path, int limit)
{
    double end = mrt_now() + GUARD;

    while (entries_of(path) > limit && mrt_now() < end) {
        mrt_pause();
    }
    MRT_CHECK(entries_of(path) <= limit);
}

static void wait_sets_leave_no_descriptor_thread_or_object(void)
{
    uint64_t objects = objects_in_use();
    int descriptors = entries_of("/proc/self/fd");
    int threads = entries_of("/proc/self/task");

    for (int i = 0; i < often(200); i++) {
        mr_queue queue;
        watched w;

        if (!make_set(&w) || !MRT_OK(mr_queue_create(&queue, NULL)) ||
            !MRT_OK(mr_wait_set_add(w.set, queue.handle, NULL))) {
            return;
        }
        if (i % 2) {
            mr_ready ready[1];
            size_t count;

            MRT_OK(mr_wait_set_ready(w.set, ready, 1, &count));
        }
        MRT_OK(mr_wait_set_destroy(w.set));
        MRT_OK(mr_queue_destroy(queue));
    }
    has_no_more_entries("/proc/self/fd", descriptors);
    has_no_more_entries("/proc/self/task", threads);
    await_objects_in_use(objects);
}

static const mrt_test tests[] = {
    {"wait_set_refuses_bad_arguments", wait_set_refuses_bad_arguments, 0},
    {"wait_set_is_readable_when_a_queue_has_an_item",
     wait_set_is_readable_when_a_queue_has_an_item, 0},
    {"wait_set_is_readable_when_a_pipe_end_has_a_message",
     wait_set_is_readable_when_a_pipe_end_has_a_message, 0},
    {"wait_set_is_readable_when_a_process_ends_or_is_killed",
     wait_set_is_readable_when_a_process_ends_or_is_killed, 0},
    {"wait_set_is_readable_when_an_event_or_lock_or_semaphore_is",
     wait_set_is_readable_when_an_event_or_lock_or_semaphore_is, 0},
    {"wait_set_works_with_epoll_and_tells_the_users_pointer",
     wait_set_works_with_epoll_and_tells_the_users_pointer, 0},
    {"wait_set_tells_objects_that_are_gone_until_they_are_removed",
     wait_set_tells_objects_that_are_gone_until_they_are_removed, 0},
    {"wait_set_tells_all_in_turn_when_there_is_little_room",
     wait_set_tells_all_in_turn_when_there_is_little_room, 0},
    {"wait_set_forgets_what_was_removed", wait_set_forgets_what_was_removed, 0},
    {"wait_set_takes_no_wake_from_those_who_wait",
     wait_set_takes_no_wake_from_those_who_wait, 0},
    {"wait_set_works_in_children_of_each_rank",
     wait_set_works_in_children_of_each_rank, 0},
    {"wait_set_of_a_killed_process_is_in_no_list",
     wait_set_of_a_killed_process_is_in_no_list, 0},
    {"process_may_end_with_a_wait_set", process_may_end_with_a_wait_set, 0},
    {"wait_set_takes_ten_thousand_objects", wait_set_takes_ten_thousand_objects,
     60},
    {"wait_sets_of_several_threads_do_not_disturb_each_other",
     wait_sets_of_several_threads_do_not_disturb_each_other, 0},
    {"wait_set_is_shared_by_threads", wait_set_is_shared_by_threads, 0},
    {"wait_sets_leave_no_descriptor_thread_or_object",
     wait_sets_leave_no_descriptor_thread_or_object, 0},
};

int main(int argc, char **argv)
{
    return suite_main("wait_set", tests, MRT_COUNT(tests), argc, argv);
}
