/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools inside the library: the table of their workers, and their drivers.
 *
 * The table lies on the rank of the pool's creator.  A driver is a thread that
 * has a request done by the pool.  Each has an entry in a second table, in
 * which it is told that workers have died or have been replaced.
 */
#ifndef MRI_POOL_POOL_H
#define MRI_POOL_POOL_H

#include <multirank/array.h>
#include <multirank/pool.h>
#include <multirank/process.h>

#include "engine/object.h"
#include "pool/batch.h"
#include "runtime/work_loop.h"

enum { MRI_POOL_WORKERS = 4096, MRI_POOL_DRIVERS = 128 };

/*
 * A worker in the table.  While `lost` is 0 nobody writes the handles.  When it
 * is MRI_WORKER_LOST any driver may claim the entry by putting its endpoint
 * there.  It writes the handles, makes `version` odd, starts the worker, makes
 * `version` even again, and writes `lost` last.
 */
typedef struct mri_pool_worker {
    mr_handle mailbox;  /* of kind MRI_NONE: there is no such worker now */
    mr_process process; /* of kind MRI_NONE: it is a rank */
    mri_word version;
    mri_word lost;
    mri_word life; /* MRI_LIFE_... */
} mri_pool_worker;

enum { MRI_WORKER_LOST = 1 }; /* it died, and another has to be started */

/* What is to be known of a worker of a pool that has a setup. */
enum {
    MRI_LIFE_NEW = 0,   /* it has not begun to work */
    MRI_LIFE_BEGINNING, /* it is in the initializer */
    MRI_LIFE_READY,     /* it may have run tasks */
    MRI_LIFE_ENDED      /* it has called the finalizer */
};

/* What its user wants of the lives of its workers. */
typedef struct mri_pool_setup {
    mri_function_ref initializer;
    mri_function_ref finalizer;
    uint64_t has_initializer;
    uint64_t has_finalizer;
    mr_array argument; /* of bytes; of kind MRI_NONE: there is none */
    uint64_t argument_size;
    uint64_t max_tasks; /* of one life; 0: no limit */
} mri_pool_setup;

typedef struct mri_pool_driver {
    mri_word endpoint;  /* of the thread; 0: the entry is free */
    mri_word attention; /* the table has changed, or workers are lost */
} mri_pool_driver;

enum { MRI_KEPT_EMPTY = 0, MRI_KEPT_FULL, MRI_KEPT_TAKEN };

/* A batch that is used again, for small maps of the creator. */
typedef struct mri_kept {
    mri_word state;   /* MRI_KEPT_... */
    uint64_t changes; /* of the table, when it was kept */
    mr_handle batch;
    mri_batch_spec spec;
} mri_kept;

/* The body of the object. */
typedef struct mri_pool_body {
    mri_word creator;
    mri_word ending;   /* the endpoint that destroys it */
    mri_word closed;   /* only admitted requests begin; never 0 again */
    mri_word joined;   /* it is closed, and had no driver: none begins */
    mri_word admitted; /* how many of those have begun */
    mri_word changes;  /* of the table */
    mri_word losses;   /* perhaps workers are lost: look */
    mri_word broken;   /* MRI_POOL_BROKEN: see its breach; or the endpoint that
                          writes that */
    uint64_t workers;
    uint64_t has_setup;
    uint64_t shared; /* processors that the creator, if it is a rank, shares
                        with workers beside it; 0: none */
} mri_pool_body;

enum { MRI_POOL_BROKEN = 1 };

static inline mri_pool_body *mri_pool_body_of(mri_object *object)
{
    return (mri_pool_body *)object->body;
}

/* Beside the tables. */
typedef struct mri_pool_facts {
    mri_pool_setup setup;
    mr_task_error breach; /* how an initializer failed */
} mri_pool_facts;

/* The detail of the object: the workers, the drivers, the facts, the batch that
 * is kept. */
static inline mri_pool_worker *mri_pool_workers_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
}

static inline mri_pool_driver *mri_pool_drivers_of(mri_object *object)
{
    return (mri_pool_driver *)(mri_pool_workers_of(object) +
                               mri_pool_body_of(object)->workers);
}

static inline mri_pool_facts *mri_pool_facts_of(mri_object *object)
{
    return (mri_pool_facts *)(mri_pool_drivers_of(object) + MRI_POOL_DRIVERS);
}

static inline mri_kept *mri_pool_kept_of(mri_object *object)
{
    return (mri_kept *)(mri_pool_facts_of(object) + 1);
}

/* The table has changed: call the attention of the drivers. */
void mri_pool_call_attention(mri_record *self, mri_object *object);

/* Work for a batch, as a hosting rank or a child; see mri_do_work. */
void mri_pool_work(const mri_work *work);

/* The same for a pool that has a setup; or the end of a life, see
 * pool/worker/life.h.  Set at start. */
extern void (*mri_work_with_setup)(const mri_work *work, mr_pool pool);

/* ---- workers: pool/workers.c --------------------------------------------- */

/* Worker w is on rank w % mri_here.size; so many are on a rank. */
unsigned int mri_workers_on(unsigned int rank, size_t workers);

bool mri_worker_is_rank(unsigned int number);

/* Make worker `number` of `workers`, for a pool of rank `home`, and start it.
 * After an error `worker` holds what there is of it, for mri_workers_end.
 * MR_ERR_OWNER_LOST: its rank is lost.  Errors as mr_process_start. */
mr_error mri_worker_create(unsigned int number, size_t workers,
                           unsigned int home, mri_pool_worker *worker);
mr_error mri_worker_start(const mri_pool_worker *worker);

/* For the user.  `worker` is a copy. */
mr_pool_worker_info mri_worker_describe(const mri_pool_worker *worker,
                                        unsigned int number);

/* End children, and free what belongs to each worker. */
void mri_workers_end(mri_pool_worker *workers, size_t count);

/* MR_ERR_CLOSED, for a map that would begin. */
mr_error mri_pool_is_closed(void);

/* End the child workers.  It may be called several times, from any node.  Those
 * that have called their finalizer end by themselves, unless that takes long.
 */
mr_error mri_pool_end_workers(mr_pool pool);

/* ---- the lives of workers: pool/life.c, pool/setup.c
 * ----------------------------------- */

/* Make the setup of a pool; it has none, if the options ask for none.
 * MR_ERR_ARGUMENT, MR_ERR_FUNCTION, and as mr_array_create. */
mr_error mri_setup_create(mri_pool_setup *setup, const mr_pool_options *options,
                          bool *has_setup);
void mri_setup_destroy(mri_pool_setup *setup);
mr_error mri_setup_of(mr_pool pool, mri_pool_setup *setup);

/* A pool is broken, as an internal MR_ERR_BROKEN told: *first becomes the error
 * of the initializer, and the result its code. */
mr_error mri_pool_tell_breach(mr_pool pool, mr_task_error *first);

/* The end of an endpoint is that of worker `number`, or of one that was writing
 * the breach; and the initializer may have been its end. */
void mri_pool_worker_gone(mri_record *self, mri_object *object, uint64_t number,
                          const mri_gone *gone);
void mri_pool_writer_gone(mri_record *self, mri_object *object,
                          const mri_gone *gone);

/* No map begins any more: let all workers that have worked call the finalizer.
 * MR_ERR_TIMEOUT, MR_ERR_INTERRUPTED, and as mri_operate. */
mr_error mri_pool_finalize(mr_pool pool, double timeout);

/* No driver begins any more, and the workers end.  MR_ERR_STATE: there is a
 * driver; MR_ERR_STALE. */
mr_error mri_pool_end(mr_pool pool);

#endif
