/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns atomic access to elements: C11 atomics of their size.  A double is
 * added by compare-exchange of its bits.
 */
#include "objects/data/element.h"

#include <stdatomic.h>
#include <string.h>

#include "util/fault.h"

size_t mri_element_size(mr_type type)
{
    switch (type) {
    case MR_INT32:
        return sizeof(int32_t);
    case MR_INT64:
        return sizeof(int64_t);
    case MR_DOUBLE:
        return sizeof(double);
    default:
        return 0;
    }
}

void mri_element_load(mr_type type, void *at, void *out)
{
    if (type == MR_INT32) {
        uint32_t bits = atomic_load((_Atomic uint32_t *)at);

        memcpy(out, &bits, sizeof bits);
    } else {
        uint64_t bits = atomic_load((_Atomic uint64_t *)at);

        memcpy(out, &bits, sizeof bits);
    }
}

void mri_element_store(mr_type type, void *at, const void *in)
{
    if (type == MR_INT32) {
        uint32_t bits;

        memcpy(&bits, in, sizeof bits);
        atomic_store((_Atomic uint32_t *)at, bits);
    } else {
        uint64_t bits;

        memcpy(&bits, in, sizeof bits);
        atomic_store((_Atomic uint64_t *)at, bits);
    }
    mri_fault_point();
}

static uint64_t add_double(_Atomic uint64_t *at, double amount)
{
    uint64_t old = atomic_load(at);
    uint64_t new;
    double sum;

    do {
        memcpy(&sum, &old, sizeof sum);
        sum += amount;
        memcpy(&new, &sum, sizeof new);
    } while (!atomic_compare_exchange_weak(at, &old, new));
    return old;
}

static void add_int32(void *at, const void *amount, void *before)
{
    uint32_t more;
    uint32_t old;

    memcpy(&more, amount, sizeof more);
    old = atomic_fetch_add((_Atomic uint32_t *)at, more);
    if (before) {
        memcpy(before, &old, sizeof old);
    }
}

void mri_element_add(mr_type type, void *at, const void *amount, void *before)
{
    uint64_t old;

    if (type == MR_INT32) {
        add_int32(at, amount, before);
        mri_fault_point();
        return;
    }
    if (type == MR_INT64) {
        uint64_t more;

        memcpy(&more, amount, sizeof more);
        old = atomic_fetch_add((_Atomic uint64_t *)at, more);
    } else {
        double more;

        memcpy(&more, amount, sizeof more);
        old = add_double(at, more);
    }
    mri_fault_point();
    if (before) {
        memcpy(before, &old, sizeof old);
    }
}
