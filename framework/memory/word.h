/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared words and the few ways to change them.  Every shared store of the
 * library goes through this file, so that a debug build can be killed after
 * each one of them.
 */
#ifndef MRI_MEMORY_WORD_H
#define MRI_MEMORY_WORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/fault.h"

typedef _Atomic uint64_t mri_word;

/* An offset into the node's region; 0 refers to nothing. */
typedef uint64_t mri_ref;

static inline uint64_t mri_load(const mri_word *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static inline uint64_t mri_peek(const mri_word *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* Release: what was stored before is seen before, also after a kill. */
static inline void mri_store(mri_word *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
    mri_fault_point();
}

/* What makes the next three full barriers.  On x86 they are; elsewhere C11
 * orders them with other sequentially consistent operations only, and loads
 * that follow may pass the store of an exclusive pair (Arm ARM, B2.3). */
static inline void mri_barrier(void)
{
#if !defined(__x86_64__) && !defined(__i386__)
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Full barrier. */
static inline uint64_t mri_swap(mri_word *word, uint64_t value)
{
    uint64_t old = atomic_exchange(word, value);

    mri_barrier();
    mri_fault_point();
    return old;
}

/* Full barrier when it succeeds; *expected is what was found. */
static inline bool mri_cas(mri_word *word, uint64_t *expected, uint64_t value)
{
    bool done = atomic_compare_exchange_strong(word, expected, value);

    if (done) {
        mri_barrier();
        mri_fault_point();
    }
    return done;
}

/* Full barrier. */
static inline uint64_t mri_add(mri_word *word, uint64_t amount)
{
    uint64_t old = atomic_fetch_add(word, amount);

    mri_barrier();
    mri_fault_point();
    return old;
}

#endif
