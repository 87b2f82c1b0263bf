/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Arrays that are spread over the ranks or replicated: where their blocks
 * or copies lie, and what a process remembers of that.
 *
 * The blocks of an Array never change, and their handles tell when they are
 * gone.  So each process may keep them as long as it likes, and asks the head
 * at its first access alone.  Lock: that of this memory.
 */
#include "objects/data/spread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "memory/liveness.h"
#include "memory/segment.h"
#include "objects/data/element.h"
#include "runtime/job/identity.h"
#include "util/log.h"
#include "util/rank_local.h"

enum {
    REMEMBERED = 16,
    HANDLES_AT_ONCE = 1024 /* so many fit into a message */
};

typedef struct layout {
    mr_handle head; /* kind 0: unused */
    mri_array_facts facts;
    mr_handle *blocks;
    size_t here; /* the number of this node's copy */
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

static size_t rounded_up(size_t number, size_t unit)
{
    return number / unit + (number % unit != 0);
}

static size_t block_size(const mri_array_facts *facts)
{
    size_t units = rounded_up(facts->count, facts->unit);
    size_t size = rounded_up(units, mri_node.ranks) * facts->unit;

    return size < facts->count ? size : facts->count;
}

static size_t block_number(const mri_array_facts *facts)
{
    return facts->copies ? facts->copies
                         : rounded_up(facts->count, block_size(facts));
}

static mri_array_block block_at(const mri_array_facts *facts, size_t number)
{
    size_t size = block_size(facts);
    mri_array_block block = {.first = facts->count};

    if (number < block_number(facts)) {
        block.first = number * size;
    }
    block.count =
        facts->count - block.first < size ? facts->count - block.first : size;
    return block;
}

size_t mri_spread_node_number(unsigned int rank)
{
    size_t number = 0;

    for (unsigned int i = 0; i < mri_node.leaders[rank]; i++) {
        number += mri_node.leaders[i] == i;
    }
    return number;
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
    mr_error error = mri_array_ask(array, &found->facts);
    size_t number = error ? 0 : block_number(&found->facts);

    found->head = array.handle;
    found->here = mri_spread_node_number(mri_here.rank);
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

/* The block with that number; without elements and an Array: there is none. */
static void look_up(const layout *l, size_t number, mri_array_block *block)
{
    *block = block_at(&l->facts, number);
    if (number < block_number(&l->facts)) {
        block->array.handle = l->blocks[number];
    }
}

/* Of the block with an element; beyond all blocks where there is no such. */
static size_t number_of(const layout *l, size_t index)
{
    return index < l->facts.count ? index / block_size(&l->facts) : SIZE_MAX;
}

/* The copy of this node, or, if that one is lost, the first that is not. */
static void look_up_copy(const layout *l, mri_array_block *block)
{
    const mr_handle *copies = l->blocks;
    size_t number = l->here;

    for (size_t i = 0;
         i < l->facts.copies &&
         (number >= l->facts.copies || copies[number].kind == MRI_NONE ||
          mri_rank_is_lost(copies[number].owner));
         i++) {
        number = i;
    }
    *block =
        (mri_array_block){.array = {copies[number]}, .count = l->facts.count};
}

typedef enum by { BY_ELEMENT, BY_RANK, BY_NODE } by;

/* By the head, if need be.  A block without elements: there is none. */
static mr_error locate(mr_array array, by what, size_t index,
                       mri_array_block *block)
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
    if (known && what == BY_NODE && known->facts.copies) {
        look_up_copy(known, block);
    } else if (known && what == BY_NODE) {
        block->array = array;
    } else if (known) {
        look_up(known, what == BY_RANK ? index : number_of(known, index),
                block);
    }
    pthread_mutex_unlock(&own.lock);
    return error;
}

mr_error mri_spread_find(mr_array array, size_t index, mri_array_block *block)
{
    mr_error error = locate(array, BY_ELEMENT, index, block);

    return !error && block->count == 0 ? MR_ERR_ARGUMENT : error;
}

mr_error mri_spread_block(mr_array array, unsigned int rank,
                          mri_array_block *block)
{
    return locate(array, BY_RANK, rank, block);
}

mr_error mri_spread_copy(mr_array *array)
{
    mri_array_block block = {0};
    mr_error error = locate(*array, BY_NODE, 0, &block);

    if (!error) {
        *array = block.array;
    }
    return error;
}

/* ---- making and unmaking ------------------------------------------------- */

void mri_spread_destroy_blocks(const mr_handle *blocks, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        mr_error error = blocks[i].kind == MRI_NONE
                             ? MR_OK
                             : mri_array_destroy_whole((mr_array){blocks[i]});

        if (error) {
            mri_log(MR_LOG_DEBUG, "block %zu of an array is gone: %s", i,
                    mr_error_text(error));
        }
    }
}

static mr_error make_blocks(mr_type type, const mri_array_facts *facts,
                            const void *initial, mr_handle *blocks,
                            size_t *made)
{
    const mri_chosen_lock lock = {.kind = MRI_LOCK_NONE};
    mr_error error = MR_OK;

    for (*made = 0; *made < block_number(facts) && !error; ++*made) {
        mri_array_block block = block_at(facts, *made);
        const void *begin = initial ? (const unsigned char *)initial +
                                          block.first * mri_element_size(type)
                                    : NULL;

        error = mri_array_make((unsigned int)*made, type, block.count, begin,
                               lock, true, &block.array);
        if (error) {
            break;
        }
        blocks[*made] = block.array.handle;
    }
    return error;
}

static mr_array without_blocks(mr_array head)
{
    head.handle.variant &= (uint16_t)~MRI_SPREAD;
    return head;
}

/* A copy whose rank is lost meanwhile is not missed. */
static mr_error keep_block(const mri_array_facts *facts, mr_handle block)
{
    mr_error error = block.kind == MRI_NONE
                         ? MR_OK
                         : mri_array_go_with((mr_array){block}, false);

    return error == MR_ERR_OWNER_LOST && facts->copies ? MR_OK : error;
}

/* Until the head is there the blocks go with who makes it. */
mr_error mri_spread_join(unsigned int rank, mr_type type,
                         const mri_array_facts *facts, const mr_handle *blocks,
                         size_t number, mr_array *array)
{
    mr_array head;
    mr_error error =
        mri_array_make_head(rank, facts, type, blocks, number, &head);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < number && !error; i++) {
        error = keep_block(facts, blocks[i]);
    }
    if (error) {
        (void)!mri_array_destroy_whole(without_blocks(head));
        return error;
    }
    *array = head;
    return MR_OK;
}

mr_error mri_spread_create(unsigned int rank, mr_type type,
                           const mri_array_facts *facts, const void *initial,
                           mr_array *array)
{
    mr_handle *blocks = calloc(block_number(facts), sizeof *blocks);
    size_t made = 0;
    mr_error error = blocks ? make_blocks(type, facts, initial, blocks, &made)
                            : MR_ERR_NO_MEMORY;

    if (!error) {
        error = mri_spread_join(rank, type, facts, blocks, block_number(facts),
                                array);
    }
    if (error) {
        mri_spread_destroy_blocks(blocks, made);
    }
    free(blocks);
    return error;
}

/* The whole Array goes with the caller: should it die now, nothing stays that
 * nobody can reach. */
static mr_error take_along(mr_array array, const layout *found)
{
    for (size_t i = 0; i < block_number(&found->facts); i++) {
        mr_error error =
            found->blocks[i].kind == MRI_NONE
                ? MR_OK
                : mri_array_go_with((mr_array){found->blocks[i]}, true);

        if (error) {
            mri_log(MR_LOG_DEBUG, "block %zu of an array is gone: %s", i,
                    mr_error_text(error));
        }
    }
    return mri_array_go_with(array, true);
}

/* Of several callers one destroys the head, and that one the blocks. */
mr_error mri_spread_destroy(mr_array array)
{
    layout found;
    mr_error error = ask(array, &found);

    if (error) {
        return error;
    }
    error = take_along(array, &found);
    if (!error) {
        error = mri_array_destroy_whole(without_blocks(array));
    }
    if (!error) {
        mri_spread_destroy_blocks(found.blocks, block_number(&found.facts));
    }
    free(found.blocks);
    return error;
}
