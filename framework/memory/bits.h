/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of 1, 2, 4 or 8 bytes as bits: copied, and loaded and stored by C11
 * atomics of their size.  Where the size is a constant each is one instruction.
 */
#ifndef MRI_MEMORY_BITS_H
#define MRI_MEMORY_BITS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) uint64_t
mri_bits_from(size_t size, const void *from)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (size) {
    case sizeof one:
        memcpy(&one, from, sizeof one);
        return one;
    case sizeof two:
        memcpy(&two, from, sizeof two);
        return two;
    case sizeof four:
        memcpy(&four, from, sizeof four);
        return four;
    default:
        memcpy(&eight, from, sizeof eight);
        return eight;
    }
}

static inline __attribute__((always_inline)) void
mri_bits_to(size_t size, uint64_t bits, void *to)
{
    uint8_t one = (uint8_t)bits;
    uint16_t two = (uint16_t)bits;
    uint32_t four = (uint32_t)bits;

    switch (size) {
    case sizeof one:
        memcpy(to, &one, sizeof one);
        break;
    case sizeof two:
        memcpy(to, &two, sizeof two);
        break;
    case sizeof four:
        memcpy(to, &four, sizeof four);
        break;
    default:
        memcpy(to, &bits, sizeof bits);
    }
}

static inline __attribute__((always_inline)) uint64_t
mri_bits_load(size_t size, void *at, memory_order order)
{
    switch (size) {
    case sizeof(uint8_t):
        return atomic_load_explicit((_Atomic uint8_t *)at, order);
    case sizeof(uint16_t):
        return atomic_load_explicit((_Atomic uint16_t *)at, order);
    case sizeof(uint32_t):
        return atomic_load_explicit((_Atomic uint32_t *)at, order);
    default:
        return atomic_load_explicit((_Atomic uint64_t *)at, order);
    }
}

static inline __attribute__((always_inline)) void
mri_bits_store(size_t size, void *at, uint64_t bits, memory_order order)
{
    switch (size) {
    case sizeof(uint8_t):
        atomic_store_explicit((_Atomic uint8_t *)at, (uint8_t)bits, order);
        break;
    case sizeof(uint16_t):
        atomic_store_explicit((_Atomic uint16_t *)at, (uint16_t)bits, order);
        break;
    case sizeof(uint32_t):
        atomic_store_explicit((_Atomic uint32_t *)at, (uint32_t)bits, order);
        break;
    default:
        atomic_store_explicit((_Atomic uint64_t *)at, bits, order);
    }
}

#endif
