/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Arrays that are spread over the ranks: where their blocks lie, and
 * what a process remembers of that.
 *
 * The blocks of an Array never change, and their handles tell when they are
 * gone.  So each process may keep them as long as it likes, and asks the head
 * at its first access alone.  Lock: that of this memory.
 */
#include "objects/data/spread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "memory/segment.h"
#include "objects/data/element.h"
#include "util/log.h"
#include "util/rank_local.h"

enum {
    REMEMBERED = 16,
    HANDLES_AT_ONCE = 1024 /* so many fit into a message */
};

typedef struct layout {
    mr_handle head; /* kind 0: unused */
    size_t count;
    mr_handle *blocks;
} layout;

typedef struct memory {
    pthread_mutex_t lock;
    layout remembered[REMEMBERED];
    unsigned int next_to_forget;
} memory;

static MRI_RANK_LOCAL memory memory_of_rank = {.lock =
                                                   PTHREAD_MUTEX_INITIALIZER};
#define own MRI_OWN(memory_of_rank)

/* ---- where blocks lie ---------------------------------------------------- */

static size_t block_size(size_t count)
{
    return count / mri_node.ranks + (count % mri_node.ranks != 0);
}

static size_t block_number(size_t count)
{
    size_t size = block_size(count);

    return count / size + (count % size != 0);
}

static mri_array_block block_at(size_t count, size_t number)
{
    size_t size = block_size(count);
    mri_array_block block = {.first = number * size};

    if (number >= block_number(count)) {
        block.first = count;
    }
    block.count = count - block.first < size ? count - block.first : size;
    return block;
}

/* ---- what is remembered -------------------------------------------------- */

/* The lock is held. */
static const layout *recall(mr_handle head)
{
    for (size_t i = 0; i < REMEMBERED; i++) {
        if (memcmp(&own.remembered[i].head, &head, sizeof head) == 0) {
            return &own.remembered[i];
        }
    }
    return NULL;
}

static const layout *remember(const layout *found)
{
    layout *row = &own.remembered[own.next_to_forget++ % REMEMBERED];

    free(row->blocks);
    *row = *found;
    return row;
}

static mr_error ask(mr_array array, layout *found)
{
    mr_error error = mr_array_length(array, &found->count);
    size_t number = error ? 0 : block_number(found->count);

    found->head = array.handle;
    if (error) {
        return error;
    }
    found->blocks = calloc(number, sizeof *found->blocks);
    if (!found->blocks) {
        return MR_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < number && !error; i += HANDLES_AT_ONCE) {
        size_t left = number - i;

        error = mri_array_blocks(
            array, i, left < HANDLES_AT_ONCE ? left : HANDLES_AT_ONCE,
            found->blocks + i);
    }
    if (error) {
        free(found->blocks);
    }
    return error;
}

/* Give the count and, if there is such a block, its handle. */
static void look_up(const layout *l, size_t size, size_t index, size_t *count,
                    mr_handle *handle)
{
    *count = l->count;
    *handle = (mr_handle){0};
    if (index / size < block_number(l->count)) {
        *handle = l->blocks[index / size];
    }
}

/* The same, by the head if need be.  `unit` 0: index counts elements. */
static mr_error locate(mr_array array, size_t index, size_t unit, size_t *count,
                       mr_handle *handle)
{
    mr_error error = MR_OK;
    const layout *known;
    layout found;

    pthread_mutex_lock(&own.lock);
    known = recall(array.handle);
    if (!known) {
        pthread_mutex_unlock(&own.lock);
        error = ask(array, &found);
        pthread_mutex_lock(&own.lock);
        known = error ? NULL : remember(&found);
    }
    if (known) {
        look_up(known, unit ? unit : block_size(known->count), index, count,
                handle);
    }
    pthread_mutex_unlock(&own.lock);
    return error;
}

mr_error mri_spread_find(mr_array array, size_t index, mri_array_block *block)
{
    mr_handle handle;
    size_t count;
    mr_error error = locate(array, index, 0, &count, &handle);

    if (error) {
        return error;
    }
    if (index >= count) {
        return MR_ERR_ARGUMENT;
    }
    *block = block_at(count, index / block_size(count));
    block->array.handle = handle;
    return MR_OK;
}

mr_error mri_spread_block(mr_array array, unsigned int rank,
                          mri_array_block *block)
{
    mr_handle handle;
    size_t count;
    mr_error error = locate(array, rank, 1, &count, &handle);

    if (!error) {
        *block = block_at(count, rank);
        block->array.handle = handle;
    }
    return error;
}

/* ---- making and unmaking ------------------------------------------------- */

static void destroy_blocks(const mr_handle *blocks, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        mr_error error = mr_array_destroy((mr_array){blocks[i]});

        if (error) {
            mri_log(MR_LOG_DEBUG, "block %zu of an array is gone: %s", i,
                    mr_error_text(error));
        }
    }
}

static mr_error make_blocks(mr_type type, size_t count, const void *initial,
                            mr_handle *blocks, size_t *made)
{
    mr_error error = MR_OK;

    for (*made = 0; *made < block_number(count) && !error; ++*made) {
        mri_array_block block = block_at(count, *made);
        const void *begin = initial ? (const unsigned char *)initial +
                                          block.first * mri_element_size(type)
                                    : NULL;

        error = mri_array_make((unsigned int)*made, type, block.count, begin,
                               true, &block.array);
        if (error) {
            break;
        }
        blocks[*made] = block.array.handle;
    }
    return error;
}

/* Until the head is there the blocks go with who makes it. */
static mr_error join_blocks(unsigned int rank, mr_type type, size_t count,
                            const mr_handle *blocks, mr_array *array)
{
    size_t number = block_number(count);
    mr_array head;
    mr_error error =
        mri_array_make_head(rank, type, count, blocks, number, &head);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < number && !error; i++) {
        error = mri_array_keep((mr_array){blocks[i]});
    }
    if (error) {
        mr_array whole = head;

        whole.handle.variant &= (uint16_t)~MRI_SPREAD; /* the head alone */
        (void)!mr_array_destroy(whole);
        return error;
    }
    *array = head;
    return MR_OK;
}

mr_error mri_spread_create(unsigned int rank, mr_type type, size_t count,
                           const void *initial, mr_array *array)
{
    mr_handle *blocks = calloc(block_number(count), sizeof *blocks);
    size_t made = 0;
    mr_error error = blocks ? make_blocks(type, count, initial, blocks, &made)
                            : MR_ERR_NO_MEMORY;

    if (!error) {
        error = join_blocks(rank, type, count, blocks, array);
    }
    if (error) {
        destroy_blocks(blocks, made);
    }
    free(blocks);
    return error;
}

/* Of several callers one destroys the head, and he the blocks. */
mr_error mri_spread_destroy(mr_array array)
{
    layout found;
    mr_array head = array;
    mr_error error = ask(array, &found);

    if (error) {
        return error;
    }
    head.handle.variant &= (uint16_t)~MRI_SPREAD;
    error = mr_array_destroy(head);
    if (!error) {
        destroy_blocks(found.blocks, block_number(found.count));
    }
    free(found.blocks);
    return error;
}
