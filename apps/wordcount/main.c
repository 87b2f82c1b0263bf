/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts the words of text files in parallel.
 *
 *     mpirun -n 4 multirank-wordcount --top 10 FILE...
 *
 * The files are cut into blocks.  Each worker reads its block itself, counts
 * its words, and returns a table of them, as large as it happens to be; rank 0
 * adds up the tables as they come, in any order, while others are counted.
 */
#include "wordcount.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct counting {
    files files;
    table words;
    tally sum;
    progress progress;
} counting;

static bool say_no_memory(void)
{
    fputs(PROGRAM ": no memory for the words; count fewer files at once\n",
          stderr);
    return false;
}

/* False: it is no use to go on. */
static bool add(counting *c, const mr_result *result)
{
    const block *b = &c->files.blocks[result->index];
    const char *name = c->files.names + b->name;
    const char *what = result->error.code ? result->error.text : NULL;
    tally sum = {0};

    if (!what && !table_unpack(&c->words, &sum, result->data, result->size)) {
        return say_no_memory();
    }
    c->sum.words += sum.words;
    c->sum.too_long += sum.too_long;
    if (sum.shortened) {
        what = "has become shorter while it was read; what is left is counted";
    }
    if (what) {
        progress_clear(&c->progress);
        files_complain(&c->files, b->file, name, what);
    }
    progress_add(&c->progress, b->end - b->start);
    return true;
}

static bool count(counting *c, mr_pool pool)
{
    const files *f = &c->files;
    mr_iterator *iterator;
    mr_result result;
    mr_error error = mr_pool_imap_unordered(
        &iterator, pool, count_block, f->names, f->names_size, f->blocks,
        sizeof *f->blocks, f->blocks_count, NULL);
    bool good = true;

    if (!error) {
        while (good &&
               !(error = mr_iterator_next(iterator, &result, MR_FOREVER))) {
            good = add(c, &result);
        }
        mr_iterator_destroy(iterator);
    }
    if (good && error != MR_ERR_END_OF_FILE) {
        progress_clear(&c->progress);
        fprintf(stderr, PROGRAM ": %s\n", mr_error_text(error));
        return false;
    }
    return good;
}

static bool count_in_pool(counting *c)
{
    mr_pool pool;
    mr_error error = mr_pool_create(&pool, NULL);
    bool good;

    if (error) {
        fprintf(stderr, PROGRAM ": no pool: %s\n", mr_error_text(error));
        return false;
    }
    good = count(c, pool);
    mr_pool_destroy(pool);
    return good;
}

static int status_of(const counting *c)
{
    if (c->sum.too_long) {
        fprintf(stderr,
                PROGRAM ": %llu words of more than %d bytes were left out\n",
                (unsigned long long)c->sum.too_long, MOST_WORD);
    }
    return c->files.bad || c->sum.too_long ? EXIT_INCOMPLETE : EXIT_SUCCESS;
}

static int run(const options *o)
{
    counting c = {0};
    int status = EXIT_MISUSE;

    if (!files_find(&c.files, o)) {
        say_no_memory();
    } else if (c.files.bad < o->count) {
        progress_begin(&c.progress, c.files.bytes, o->quiet);
        if (count_in_pool(&c)) {
            progress_end(&c.progress, &c.words, &c.sum);
            status = report_print(&c.words, o) ? status_of(&c) : EXIT_MISUSE;
        }
    }
    table_free(&c.words);
    files_free(&c.files);
    return status;
}

int main(int argc, char **argv)
{
    mr_error error;
    options o;
    int status;

    if (argc == 2 && options_answer(argv[1])) {
        return EXIT_SUCCESS;
    }
    error = mr_init(&argc, &argv); /* returns on rank 0 alone */
    if (error) {
        fprintf(stderr, PROGRAM ": %s\n", mr_error_text(error));
        return EXIT_MISUSE;
    }
    if (!options_read(&o, argc, argv)) {
        return EXIT_MISUSE;
    }
    status = o.answered ? EXIT_SUCCESS : run(&o);
    return mr_finalize() == MR_OK ? status : EXIT_MISUSE;
}
