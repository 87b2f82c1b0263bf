/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the dealing of a map's tasks.
 *
 * Workers that share memory are one node, and get their tasks as a part, of
 * which each takes chunks: see objects/map.h.  One node alone gets all in one
 * part.  Of several each gets parts of what is left, half of its share at
 * first and then less and less (guided self-scheduling; Polychronopoulos and
 * Kuck, IEEE Trans. Computers C-36(12), 1987; halved as in factoring; Hummel,
 * Schonberg and Flynn, Comm. ACM 35(8), 1992), so that the last are small
 * and all end together.  A part holds a bounded amount of inputs and outputs,
 * and a node has two of them, so that one travels while the other is worked
 * on.
 *
 * What a lost rank had is dealt again.
 */
#include "objects/deal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <multirank/wait.h>

#include "objects/context.h"
#include "objects/part.h"
#include "objects/pool.h"
#include "route/several.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    UNDER_WAY = 2,         /* parts of a node */
    PART_BYTES = 64 << 20, /* of inputs and outputs */
    PART_TIME = 1000000,   /* nanoseconds that no part need be shorter */
    FUTILE_RESTARTS = 8
};

typedef struct range {
    size_t first;
    size_t count;
    bool again; /* a rank was lost with it before */
} range;

typedef struct part {
    mr_handle handle; /* of kind MRI_NONE: none */
    range tasks;
    int64_t care; /* nanoseconds that the caller spent on it */
} part;

typedef struct node {
    uint32_t leader;   /* the lowest rank on it */
    unsigned int rank; /* where its parts are made */
    bool near;         /* the caller is on it */
    size_t workers;    /* that live */
    mri_part_spec *spec;
    part parts[UNDER_WAY];
    size_t most; /* tasks in a part, for want of memory */
    double task; /* nanoseconds for one, of the last part; 0: not known */
    bool full;   /* no memory, until a part ends */
} node;

typedef struct dealing {
    mr_pool pool;
    const mri_map_request *request;
    mr_task_error *first;
    int64_t deadline;
    mri_pool_worker *table;
    size_t table_size;
    size_t workers; /* that live */
    node *nodes;
    size_t nodes_count;
    size_t next;  /* all tasks from here on were never dealt */
    range *again; /* these are to be dealt again */
    size_t again_count;
    size_t left; /* tasks to be dealt */
    size_t ended;
    size_t under_way;      /* parts */
    int64_t care;          /* the least that a part took of our time */
    mr_error refused;      /* why the last part could not be made */
    unsigned int restarts; /* of children, since a task ended last */
    size_t progress;       /* tasks that had ended, at the last restart */
} dealing;

static double time_left(const dealing *d)
{
    return mri_timeout_left(d->request->timeout, d->deadline);
}

/* ---- nodes --------------------------------------------------------------- */

static bool is_alive(const mri_pool_worker *worker)
{
    return worker->mailbox.kind != MRI_NONE;
}

static uint32_t leader_of(const mri_pool_worker *worker)
{
    return mri_node.leaders[worker->mailbox.owner];
}

static node *find_node(const dealing *d, uint32_t leader)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        if (d->nodes[i].leader == leader) {
            return &d->nodes[i];
        }
    }
    return NULL;
}

/* After changes of the table: who lives where. */
static void look_at_table(dealing *d)
{
    unsigned int me = mri_endpoint_rank(mri_self_endpoint());

    d->workers = 0;
    for (size_t i = 0; i < d->nodes_count; i++) {
        node *n = &d->nodes[i];

        n->workers = 0;
        for (size_t k = n->spec->workers; k-- > 0;) {
            mri_part_worker *entry = &n->spec->list[k];

            entry->mailbox = d->table[entry->number].mailbox;
            if (is_alive(&d->table[entry->number])) {
                n->workers++;
                n->rank = n->near ? me : entry->mailbox.owner;
            }
        }
        d->workers += n->workers;
    }
}

static mr_error fill_node(dealing *d, node *n, uint32_t leader)
{
    const mri_map_request *request = d->request;
    size_t count = 0;

    for (size_t i = 0; i < d->table_size; i++) {
        count += is_alive(&d->table[i]) && leader_of(&d->table[i]) == leader;
    }
    n->spec = calloc(1, mri_part_spec_size(count));
    if (!n->spec) {
        return MR_ERR_NO_MEMORY;
    }
    n->leader = leader;
    n->near =
        leader == mri_node.leaders[mri_endpoint_rank(mri_self_endpoint())];
    n->most = SIZE_MAX;
    n->spec->function = request->function;
    n->spec->input_size = request->input_size;
    n->spec->output_size = request->output_size;
    n->spec->total = request->total;
    n->spec->chunk = request->chunk;
    n->spec->pool_workers = d->table_size;
    for (size_t i = 0; i < d->table_size; i++) {
        if (is_alive(&d->table[i]) && leader_of(&d->table[i]) == leader) {
            n->spec->list[n->spec->workers++].number = i;
        }
    }
    return MR_OK;
}

/* The caller's own comes first: it has the shortest way. */
static mr_error add_nodes(dealing *d)
{
    uint32_t mine = mri_node.leaders[mri_endpoint_rank(mri_self_endpoint())];
    mr_error error = MR_OK;

    d->nodes = calloc(d->table_size, sizeof *d->nodes);
    if (!d->nodes) {
        return MR_ERR_NO_MEMORY;
    }
    for (unsigned int near = 2; near-- > 0;) {
        for (size_t i = 0; !error && i < d->table_size; i++) {
            const mri_pool_worker *worker = &d->table[i];

            if (is_alive(worker) && (leader_of(worker) == mine) == near &&
                !find_node(d, leader_of(worker))) {
                error = fill_node(d, &d->nodes[d->nodes_count++],
                                  leader_of(worker));
            }
        }
    }
    if (!error) {
        look_at_table(d);
    }
    return error;
}

/* ---- what is to be dealt ------------------------------------------------- */

static range take(dealing *d, size_t most)
{
    range r = {.first = d->next};

    d->left -= most;
    r.count = most;
    if (d->again_count) {
        range *again = &d->again[d->again_count - 1];

        r.first = again->first;
        r.again = again->again;
        r.count = most < again->count ? most : again->count;
        d->left += most - r.count;
        again->first += r.count;
        again->count -= r.count;
        d->again_count -= again->count == 0;
    } else {
        d->next += r.count;
    }
    return r;
}

static mr_error give_back(dealing *d, range r)
{
    range *more;

    d->left += r.count;
    if (r.first + r.count == d->next && !r.again) {
        d->next = r.first;
        return MR_OK;
    }
    more = realloc(d->again, (d->again_count + 1) * sizeof *more);
    if (!more) {
        return MR_ERR_NO_MEMORY;
    }
    d->again = more;
    d->again[d->again_count++] = r;
    return MR_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Tasks whose inputs and outputs are not too much at once.  A part of the
 * allowance, so that several maps, and queues, have room beside. */
static size_t fit_in_memory(const dealing *d)
{
    size_t size = d->request->input_size + d->request->output_size;
    size_t bytes = smaller(PART_BYTES, (size_t)mri_node.allowance / 32);

    return size ? larger(bytes / size, 1) : SIZE_MAX;
}

/* Tasks that take so long together that the caller can care for the parts of
 * all nodes, and is idle half of the time. */
static size_t worth_a_part(const dealing *d, const node *n)
{
    double time = (double)(2 * d->care) * (double)d->nodes_count;
    double tasks = (time > PART_TIME ? time : PART_TIME) / n->task;

    return n->task > 0 ? (size_t)(tasks < UINT32_MAX ? tasks : UINT32_MAX) : 0;
}

static size_t size_of_part(const dealing *d, const node *n)
{
    size_t most = smaller(smaller(d->left, n->most), UINT32_MAX);
    size_t chunk = d->request->chunk ? d->request->chunk : 1;
    size_t share = d->left / (2 * d->workers) * n->workers;
    size_t least = smaller(chunk, UINT32_MAX) * n->workers;

    if (d->nodes_count == 1) {
        return most;
    }
    return smaller(smaller(most, fit_in_memory(d)),
                   larger(larger(share, least), worth_a_part(d, n)));
}

/* ---- making parts -------------------------------------------------------- */

static const void *inputs_of(const dealing *d, range r)
{
    return d->request->inputs ? (const unsigned char *)d->request->inputs +
                                    r.first * d->request->input_size
                              : NULL;
}

static void *outputs_of(const dealing *d, range r)
{
    return d->request->outputs ? (unsigned char *)d->request->outputs +
                                     r.first * d->request->output_size
                               : NULL;
}

/* Memory that is shared with the workers is used where it lies. */
static mri_ref in_place(const node *n, const void *memory, size_t size)
{
    return n->near && size && mri_in_region(memory, size) ? mri_ref_of(memory)
                                                          : 0;
}

/* Outputs that would be in place, were the node near, begin with what they
 * hold: that travels behind the inputs. */
static mr_error create_with_outputs(const dealing *d, const node *n, range r,
                                    mr_handle *handle)
{
    size_t inputs = r.count * d->request->input_size;
    size_t outputs = r.count * d->request->output_size;
    size_t begin = larger((inputs + 63) & ~(size_t)63, 64);
    unsigned char *both = malloc(begin + outputs);
    mr_error error;

    if (!both) {
        return MR_ERR_NO_MEMORY;
    }
    if (inputs) {
        memcpy(both, inputs_of(d, r), inputs);
    }
    memcpy(both + begin, outputs_of(d, r), outputs);
    n->spec->old_outputs = begin;
    error = mri_part_create(n->rank, n->spec, both, begin + outputs, handle);
    free(both);
    return error;
}

static mr_error create(const dealing *d, const node *n, range r,
                       mr_handle *handle)
{
    size_t inputs = r.count * d->request->input_size;
    size_t outputs = r.count * d->request->output_size;
    mri_part_spec *spec = n->spec;

    spec->count = r.count;
    spec->first = r.first;
    spec->inputs = in_place(n, inputs_of(d, r), inputs);
    spec->outputs = in_place(n, outputs_of(d, r), outputs);
    spec->old_outputs = 0;
    if (!n->near && outputs && mri_in_region(outputs_of(d, r), outputs)) {
        return create_with_outputs(d, n, r, handle);
    }
    return mri_part_create(n->rank, spec, inputs_of(d, r),
                           spec->inputs ? 0 : inputs, handle);
}

static mr_error add_context(const dealing *d, const node *n)
{
    if (!d->request->context_size || n->spec->context.kind != MRI_NONE) {
        return MR_OK;
    }
    return mri_context_create(n->rank, d->request->context,
                              d->request->context_size, &n->spec->context);
}

/* Its tasks are dealt again, but once: one of them may be what ends ranks. */
static mr_error lose_part(dealing *d, const node *n, part *p)
{
    mr_task_error error = {.code = MR_ERR_WORKER_DIED,
                           .index = p->tasks.first,
                           .rank = (int)n->rank};

    p->handle.kind = MRI_NONE;
    d->under_way--;
    if (!p->tasks.again) {
        p->tasks.again = true;
        return give_back(d, p->tasks);
    }
    snprintf(error.text, sizeof error.text,
             "two ranks were lost with the tasks %zu to %zu", p->tasks.first,
             p->tasks.first + p->tasks.count - 1);
    if (!d->first->code) {
        *d->first = error;
    }
    return error.code;
}

/* All that was made on a rank is lost with it. */
static mr_error lose(dealing *d, node *n)
{
    mr_error error = MR_OK;

    mri_log(MR_LOG_WARNING,
            "rank %u is lost; its tasks of a map are dealt again", n->rank);
    for (unsigned int i = 0; i < UNDER_WAY; i++) {
        if (n->parts[i].handle.kind != MRI_NONE) {
            mr_error one = lose_part(d, n, &n->parts[i]);

            error = one ? one : error;
        }
    }
    n->spec->context.kind = MRI_NONE;
    mri_pool_lose_rank(d->pool, n->rank);
    look_at_table(d);
    return error;
}

/* There is no room: try less, when that can be had, or later. */
static mr_error refuse(dealing *d, node *n, size_t count, mr_error error)
{
    switch (error) {
    case MR_ERR_OWNER_LOST:
        return lose(d, n);
    case MR_ERR_NO_MEMORY:
    case MR_ERR_TOO_LARGE:
    case MR_ERR_LIMIT:
        d->refused = error;
        n->most = larger(count / 2, 1);
        n->full = d->under_way > 0 || count == 1;
        return MR_OK;
    default:
        return error;
    }
}

static mr_error deal_part(dealing *d, node *n, part *p)
{
    mr_error error = add_context(d, n);
    range tasks = take(d, size_of_part(d, n));

    p->care = -mri_now();
    if (!error) {
        error = create(d, n, tasks, &p->handle);
    }
    p->care += mri_now();
    if (error) {
        mr_error lost = give_back(d, tasks);

        p->handle.kind = MRI_NONE;
        return lost ? lost : refuse(d, n, tasks.count, error);
    }
    p->tasks = tasks;
    d->under_way++;
    return MR_OK;
}

/* A second part waits for the end of the first, so there is none when a task
 * of it might begin sooner elsewhere. */
static bool wants_part(const dealing *d, const node *n, unsigned int number)
{
    return d->left && n->workers && !n->full &&
           n->parts[number].handle.kind == MRI_NONE &&
           d->under_way < MR_WAIT_MAX - 1 &&
           (d->nodes_count == 1 ? d->under_way == 0
                                : number == 0 || d->left >= 2 * d->workers);
}

static mr_error deal_all(dealing *d)
{
    mr_error error = MR_OK;

    for (unsigned int i = 0; i < UNDER_WAY; i++) {
        for (size_t k = 0; k < d->nodes_count; k++) {
            while (!error && wants_part(d, &d->nodes[k], i)) {
                error = deal_part(d, &d->nodes[k], &d->nodes[k].parts[i]);
            }
        }
    }
    return error;
}

/* ---- workers that died --------------------------------------------------- */

static mr_error post_again(const dealing *d, unsigned int number)
{
    mr_error error = MR_OK;

    for (size_t i = 0; i < d->nodes_count; i++) {
        const node *n = &d->nodes[i];

        for (unsigned int slot = 0; slot < n->spec->workers; slot++) {
            for (unsigned int k = 0; !error && k < UNDER_WAY; k++) {
                if (n->spec->list[slot].number == number &&
                    n->parts[k].handle.kind != MRI_NONE) {
                    error =
                        mri_part_post(n->parts[k].handle, &n->spec->list[slot],
                                      slot, time_left(d));
                }
            }
        }
    }
    return error;
}

static mr_error restart_lost(dealing *d)
{
    mr_error error = MR_OK;

    for (size_t i = 0; !error && i < d->table_size; i++) {
        if (mri_load(&d->table[i].lost)) {
            d->restarts++;
            error = mri_pool_restart(d->table, (unsigned int)i);
            look_at_table(d);
            if (!error) {
                error = post_again(d, (unsigned int)i);
            }
            /* Should that be seen, it will be at the parts, too. */
            error = error == MR_ERR_OWNER_LOST ? MR_OK : error;
        }
    }
    return error;
}

static size_t tasks_ended(const dealing *d)
{
    size_t sum = d->ended;

    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < UNDER_WAY; k++) {
            const part *p = &d->nodes[i].parts[k];
            uint64_t ended = 0;

            if (p->handle.kind != MRI_NONE) {
                (void)!mri_part_await(p->handle, 0, &ended);
                sum += ended;
            }
        }
    }
    return sum;
}

/* Children that die again and again without finishing a task would keep us
 * for ever. */
static mr_error look_after_workers(dealing *d)
{
    size_t ended = tasks_ended(d);

    if (ended != d->progress) {
        d->progress = ended;
        d->restarts = 0;
    }
    if (d->restarts > FUTILE_RESTARTS) {
        mri_log(MR_LOG_ERROR, "the children of a pool die before they finish "
                              "a task; the map is given up");
        return MR_ERR_WORKER_DIED;
    }
    return restart_lost(d);
}

/* ---- gathering ----------------------------------------------------------- */

static void collected(dealing *d, node *n, part *p, uint64_t time)
{
    p->handle.kind = MRI_NONE;
    d->under_way--;
    d->ended += p->tasks.count;
    for (size_t i = 0; i < d->nodes_count; i++) {
        d->nodes[i].full = false;
    }
    n->task = (double)time / (double)p->tasks.count;
    if (!n->near && (d->care == 0 || p->care < d->care)) {
        d->care = p->care;
    }
}

static mr_error collect(dealing *d, node *n, part *p)
{
    int64_t begun = mri_now();
    mr_task_error failure;
    uint64_t time;
    mr_error error =
        mri_part_end(p->handle, outputs_of(d, p->tasks),
                     p->tasks.count * d->request->output_size, &failure, &time);

    if (error == MR_ERR_OWNER_LOST) {
        return lose(d, n);
    }
    if (error) {
        return error == MR_ERR_TIMEOUT ? MR_OK : error;
    }
    if (failure.code && !d->first->code) {
        *d->first = failure;
    }
    p->care += mri_now() - begun;
    collected(d, n, p, time);
    return MR_OK;
}

/* Handles to wait for: the pool, then the parts under way; `parts` and
 * `nodes` say whose. */
typedef struct waiting {
    mr_handle handles[MR_WAIT_MAX];
    bool ready[MR_WAIT_MAX];
    part *parts[MR_WAIT_MAX];
    node *nodes[MR_WAIT_MAX];
    size_t count;
} waiting;

static void list_all(const dealing *d, waiting *w)
{
    w->handles[0] = d->pool.handle;
    w->count = 1;
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < UNDER_WAY; k++) {
            part *p = &d->nodes[i].parts[k];

            if (p->handle.kind != MRI_NONE) {
                w->handles[w->count] = p->handle;
                w->parts[w->count] = p;
                w->nodes[w->count++] = &d->nodes[i];
            }
        }
    }
}

static mr_error wait_and_collect(dealing *d)
{
    waiting w;
    mr_error error;

    list_all(d, &w);
    error = mri_wait_any(w.handles, w.count, time_left(d), w.ready);
    if (error == MR_ERR_OWNER_LOST) { /* whoever it is */
        memset(w.ready, true, w.count * sizeof *w.ready);
        error = MR_OK;
    }
    if (!error && mri_pool_wants_attention(d->pool)) {
        error = look_after_workers(d);
    }
    for (size_t i = 1; !error && i < w.count; i++) {
        if (w.ready[i] && w.parts[i]->handle.kind != MRI_NONE) {
            error = collect(d, w.nodes[i], w.parts[i]);
        }
    }
    return error;
}

/* ---- a map --------------------------------------------------------------- */

static mr_error run(dealing *d)
{
    mr_error error = MR_OK;

    if (mri_pool_wants_attention(d->pool)) {
        error = restart_lost(d);
    }
    if (!error) {
        error = add_nodes(d);
    }
    while (!error) {
        error = deal_all(d);
        if (error || d->under_way == 0) {
            break;
        }
        error = wait_and_collect(d);
    }
    if (!error && d->left) {
        error = d->workers ? d->refused : MR_ERR_OWNER_LOST;
    }
    return error;
}

/* Tasks that have begun go on in memory that is the part's. */
static void end(dealing *d)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        node *n = &d->nodes[i];

        for (unsigned int k = 0; n->spec && k < UNDER_WAY; k++) {
            if (n->parts[k].handle.kind != MRI_NONE) {
                mri_part_cancel(n->parts[k].handle);
            }
        }
        if (n->spec) {
            mri_context_release(n->spec->context);
        }
        free(n->spec);
    }
    free(d->nodes);
    free(d->again);
}

mr_error mri_deal(mr_pool pool, const mri_map_request *request,
                  mr_task_error *first)
{
    dealing d = {.pool = pool,
                 .request = request,
                 .first = first,
                 .deadline = mri_deadline(request->timeout),
                 .left = request->total};
    mr_error error;

    d.table = mri_pool_workers(pool, &d.table_size);
    error = run(&d);
    end(&d);
    return error;
}
