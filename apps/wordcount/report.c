/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table on stdout: the most frequent words first, and those that are as
 * frequent in the order of their bytes; like sort | uniq -c, or as CSV (RFC
 * 4180).
 */
#include "wordcount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry together with its word, which qsort's function needs. */
typedef struct line {
    const char *word;
    size_t size;
    uint64_t count;
} line;

static int compare(const void *left, const void *right)
{
    const line *a = left, *b = right;
    size_t common = a->size < b->size ? a->size : b->size;
    int order;

    if (a->count != b->count) {
        return a->count < b->count ? 1 : -1;
    }
    order = memcmp(a->word, b->word, common);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static line *sorted(const table *t)
{
    line *lines = calloc(t->used + 1, sizeof *lines);
    size_t count = 0;

    for (size_t i = 0; lines && i < t->capacity; i++) {
        const entry *e = &t->entries[i];

        if (e->count) {
            lines[count++] = (line){.word = t->bytes + e->place,
                                    .size = e->size,
                                    .count = e->count};
        }
    }
    if (lines) {
        qsort(lines, count, sizeof *lines, compare);
    }
    return lines;
}

static void print_plain(const line *l)
{
    printf("%7llu ", (unsigned long long)l->count);
    fwrite(l->word, 1, l->size, stdout);
    putchar('\n');
}

static void print_csv(const line *l)
{
    bool quoted =
        memchr(l->word, '"', l->size) || memchr(l->word, ',', l->size);

    if (quoted) {
        putchar('"');
    }
    for (size_t i = 0; i < l->size; i++) {
        if (l->word[i] == '"') {
            putchar('"');
        }
        putchar(l->word[i]);
    }
    printf("%s,%llu\n", quoted ? "\"" : "", (unsigned long long)l->count);
}

bool report_print(const table *t, const options *o)
{
    size_t count = o->top && o->top < t->used ? o->top : t->used;
    line *lines = sorted(t);

    if (!lines) {
        fputs(PROGRAM ": no memory to sort the words\n", stderr);
        return false;
    }
    if (o->csv) {
        puts("word,count");
    }
    for (size_t i = 0; i < count; i++) {
        (o->csv ? print_csv : print_plain)(&lines[i]);
    }
    free(lines);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": stdout: %s\n", strerror(errno));
        return false;
    }
    return true;
}
