/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a schedule, which its files share. It is private memory of the
 * caller.
 */
#ifndef MRI_POOL_SCHEDULER_H
#define MRI_POOL_SCHEDULER_H

#include "pool/batch.h"
#include "pool/driver.h"
#include "pool/schedule.h"
#include "util/clock.h"

/* Batches of a node under way, in a map: of several nodes; and of a single one,
 * beside those of which all tasks have begun. */
enum { MRI_SCHEDULE_FAR = 2, MRI_SCHEDULE_NEAR = 4 };

/* The pool and all batches under way: each wait of the caller looks at all of
 * them, so it should not be more. */
enum { MRI_SCHEDULE_WAITS = 512 };

typedef struct mri_schedule_range {
    size_t first;
    size_t count;
    bool again; /* a rank was lost with it before */
} mri_schedule_range;

typedef struct mri_schedule_batch {
    mr_handle handle; /* of kind MRI_NONE: none */
    mri_schedule_range tasks;
    int64_t dispatch_cost;  /* nanoseconds that the caller spent on it */
    int64_t scheduled;      /* when, in nanoseconds */
    bool begun;             /* all its tasks have, as far as we know */
    int64_t deferred_until; /* until when some workers are not told of it; 0:
                               all are */
    size_t missing; /* results that have not come, where these come one by
                       one */
} mri_schedule_batch;

typedef struct mri_schedule_node {
    uint32_t leader;   /* the lowest rank on it */
    unsigned int rank; /* where its batches are made */
    bool near;         /* the caller is on it */
    size_t workers;    /* that live */
    mri_batch_spec *spec;
    mri_schedule_batch *batches;
    unsigned int batches_max; /* that may be under way */
    size_t max_tasks;         /* tasks in a batch, as memory is short */
    double task; /* nanoseconds for one, of the last batch; 0: not known; where
                    results come one by one, with the time that it waits */
    bool full;   /* no memory, until a batch ends */
} mri_schedule_node;

typedef struct mri_scheduler mri_scheduler;

/* How outputs come back: with the batches, or one by one; and what follows from
 * that.  The others may be NULL where nothing is to be done. */
typedef struct mri_sink {
    /* Batches that a node has under way at most. */
    unsigned int (*batches)(const mri_scheduler *d, const mri_schedule_node *n);

    /* Tasks for the next batch of a node, which gets that number; 0: not
     * now.  They are at most those that are left. */
    size_t (*size)(const mri_scheduler *d, const mri_schedule_node *n,
                   unsigned int number);
    bool small_batches; /* it is no loss to make them still smaller */

    /* What goes into the description of all batches of a node. */
    void (*describe)(const mri_scheduler *d, mri_batch_spec *spec);

    /* Tasks that have ended. */
    size_t (*ended)(const mri_scheduler *d);

    /* Workers have died, and others may take their slots next. */
    mr_error (*look)(mri_scheduler *d);

    /* A batch is lost: its tasks are scheduled again, or have failed. */
    mr_error (*give_back)(mri_scheduler *d, mri_schedule_range lost);
    mr_error (*give_up)(mri_scheduler *d, mri_schedule_range lost,
                        const mr_task_error *error);
} mri_sink;

extern const mri_sink mri_map_sink; /* pool/sizes.c */

struct mri_scheduler {
    mri_driver *driver; /* of the pool, by the thread that schedules */
    const mri_map_request *request;
    const mri_sink *sink; /* how outputs come back */
    void *results;        /* its own */
    mr_task_error *first;
    int64_t first_at; /* when that failed, in nanoseconds */
    int64_t deadline;
    size_t workers;    /* that live */
    size_t coming;     /* that other drivers start */
    mr_handle adopted; /* all tasks are under way in this batch, of the only
                          node; of kind MRI_NONE: none is */
    mri_schedule_node *nodes;
    size_t nodes_count;
    size_t next;               /* all tasks from here on were never scheduled */
    mri_schedule_range *again; /* these are to be scheduled again */
    size_t again_count;
    size_t left; /* tasks to be scheduled */
    size_t ended;
    size_t under_way;      /* batches */
    int64_t dispatch_cost; /* the least that a batch took of our time */
    mr_error refused;      /* why the last batch could not be made */
    mr_error not_started;  /* why a worker could not be started again */
    unsigned int restarts; /* of children, since a task ended last */
    size_t progress;       /* tasks that had ended, at the last restart */
};

/* ---- pool/schedule.c ------------------------------------------------------
 */

/* Find the workers, and start others in place of lost ones.  MR_ERR_NO_MEMORY,
 * or why no worker could be started. */
mr_error mri_schedule_begin(mri_scheduler *d, mri_driver *driver,
                            const mri_map_request *request);

/* Nanoseconds after which the deferred notifications of a batch are sent. */
enum { MRI_SCHEDULE_DEFER = 100000 };

/* Schedule as much as may be under way. */
mr_error mri_schedule_more(mri_scheduler *d);

/* Tasks are left and no worker lives, but another driver starts some. */
static inline bool mri_schedule_is_hopeful(const mri_scheduler *d)
{
    return d->left && !d->workers && d->coming;
}

/* Nothing is under way, and yet tasks are left: why? */
mr_error mri_schedule_refusal(const mri_scheduler *d);

/* What all batches of a map have in common. */
static inline void mri_schedule_describe(const mri_map_request *request,
                                         mri_batch_spec *spec)
{
    spec->function = request->function;
    spec->input_size = request->input_size;
    spec->output_size = request->output_size;
    spec->total = request->total;
    spec->chunk = request->chunk;
}

/* Memory that is shared with the workers of this node, to be used where it
 * lies; 0: it is not. */
mri_ref mri_schedule_in_place(const void *memory, size_t size);

/* Where the caller wants them; NULL: there are none. */
void *mri_schedule_outputs(const mri_scheduler *d, mri_schedule_range r);

/* A batch has ended, or is not waited for any more. */
void mri_schedule_batch_ended(mri_scheduler *d, mri_schedule_batch *p);

/* Give up the batches that are under way. */
void mri_schedule_end(mri_scheduler *d);

/* Seconds, as a time-out. */
static inline double mri_schedule_time_left(const mri_scheduler *d)
{
    return mri_timeout_left(d->request->timeout, d->deadline);
}

/* Nanoseconds; 0 on one node, where all batches are alike, so that no time
 * matters. */
static inline int64_t mri_schedule_now(const mri_scheduler *d)
{
    return d->nodes_count > 1 ? mri_now() : 0;
}

/* The first gives the number of tasks whose inputs and outputs take that many
 * bytes; the second, the number of tasks that fit into a batch.  A batch takes
 * a small share of the allowance, so that several maps, and queues, have room
 * beside it. */
size_t mri_schedule_tasks_of(const mri_scheduler *d, size_t bytes);
size_t mri_schedule_fit(const mri_scheduler *d);

/* ---- the tasks that are left: pool/schedule.c -----------------------------
 */

/* The next tasks to be scheduled, at most so many; there are some. */
mri_schedule_range mri_schedule_take(mri_scheduler *d, size_t max_tasks);

/* They are to be scheduled again.  MR_ERR_NO_MEMORY. */
mr_error mri_schedule_give_back(mri_scheduler *d, mri_schedule_range r);

/* ---- pool/schedule_nodes.c ------------------------------------------------
 */

/* Find the nodes and their workers.  MR_ERR_NO_MEMORY. */
mr_error mri_schedule_add_nodes(mri_scheduler *d);

/* Start others in place of workers that died, and let them join the batches
 * that are under way. */
mr_error mri_schedule_restart_lost(mri_scheduler *d);

/* The same in the middle of a map, if the attention of its driver was called.
 * MR_ERR_WORKER_DIED: they die again and again. */
mr_error mri_schedule_attend(mri_scheduler *d);

/* The rank where a node's batches are made is lost, and they with it; another
 * rank of the node takes its place.  MR_ERR_WORKER_DIED: the tasks of a batch
 * were lost before. */
mr_error mri_schedule_lose(mri_scheduler *d, mri_schedule_node *n);

#endif
