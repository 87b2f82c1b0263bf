/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which files there are, and how they are cut into blocks.  A block is cut
 * anywhere; which words are its own is seen by who reads it.
 */
#include "wordcount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void files_complain(files *f, uint64_t file, const char *name, const char *what)
{
    if (!f->complained[file]) {
        f->complained[file] = true;
        f->bad++;
        fprintf(stderr, PROGRAM ": %s: %s\n", name, what);
    }
}

/* NULL when the file can be read in blocks, and its size; else why not. */
static const char *look_at(const char *name, uint64_t *size)
{
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const char *what = NULL;
    struct stat status;

    if (fd < 0) {
        return strerror(errno);
    }
    if (fstat(fd, &status)) {
        what = strerror(errno);
    } else if (S_ISDIR(status.st_mode)) {
        what = strerror(EISDIR);
    } else if (!S_ISREG(status.st_mode)) {
        what = "not a regular file; several read one at once, so write it "
               "to a file first";
    }
    if (!what) {
        *size = (uint64_t)status.st_size;
    }
    close(fd);
    return what;
}

static uint64_t blocks_in(uint64_t size, uint64_t block_size)
{
    return size / block_size + (size % block_size != 0);
}

static bool cut(files *f, uint64_t file, uint64_t name, uint64_t size,
                uint64_t block_size)
{
    size_t count = f->blocks_count + blocks_in(size, block_size);
    block *blocks = realloc(f->blocks, (count + 1) * sizeof *blocks);
    uint64_t start = 0;

    if (!blocks) {
        return false;
    }
    f->blocks = blocks;
    while (f->blocks_count < count) {
        uint64_t end = size - start > block_size ? start + block_size : size;

        blocks[f->blocks_count++] = (block){.file = file,
                                            .name = name,
                                            .start = start,
                                            .end = end,
                                            .size = size};
        start = end;
    }
    f->bytes += size;
    return true;
}

static bool make_room(files *f, const options *o)
{
    size_t size = 1;

    for (size_t i = 0; i < o->count; i++) {
        size += strlen(o->files[i]) + 1;
    }
    f->names = malloc(size);
    f->complained = calloc(o->count + 1, sizeof *f->complained);
    return f->names && f->complained;
}

bool files_find(files *f, const options *o)
{
    bool good;

    *f = (files){0};
    good = make_room(f, o);
    for (size_t i = 0; good && i < o->count; i++) {
        size_t name = f->names_size;
        uint64_t size = 0;
        const char *what = look_at(o->files[i], &size);

        f->names_size += strlen(o->files[i]) + 1;
        strcpy(f->names + name, o->files[i]);
        if (what) {
            files_complain(f, i, o->files[i], what);
        } else {
            good = cut(f, i, name, size, o->block_size);
        }
    }
    return good;
}

void files_free(files *f)
{
    free(f->names);
    free(f->blocks);
    free(f->complained);
}
