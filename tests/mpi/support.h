/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites of tests/mpi share: the start of a job, children and what
 * they check, and waits that only guard against hanging.
 *
 * The checks of the harness count on rank 0 alone.  A child has checks of its
 * own: what does not hold is named on stderr, and the exit code tells of it.
 */
#ifndef MPI_SUPPORT_H
#define MPI_SUPPORT_H

#include "harness/harness.h"

#include <multirank.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "engine/object.h"
#include "memory/segment.h"

/* A time-out short enough to wait for, and one that only guards. */
#define SHORT 0.05
#define GUARD (15 * mrt_scale())

/* Not a number, without the need for libm. */
#define NOT_A_NUMBER __builtin_nan("")

/* Sizes of items: none, one byte, around what lies in a small item, a page,
 * and more than any page. */
static const size_t item_sizes[] = {0, 1, 56, 57, 4096, 1 << 20, 32 << 20};

/* The job */

/* A whole test program: rank 0 runs the suite, the other ranks serve it. */
static inline int suite_main(const char *name, const mrt_test *tests,
                             size_t count, int argc, char **argv)
{
    mr_error error;
    int status;

    error = mr_init(&argc, &argv);
    if (error != MR_OK) {
        fprintf(stderr, "%s: mr_init: %s\n", name, mr_error_name(error));
        return EXIT_FAILURE;
    }
    status = mrt_main(name, tests, count, argc, argv);
    error = mr_finalize();
    if (error != MR_OK) {
        fprintf(stderr, "%s: mr_finalize: %s\n", name, mr_error_name(error));
        return EXIT_FAILURE;
    }
    return status;
}

/* Checks in a child */

static int child_failures;

static inline bool child_check(bool holds, const char *file, int line,
                               const char *text)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: in a child: %s\n", file, line, text);
        child_failures++;
    }
    return holds;
}

static inline bool child_error(mr_error actual, mr_error expected,
                               const char *file, int line, const char *text)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: in a child: %s gave %s, not %s\n", file, line,
                text, mr_error_name(actual), mr_error_name(expected));
        child_failures++;
    }
    return actual == expected;
}

/* What a child returns: 0 when all its checks held. */
static inline int child_result(void)
{
    return child_failures > 0 ? 1 : 0;
}

#define CHILD_CHECK(expr) \
    child_check((expr) ? true : false, __FILE__, __LINE__, #expr)
#define CHILD_OK(call) child_error((call), MR_OK, __FILE__, __LINE__, #call)
#define CHILD_ERROR(call, error) \
    child_error((call), (error), __FILE__, __LINE__, #call)

/* Several nodes */

static inline bool several_nodes(void)
{
    return mri_node.count < mri_node.ranks;
}

/* For what is repeated: calls that travel take a hundred times as long. */
static inline int often(int count)
{
    return several_nodes() ? (count + 9) / 10 : count;
}

/* A test that would take minutes does less, unless MULTIRANK_TEST_WHOLE is set:
 * then give it the time by MULTIRANK_TEST_SCALE. */
static inline bool is_whole(void)
{
    return getenv("MULTIRANK_TEST_WHOLE") != NULL;
}

/* Children of rank 0 */

enum { ANYWHERE = -1 };

static inline bool start_child(mr_process *process, int rank,
                               mr_process_function *function,
                               const void *argument, size_t size,
                               const char *file, int line)
{
    const mr_process_options options = {
        .place = rank == ANYWHERE ? MR_PLACE_DEFAULT : MR_ON_RANK(rank)};

    return mrt_error(
               mr_process_create(process, function, argument, size, &options),
               MR_OK, "mr_process_create", file, line) &&
           mrt_error(mr_process_start(*process), MR_OK, "mr_process_start",
                     file, line);
}

/* A child that does not end is killed, so that the next test can begin. */
static inline bool end_child(mr_process process, int expected, const char *file,
                             int line)
{
    mr_error error = mr_process_join(process, GUARD);
    int code = -1000;
    bool good;

    if (error == MR_ERR_TIMEOUT && mr_process_kill(process) == MR_OK &&
        mr_process_join(process, GUARD) != MR_OK) {
        mrt_check(false, file, line, "the child cannot be killed");
    }
    good = mrt_error(error, MR_OK, "mr_process_join", file, line) &&
           mrt_error(mr_process_exit_code(process, &code), MR_OK,
                     "mr_process_exit_code", file, line) &&
           mrt_equal(code, expected, "the exit code", "expected", file, line);
    return mrt_error(mr_process_destroy(process), MR_OK, "mr_process_destroy",
                     file, line) &&
           good;
}

/* Starts a child on a rank, or ANYWHERE; joins it and forgets it. */
#define START(process, rank, function, argument, size)                       \
    start_child((process), (rank), (function), (argument), (size), __FILE__, \
                __LINE__)
#define END(process, code) end_child((process), (code), __FILE__, __LINE__)

/* Both at once, for a child whose checks are the test. */
#define RUN(rank, function, argument, size) \
    run_child((rank), (function), (argument), (size), __FILE__, __LINE__)

static inline bool run_child(int rank, mr_process_function *function,
                             const void *argument, size_t size,
                             const char *file, int line)
{
    mr_process process;

    return start_child(&process, rank, function, argument, size, file, line) &&
           end_child(process, 0, file, line);
}

/* Objects in use */

static inline uint64_t objects_here(void)
{
    uint64_t count = 0;

    for (unsigned int i = 0; i < mri_node.count; i++) {
        count += mri_objects_in_use(i);
    }
    return count;
}

static inline int tell_objects(const void *argument, size_t size)
{
    const mr_queue *to = argument;
    uint64_t count = objects_here();

    (void)size;
    CHILD_OK(mr_queue_put(*to, &count, sizeof count, MR_FOREVER));
    return child_result();
}

/* Rows of objects in use on all nodes, so that a test can end with as many as
 * it began with.  A child on each other node counts those there. */
static inline uint64_t objects_in_use(void)
{
    uint64_t all = 0;
    mr_queue told;

    for (unsigned int rank = 0; rank < mri_node.ranks; rank++) {
        uint64_t count = 0;

        if (!mri_is_far(rank) || mri_node.leaders[rank] != rank) {
            continue;
        }
        if (MRT_OK(mr_queue_create(&told, NULL)) &&
            RUN((int)rank, tell_objects, &told, sizeof told)) {
            MRT_OK(mr_queue_get(told, &count, sizeof count, NULL, GUARD));
        }
        MRT_OK(mr_queue_destroy(told));
        all += count;
    }
    return all + objects_here();
}

/* What servers do after an end is done soon. */
static inline bool await_objects_in_use(uint64_t expected)
{
    double end = mrt_now() + GUARD;

    while (objects_in_use() != expected && mrt_now() < end) {
        mrt_pause();
    }
    return MRT_EQUAL(objects_in_use(), expected);
}

/* Bytes in use in the heaps and Arrays of this node. */
static inline uint64_t bytes_used(void)
{
    uint64_t used = 0;

    for (unsigned int i = 0; i < mri_node.count; i++) {
        used += mri_arena_used(&mri_segment_at(i)->heap) +
                mri_arena_used(&mri_segment_at(i)->arrays);
    }
    return used;
}

/* The rank for the i-th of several: they are spread over the job. */
static inline int rank_of(int i)
{
    return i % mr_size();
}

/* Locks */

/* Does a call that takes a lock say that the caller has it? */
static inline bool is_held(mr_error error)
{
    return error == MR_OK || error == MR_ERR_HOLDER_DIED;
}

/* Waiters */

/* The letter that the kernel gives the state of a thread, or 0. */
static inline char thread_state(int64_t process, int64_t thread)
{
    char path[64], line[512];
    const char *end;
    FILE *file;
    char state = 0;

    snprintf(path, sizeof path, "/proc/%lld/task/%lld/stat", (long long)process,
             (long long)thread);
    file = fopen(path, "r");
    if (!file) {
        return 0;
    }
    if (fgets(line, sizeof line, file) && (end = strrchr(line, ')')) &&
        end[1] == ' ') {
        state = end[2];
    }
    fclose(file);
    return state;
}

/* Waits until a thread of this host is asleep, and has been so for a while. */
static inline bool seems_asleep(int64_t process, int64_t thread)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    double end = mrt_now() + GUARD;
    int asleep = 0;

    while (asleep < 20 && mrt_now() < end) {
        asleep = thread_state(process, thread) == 'S' ? asleep + 1 : 0;
        nanosleep(&pause, NULL);
    }
    return asleep == 20;
}

/* Calls of this rank and its processes reach a rank of another node in their
 * order, and so do the replies: after a call that is refused there, what was
 * on its way before has arrived. */
static inline bool all_has_arrived(void)
{
    bool truth, all = true;

    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_queue none = {
            {.owner = (uint32_t)rank, .slot = UINT32_MAX, .kind = MRI_QUEUE}};

        all &= mr_queue_empty(none, &truth) == MR_ERR_STALE;
    }
    return all;
}

/* Waits until a thread of this rank, or of a process of it, is inside the call
 * that it announced.  A far call sleeps from the start, and the announcement
 * may be one: when that has its reply the thread may be asleep still, but not
 * for long, and when it is again its next call is under way. */
static inline bool thread_sleeps(int64_t process, int64_t thread)
{
    if (!seems_asleep(process, thread)) {
        return false;
    }
    return !several_nodes() ||
           (all_has_arrived() && seems_asleep(process, thread) &&
            all_has_arrived());
}

static inline int look_at_sleeper(const void *argument, size_t size)
{
    int64_t pid = *(const int64_t *)argument;

    (void)size;
    CHILD_CHECK(thread_sleeps(pid, pid));
    return child_result();
}

/* Another host has other processes by that pid: a child there looks. */
static inline bool child_sleeps(mr_process process)
{
    int64_t pid;

    if (mr_process_pid(process, &pid) != MR_OK) {
        return false;
    }
    return several_nodes() ? RUN((int)process.handle.owner, look_at_sleeper,
                                 &pid, sizeof pid)
                           : thread_sleeps(pid, pid);
}

/* Ends */

/* A process that dies on purpose leaves no file behind. */
static inline void forbid_core(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

/* Ends the caller by SIGSEGV.  A page that may not be touched serves, as
 * sanitizers look at null pointers themselves. */
static inline void crash(void)
{
    volatile int *page =
        mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *page = 1;
}

/* Bytes that tell where they belong */

static inline unsigned char pattern_byte(size_t at, unsigned seed)
{
    return (unsigned char)(seed * 131u + at + (at >> 8) * 7u + (at >> 16));
}

static inline void pattern_fill(void *memory, size_t size, unsigned seed)
{
    unsigned char *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = pattern_byte(i, seed);
    }
}

static inline bool pattern_holds(const void *memory, size_t size, unsigned seed)
{
    const unsigned char *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != pattern_byte(i, seed)) {
            return false;
        }
    }
    return true;
}

/* Handles that are none */

enum { STRANGE_HANDLES = 6 };

/* Handles that name nothing, near one that names something. */
static inline void strange_handles(mr_handle genuine,
                                   mr_handle out[STRANGE_HANDLES])
{
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        out[i] = genuine;
    }
    memset(&out[0], 0, sizeof out[0]);
    memset(&out[1], 0xff, sizeof out[1]);
    out[2].owner = (uint32_t)mr_size();
    out[3].slot = UINT32_MAX;
    out[4].generation += 1;
    out[5].kind += 1;
}

#endif
