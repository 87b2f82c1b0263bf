/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements: what Values and Arrays hold, and atomic access to one number.
 */
#ifndef MRI_OBJECTS_DATA_ELEMENT_H
#define MRI_OBJECTS_DATA_ELEMENT_H

#include <stdatomic.h>
#include <string.h>

#include <multirank/value.h>

#include "util/fault.h"

/* What can be done with a number in one atomic step. */
typedef enum mri_change {
    MRI_ADD = 1,
    MRI_MIN,
    MRI_MAX,
    MRI_EXCHANGE,
    MRI_COMPARE_EXCHANGE
} mri_change;

enum { MRI_NUMBER_TYPES = 16 };

/* Bytes of a number of each type; 0: no such type. */
extern const uint8_t mri_number_sizes[MRI_NUMBER_TYPES];

/* Is it bytes, and not a number?  Access to those is not atomic. */
static inline bool mri_is_bytes(mr_type type)
{
    return (type & MR_BYTES_FLAG) != 0;
}

/* Bytes of an element; 0: no such type. */
static inline size_t mri_element_size(mr_type type)
{
    if ((unsigned int)type < MRI_NUMBER_TYPES) {
        return mri_number_sizes[type];
    }
    return (type & ~MR_BYTES_MAX) == MR_BYTES_FLAG ? type & MR_BYTES_MAX : 0;
}

/* Atomic access to a number of 8 bytes. */
static inline void mri_element_load_eight(void *at, void *out)
{
    uint64_t bits = atomic_load((_Atomic uint64_t *)at);

    memcpy(out, &bits, sizeof bits);
}

static inline void mri_element_store_eight(void *at, const void *in)
{
    uint64_t bits;

    memcpy(&bits, in, sizeof bits);
    atomic_store((_Atomic uint64_t *)at, bits);
    mri_fault_point();
}

/* Atomic access to the number at `at`, which is aligned to its size. */
void mri_element_load(mr_type type, void *at, void *out);
void mri_element_store(mr_type type, void *at, const void *in);

/* Does the type have such a change? */
static inline bool mri_element_has(mr_type type, mri_change change)
{
    return change == MRI_EXCHANGE || change == MRI_COMPARE_EXCHANGE ||
           (!mri_is_bytes(type) && type != MR_BOOL);
}

/* `before` gets the number before the change; it may be NULL. */
void mri_element_change(mr_type type, mri_change change, void *at,
                        const void *in, void *before);

/* MRI_COMPARE_EXCHANGE: true if it was `expected` and is `in` now. */
bool mri_element_compare_exchange(mr_type type, void *at, const void *expected,
                                  const void *in, void *before);

/* mri_element_change for MRI_ADD of a double; and of any number. */
void mri_element_add_double(void *at, const void *in, void *before);

static inline void mri_element_add(mr_type type, void *at, const void *in,
                                   void *before)
{
    uint64_t bits;

    if (__builtin_expect(type == MR_INT64, 1)) {
        memcpy(&bits, in, sizeof bits);
        bits = atomic_fetch_add((_Atomic uint64_t *)at, bits);
        mri_fault_point();
        if (before) {
            memcpy(before, &bits, sizeof bits);
        }
    } else if (type == MR_DOUBLE) {
        mri_element_add_double(at, in, before);
    } else {
        mri_element_change(type, MRI_ADD, at, in, before);
    }
}

#endif
