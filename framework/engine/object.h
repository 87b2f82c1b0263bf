/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects: rows of a table in their owner's segment.
 *
 * A row is used again for other objects but always is a row, so that its
 * latches stay latches whatever happens to late callers.  Its identity
 * (generation, kind, state) is one word: a handle that does not match it is
 * stale.  Larger parts of an object lie in blocks of the allocator.
 *
 * Before an object's memory is used again its destroyer waits until no
 * record is active on it: hazard pointers (Michael, IEEE TPDS 15(6), 2004)
 * with the fence moved to the destroyer by membarrier(2), unless the object is
 * a brief one.
 */
#ifndef MRI_ENGINE_OBJECT_H
#define MRI_ENGINE_OBJECT_H

#include <multirank/base.h>

#include "memory/record.h"
#include "memory/segment.h"

typedef enum mri_kind {
    MRI_NONE = 0,
    MRI_MEMORY, /* row 0 of each segment: where one waits for memory */
    MRI_LOCK,
    MRI_RLOCK,
    MRI_SEMAPHORE,
    MRI_EVENT,
    MRI_CONDITION,
    MRI_BARRIER,
    MRI_RWLOCK,
    MRI_QUEUE,
    MRI_MAILBOX, /* as MRI_QUEUE, for the runtime: no handle of a user is one */
    MRI_PIPE,
    MRI_VALUE,
    MRI_ARRAY,
    MRI_KEEPER,
    MRI_PROCESS,
    MRI_POOL,
    /* Brief ones, see mri_is_brief, are the last. */
    MRI_BATCH,   /* the tasks of one node, of a map */
    MRI_CONTEXT, /* what its tasks share */
    MRI_FUTURE,
    MRI_KINDS
} mri_kind;

/* Made and destroyed for each map, and entered a few times in between: who
 * enters makes a barrier, which takes some nanoseconds, and who destroys does
 * without membarrier(2), which takes microseconds. */
static inline bool mri_is_brief(mri_kind kind)
{
    return kind >= MRI_BATCH;
}

enum { MRI_FREE = 0, MRI_BUILDING, MRI_LIVE, MRI_DYING };

/* Rows that every segment has from the start. */
enum {
    MRI_ROW_MEMORY = 0,
    MRI_ROW_REQUESTS, /* for the fork server */
    MRI_ROW_MAILBOX,  /* work for a hosting rank */
    MRI_ROW_OUTPUT,   /* rank 0's: text to be written */
    MRI_ROW_STOP,     /* for a hosting rank that may be inside a task */
    MRI_ROW_LEFT,     /* rank 0's: who has come to its end */
    MRI_ROW_GO,       /* for a hosting rank that has */
    MRI_ROW_MAIN,     /* the main of the rank, as a process */
    MRI_ROWS
};

/* Waiters of one list wait for the same, so that any of them may be woken for
 * it.  Each row has MRI_LISTS lists.  A kind that needs more has them at the
 * end of its body: see mri_list_at. */
enum { MRI_LISTS = 2, MRI_BODY = MRI_OBJECT_SIZE - 64 };

/* Where a blocked call waits, beside the numbers of its object's lists. */
enum {
    MRI_WAIT_MEMORY = 64, /* for memory of the object's segment */
    MRI_WAIT_SECOND = 128 /* + a list of another object: see mri_wait_second */
};

/* A doubly linked list of mri_wait, under the object's wait_latch. */
typedef struct mri_list {
    mri_word first;
    mri_word last;
} mri_list;

typedef struct mri_object {
    _Alignas(64) mri_word identity;
    mri_word wait_latch;
    mri_list lists[MRI_LISTS];
    union {
        mri_word next_free; /* a row, of a free one */
        mri_word outer;     /* an object, of one that is made or unmade */
    };
    mri_word detail; /* a block of the kind's own, or 0 */
    _Alignas(64) unsigned char body[MRI_BODY];
} mri_object;

_Static_assert(sizeof(mri_object) == MRI_OBJECT_SIZE, "a row of the table");

/*
 * One call on an object, so plain that it travels to another node: what
 * `in`, `more` and the numbers say is all that a try function may use, and
 * `out` and `result` are all that it gives.
 *
 * Between nodes large data is not copied.  What came with the call lies in a
 * block in owned slot 0 (keeps_hand), which a try function may keep by emptying
 * the hand.  What goes back it may leave there: see mri_lend.
 */
typedef struct mri_call {
    unsigned int variant; /* of the handle */
    unsigned int list;    /* set by a try function that would block: where to
                             wait, a list or MRI_WAIT_... */
    bool keeps_block;     /* set: owned slot 0 is full while waiting */
    bool may_lend;        /* owned slot 0 may be full on return: see mri_lend */
    bool by_window;       /* what it brings comes through the window */
    uint8_t pool;         /* what memory its bulk is for, an mri_pool */
    const void *in;
    size_t in_size;
    const void *more; /* a second part of the input; far it is aligned to 16 */
    size_t more_size;
    void *out;
    size_t out_size; /* as much as comes, if may_lend is not set */
    uint64_t argument;
    uint64_t result;
} mri_call;

/* Of a far call: what is larger cannot be written to `out`, but has to be
 * left in owned slot 0, with `out` at it and out_size its size. */
enum { MRI_OUT_MAX = 32768 };

/* Is output of this size to be left in owned slot 0? */
static inline bool mri_lends(const mri_call *call, size_t size)
{
    return call->may_lend && size > MRI_OUT_MAX;
}

/* An endpoint that has ended, perhaps on another node. */
typedef struct mri_gone {
    uint64_t endpoint; /* 0: only what is held for the process */
    mr_handle process; /* kind MRI_NONE: it was none */
    int64_t status;    /* exit code, or minus the signal */
    int64_t pid;
    bool whole_rank; /* all endpoints of the rank process.owner, which died */
} mri_gone;

static inline bool mri_is_gone(const mri_gone *gone, uint64_t endpoint)
{
    return endpoint && (gone->whole_rank
                            ? mri_endpoint_rank(endpoint) == gone->process.owner
                            : endpoint == gone->endpoint);
}

/* A try function completes and gives a public error, or changes nothing and
 * gives this.  It never waits. */
#define MRI_WOULD_BLOCK ((mr_error)-1)

typedef mr_error mri_try(mri_record *self, mri_object *object, mri_call *call);

/* What a kind of object does.  Members that are NULL are not needed. */
typedef struct mri_kind_ops {
    const char *name;
    mri_kind kind;
    mri_try *const *tries; /* by operation number */
    unsigned int count;    /* of them */

    /* Operations, as bits, that give nothing back: without a time-out the
     * caller may go on while they travel, see far/far.h. */
    unsigned int one_way;

    /* A bit of the variant of handles whose calls are never pipelined. */
    unsigned int one_by_one;

    /* Operations, as bits, whose bulk the window may carry: they have no
     * `more`, and what they lend is a block of the arena MRI_ARRAYS. */
    unsigned int windowed;

    /* What memory is for that comes in bulk from far. */
    mri_pool bulk;

    /* Make one in a segment, as call->in describes; call->argument is that of
     * mri_create. */
    mr_error (*create)(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle);

    /* Would the next call at this part not block?  May be called while
     * others change the object. */
    bool (*ready)(mri_object *object, unsigned int variant);
    bool ready_internal; /* that is not for users */

    /* Lists of waiters beyond MRI_LISTS, at the end of the body. */
    unsigned int more_lists;

    /* The list in which to wait for that; NULL: list 0. */
    unsigned int (*ready_list)(mri_object *object, unsigned int variant);

    /* Free the blocks of an object that nobody uses.  May be called again
     * after a kill in the middle. */
    void (*dispose)(mri_record *self, mri_object *object);

    /*
     * A call that waits has ended without success: by its time-out, a
     * cancellation, an interrupt, or the death of its thread.  Take back what
     * its try function left in the object, and clear the note (mri_wait_note)
     * in the same noted change.  `waiter` is the record of the thread, which
     * is `self` while the thread lives.
     *
     * Gives the error of the call, as a rule `why`.  For a living thread it may
     * give MRI_WOULD_BLOCK: the call goes on without a time-out, and its try
     * function gives the error in the end.
     */
    mr_error (*abandon)(mri_record *self, mri_object *object,
                        mri_record *waiter, mr_error why);

    /* An endpoint is gone: drop what it held of this object. */
    void (*forget)(mri_record *self, mri_object *object, const mri_gone *gone);

    /* A thread died inside a call on the object (it was active on it, or
     * working for it); its notes are undone already. */
    void (*repair)(mri_record *self, mri_object *object, mri_record *dead);

    /* For a message, what a thread was doing that died working for it: words
     * behind "has died", or none. */
    void (*describe)(mri_object *object, const mri_record *dead, char *text,
                     size_t size);
} mri_kind_ops;

/* Register a kind; at start, before there are threads. */
void mri_kind_register(const mri_kind_ops *ops);
extern const mri_kind_ops *mri_kinds[MRI_KINDS]; /* none is NULL */

static inline const mri_kind_ops *mri_ops_of(mri_kind kind)
{
    return mri_kinds[kind < MRI_KINDS ? kind : MRI_NONE];
}

static inline unsigned int mri_ready_list(const mri_kind_ops *ops,
                                          mri_object *object,
                                          unsigned int variant)
{
    return ops->ready_list ? ops->ready_list(object, variant) : 0;
}

static inline mri_kind mri_identity_kind(uint64_t identity)
{
    return (mri_kind)(identity >> 16 & 0xffff);
}

static inline unsigned int mri_identity_state(uint64_t identity)
{
    return (unsigned int)identity & 0xffff;
}

/* A list of waiters of an object. */
static inline mri_list *mri_list_at(mri_object *object, unsigned int number)
{
    return number < MRI_LISTS ? &object->lists[number]
                              : (mri_list *)(object->body + MRI_BODY) - 1 -
                                    (number - MRI_LISTS);
}

/* How many an object has. */
static inline unsigned int mri_lists_of(const mri_object *object)
{
    uint64_t identity = mri_load(&object->identity);

    return MRI_LISTS + mri_ops_of(mri_identity_kind(identity))->more_lists;
}

/* What the identity of a handle's object is while it lives. */
static inline uint64_t mri_identity(mr_handle handle)
{
    return (uint64_t)handle.generation << 32 | (uint64_t)handle.kind << 16 |
           MRI_LIVE;
}

/* The row of a handle; NULL if there is none on this node.  Its identity is not
 * compared. */
static inline mri_object *mri_row(mr_handle handle)
{
    unsigned int index = mri_index_of(handle.owner);

    if (index == MRI_FAR || handle.slot >= MRI_OBJECTS_MAX) {
        return NULL;
    }
    return mri_object_row(index, handle.slot);
}

/* The handle of a living object. */
mr_handle mri_handle_of(mri_object *object);

/* Take a row in a segment and write `building`; the caller fills it and
 * publishes or abandons it.  MR_ERR_LIMIT, MR_ERR_NO_MEMORY. */
mr_error mri_object_build(mri_record *self, unsigned int index, mri_kind kind,
                          mri_object **object);
mr_handle mri_object_publish(mri_record *self, mri_object *object);
void mri_object_abandon(mri_record *self, mri_object *object);

/* Inside a noted change, with owned slot 0 full: its block becomes the detail.
 */
void mri_object_detail(mri_record *self, mri_object *object);

/* Free a block of `size` bytes that a word of an object refers to. */
void mri_object_free(mri_record *self, mri_object *object, mri_word *word,
                     size_t size);

/* True where membarrier(2) is refused (old kernels, seccomp): then each call
 * makes the barrier that otherwise the destroyer makes for all.  Set at
 * start. */
extern bool mri_enter_with_barrier;
void mri_objects_begin(void);

/* Be active on an object, which may be of a brief kind.  Whether it still is
 * what the caller takes it for is to be looked at after that, as its destroyer
 * looks for us after he changed it. */
static inline void mri_be_active(mri_record *self, mri_ref object, bool brief)
{
    mri_store(&self->active, object);
    if (brief || __builtin_expect(mri_enter_with_barrier, 0)) {
        mri_swap(&self->active, object);
    }
}

/* Destroy: waiters get MR_ERR_CLOSED, handles become stale.  Waits until no
 * call is inside.  MR_ERR_STALE. */
mr_error mri_object_destroy(mr_handle handle, mri_kind kind);

/* Unmake the objects that a dead thread was making or unmaking. */
void mri_objects_repair(mri_record *self, mri_record *dead);

/* The rank is lost: its objects name nothing any more, and all waiters at
 * them are turned out. */
void mri_objects_lose(mri_record *self, unsigned int index);

/* Make the row MRI_MEMORY of a new segment. */
mr_error mri_objects_format(mri_record *self, unsigned int index);

/* Rows of a segment that are not free: of objects that live, and of those that
 * are being made or unmade.  Exact while nobody does that. */
uint64_t mri_objects_in_use(unsigned int segment);

/* Call visit for each living object of a segment, inside it: it is not
 * destroyed meanwhile, unless by visit or while visit calls others. */
void mri_objects_visit(unsigned int segment,
                       void (*visit)(mri_object *object, void *user),
                       void *user);

#endif
