/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites about iterators share.
 */
#ifndef MPI_ITERATE_SUPPORT_H
#define MPI_ITERATE_SUPPORT_H

#include "mpi/pool_support.h"

#include <stddef.h>

typedef mr_error imap_function(mr_iterator **iterator, mr_pool pool,
                               mr_task_function *function, const void *context,
                               size_t context_size, const void *inputs,
                               size_t input_size, size_t count,
                               const mr_imap_options *options);

static imap_function *const both[] = {mr_pool_imap, mr_pool_imap_unordered};

/* What each test begins with: inputs are 0, 1, ... */
enum { COUNT = 300 };

static int64_t numbers[COUNT];

static inline bool iterate(mr_iterator **iterator, mr_pool pool,
                           imap_function *imap, mr_task_function *function,
                           const void *context, size_t context_size,
                           size_t count, size_t ahead)
{
    const mr_imap_options options = {.ahead = ahead};

    for (size_t i = 0; i < COUNT; i++) {
        numbers[i] = (int64_t)i;
    }
    return MRT_OK(imap(iterator, pool, function, context, context_size, numbers,
                       sizeof numbers[0], count, &options));
}

static inline bool ends(mr_iterator *iterator)
{
    mr_result result;

    return MRT_ERROR(mr_iterator_next(iterator, &result, GUARD),
                     MR_ERR_END_OF_FILE) &&
           MRT_ERROR(mr_iterator_next(iterator, &result, 0),
                     MR_ERR_END_OF_FILE) &&
           MRT_OK(mr_iterator_destroy(iterator));
}

/* Sizes */

/* A result of task n has n bytes, and a few have more than travel at once. */
static inline size_t size_of(size_t n)
{
    return n == 17 ? 3 << 20 : n == 60 ? (1 << 20) + 1 : n * 7;
}

static inline mr_error pattern(const void *input, void *output,
                               const mr_task *task)
{
    size_t n = (size_t) * (const int64_t *)input;
    unsigned char *bytes = malloc(size_of(n) + 1);
    mr_error error;

    if (n != task->index || output || task->output_size) {
        return mr_task_fail(MR_ERR_USER, "task %zu has input %zu", task->index,
                            n);
    }
    pattern_fill(bytes, size_of(n), (unsigned)n);
    error = n == 5 ? mr_task_return("replaced", 8) : MR_OK;
    if (error == MR_OK && n != 9) {
        error = mr_task_return(bytes, size_of(n));
    }
    memset(bytes, 0xee, size_of(n));
    free(bytes);
    return error;
}

static inline bool is_pattern(const mr_result *result)
{
    size_t size = result->index == 9 ? 0 : size_of(result->index);

    return MRT_EQUAL(result->error.code, MR_OK) &&
           MRT_EQUAL(result->size, size) &&
           MRT_CHECK((result->data == NULL) == (size == 0)) &&
           MRT_CHECK((uintptr_t)result->data % _Alignof(max_align_t) == 0) &&
           MRT_CHECK(
               pattern_holds(result->data, size, (unsigned)result->index));
}

/* Whether a task runs in a child, and not in a rank. */
static inline bool in_child(void)
{
    mr_process parent;

    return mr_process_parent(&parent) == MR_OK;
}

/* A gate where tasks wait */

typedef struct gate {
    mr_queue open;  /* an item lets one task pass */
    mr_value begun; /* tasks */
} gate;

static inline bool make_gate(gate *g)
{
    return MRT_OK(mr_queue_create(&g->open, NULL)) &&
           MRT_OK(mr_value_create(&g->begun, MR_INT64, NULL, NULL));
}

static inline void destroy_gate(const gate *g)
{
    MRT_OK(mr_queue_destroy(g->open));
    MRT_OK(mr_value_destroy(g->begun));
}

static inline mr_error count_oneself(const gate *g)
{
    const int64_t one = 1;

    return mr_value_add(g->begun, &one, NULL);
}

static inline int64_t begun(const gate *g)
{
    int64_t count = -1;

    MRT_OK(mr_value_get(g->begun, &count));
    return count;
}

static inline mr_error count_and_return(const void *input, void *output,
                                        const mr_task *task)
{
    mr_error error = count_oneself(task->context);

    (void)output;
    return error ? error : mr_task_return(input, task->input_size);
}

/* Task 0 waits at the gate, others do not. */
static inline mr_error first_waits(const void *input, void *output,
                                   const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = count_oneself(g);

    (void)output;
    if (error == MR_OK && task->index == 0) {
        error = mr_queue_get(g->open, NULL, 0, NULL, GUARD);
    }
    return error ? error : mr_task_return(input, task->input_size);
}

/* The result is the task's index. */
static inline mr_error count_index(const void *input, void *output,
                                   const mr_task *task)
{
    (void)input;
    (void)output;
    return mr_task_return(&task->index, sizeof task->index);
}

#endif
