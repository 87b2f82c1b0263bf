/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the examples of the tour share, and the list of them.
 */
#ifndef TOUR_H
#define TOUR_H

#include <multirank.h>

/* Every call is checked; a failure ends the program with a sentence. */
#define CHECK(call) check((call), #call)

void check(mr_error error, const char *call);

/* Creates and starts a process in one go. */
mr_process start(mr_process_function *function, const void *argument,
                 size_t size);

/* Waits for a process that should succeed, and forgets it. */
void finish(mr_process process);

/* Prints numbers as [1, 2, 3]. */
void print_list(const int64_t *numbers, size_t count);

/* The examples, in the order of the tour. */
void tour_process(void);
void tour_family(void);
void tour_pool(void);
void tour_iterator(void);
void tour_future(void);
void tour_spawn(void);
void tour_queue(void);
void tour_queue_end(void);
void tour_queue_join(void);
void tour_lent(void);
void tour_pipe(void);
void tour_ticket(void);
void tour_value(void);
void tour_array(void);
void tour_semaphore(void);
void tour_event(void);
void tour_condition(void);
void tour_barrier(void);
void tour_rwlock(void);
void tour_daemon(void);

#endif
