/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The task: counts the words of one block of a file, which it reads itself.
 *
 * A word belongs to the block in which it begins.  So the byte before the
 * block is read, to see whether the block begins inside a word, and as much
 * behind it as the longest word may need.
 */
#include "wordcount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As isspace in the C locale, whatever the locale is. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- reading ------------------------------------------------------------- */

/* What was read: from the byte before the block, or from the block where it is
 * the first. */
typedef struct text {
    char *bytes;
    size_t size;
    size_t first; /* of the block */
    size_t end;   /* of the block */
    bool shortened;
} text;

static mr_error failed(void)
{
    return mr_task_fail(MR_ERR_USER, "%s on host %s", strerror(errno),
                        mr_host());
}

static mr_error read_all(text *t, int fd, uint64_t from, size_t wanted)
{
    while (t->size < wanted) {
        ssize_t got = pread(fd, t->bytes + t->size, wanted - t->size,
                            (off_t)(from + t->size));

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return failed();
        }
        t->size += got > 0 ? (size_t)got : 0;
    }
    t->shortened = t->size < wanted;
    t->end = t->end < t->size ? t->end : t->size;
    return MR_OK;
}

static mr_error read_text(text *t, const block *b, const char *name)
{
    uint64_t from = b->start ? b->start - 1 : 0;
    uint64_t behind = b->size - b->end;
    uint64_t wanted =
        b->end - from + (behind > MOST_WORD ? MOST_WORD + 1 : behind);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    mr_error error = MR_ERR_NO_MEMORY;

    if (fd < 0) {
        return failed();
    }
    *t = (text){.bytes = malloc(wanted + 1),
                .first = b->start - from,
                .end = b->end - from};
    if (t->bytes) {
        error = read_all(t, fd, from, wanted);
    }
    close(fd);
    return error;
}

/* ---- counting ------------------------------------------------------------ */

static size_t skip(const text *t, size_t at, bool space)
{
    while (at < t->size && is_space(t->bytes[at]) == space) {
        at++;
    }
    return at;
}

static bool count_text(const text *t, table *words, tally *sum)
{
    size_t at = t->first;

    if (t->first && !is_space(t->bytes[0])) {
        at = skip(t, at, false); /* the rest of another block's word */
    }
    for (at = skip(t, at, true); at < t->end; at = skip(t, at, true)) {
        size_t begin = at;

        at = skip(t, at, false);
        if (at - begin > MOST_WORD) {
            sum->too_long++;
        } else if (table_add(words, t->bytes + begin, at - begin, 1)) {
            sum->words++;
        } else {
            return false;
        }
    }
    return true;
}

static mr_error return_table(const table *words, const tally *sum)
{
    size_t size;
    void *packed = table_pack(words, sum, &size);
    mr_error error = packed ? mr_task_return(packed, size) : MR_ERR_NO_MEMORY;

    free(packed);
    return error;
}

mr_error count_block(const void *input, void *output, const mr_task *task)
{
    const block *b = input;
    table words = {0};
    tally sum = {0};
    text t = {0};
    mr_error error = read_text(&t, b, (const char *)task->context + b->name);

    (void)output;
    if (!error) {
        sum.shortened = t.shortened;
        error = count_text(&t, &words, &sum) ? return_table(&words, &sum)
                                             : MR_ERR_NO_MEMORY;
    }
    free(t.bytes);
    table_free(&words);
    return error;
}
