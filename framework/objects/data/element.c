/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns atomic access to numbers.
 *
 * Access goes by bits: C11 atomics of the number's size.  Integers are added by
 * fetch-add.  All else is a compare-exchange of the bits, with the arithmetic
 * of the type in between.
 */
#include "objects/data/element.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "memory/bits.h"
#include "util/fault.h"

_Static_assert(sizeof(bool) == 1, "a bool is a byte");

const uint8_t mri_number_sizes[MRI_NUMBER_TYPES] = {
    [MR_INT8] = 1,  [MR_INT16] = 2,  [MR_INT32] = 4,  [MR_INT64] = 8,
    [MR_UINT8] = 1, [MR_UINT16] = 2, [MR_UINT32] = 4, [MR_UINT64] = 8,
    [MR_FLOAT] = 4, [MR_DOUBLE] = 8, [MR_BOOL] = 1,
};

/* How the bits of a type are read. */
typedef enum reading { SIGNED, UNSIGNED, FLOATING } reading;

static reading reading_of(mr_type type)
{
    switch (type) {
    case MR_INT8:
    case MR_INT16:
    case MR_INT32:
    case MR_INT64:
        return SIGNED;
    case MR_FLOAT:
    case MR_DOUBLE:
        return FLOATING;
    default:
        return UNSIGNED;
    }
}

/* ---- changes of bits
 * ---------------------------------------------------------------- */

static uint64_t fetch_add(size_t size, void *at, uint64_t bits)
{
    switch (size) {
    case 1:
        return atomic_fetch_add((_Atomic uint8_t *)at, (uint8_t)bits);
    case 2:
        return atomic_fetch_add((_Atomic uint16_t *)at, (uint16_t)bits);
    case 4:
        return atomic_fetch_add((_Atomic uint32_t *)at, (uint32_t)bits);
    default:
        return atomic_fetch_add((_Atomic uint64_t *)at, bits);
    }
}

static uint64_t exchange(size_t size, void *at, uint64_t bits)
{
    switch (size) {
    case 1:
        return atomic_exchange((_Atomic uint8_t *)at, (uint8_t)bits);
    case 2:
        return atomic_exchange((_Atomic uint16_t *)at, (uint16_t)bits);
    case 4:
        return atomic_exchange((_Atomic uint32_t *)at, (uint32_t)bits);
    default:
        return atomic_exchange((_Atomic uint64_t *)at, bits);
    }
}

static bool compare_exchange(size_t size, void *at, uint64_t *expected,
                             uint64_t bits)
{
    uint8_t one = (uint8_t)*expected;
    uint16_t two = (uint16_t)*expected;
    uint32_t four = (uint32_t)*expected;
    bool done;

    switch (size) {
    case 1:
        done = atomic_compare_exchange_strong((_Atomic uint8_t *)at, &one,
                                              (uint8_t)bits);
        *expected = one;
        return done;
    case 2:
        done = atomic_compare_exchange_strong((_Atomic uint16_t *)at, &two,
                                              (uint16_t)bits);
        *expected = two;
        return done;
    case 4:
        done = atomic_compare_exchange_strong((_Atomic uint32_t *)at, &four,
                                              (uint32_t)bits);
        *expected = four;
        return done;
    default:
        return atomic_compare_exchange_strong((_Atomic uint64_t *)at, expected,
                                              bits);
    }
}

/* ---- numbers ------------------------------------------------------------- */

static double double_of(size_t size, uint64_t bits)
{
    float single;
    double number;

    if (size == sizeof single) {
        mri_bits_to(size, bits, &single);
        return (double)single;
    }
    mri_bits_to(size, bits, &number);
    return number;
}

static uint64_t bits_of_double(size_t size, double number)
{
    float single = (float)number;

    return size == sizeof single ? mri_bits_from(size, &single)
                                 : mri_bits_from(size, &number);
}

static int64_t signed_of(size_t size, uint64_t bits)
{
    unsigned int shift = 64 - 8 * (unsigned int)size;

    return (int64_t)(bits << shift) >> shift;
}

static bool is_less(mr_type type, uint64_t a, uint64_t b)
{
    size_t size = mri_number_sizes[type];

    switch (reading_of(type)) {
    case SIGNED:
        return signed_of(size, a) < signed_of(size, b);
    case FLOATING:
        return double_of(size, a) < double_of(size, b);
    default:
        return a < b;
    }
}

/* The bits after a change. */
static uint64_t changed(mr_type type, mri_change change, uint64_t bits,
                        uint64_t by)
{
    size_t size = mri_number_sizes[type];

    switch (change) {
    case MRI_MIN:
        return is_less(type, by, bits) ? by : bits;
    case MRI_MAX:
        return is_less(type, bits, by) ? by : bits;
    default: /* MRI_ADD of floating numbers */
        return bits_of_double(size,
                              double_of(size, bits) + double_of(size, by));
    }
}

static uint64_t change_by_loop(mr_type type, mri_change change, void *at,
                               uint64_t by)
{
    size_t size = mri_number_sizes[type];
    uint64_t old = mri_bits_load(size, at, memory_order_seq_cst);
    uint64_t new;

    do {
        new = changed(type, change, old, by);
    } while (new != old && !compare_exchange(size, at, &old, new));
    return old;
}

/* ---- elements ------------------------------------------------------------ */

void mri_element_load(mr_type type, void *at, void *out)
{
    size_t size = mri_number_sizes[type];

    mri_bits_to(size, mri_bits_load(size, at, memory_order_seq_cst), out);
}

void mri_element_store(mr_type type, void *at, const void *in)
{
    size_t size = mri_number_sizes[type];

    mri_bits_store(size, at, mri_bits_from(size, in), memory_order_seq_cst);
    mri_fault_point();
}

static uint64_t change_bits(mr_type type, mri_change change, void *at,
                            const void *in)
{
    size_t size = mri_number_sizes[type];
    uint64_t bits = mri_bits_from(size, in);

    switch (change) {
    case MRI_EXCHANGE:
        return exchange(size, at, bits);
    case MRI_ADD:
        return reading_of(type) == FLOATING
                   ? change_by_loop(type, change, at, bits)
                   : fetch_add(size, at, bits);
    default:
        return change_by_loop(type, change, at, bits);
    }
}

void mri_element_add_double(void *at, const void *in, void *before)
{
    uint64_t old = atomic_load((_Atomic uint64_t *)at);
    uint64_t new;
    double amount;
    double sum;

    memcpy(&amount, in, sizeof amount);
    do {
        memcpy(&sum, &old, sizeof sum);
        sum += amount;
        memcpy(&new, &sum, sizeof new);
    } while (!atomic_compare_exchange_weak((_Atomic uint64_t *)at, &old, new));
    mri_fault_point();
    if (before) {
        memcpy(before, &old, sizeof old);
    }
}

void mri_element_change(mr_type type, mri_change change, void *at,
                        const void *in, void *before)
{
    uint64_t old = change_bits(type, change, at, in);

    mri_fault_point();
    if (before) {
        mri_bits_to(mri_number_sizes[type], old, before);
    }
}

bool mri_element_compare_exchange(mr_type type, void *at, const void *expected,
                                  const void *in, void *before)
{
    size_t size = mri_number_sizes[type];
    uint64_t old = mri_bits_from(size, expected);
    bool done = compare_exchange(size, at, &old, mri_bits_from(size, in));

    mri_fault_point();
    mri_bits_to(size, old, before);
    return done;
}
