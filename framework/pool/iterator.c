/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Iterator: a schedule that goes on whenever its user asks for the next
 * result.  There is no thread behind it.  Results come into a mailbox of the
 * caller's rank, so that and the pool, which tells of failures, are all that is
 * waited for.
 */
#include <multirank/iterator.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait_any.h"
#include "pool/pool.h"
#include "pool/results.h"
#include "util/clock.h"
#include "util/log.h"

/* Of a rank that is lost on another node we may hear before the others of that
 * node have repaired what it left; and a failure that could not be sent waits
 * in its slot.  So both are asked for now and then. */
static const double look_after_each = 1; /* seconds */

struct mr_iterator {
    mri_driver driver;
    mri_map_request request;
    mri_scheduler scheduler;
    mri_results results;
    mri_result *last;  /* the user may look at it */
    bool begun;        /* the pool is busy with this */
    bool look;         /* after the workers */
    mr_error given_up; /* why */
};

/* ---- going on ------------------------------------------------------------ */

static mr_error look_after_workers(mr_iterator *iterator)
{
    mr_error error = mri_results_ask_for_failures(&iterator->scheduler);

    if (!error) {
        error = mri_schedule_attend(&iterator->scheduler);
    }
    if (!error) {
        iterator->look = false;
    }
    return error;
}

/* What can be done without waiting. */
static mr_error go_on(mr_iterator *iterator)
{
    mri_scheduler *d = &iterator->scheduler;
    mr_error error = mri_results_receive(d);

    if (error) {
        return error;
    }
    if (iterator->look) {
        error = look_after_workers(iterator);
    }
    if (!error) {
        error = mri_schedule_more(d);
    }
    if (!error && d->under_way == 0 && d->left &&
        iterator->results.come == iterator->results.taken &&
        !mri_schedule_is_hopeful(d)) {
        error = mri_schedule_refusal(d);
    }
    iterator->given_up = error;
    return error;
}

static mr_error await(mr_iterator *iterator, double timeout)
{
    const mr_handle handles[] = {iterator->driver.pool.handle,
                                 iterator->results.queue};
    bool shorter = timeout < 0 || timeout > look_after_each;
    bool ready[2];
    mr_error error;

    mri_driver_waits(&iterator->driver, true);
    error =
        mri_wait_any(handles, 2, shorter ? look_after_each : timeout, ready);
    mri_driver_waits(&iterator->driver, false);
    if (error == MR_ERR_TIMEOUT && shorter) {
        iterator->look = true;
        return MR_OK;
    }
    iterator->look |= !error && ready[0];
    return error;
}

/* ---- begin and end ------------------------------------------------------- */

static void end(mr_iterator *iterator)
{
    if (iterator->begun) {
        mri_schedule_end(&iterator->scheduler);
        mri_results_end(&iterator->results);
        mri_driver_end(&iterator->driver);
    }
    iterator->begun = false;
}

static mr_error begin(mr_iterator *iterator, mr_pool pool, bool ordered,
                      size_t ahead)
{
    const mri_map_request *request = &iterator->request;
    mr_error error = mri_map_begin(&iterator->driver, pool);
    size_t workers = 0;

    if (error) {
        return error;
    }
    iterator->begun = true;
    error = mr_pool_size(pool, &workers);
    if (error) {
        return error;
    }
    error = mri_results_begin(&iterator->results, request->total, workers,
                              ahead, ordered);
    iterator->scheduler.sink = &mri_results_sink;
    iterator->scheduler.results = &iterator->results;
    if (!error) {
        error = mri_schedule_begin(&iterator->scheduler, &iterator->driver,
                                   request);
    }
    return error ? error : go_on(iterator);
}

static mr_error make(mr_iterator **result, mr_pool pool,
                     const mri_map_request *request, bool ordered,
                     const mr_imap_options *options)
{
    mr_iterator *iterator = calloc(1, sizeof *iterator);
    mr_error error;

    if (!iterator) {
        return MR_ERR_NO_MEMORY;
    }
    iterator->request = *request;
    error = begin(iterator, pool, ordered, options ? options->ahead : 0);
    if (error) {
        mr_task_error told;

        mr_iterator_destroy(iterator);
        return error == MR_ERR_BROKEN ? mri_pool_tell_breach(pool, &told)
                                      : error;
    }
    *result = iterator;
    return MR_OK;
}

static mr_error imap(const char *caller, bool ordered, mr_iterator **iterator,
                     mr_pool pool, mr_task_function *function,
                     mri_map_request *request, const mr_imap_options *options)
{
    mr_error error;

    if (!iterator) {
        return mri_bad_argument(caller, "iterator", "is NULL");
    }
    request->chunk = 1;
    error = mri_map_prepare(request, caller, function, MR_FOREVER);
    return error ? error : make(iterator, pool, request, ordered, options);
}

mr_error mr_pool_imap(mr_iterator **iterator, mr_pool pool,
                      mr_task_function *function, const void *context,
                      size_t context_size, const void *inputs,
                      size_t input_size, size_t count,
                      const mr_imap_options *options)
{
    mri_map_request request =
        mri_map_of(context, context_size, inputs, input_size, NULL, 0, count);

    return imap("mr_pool_imap", true, iterator, pool, function, &request,
                options);
}

mr_error mr_pool_imap_unordered(mr_iterator **iterator, mr_pool pool,
                                mr_task_function *function, const void *context,
                                size_t context_size, const void *inputs,
                                size_t input_size, size_t count,
                                const mr_imap_options *options)
{
    mri_map_request request =
        mri_map_of(context, context_size, inputs, input_size, NULL, 0, count);

    return imap("mr_pool_imap_unordered", false, iterator, pool, function,
                &request, options);
}

/* ---- results ------------------------------------------------------------- */

static bool take(mr_iterator *iterator, mr_result *result)
{
    mri_arrival arrival = mri_results_take(&iterator->results);
    mri_result *message = arrival.message;

    if (!message) {
        return false;
    }
    iterator->last = message;
    *result = (mr_result){.index = message->index};
    if (message->failed) {
        memcpy(&result->error, message + 1, sizeof result->error);
    } else if (arrival.size > sizeof *message) {
        result->data = message + 1;
        result->size = arrival.size - sizeof *message;
    }
    return true;
}

mr_error mr_iterator_next(mr_iterator *iterator, mr_result *result,
                          double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    mr_error error = MR_OK;

    if (!iterator || !result || isnan(timeout)) {
        return mri_bad_argument("mr_iterator_next",
                                !iterator ? "iterator"
                                          : (!result ? "result" : "timeout"),
                                iterator && result ? "is NaN" : "is NULL");
    }
    free(iterator->last);
    iterator->last = NULL;
    while (iterator->begun) {
        mr_error stuck =
            iterator->given_up ? iterator->given_up : go_on(iterator);

        if (take(iterator, result)) {
            return MR_OK;
        }
        if (iterator->results.taken == iterator->request.total) {
            end(iterator);
        } else if (stuck == MR_ERR_BROKEN) {
            *result = (mr_result){.index = MR_NO_TASK};
            return mri_pool_tell_breach(iterator->driver.pool, &result->error);
        } else if (stuck || error) {
            return stuck ? stuck : error;
        } else {
            error = await(iterator, mri_timeout_left(timeout, deadline));
        }
    }
    return MR_ERR_END_OF_FILE;
}

mr_error mr_iterator_destroy(mr_iterator *iterator)
{
    if (iterator) {
        end(iterator);
        free(iterator->last);
        free(iterator);
    }
    return MR_OK;
}
