/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this program share.
 *
 *     main.c      from files to a table: the whole of it
 *     options.c   the command line
 *     files.c     which files, cut into blocks
 *     count.c     the task: counts the words of one block
 *     table.c     words and how often there were; as bytes, to travel
 *     report.c    the table on stdout
 *     progress.c  how far it is, on stderr
 */
#ifndef WORDCOUNT_H
#define WORDCOUNT_H

#include <multirank.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM "multirank-wordcount"

enum {
    EXIT_INCOMPLETE = 1, /* some file could not be counted, or not all of it */
    EXIT_MISUSE = 2      /* nothing was counted */
};

/* ---- options.c ----------------------------------------------------------- */

typedef struct options {
    size_t top; /* words to print; 0: all */
    bool csv;
    bool quiet;
    bool answered; /* the command line asked for words, not for counting */
    uint64_t block_size;
    char **files;
    size_t count;
} options;

/* Print what needs no job, the help or the version; false: the word asks for
 * nothing of that. */
bool options_answer(const char *word);

/* False: there is something wrong, which has been said. */
bool options_read(options *o, int argc, char **argv);

/* ---- files.c ------------------------------------------------------------- */

/* Words that begin in [start, end) of a file. */
typedef struct block {
    uint64_t file; /* its number; the name lies in the context at `name` */
    uint64_t name;
    uint64_t start;
    uint64_t end;
    uint64_t size; /* of the file */
} block;

typedef struct files {
    char *names; /* one behind the other, each with its zero */
    size_t names_size;
    block *blocks;
    size_t blocks_count;
    bool *complained; /* about a file */
    uint64_t bytes;
    size_t bad; /* files that were complained about */
} files;

/* Look at all files; those that cannot be read are complained about and left
 * out.  False: no memory. */
bool files_find(files *f, const options *o);
void files_free(files *f);

/* Say once for each file what is wrong with it. */
void files_complain(files *f, uint64_t file, const char *name,
                    const char *what);

/* ---- table.c ------------------------------------------------------------- */

typedef struct entry {
    uint64_t hash;
    uint64_t count; /* 0: a free place */
    uint64_t place; /* of the word in `bytes` */
    uint64_t size;
} entry;

/* Zeroed means: empty. */
typedef struct table {
    entry *entries;
    size_t capacity; /* a power of two */
    size_t used;
    char *bytes;
    size_t bytes_used;
    size_t bytes_capacity;
} table;

/* A word once more, or `count` times.  False: no memory. */
bool table_add(table *t, const char *word, size_t size, uint64_t count);
void table_free(table *t);

/* What the words of a block come to. */
typedef struct tally {
    uint64_t words;
    uint64_t too_long;  /* words that were left out */
    uint64_t shortened; /* 1: the file has become shorter */
} tally;

/* Tally and table as bytes, in new memory; NULL: no memory. */
void *table_pack(const table *t, const tally *sum, size_t *size);

/* Add what was packed.  False: no memory. */
bool table_unpack(table *t, tally *sum, const void *packed, size_t size);

/* ---- count.c ------------------------------------------------------------- */

enum { MOST_WORD = 65536 }; /* bytes of a word that is counted */

mr_task_function count_block;

/* ---- report.c ------------------------------------------------------------ */

/* False: no memory, or stdout is gone; that has been said. */
bool report_print(const table *t, const options *o);

/* ---- progress.c ---------------------------------------------------------- */

typedef struct progress {
    bool quiet;
    bool terminal;
    uint64_t done; /* bytes */
    uint64_t all;
    double begun; /* seconds */
    double shown;
} progress;

void progress_begin(progress *p, uint64_t bytes, bool quiet);

/* So many bytes more are done. */
void progress_add(progress *p, uint64_t bytes);

/* Make room for other lines on a terminal. */
void progress_clear(progress *p);
void progress_end(progress *p, const table *t, const tally *sum);

#endif
