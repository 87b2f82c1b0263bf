/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files that deal a map share: its state, which is private memory of
 * the caller.
 */
#ifndef MRI_OBJECTS_DEALING_H
#define MRI_OBJECTS_DEALING_H

#include "objects/deal.h"
#include "objects/part.h"
#include "objects/pool.h"
#include "util/clock.h"

/* Parts of a node under way, in a map: of several nodes; and of a single one,
 * beside those of which all tasks have begun. */
enum { MRI_DEAL_FAR = 2, MRI_DEAL_NEAR = 4 };

typedef struct mri_results mri_results; /* see objects/results.h */

typedef struct mri_deal_range {
    size_t first;
    size_t count;
    bool again; /* a rank was lost with it before */
} mri_deal_range;

typedef struct mri_deal_part {
    mr_handle handle; /* of kind MRI_NONE: none */
    mri_deal_range tasks;
    int64_t care;   /* nanoseconds that the caller spent on it */
    int64_t dealt;  /* when, in nanoseconds */
    bool begun;     /* all its tasks have, as far as we know */
    int64_t spares; /* until when some workers are not told of it; 0: all are */
    size_t missing; /* results that have not come, where these come one by
                       one */
} mri_deal_part;

typedef struct mri_deal_node {
    uint32_t leader;   /* the lowest rank on it */
    unsigned int rank; /* where its parts are made */
    bool near;         /* the caller is on it */
    size_t workers;    /* that live */
    mri_part_spec *spec;
    mri_deal_part *parts;
    unsigned int parts_count; /* that may be under way */
    size_t most;              /* tasks in a part, for want of memory */
    double task; /* nanoseconds for one, of the last part; 0: not known; where
                    results come one by one, with the time that it waits */
    bool full;   /* no memory, until a part ends */
} mri_deal_node;

typedef struct mri_dealing {
    mr_pool pool;
    const mri_map_request *request;
    mri_results *results; /* that come one by one; NULL: with the parts */
    mr_task_error *first;
    int64_t first_at; /* when that failed, in nanoseconds */
    int64_t deadline;
    mri_pool_worker *table;
    size_t table_size;
    size_t workers;    /* that live */
    mr_handle adopted; /* all tasks are under way in this part, of the only
                          node; of kind MRI_NONE: none is */
    mri_deal_node *nodes;
    size_t nodes_count;
    size_t next;           /* all tasks from here on were never dealt */
    mri_deal_range *again; /* these are to be dealt again */
    size_t again_count;
    size_t left; /* tasks to be dealt */
    size_t ended;
    size_t under_way;      /* parts */
    int64_t care;          /* the least that a part took of our time */
    mr_error refused;      /* why the last part could not be made */
    unsigned int restarts; /* of children, since a task ended last */
    size_t progress;       /* tasks that had ended, at the last restart */
} mri_dealing;

/* ---- objects/deal.c ------------------------------------------------------ */

/* Find who works.  MR_ERR_NO_MEMORY, or why a child could not be started. */
mr_error mri_deal_begin(mri_dealing *d, mr_pool pool,
                        const mri_map_request *request);

/* Nanoseconds after which those are told of a part who were spared. */
enum { MRI_DEAL_SPARED = 100000 };

/* Deal as much as may be under way. */
mr_error mri_deal_out(mri_dealing *d);

/* Nothing is under way, and yet tasks are left: why? */
mr_error mri_deal_refusal(const mri_dealing *d);

/* What all parts of a map have in common. */
void mri_deal_describe(const mri_map_request *request, mri_part_spec *spec);

/* Memory that is shared with the workers of this node, to be used where it
 * lies; 0: it is not. */
mri_ref mri_deal_in_place(const void *memory, size_t size);

/* Where the caller wants them; NULL: there are none. */
void *mri_deal_outputs(const mri_dealing *d, mri_deal_range r);

/* A part has ended, or is not waited for any more. */
void mri_deal_part_ended(mri_dealing *d, mri_deal_part *p);

/* What is under way is given up. */
void mri_deal_end(mri_dealing *d);

/* Seconds, as a time-out. */
double mri_deal_time_left(const mri_dealing *d);

/* Nanoseconds; 0 on one node, where all parts are alike, so that no time
 * matters. */
static inline int64_t mri_deal_now(const mri_dealing *d)
{
    return d->nodes_count > 1 ? mri_now() : 0;
}

/* ---- objects/deal_again.c ------------------------------------------------ */

/* Have a small map done by the part that the pool has kept.  MRI_WOULD_BLOCK:
 * it is still under way in *part; or that is of kind MRI_NONE, and nothing was
 * begun. */
mr_error mri_deal_again(mr_pool pool, const mri_map_request *request,
                        mr_task_error *first, mr_handle *part);

/* Is the part of that node, with all tasks of the map, to be kept for others?
 */
bool mri_deal_keeps(const mri_dealing *d, const mri_deal_node *n,
                    const mri_deal_part *p);

/* ---- objects/deal_tasks.c ------------------------------------------------ */

/* The next tasks to be dealt, at most so many, of which there are some. */
mri_deal_range mri_deal_take(mri_dealing *d, size_t most);

/* They are to be dealt again.  MR_ERR_NO_MEMORY. */
mr_error mri_deal_give_back(mri_dealing *d, mri_deal_range r);

/* ---- objects/deal_nodes.c ------------------------------------------------ */

/* Find who works where.  MR_ERR_NO_MEMORY. */
mr_error mri_deal_add_nodes(mri_dealing *d);

/* Start others in place of workers that died, and let them join the parts that
 * are under way. */
mr_error mri_deal_restart_lost(mri_dealing *d);

/* The same in the middle of a map.  MR_ERR_WORKER_DIED: they die again and
 * again. */
mr_error mri_deal_look_after_workers(mri_dealing *d);

/* The rank where a node's parts are made is lost, and they with it; another
 * rank of the node takes its place.  MR_ERR_WORKER_DIED: the tasks of a part
 * were lost before. */
mr_error mri_deal_lose(mri_dealing *d, mri_deal_node *n);

#endif
