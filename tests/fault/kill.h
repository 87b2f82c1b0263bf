/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death at each step.  An operation is a row of a table; a process is killed
 * after the k-th shared store or wake of it, for k = 1, 2, ... until it is
 * done before that.  Each time the objects must be as if the operation had
 * been done or not been begun, nobody may sleep for ever, and no memory may
 * be lost.
 *
 * The victims take turns on the ranks of the job, and the owners of the objects
 * are others each time, but for a job of one rank.  On the far route the
 * objects are rank 0's, which looks at them, and the victims are processes of
 * the other nodes: each call of theirs is relayed by their rank.  Nothing is
 * printed unless something is wrong; then the operation, k and the ranks are.
 * MULTIRANK_TEST_KILL=k tries that k alone.
 */
#ifndef FAULT_KILL_H
#define FAULT_KILL_H

#include "fault/census.h"

#include <multirank/wait.h>
#include <signal.h>

#include "runtime/code/function.h"
#include "util/fault.h"

/* Bytes of items: in a cell, in several, in a block of a size class, and in
 * pages. */
enum {
    SMALL = 40,
    MEDIUM = 700,
    LARGE = 3000,
    HUGE_ = 100000,
    MOST_KILLS = 20000
};

/* What one round works with; also what the processes in it are given. */
typedef struct scene {
    int64_t k;
    size_t operation; /* its row */
    int rank;         /* of the victim */
    int place;        /* of the objects, as in options */
    bool killed;      /* for check */
    mr_process victim;
    mr_process peer;
    mr_lock lock;
    mr_semaphore semaphore;
    mr_event event;
    mr_condition condition;
    mr_barrier barrier;
    mr_rwlock rwlock;
    mr_queue queue;
    mr_queue other;
    mr_pipe_end first, second;
    mr_keeper keeper;
    mr_ticket ticket;
    mr_value value;
    mr_array array;
    mr_process process;
    mr_pipe_end ends[2]; /* that the victim shall hold */
    size_t ends_count;
    size_t item;   /* bytes of an item */
    int64_t extra; /* the operation's own */
} scene;

typedef struct operation {
    const char *name;
    bool (*prepare)(scene *s);       /* rank 0 makes the objects */
    void (*begin)(const scene *s);   /* the victim, not armed yet */
    void (*operate)(const scene *s); /* the victim */
    void (*meanwhile)(scene *s);     /* rank 0, while the victim runs */
    void (*check)(scene *s);         /* rank 0, after; destroys the objects */
    bool to_the_end;                 /* the end of the victim counts too */
} operation;

/* The rows of a program. */
extern const operation operations[];

/* ---- victims and peers --------------------------------------------------- */

static inline int victim_main(const void *argument, size_t size)
{
    const scene *s = argument;
    const operation *row = &operations[s->operation];

    (void)size;
    mri_self();
    if (row->begin) {
        row->begin(s);
    }
    mri_fault_arm(s->k);
    row->operate(s);
    if (!row->to_the_end) {
        mri_fault_disarm();
    }
    return child_result();
}

static inline bool start_victim(scene *s)
{
    const mr_process_options options = {.place = MR_ON_RANK(s->rank),
                                        .ends = s->ends,
                                        .ends_count = s->ends_count};
    bool good = MRT_OK(mr_process_create(&s->victim, victim_main, s, sizeof *s,
                                         &options)) &&
                MRT_OK(mr_process_start(s->victim));

    for (size_t i = 0; i < s->ends_count; i++) {
        MRT_OK(mr_pipe_close(s->ends[i]));
    }
    return good;
}

/* The victim died with the lock, or ended with it: the next is told. */
static inline bool died_holding(mr_lock lock)
{
    mr_error error = mr_lock_acquire(lock, GUARD);

    MRT_CHECK(is_held(error));
    MRT_OK(mr_lock_release(lock));
    return error == MR_ERR_HOLDER_DIED;
}

/* Another process in the scene, on another rank than the victim. */
static inline bool start_peer(scene *s, mr_process_function *function)
{
    return START(&s->peer, (s->rank + 1) % mr_size(), function, s, sizeof *s);
}

static inline bool has_ended(mr_process process)
{
    bool alive = false;

    return mr_process_is_alive(process, &alive) != MR_OK || !alive;
}

static inline int count_sleepers(mr_handle handle, unsigned int list)
{
    mri_record *self = mri_self();
    mri_object *object = mri_row(handle);
    int sleepers = 0;

    mri_latch(self, &object->wait_latch);
    for (mri_ref at = mri_peek(&mri_list_at(object, list)->first); at;
         at = mri_peek(&((mri_wait *)mri_at(at))->next)) {
        const mri_wait *entry = mri_at(at);
        const mri_record *record = mri_at(mri_peek(&entry->record));

        uint64_t how = mri_load(&record->sleeping);

        sleepers += how == MRI_ON_FUTEX || how == MRI_BY_SERVICE;
    }
    mri_unlatch(self, &object->wait_latch);
    return sleepers;
}

/* Wait until `others` threads sleep in a list of an object, and the victim
 * beside them unless it has ended. */
static inline void await_sleepers(mr_handle handle, unsigned int list,
                                  int others, const mr_process *victim)
{
    double end = mrt_now() + GUARD;

    while (count_sleepers(handle, list) <
           others + (victim && !has_ended(*victim))) {
        if (mrt_now() > end) {
            MRT_FAIL("not all sleep who should, in list %u", list);
            return;
        }
        mrt_pause();
    }
}

/* An operation takes effect at one of its points: a kill before leaves no
 * trace, a kill after does not undo it.  A thread that sleeps passes as many
 * points as it happens; a relayed call takes effect beside its caller, or is
 * cancelled when that one dies. */
static bool took_effect_before;

static inline void check_effect(const scene *s, bool took_effect)
{
    bool varies = operations[s->operation].meanwhile || several_nodes();

    MRT_CHECK(took_effect || !took_effect_before || varies);
    MRT_CHECK(took_effect || s->killed);
    /* The first store of a far call is what posts it. */
    MRT_CHECK(!took_effect || s->k > 1 || several_nodes());
    took_effect_before = took_effect;
}

/* ---- objects that nobody knows ------------------------------------------- */

/* Deaths leave objects on other nodes, where this test does not look for
 * them. */
static bool leaves_objects;

/* The objects of a kind; more than `most` are not told. */
typedef struct listing {
    mri_kind kind;
    size_t count;
    mr_handle handles[64];
} listing;

static inline void list_object(mri_object *object, void *user)
{
    listing *all = user;

    if (mri_identity_kind(mri_load(&object->identity)) == all->kind &&
        all->count < MRT_COUNT(all->handles)) {
        all->handles[all->count++] = mri_handle_of(object);
    }
}

static inline listing list_objects(mri_kind kind)
{
    listing all = {.kind = kind};

    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_objects_visit(i, list_object, &all);
    }
    return all;
}

static inline bool is_listed(const listing *all, mr_handle handle)
{
    for (size_t i = 0; i < all->count; i++) {
        if (memcmp(&all->handles[i], &handle, sizeof handle) == 0) {
            return true;
        }
    }
    return false;
}

/* What the victim made and could tell nobody of: an object outlives its
 * creator.  The result is how many there were. */
static inline size_t destroy_orphans(const listing *known)
{
    listing now = list_objects(known->kind);
    size_t orphans = 0;

    for (size_t i = 0; i < now.count; i++) {
        mr_process process = {.handle = now.handles[i]};

        if (is_listed(known, now.handles[i])) {
            continue;
        }
        orphans++;
        if (known->kind == MRI_PROCESS) {
            mr_error error = mr_process_join(process, GUARD);

            MRT_CHECK(error == MR_OK || error == MR_ERR_STATE);
            MRT_OK(mr_process_destroy(process));
        } else {
            MRT_OK(mri_object_destroy(now.handles[i], known->kind));
        }
    }
    return orphans;
}

/* ---- uses ---------------------------------------------------------------- */

typedef void use(const scene *s);

/* A use is checked with CHILD_..., and done by rank 0 and by a process. */
#define USE(use_, s) use_here_and_there((use_), (s), __FILE__, __LINE__)

typedef struct use_order {
    scene scene;
    mri_function_ref use;
} use_order;

static inline int use_main(const void *argument, size_t size)
{
    const use_order *order = argument;
    use *function = (use *)mri_function_decode(&order->use);

    (void)size;
    function(&order->scene);
    return child_result();
}

static inline void use_here_and_there(use *function, const scene *s,
                                      const char *file, int line)
{
    use_order order = {.scene = *s};

    child_failures = 0;
    function(s);
    mrt_equal(child_failures, 0, "failures of a use", "none", file, line);
    if (mrt_error(mri_function_encode((mri_function *)function, &order.use),
                  MR_OK, "mri_function_encode", file, line)) {
        run_child((s->rank + 1) % mr_size(), use_main, &order, sizeof order,
                  file, line);
    }
}

/* ---- the loop ------------------------------------------------------------ */

/* Ends the victim, by force if it hangs. */
static inline int end_victim(const scene *s)
{
    int code = -1000;

    if (!MRT_OK(mr_process_join(s->victim, GUARD))) {
        MRT_OK(mr_process_kill(s->victim));
        MRT_OK(mr_process_join(s->victim, GUARD));
    }
    MRT_OK(mr_process_exit_code(s->victim, &code));
    MRT_CHECK(code == 0 || code == -SIGKILL);
    return code;
}

/* Once; *done: the victim was not killed. */
static inline void kill_at(const operation *row, scene *s, bool *done,
                           bool counted)
{
    census before = take_census();

    s->victim.handle.kind = MRI_NONE;
    if (!row->prepare(s) || !start_victim(s)) {
        return;
    }
    if (row->meanwhile) {
        row->meanwhile(s);
    }
    s->killed = end_victim(s) != 0;
    *done = !s->killed;
    row->check(s);
    MRT_OK(mr_process_destroy(s->victim));
    if (counted) {
        check_census(&before);
    }
}

/* The writer of output takes its record a little after the start. */
static inline void await_start(void)
{
    double end = mrt_now() + GUARD;

    while (!several_nodes() &&
           take_census().records < 2 * (uint64_t)mr_size() + 1 &&
           mrt_now() < end) {
        mrt_pause();
    }
}

static inline size_t row_by_name(const char *name)
{
    size_t row = 0;

    while (strcmp(operations[row].name, name) != 0) {
        row++;
    }
    return row;
}

/* The victim of a round, and the rank of the objects. */
static inline void set_scene(scene *s, size_t row, int64_t k)
{
    int size = mr_size();
    int64_t others = size > 1 ? size - 1 : 1;

    memset(s, 0, sizeof *s);
    s->k = k;
    s->operation = row;
    if (several_nodes()) {
        s->rank = 1 + (int)(k % others);
        s->place = MR_ON_RANK(0);
    } else {
        s->rank = (int)((k + (int64_t)row) % size);
        s->place = MR_ON_RANK((s->rank + 1 + (int)(k / size % others)) % size);
    }
}

/* The operation whose name the running test has. */
static inline void kill_at_each_point(void)
{
    size_t number = row_by_name(mrt_name());
    const char *only = getenv("MULTIRANK_TEST_KILL");
    int64_t first = only ? strtoll(only, NULL, 10) : 1;
    int64_t last = only ? first : MOST_KILLS;
    bool done = false;
    uint64_t in_use;
    int64_t k;

    await_start();
    took_effect_before = false;
    leaves_objects = false;
    /* What a rank keeps for calls to another is there after the first. */
    if (several_nodes()) {
        for (int i = 1; i < mr_size(); i++) {
            scene s;

            set_scene(&s, number, i);
            s.k = MOST_KILLS;
            kill_at(&operations[number], &s, &done, false);
        }
        done = false;
        took_effect_before = false;
    }
    in_use = objects_in_use();
    for (k = first; k <= last && !done; k++) {
        scene s;

        set_scene(&s, number, k);
        kill_at(&operations[number], &s, &done, true);
        if (mrt_failed()) {
            MRT_FAIL("%s: at kill point %lld, victim on rank %d, objects on "
                     "rank %d",
                     operations[number].name, (long long)k, s.rank,
                     s.place - 1);
            return;
        }
    }
    MRT_CHECK(done || only);
    MRT_CHECK(leaves_objects || await_objects_in_use(in_use));
    if (getenv("MULTIRANK_TEST_VERBOSE")) {
        printf("       %s: %lld kill points\n", operations[number].name,
               (long long)k - 2);
    }
}

/* A whole program: each row is a test, beside those of `more`. */
static inline int kill_main(const char *name, size_t rows, const mrt_test *more,
                            size_t more_count, int argc, char **argv)
{
    static mrt_test tests[128];

    for (size_t i = 0; i < rows; i++) {
        tests[i] = (mrt_test){operations[i].name, kill_at_each_point, 180};
    }
    for (size_t i = 0; i < more_count; i++) {
        tests[rows + i] = more[i];
    }
    setenv("MR_MEMORY", "16M", 0); /* soon filled */
    setenv("MR_SPIN", "2", 0);     /* few points, all of a kind */
    return suite_main(name, tests, rows + more_count, argc, argv);
}

#endif
