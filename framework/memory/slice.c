/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how slices are copied: relaxed atomic accesses of the elements' size,
 * which compile to plain ones; and where a processor moves 16 aligned bytes at
 * once, by those, three times as fast.
 *
 * Such moves do not tear on x86 processors that have AVX (Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 3A, section 9.1.1; GCC's
 * libatomic relies on it for all makers: GCC bug 104688).  ThreadSanitizer
 * would take them for races.
 */
#include "memory/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "memory/bits.h"

/* ---- one by one ---------------------------------------------------------- */

/* Inline with each size, so that the loop has one kind of access. */
static inline __attribute__((always_inline)) void
load_each(unsigned char *out, unsigned char *elements, size_t size,
          size_t bytes)
{
    for (size_t i = 0; i < bytes; i += size) {
        uint64_t bits = mri_bits_load(size, elements + i, memory_order_relaxed);

        mri_bits_to(size, bits, out + i);
    }
}

static inline __attribute__((always_inline)) void
store_each(unsigned char *elements, const unsigned char *in, size_t size,
           size_t bytes)
{
    for (size_t i = 0; i < bytes; i += size) {
        mri_bits_store(size, elements + i, mri_bits_from(size, in + i),
                       memory_order_relaxed);
    }
}

static inline void load_elements(unsigned char *out, unsigned char *elements,
                                 size_t size, size_t bytes)
{
    if (__builtin_expect(size == sizeof(uint64_t), 1)) {
        load_each(out, elements, sizeof(uint64_t), bytes);
        return;
    }
    switch (size) {
    case sizeof(uint8_t):
        load_each(out, elements, sizeof(uint8_t), bytes);
        break;
    case sizeof(uint16_t):
        load_each(out, elements, sizeof(uint16_t), bytes);
        break;
    case sizeof(uint32_t):
        load_each(out, elements, sizeof(uint32_t), bytes);
        break;
    default:
        memcpy(out, elements, bytes);
    }
}

static inline void store_elements(unsigned char *elements,
                                  const unsigned char *in, size_t size,
                                  size_t bytes)
{
    if (__builtin_expect(size == sizeof(uint64_t), 1)) {
        store_each(elements, in, sizeof(uint64_t), bytes);
        return;
    }
    switch (size) {
    case sizeof(uint8_t):
        store_each(elements, in, sizeof(uint8_t), bytes);
        break;
    case sizeof(uint16_t):
        store_each(elements, in, sizeof(uint16_t), bytes);
        break;
    case sizeof(uint32_t):
        store_each(elements, in, sizeof(uint32_t), bytes);
        break;
    default:
        memcpy(elements, in, bytes);
    }
}

/* ---- sixteen bytes at once ----------------------------------------------- */

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)

typedef uint64_t sixteen __attribute__((vector_size(16), may_alias));

enum { BLOCK = 4 * sizeof(sixteen) };

/* The result does not change, so that a race to find it is none. */
static bool moves_sixteen(void)
{
    static _Atomic int known;
    int found = atomic_load_explicit(&known, memory_order_relaxed);

    if (!found) {
        found = __builtin_cpu_supports("avx") ? 1 : -1;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found > 0;
}

/* Four variables stay in registers; an array would lie on the stack. */
static void load_block(unsigned char *out, const unsigned char *elements)
{
    const volatile sixteen *from = (const volatile sixteen *)elements;
    sixteen a = from[0];
    sixteen b = from[1];
    sixteen c = from[2];
    sixteen d = from[3];

    memcpy(out, &a, sizeof a);
    memcpy(out + 16, &b, sizeof b);
    memcpy(out + 32, &c, sizeof c);
    memcpy(out + 48, &d, sizeof d);
}

static void store_block(unsigned char *elements, const unsigned char *in)
{
    volatile sixteen *to = (volatile sixteen *)elements;
    sixteen a;
    sixteen b;
    sixteen c;
    sixteen d;

    memcpy(&a, in, sizeof a);
    memcpy(&b, in + 16, sizeof b);
    memcpy(&c, in + 32, sizeof c);
    memcpy(&d, in + 48, sizeof d);
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
}

#else

enum { BLOCK = 1 };

static bool moves_sixteen(void)
{
    return false;
}

static void load_block(unsigned char *out, const unsigned char *elements)
{
    (void)out;
    (void)elements;
}

static void store_block(unsigned char *elements, const unsigned char *in)
{
    (void)elements;
    (void)in;
}

#endif

/* ---- slices -------------------------------------------------------------- */

static bool is_number(size_t size)
{
    return size <= sizeof(uint64_t) && (size & (size - 1)) == 0;
}

static bool has_blocks(size_t size, size_t bytes)
{
    return bytes >= 2 * BLOCK && is_number(size) && moves_sixteen();
}

/* Bytes in front of the first block. */
static size_t before_blocks(const void *elements)
{
    return -(uintptr_t)elements & 15;
}

void mri_slice_load(void *out, void *elements, size_t size, size_t bytes)
{
    unsigned char *from = elements;
    unsigned char *to = out;
    size_t done = 0;

    if (has_blocks(size, bytes)) {
        done = before_blocks(elements);
        load_elements(to, from, size, done);
        for (; bytes - done >= BLOCK; done += BLOCK) {
            load_block(to + done, from + done);
        }
    }
    load_elements(to + done, from + done, size, bytes - done);
}

void mri_slice_store(void *elements, const void *in, size_t size, size_t bytes)
{
    const unsigned char *from = in;
    unsigned char *to = elements;
    size_t done = 0;

    if (has_blocks(size, bytes)) {
        done = before_blocks(elements);
        store_elements(to, from, size, done);
        for (; bytes - done >= BLOCK; done += BLOCK) {
            store_block(to + done, from + done);
        }
    }
    store_elements(to + done, from + done, size, bytes - done);
}
