/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the nodes of a schedule: the workers of each, and what is done about
 * workers that die.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "pool/scheduler.h"
#include "runtime/job/identity.h"
#include "util/log.h"

enum { FUTILE_RESTARTS = 8 };

/* ---- nodes --------------------------------------------------------------- */

static bool is_alive(const mri_known_worker *worker)
{
    return worker->mailbox.kind != MRI_NONE;
}

/* Does it live, or may it live again?  An adopted batch has a slot for each
 * worker, whatever has become of it. */
static bool is_member(const mri_scheduler *d, size_t number)
{
    const mri_known_worker *worker = &d->driver->table[number];

    return is_alive(worker) || worker->lost || worker->coming ||
           d->adopted.kind != MRI_NONE;
}

static uint32_t leader_of(size_t number)
{
    return mri_node.leaders[number % mri_here.size];
}

static mri_schedule_node *find_node(const mri_scheduler *d, uint32_t leader)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        if (d->nodes[i].leader == leader) {
            return &d->nodes[i];
        }
    }
    return NULL;
}

/* After changes of the table: count the workers that live on each node. */
static void look_at_table(mri_scheduler *d)
{
    unsigned int me = mri_endpoint_rank(mri_self_endpoint());

    d->workers = 0;
    d->coming = 0;
    for (size_t i = 0; i < d->nodes_count; i++) {
        mri_schedule_node *n = &d->nodes[i];

        n->workers = 0;
        for (size_t k = n->spec->workers; k-- > 0;) {
            mri_batch_worker *entry = &n->spec->list[k];
            const mri_known_worker *known = &d->driver->table[entry->number];

            assert(entry->number < d->driver->workers);
            entry->mailbox = known->mailbox;
            d->coming += known->coming;
            if (is_alive(known)) {
                n->workers++;
                n->rank = n->near ? me : entry->mailbox.owner;
            }
        }
        d->workers += n->workers;
    }
}

static mr_error add_batches(const mri_scheduler *d, mri_schedule_node *n)
{
    unsigned int count = d->sink->batches(d, n);

    n->batches = calloc(count, sizeof *n->batches);
    n->batches_max = n->batches ? count : 0;
    return n->batches ? MR_OK : MR_ERR_NO_MEMORY;
}

static mr_error fill_node(mri_scheduler *d, mri_schedule_node *n,
                          uint32_t leader)
{
    size_t workers = d->driver->workers;
    size_t count = 0;

    for (size_t i = 0; i < workers; i++) {
        count += is_member(d, i) && leader_of(i) == leader;
    }
    n->spec = calloc(1, mri_batch_spec_size(count));
    if (!n->spec) {
        return MR_ERR_NO_MEMORY;
    }
    n->leader = leader;
    n->near =
        leader == mri_node.leaders[mri_endpoint_rank(mri_self_endpoint())];
    n->max_tasks = SIZE_MAX;
    mri_schedule_describe(d->request, n->spec);
    if (d->sink->describe) {
        d->sink->describe(d, n->spec);
    }
    n->spec->pool = d->driver->pool.handle;
    n->spec->pool_workers = workers;
    n->spec->setup = d->driver->setup;
    for (size_t i = 0; i < workers; i++) {
        if (is_member(d, i) && leader_of(i) == leader) {
            n->spec->list[n->spec->workers++].number = i;
        }
    }
    return add_batches(d, n);
}

/* The caller's own comes first: it has the shortest way. */
mr_error mri_schedule_add_nodes(mri_scheduler *d)
{
    uint32_t mine = mri_node.leaders[mri_endpoint_rank(mri_self_endpoint())];
    mr_error error = MR_OK;

    d->nodes = calloc(d->driver->workers, sizeof *d->nodes);
    if (!d->nodes) {
        return MR_ERR_NO_MEMORY;
    }
    for (unsigned int near = 2; near-- > 0;) {
        for (size_t i = 0; !error && i < d->driver->workers; i++) {
            if (is_member(d, i) && (leader_of(i) == mine) == near &&
                !find_node(d, leader_of(i))) {
                error = fill_node(d, &d->nodes[d->nodes_count++], leader_of(i));
            }
        }
    }
    if (!error) {
        look_at_table(d);
    }
    return error;
}

/* ---- workers that died --------------------------------------------------- */

static mr_error notify(const mri_scheduler *d, const mri_schedule_node *n,
                       unsigned int slot)
{
    const mri_batch_worker *worker = &n->spec->list[slot];
    mr_error error = MR_OK;

    assert(slot < n->spec->workers);
    for (unsigned int k = 0; !error && k < n->batches_max; k++) {
        if (n->batches[k].handle.kind != MRI_NONE &&
            worker->mailbox.kind != MRI_NONE) {
            error = mri_batch_notify(n->batches[k].handle, worker, slot,
                                     mri_schedule_time_left(d));
        }
    }
    return error;
}

static bool has_worker(const mri_schedule_node *n, unsigned int number)
{
    for (uint64_t slot = 0; slot < n->spec->workers; slot++) {
        if (n->spec->list[slot].number == number) {
            return true;
        }
    }
    return false;
}

/* The tasks that a dead worker had taken lie in its slot again.  The worker
 * that takes its place is notified; without one all others of the node are, as
 * they may have left the batches by now. */
static mr_error notify_of_the_rest(const mri_scheduler *d, unsigned int number)
{
    mr_error error = MR_OK;

    for (size_t i = 0; i < d->nodes_count; i++) {
        const mri_schedule_node *n = &d->nodes[i];
        bool replaced = is_alive(&d->driver->table[number]);

        for (unsigned int slot = 0;
             has_worker(n, number) && !error && slot < n->spec->workers;
             slot++) {
            if (!replaced || n->spec->list[slot].number == number) {
                error = notify(d, n, slot);
            }
        }
    }
    return error;
}

/* One that cannot be started is done without. */
static mr_error restart(mri_scheduler *d, unsigned int number)
{
    mr_error failed;
    mr_error error = mri_driver_restart(d->driver, number, &failed);

    if (failed && failed != MR_ERR_OWNER_LOST) {
        d->not_started = failed;
        mri_log(MR_LOG_WARNING,
                "worker %u of a pool cannot be started again: %s; the next "
                "map tries it once more",
                number, mr_error_text(failed));
    }
    return error;
}

static mr_error restart_all(mri_scheduler *d)
{
    mr_error error = mri_driver_refresh(d->driver);
    bool any = false;

    for (size_t i = 0; !error && i < d->driver->workers; i++) {
        const mri_known_worker *worker = &d->driver->table[i];

        if (worker->lost && !worker->given_up) {
            any = true;
            error = restart(d, (unsigned int)i);
        }
    }
    return any && !error ? mri_driver_refresh(d->driver) : error;
}

/* Workers were replaced, by this driver or another, or could not be. */
static mr_error look_at_changes(mri_scheduler *d)
{
    mr_error error = MR_OK;

    look_at_table(d);
    if (d->sink->look) {
        error = d->sink->look(d);
    }
    for (size_t i = 0; !error && i < d->driver->workers; i++) {
        mri_known_worker *worker = &d->driver->table[i];

        if (worker->changed) {
            worker->changed = false;
            d->restarts += is_alive(worker);
            error = notify_of_the_rest(d, (unsigned int)i);
        }
    }
    /* Should that be seen, it will be at the batches, too. */
    return error == MR_ERR_OWNER_LOST ? MR_OK : error;
}

/* Do tasks lie on a node where no worker lives, and none can be started? */
static bool is_stuck(const mri_scheduler *d)
{
    for (size_t i = 0; d->not_started && i < d->nodes_count; i++) {
        const mri_schedule_node *n = &d->nodes[i];

        for (unsigned int k = 0; !n->workers && k < n->batches_max; k++) {
            if (n->batches[k].handle.kind != MRI_NONE) {
                return true;
            }
        }
    }
    return false;
}

mr_error mri_schedule_restart_lost(mri_scheduler *d)
{
    mr_error error = restart_all(d);

    if (!error) {
        error = look_at_changes(d);
    }
    return !error && is_stuck(d) ? d->not_started : error;
}

/* Children that die again and again without finishing a task would keep us
 * for ever.  All may be replaced at one time, after their last tasks. */
static mr_error restart_dead(mri_scheduler *d)
{
    size_t ended = d->sink->ended(d);

    if (ended != d->progress) {
        d->progress = ended;
        d->restarts = 0;
    }
    if (d->restarts > FUTILE_RESTARTS && d->restarts > 2 * d->driver->workers) {
        return mri_fail(
            MR_ERR_WORKER_DIED, MR_LOG_ERROR,
            "the children of a pool die before they finish a task, %u in "
            "a row; the map is given up, the next one starts others",
            d->restarts);
    }
    return mri_schedule_restart_lost(d);
}

mr_error mri_schedule_attend(mri_scheduler *d)
{
    bool called;
    mr_error error = mri_driver_attend(d->driver, &called);

    return error || !called ? error : restart_dead(d);
}

/* ---- ranks that are lost ------------------------------------------------- */

/* Not a third time: one of the tasks may be what ends ranks. */
static mr_error give_up_batch(mri_scheduler *d, const mri_schedule_node *n,
                              const mri_schedule_batch *p)
{
    mr_task_error error = {.code = MR_ERR_WORKER_DIED,
                           .index = p->tasks.first,
                           .rank = (int)n->rank};

    snprintf(error.text, sizeof error.text,
             "two ranks were lost with the tasks %zu to %zu", p->tasks.first,
             p->tasks.first + p->tasks.count - 1);
    return d->sink->give_up(d, p->tasks, &error);
}

static mr_error lose_batch(mri_scheduler *d, const mri_schedule_node *n,
                           mri_schedule_batch *p)
{
    assert(p->handle.kind == MRI_BATCH && d->under_way > 0);
    p->handle.kind = MRI_NONE;
    d->under_way--;
    if (p->tasks.again) {
        return give_up_batch(d, n, p);
    }
    p->tasks.again = true;
    return d->sink->give_back(d, p->tasks);
}

/* All that was made on a rank is lost with it. */
mr_error mri_schedule_lose(mri_scheduler *d, mri_schedule_node *n)
{
    mr_error error = MR_OK;

    mri_log(MR_LOG_WARNING,
            "rank %u is lost; its tasks of a map are scheduled again", n->rank);
    for (unsigned int i = 0; i < n->batches_max; i++) {
        if (n->batches[i].handle.kind != MRI_NONE) {
            mr_error one = lose_batch(d, n, &n->batches[i]);

            error = one ? one : error;
        }
    }
    n->spec->context.kind = MRI_NONE;
    if (!error) {
        error = mri_driver_lose_rank(d->driver, n->rank);
    }
    if (!error) {
        error = mri_driver_refresh(d->driver);
    }
    look_at_table(d);
    return error;
}
