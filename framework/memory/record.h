/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: what each thread of each endpoint writes down while it changes
 * shared memory, so that its death at any moment can be repaired.
 *
 * An endpoint is a rank, a fork server or a process.  Each thread of it that
 * calls the library has one record, in the segment of the endpoint's rank.
 *
 * Changes of several words are made under a latch and noted first, old value
 * by old value (undo logging; Gray and Reuter, Transaction Processing, 1993,
 * chapter 10): one store, notes = 0, commits them.  Changes of one word need
 * no note.  Memory between the allocator and an object lies in an owned slot of
 * the record.  A latch holds the reference of its holder's record.
 */
#ifndef MRI_MEMORY_RECORD_H
#define MRI_MEMORY_RECORD_H

#include "memory/segment.h"
#include "memory/word.h"

enum {
    MRI_NOTES_MAX = 24,
    MRI_OWNED_MAX = 4, /* the last is the allocator's own */
    MRI_HELD_MAX = 5,
    MRI_WAITS_INLINE = 2
};

/* How a thread sleeps, and so how it is woken. */
enum {
    MRI_AWAKE = 0,
    MRI_ON_FUTEX = 1,
    MRI_IN_POLL = 2,
    MRI_BY_SERVICE = 3, /* a proxy: the service thread of its rank is rung */
    MRI_WOKEN = 4       /* on the futex, and rung: it is about to wake */
};

/* Does it count as one that runs? */
static inline bool mri_is_awake(uint64_t how)
{
    return how == MRI_AWAKE || how == MRI_WOKEN;
}

typedef struct mri_note {
    mri_word word; /* reference of the changed word */
    mri_word old;
} mri_note;

typedef struct mri_owned {
    mri_word block;
    mri_word size;
} mri_owned;

/* An entry in an object's list of waiters; see engine/wait.h. */
typedef struct mri_wait {
    mri_word list; /* the list it is in; 0: none */
    mri_word next;
    mri_word previous;
    mri_word notified;
    mri_word record; /* whose doorbell to ring */
    mri_word object; /* it may be in a list of; 0: it is in none */
} mri_wait;

/* How an endpoint ended is known to its launcher alone. */
#define MRI_STATUS_UNKNOWN INT64_MIN

typedef struct mri_endpoint {
    mri_word id;      /* see mri_endpoint_id; 0: free */
    mri_word pid;     /* of the operating system */
    mri_word process; /* reference of the process object; 0: a rank, server */
    mri_word holds;   /* not 0: may hold user locks or pipe ends */
    mri_word children;
    mri_word far; /* set of the ranks of other nodes that know of it */
    mri_word daemon;
    mri_word status; /* once dead, as int64_t: exit code, minus a signal, or
                      * MRI_STATUS_UNKNOWN */
    mri_word generation;
    mri_word lent; /* see engine/lent.h */
    mri_word lent_latch;
} mri_endpoint;

typedef struct mri_record {
    _Alignas(64) mri_word owner; /* endpoint id; 0: free */
    mri_word bell;               /* futex on the lower half */
    mri_word sleeping;
    mri_word active;    /* the object inside whose call the thread is */
    mri_word working;   /* the map job whose task the thread runs */
    mri_word building;  /* the object that is being made or unmade */
    uint64_t pipelined; /* far calls are under way; the thread's own */
    mri_word gone;      /* repaired: its thread is dead, and in no object */
    mri_word pid;       /* to signal, when MRI_IN_POLL */
    mri_word second;    /* a second object inside whose call the thread is */
    mri_word notes;     /* noted changes that are not committed */
    mri_word held[MRI_HELD_MAX]; /* latches taken, or about to be */
    mri_word intent_word;        /* see mri_intent */
    mri_word intent_value;
    mri_word intent_block;
    mri_word intent_size;
    /* What a blocked call left in an object, see mri_wait_note. */
    mri_word wait_object;
    mri_word wait_identity; /* of that object, then */
    mri_word wait_state;    /* the kind's own; 0: nothing */
    /* The second object in whose list to wait; the thread's own. */
    mri_ref second_list;
    uint64_t second_identity;
    mri_word waits;       /* reference of the array of wait entries */
    mri_word waits_count; /* entries in it */
    mri_owned owned[MRI_OWNED_MAX];
    mri_wait inline_waits[MRI_WAITS_INLINE];
    mri_note log[MRI_NOTES_MAX];
    unsigned int depth;    /* of latches; the thread's own */
    bool told_it_may_hold; /* see mri_may_hold; the thread's own */
} mri_record;

/* (generation, rank, slot) in one word; never 0, never equal again. */
static inline uint64_t mri_endpoint_id(uint64_t generation, unsigned int rank,
                                       unsigned int slot)
{
    return (generation & 0x7fffffff) << 32 | (uint64_t)rank << 16 | slot;
}

static inline unsigned int mri_endpoint_rank(uint64_t id)
{
    return (unsigned int)(id >> 16) & 0xffff;
}

static inline unsigned int mri_endpoint_slot(uint64_t id)
{
    return (unsigned int)id & 0xffff;
}

mri_endpoint *mri_endpoint_at(uint64_t id);

/* Slots of the endpoints that are not processes. */
enum { MRI_SLOT_RANK = 0, MRI_SLOT_SERVER = 1, MRI_SLOT_FIRST_PROCESS = 2 };

/* The calling thread's record, which it takes at its first call.  NULL
 * outside a job and when the table is full. */
extern _Thread_local mri_record *mri_self_record
    __attribute__((tls_model("initial-exec")));
mri_record *mri_self_claim(void);

static inline mri_record *mri_self(void)
{
    return __builtin_expect(mri_self_record != NULL, 1) ? mri_self_record
                                                        : mri_self_claim();
}

/* This process' endpoint id; in tests that of the thread. */
uint64_t mri_self_endpoint(void);

/* Take a record in a segment for an endpoint of another node, which acts by
 * threads of this process; NULL: the table is full. */
mri_record *mri_proxy_claim(unsigned int index, uint64_t endpoint);

/* The calling thread acts as the owner of that record until it becomes what
 * it was: the result. */
mri_record *mri_act_as(mri_record *record);

/* Called when a thread ends that is `working`; it need not return.  It frees
 * the record first if it does not. */
extern void (*_Atomic mri_working_thread_ends)(mri_record *self);

/* Called before a thread that used the library ends, or leaves the job. */
extern void (*_Atomic mri_before_leave)(mri_record *self);

/* To be called before the endpoint may hold a user's lock or a pipe end: the
 * reaper looks for those only then. */
static inline void mri_may_hold(mri_record *self)
{
    if (!self->told_it_may_hold) {
        mri_store(&mri_endpoint_at(mri_peek(&self->owner))->holds, 1);
        self->told_it_may_hold = true;
    }
}

/* Become an endpoint: this process, or with `thread_only` this thread. */
void mri_become(uint64_t endpoint, bool thread_only);

/* Give back the calling thread's record; also done at thread exit. */
void mri_self_leave(void);

/* Take and give a latch: for a few stores, never while user code runs.
 * mri_unlatch is a full barrier. */
void mri_latch(mri_record *self, mri_word *latch);
bool mri_latch_if_free(mri_record *self, mri_word *latch);
void mri_unlatch(mri_record *self, mri_word *latch);

/* Called again and again while a latch, or what a call waits for, cannot be
 * had for long.  A fork server repairs dead children here, as one of them may
 * hold it, and ends with its rank. */
extern void (*mri_stalled)(void);

/* Change a word under a latch; undone if the thread dies before
 * mri_commit. */
void mri_set(mri_record *self, mri_word *word, uint64_t value);

static inline void mri_commit(mri_record *self)
{
    mri_store(&self->notes, 0);
}

/* Bind owned slot 0 to one store: when `word` gets `value`, owned slot 0 holds
 * (block, size) from then on.  Only this thread stores that value, be it that
 * it holds a latch. */
void mri_intent(mri_record *self, mri_word *word, uint64_t value, mri_ref block,
                uint64_t size);

/* The store of mri_intent was made: change the owned slot. */
void mri_intent_done(mri_record *self);

/* Repair what a dead thread left in shared memory: undo or complete its
 * change, then free its latches.  Takes no latch. */
void mri_record_repair(mri_record *dead);

/* Make a repaired record free. */
void mri_record_free(mri_record *record);

/* Call visit for each record of a segment that is in use. */
void mri_records_visit(unsigned int segment,
                       void (*visit)(mri_record *record, void *user),
                       void *user);

#endif
