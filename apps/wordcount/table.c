/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words and how often there were: a hash table with open addressing, whose
 * words lie one behind the other in one block.  Packed it is a tally, then
 * for each word its count, its size and its bytes.
 */
#include "wordcount.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *word, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)word[i]) * 0x100000001b3u;
    }
    return hash;
}

/* The place of a word, or the free one where it belongs. */
static entry *find(const table *t, const char *word, size_t size, uint64_t hash)
{
    size_t i = hash & (t->capacity - 1);

    while (t->entries[i].count &&
           !(t->entries[i].hash == hash && t->entries[i].size == size &&
             memcmp(t->bytes + t->entries[i].place, word, size) == 0)) {
        i = (i + 1) & (t->capacity - 1);
    }
    return &t->entries[i];
}

static bool grow(table *t)
{
    table larger = *t;

    larger.capacity = t->capacity ? 2 * t->capacity : 1024;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries) {
        return false;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        const entry *e = &t->entries[i];

        if (e->count) {
            *find(&larger, t->bytes + e->place, e->size, e->hash) = *e;
        }
    }
    free(t->entries);
    *t = larger;
    return true;
}

static bool keep_bytes(table *t, const char *word, size_t size, entry *e)
{
    size_t capacity = t->bytes_capacity ? t->bytes_capacity : 16384;
    char *bytes = t->bytes;

    while (capacity - t->bytes_used < size) {
        capacity *= 2;
    }
    if (capacity != t->bytes_capacity) {
        bytes = realloc(bytes, capacity);
        if (!bytes) {
            return false;
        }
        t->bytes = bytes;
        t->bytes_capacity = capacity;
    }
    memcpy(bytes + t->bytes_used, word, size);
    e->place = t->bytes_used;
    e->size = size;
    t->bytes_used += size;
    return true;
}

bool table_add(table *t, const char *word, size_t size, uint64_t count)
{
    uint64_t hash = hash_of(word, size);
    entry *e;

    if (2 * t->used >= t->capacity && !grow(t)) {
        return false;
    }
    e = find(t, word, size, hash);
    if (!e->count) {
        if (!keep_bytes(t, word, size, e)) {
            return false;
        }
        e->hash = hash;
        t->used++;
    }
    e->count += count;
    return true;
}

void table_free(table *t)
{
    free(t->entries);
    free(t->bytes);
    *t = (table){0};
}

/* ---- packed -------------------------------------------------------------- */

/* Before the bytes of a word. */
typedef struct packed_entry {
    uint64_t count;
    uint64_t size;
} packed_entry;

static char *append(char *end, const void *bytes, size_t size)
{
    memcpy(end, bytes, size);
    return end + size;
}

void *table_pack(const table *t, const tally *sum, size_t *size)
{
    char *packed, *end;

    *size = sizeof *sum + t->used * sizeof(packed_entry) + t->bytes_used;
    packed = malloc(*size);
    if (!packed) {
        return NULL;
    }
    end = append(packed, sum, sizeof *sum);
    for (size_t i = 0; i < t->capacity; i++) {
        const entry *e = &t->entries[i];
        packed_entry head = {.count = e->count, .size = e->size};

        if (e->count) {
            end = append(end, &head, sizeof head);
            end = append(end, t->bytes + e->place, e->size);
        }
    }
    return packed;
}

bool table_unpack(table *t, tally *sum, const void *packed, size_t size)
{
    const char *next = packed;
    const char *end = next + size;

    memcpy(sum, next, sizeof *sum);
    next += sizeof *sum;
    while (next < end) {
        packed_entry head;

        memcpy(&head, next, sizeof head);
        next += sizeof head;
        if (!table_add(t, next, head.size, head.count)) {
            return false;
        }
        next += head.size;
    }
    return true;
}
