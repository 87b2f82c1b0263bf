/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crowds at objects of synchronisation, for long, while some of them die.
 */
#include "mpi/sync_support.h"

/* ---- dining philosophers ------------------------------------------------- */

enum { PLATES = 5, MEALS = 100, LIVES = 3 };

typedef struct table {
    mr_lock forks[PLATES];
    mr_value meals;
    int plate, life;
} table;

/* In its first life it dies with one fork, in its second with two. */
static void eat(const table *t, bool last)
{
    int next = (t->plate + 1) % PLATES;
    int first = t->plate < next ? t->plate : next;
    int second = t->plate < next ? next : t->plate;
    const int64_t one = 1;

    CHILD_CHECK(is_held(mr_lock_acquire(t->forks[first], GUARD)));
    if (last && t->life == 0) {
        kill(getpid(), SIGKILL);
    }
    CHILD_CHECK(is_held(mr_lock_acquire(t->forks[second], GUARD)));
    if (last && t->life == 1) {
        kill(getpid(), SIGKILL);
    }
    CHILD_OK(mr_value_add(t->meals, &one, NULL));
    CHILD_OK(mr_lock_release(t->forks[second]));
    CHILD_OK(mr_lock_release(t->forks[first]));
}

static int dine(const void *argument, size_t size)
{
    const table *t = argument;

    (void)size;
    for (int i = 1; i <= often(MEALS); i++) {
        eat(t, i == often(MEALS));
    }
    return child_result();
}

static void philosophers_dine_though_some_die(void)
{
    mr_process diners[PLATES];
    int64_t meals = -1;
    table t;

    MRT_OK(mr_value_create(&t.meals, MR_INT64, NULL, NULL));
    for (int i = 0; i < PLATES; i++) {
        const mr_lock_options options = {.place = MR_ON_RANK(rank_of(i)),
                                         .recursive = i % 2};

        MRT_OK(mr_lock_create(&t.forks[i], &options));
    }
    for (t.life = 0; t.life < LIVES; t.life++) {
        for (t.plate = 0; t.plate < PLATES; t.plate++) {
            START(&diners[t.plate], rank_of(t.plate), dine, &t, sizeof t);
        }
        for (int i = 0; i < PLATES; i++) {
            END(diners[i], t.life < LIVES - 1 ? -SIGKILL : 0);
        }
    }
    MRT_OK(mr_value_get(t.meals, &meals));
    MRT_EQUAL(meals, PLATES * (LIVES * often(MEALS) - 2));
    for (int i = 0; i < PLATES; i++) {
        mr_error error = mr_lock_acquire(t.forks[i], 0);

        MRT_CHECK(is_held(error));
        MRT_OK(mr_lock_release(t.forks[i]));
        MRT_OK(mr_lock_destroy(t.forks[i]));
    }
    MRT_OK(mr_value_destroy(t.meals));
}

/* ---- a bounded buffer -----------------------------------------------------
 */

enum { CAPACITY = 64, MEMBERS = 4, DEATHS = 20 };

/* The cells of the buffer: what is protected, then how often each item was
 * taken.  An item is its number. */
enum { HEAD, TAIL, INSIDE, TAKEN };

typedef struct buffer {
    mr_lock lock;
    mr_condition not_full, not_empty;
    mr_array cells;
    int64_t items;
    int member; /* the even ones put, the odd ones take */
} buffer;

static int64_t *near_cells; /* in a child; NULL: on another node */

static int64_t cell(const buffer *b, int64_t at)
{
    int64_t value = -1;

    if (near_cells) {
        return near_cells[at];
    }
    CHILD_OK(mr_array_get(b->cells, (size_t)at, 1, &value));
    return value;
}

static void set_cell(const buffer *b, int64_t at, int64_t value)
{
    if (near_cells) {
        near_cells[at] = value;
    } else {
        CHILD_OK(mr_array_set(b->cells, (size_t)at, 1, &value));
    }
}

/* The lock is held after a death: what the dead one had begun is completed,
 * and all look whether they can go on. */
static void repair(const buffer *b)
{
    int64_t head = cell(b, HEAD);

    if (head < b->items && cell(b, TAKEN + head) == 1) {
        set_cell(b, HEAD, head + 1);
    }
    set_cell(b, INSIDE, 0);
    CHILD_OK(mr_condition_notify_all(b->not_full));
    CHILD_OK(mr_condition_notify_all(b->not_empty));
}

static void enter(const buffer *b, mr_error error)
{
    CHILD_CHECK(is_held(error));
    if (error == MR_ERR_HOLDER_DIED) {
        repair(b);
    }
    CHILD_CHECK(cell(b, INSIDE) == 0);
    set_cell(b, INSIDE, 1);
}

static void wait_at(const buffer *b, mr_condition condition)
{
    set_cell(b, INSIDE, 0);
    enter(b, mr_condition_wait(condition, GUARD));
}

/* Puts until all are put; true: there are more to come. */
static bool put_some(const buffer *b)
{
    int64_t tail = cell(b, TAIL);

    while (tail < b->items && tail - cell(b, HEAD) >= CAPACITY) {
        wait_at(b, b->not_full);
        tail = cell(b, TAIL);
    }
    while (tail < b->items && tail - cell(b, HEAD) < CAPACITY) {
        set_cell(b, TAIL, ++tail);
        CHILD_OK(mr_condition_notify(b->not_empty, 1));
    }
    if (tail == b->items) {
        CHILD_OK(mr_condition_notify_all(b->not_full));
        CHILD_OK(mr_condition_notify_all(b->not_empty));
    }
    return tail < b->items;
}

static bool take_some(const buffer *b)
{
    int64_t head = cell(b, HEAD);

    while (head < b->items && head == cell(b, TAIL)) {
        wait_at(b, b->not_empty);
        head = cell(b, HEAD);
    }
    while (head < cell(b, TAIL)) {
        set_cell(b, TAKEN + head, cell(b, TAKEN + head) + 1);
        set_cell(b, HEAD, ++head);
        CHILD_OK(mr_condition_notify(b->not_full, 1));
    }
    if (head == b->items) {
        CHILD_OK(mr_condition_notify_all(b->not_empty));
    }
    return head < b->items;
}

static int be_member(const void *argument, size_t size)
{
    const buffer *b = argument;
    void *data = NULL;
    bool more = true;

    (void)size;
    near_cells = mr_array_data(b->cells, &data) == MR_OK ? data : NULL;
    while (more && !child_failures) {
        enter(b, mr_lock_acquire(b->lock, GUARD));
        more = b->member % 2 ? take_some(b) : put_some(b);
        set_cell(b, INSIDE, 0);
        CHILD_OK(mr_lock_release(b->lock));
    }
    return child_result();
}

static void start_member(mr_process *member, buffer *b, int number)
{
    b->member = number;
    START(member, rank_of(number), be_member, b, sizeof *b);
}

static void await_taken(const buffer *b, int64_t taken)
{
    double end = mrt_now() + 4 * GUARD;
    int64_t head = 0;

    while (head < taken && mrt_now() < end) {
        MRT_OK(mr_array_get(b->cells, HEAD, 1, &head));
        mrt_pause();
    }
    MRT_CHECK(head >= taken);
}

/* A member ends by its kill, or had ended before. */
static void end_member(mr_process member, bool killed)
{
    int code = -1000;

    MRT_OK(mr_process_join(member, 4 * GUARD));
    MRT_OK(mr_process_exit_code(member, &code));
    MRT_CHECK(code == 0 || (killed && code == -SIGKILL));
    MRT_OK(mr_process_destroy(member));
}

static void check_taken_once(const buffer *b)
{
    int64_t *cells = calloc((size_t)b->items + TAKEN, sizeof *cells);
    int64_t wrong = 0;

    MRT_OK(mr_array_get(b->cells, 0, (size_t)b->items + TAKEN, cells));
    for (int64_t i = 0; i < b->items; i++) {
        wrong += cells[TAKEN + i] != 1;
    }
    MRT_EQUAL(wrong, 0);
    MRT_EQUAL(cells[HEAD], b->items);
    MRT_EQUAL(cells[TAIL], b->items);
    free(cells);
}

static bool make_buffer(buffer *b)
{
    const mr_lock_options lock = {.place = MR_ON_RANK(mr_size() - 1)};
    const mr_array_options cells = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_condition_options options = {0};

    b->items = several_nodes() && !is_whole() ? 2000 : 1000000;
    if (!MRT_OK(mr_lock_create(&b->lock, &lock))) {
        return false;
    }
    options.lock = b->lock;
    return MRT_OK(mr_condition_create(&b->not_full, &options)) &&
           MRT_OK(mr_condition_create(&b->not_empty, &options)) &&
           MRT_OK(mr_array_create(&b->cells, MR_INT64, (size_t)b->items + TAKEN,
                                  NULL, &cells));
}

static void bounded_buffer_gives_each_item_once_though_members_die(void)
{
    mr_process members[MEMBERS];
    buffer b;

    if (!make_buffer(&b)) {
        return;
    }
    for (int i = 0; i < MEMBERS; i++) {
        start_member(&members[i], &b, i);
    }
    for (int i = 0; i < DEATHS && !mrt_failed(); i++) {
        await_taken(&b, b.items / (DEATHS + 5) * i);
        MRT_OK(mr_process_kill(members[i % MEMBERS]));
        end_member(members[i % MEMBERS], true);
        start_member(&members[i % MEMBERS], &b, i % MEMBERS);
    }
    for (int i = 0; i < MEMBERS; i++) {
        end_member(members[i], false);
    }
    check_taken_once(&b);
    MRT_OK(mr_condition_destroy(b.not_full));
    MRT_OK(mr_condition_destroy(b.not_empty));
    MRT_OK(mr_lock_destroy(b.lock));
    MRT_OK(mr_array_destroy(b.cells));
}

/* ---- rounds ---------------------------------------------------------------
 */

enum { PARTIES = 5, ROUNDS = 1000 };

typedef struct course {
    mr_barrier barrier;
    mr_value sum;
} course;

static int pass_rounds(const void *argument, size_t size)
{
    const course *c = argument;

    (void)size;
    for (int i = 0; i < ROUNDS && !child_failures; i++) {
        unsigned int mine = PARTIES;
        int64_t add;

        CHILD_OK(mr_barrier_wait(c->barrier, 4 * GUARD, &mine));
        CHILD_CHECK(mine < PARTIES);
        add = mine;
        CHILD_OK(mr_value_add(c->sum, &add, NULL));
    }
    return child_result();
}

static void five_pass_a_thousand_rounds_of_a_barrier(void)
{
    const mr_barrier_options there = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_process children[PARTIES];
    int64_t sum = 0;
    course c;

    MRT_OK(mr_barrier_create(&c.barrier, PARTIES, &there));
    MRT_OK(mr_value_create(&c.sum, MR_INT64, NULL, NULL));
    for (int i = 0; i < PARTIES; i++) {
        START(&children[i], rank_of(i), pass_rounds, &c, sizeof c);
    }
    for (int i = 0; i < PARTIES; i++) {
        MRT_OK(mr_process_join(children[i], 60 * mrt_scale()));
        END(children[i], 0);
    }
    MRT_OK(mr_value_get(c.sum, &sum));
    MRT_EQUAL(sum, ROUNDS * (PARTIES * (PARTIES - 1) / 2));
    MRT_OK(mr_value_destroy(c.sum));
    MRT_OK(mr_barrier_destroy(c.barrier));
}

static const mrt_test tests[] = {
    {"philosophers_dine_though_some_die", philosophers_dine_though_some_die,
     60},
    {"bounded_buffer_gives_each_item_once_though_members_die",
     bounded_buffer_gives_each_item_once_though_members_die, 120},
    {"five_pass_a_thousand_rounds_of_a_barrier",
     five_pass_a_thousand_rounds_of_a_barrier, 90},
};

int main(int argc, char **argv)
{
    return suite_main("sync_crowd", tests, MRT_COUNT(tests), argc, argv);
}
