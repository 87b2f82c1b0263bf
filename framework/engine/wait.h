/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiters and doorbells.
 *
 * Each thread sleeps on one word, the doorbell of its record, whatever it
 * waits for.  It first enters the lists of the objects, then tries once more,
 * then sleeps.  A thread that makes an object ready does so with a full barrier
 * and then looks at the list: one of the two sees the other (Dekker).
 *
 * A waiter stays in the list until it leaves by itself.  A wake marks the
 * first unmarked waiter; who leaves marked passes the mark on.  So no wake
 * is lost when the woken one times out, dies or was served otherwise.
 */
#ifndef MRI_ENGINE_WAIT_H
#define MRI_ENGINE_WAIT_H

#include "engine/object.h"

/* Wake one waiter, or all.  The caller made a full barrier after its
 * change, e.g. by mri_unlatch, and is active on the object. */
void mri_wake_first(mri_record *self, mri_object *object, unsigned int list);
void mri_wake_all(mri_record *self, mri_object *object, unsigned int list);

static inline void mri_wake(mri_record *self, mri_object *object,
                            unsigned int list)
{
    if (__builtin_expect(mri_peek(&mri_list_at(object, list)->first) != 0, 0)) {
        mri_wake_first(self, object, list);
    }
}

/* Wake for `count` of what the list is for: those that find nothing wait on. */
static inline void mri_wake_for(mri_record *self, mri_object *object,
                                unsigned int list, uint64_t count)
{
    if (count == 1) {
        mri_wake(self, object, list);
    } else if (count) {
        mri_wake_all(self, object, list);
    }
}

/* Enter a list.  False when the object is not `identity` any more. */
bool mri_wait_enter(mri_record *self, mri_wait *entry, mri_object *object,
                    unsigned int list, uint64_t identity);

/* Forget an old mark; before each try. */
void mri_wait_arm(mri_wait *entry);

/* Leave; passes a mark on.  `served` says that the thread got what the list
 * is for: else the next waiter is woken in any case. */
void mri_wait_leave(mri_record *self, mri_wait *entry, bool served);

/* Turn all waiters of an object out; they find it gone. */
void mri_wait_evict(mri_record *self, mri_object *object);

/* Ring a thread's doorbell. */
void mri_ring(mri_record *record);

static inline uint64_t mri_bell(const mri_record *self)
{
    return mri_load(&self->bell);
}

/* Sleep until the bell differs from `bell`; false: the deadline passed. */
bool mri_sleep(mri_record *self, uint64_t bell, int64_t deadline);

/* The same in a call of the user, which a signal may end: MR_OK when the bell
 * differs, MR_ERR_TIMEOUT, or MR_ERR_INTERRUPTED; see engine/interrupt.h. */
mr_error mri_sleep_in_call(mri_record *self, uint64_t bell, int64_t deadline);

/* Say that the caller sleeps, or woke, in a way of its own (MRI_IN_POLL). */
void mri_sleeping(mri_record *self, uint64_t how);

/*
 * The one policy of spinning.  Call mri_spin_start, then mri_spin between
 * tries until it is false.  With more threads awake than processors it
 * yields a few times only.
 */
typedef struct mri_spinner {
    int64_t end; /* MRI_NEVER: not known yet; 0: does not spin */
    unsigned int round;
    unsigned int rounds; /* left, before the first yield */
    unsigned int yields; /* left; 0: spins until `end` */
} mri_spinner;

void mri_spin_start(mri_spinner *spinner);

/* Two ways to wait for a thread that sleeps and wakes on the same processors.
 * The first spins though more threads are awake than there are processors: it
 * polls for what no bell rings for, and who is woken takes the processor from
 * it.  The second sleeps at once then, and does not yield: that would give the
 * processor to whichever thread wants it, for milliseconds. */
void mri_spin_start_anyway(mri_spinner *spinner);
void mri_spin_start_or_sleep(mri_spinner *spinner);

/* Until it says 0 the calling thread, of a rank, waits for others of its rank
 * that run on the same processors, so many: it spins only while these do for
 * all of them that are awake. */
void mri_spin_beside_own(unsigned int processors);
bool mri_spin(mri_spinner *spinner);

/* The next mri_spin looks at the clock: what is tried in between takes long. */
void mri_spin_look(mri_spinner *spinner);

#endif
