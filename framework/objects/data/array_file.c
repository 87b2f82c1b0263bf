/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Arrays in files.  The format is .npy, version 1.0, of NumPy ("A simple
 * file format for NumPy arrays", numpy.lib.format): a magic string, the length
 * of a text, the text, which tells type and shape, and the elements.
 *
 * A file is written under another name and renamed when it is complete, so that
 * a death in the middle leaves the old file.
 */
#include <multirank/array.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "objects/data/array.h"
#include "objects/data/element.h"
#include "util/log.h"

#define MAGIC "\x93NUMPY\x01"

enum {
    CHUNK = 4 << 20, /* bytes that are read or written together */
    ALIGNMENT = 64,
    MAGIC_SIZE = 8, /* with the second number of the version, 0 */
    PREFIX = MAGIC_SIZE + 2
};

/* What is being written or read. */
typedef struct file {
    const char *function; /* for messages */
    const char *path;
    int descriptor;
    mr_type type;
    size_t count;
} file;

static mr_error system_error(const file *f, const char *what)
{
    return mri_fail(MR_ERR_SYSTEM, MR_LOG_WARNING, "%s: cannot %s %s: %s",
                    f->function, what, f->path, strerror(errno));
}

static mr_error bad_file(const file *f, const char *why)
{
    return mri_fail(MR_ERR_ARGUMENT, MR_LOG_INFO, "%s: %s %s", f->function,
                    f->path, why);
}

/* ---- types --------------------------------------------------------------- */

typedef struct type_name {
    mr_type type;
    const char *name; /* as NumPy has it, without the byte order */
} type_name;

static const type_name type_names[] = {
    {MR_INT8, "i1"},  {MR_INT16, "i2"},  {MR_INT32, "i4"},  {MR_INT64, "i8"},
    {MR_UINT8, "u1"}, {MR_UINT16, "u2"}, {MR_UINT32, "u4"}, {MR_UINT64, "u8"},
    {MR_FLOAT, "f4"}, {MR_DOUBLE, "f8"}, {MR_BOOL, "b1"},
};

enum { TYPES = sizeof type_names / sizeof *type_names };

static char byte_order(void)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<';
}

static void name_of(mr_type type, char *name, size_t size)
{
    snprintf(name, size, "|V%zu", mri_element_size(type));
    for (size_t i = 0; i < TYPES; i++) {
        if (type_names[i].type == type) {
            snprintf(name, size, "%c%s",
                     mri_element_size(type) == 1 ? '|' : byte_order(),
                     type_names[i].name);
        }
    }
}

/* 0: it is none of ours. */
static mr_type type_of(const char *name)
{
    bool order = name[0] == '|' || name[0] == byte_order() || name[0] == '=';

    if (name[0] == '|' && name[1] == 'V') {
        long size = strtol(name + 2, NULL, 10);

        return size > 0 && size <= MR_BYTES_MAX ? MR_BYTES(size) : (mr_type)0;
    }
    for (size_t i = 0; order && i < TYPES; i++) {
        if (strcmp(type_names[i].name, name + 1) == 0) {
            return type_names[i].type;
        }
    }
    return (mr_type)0;
}

/* ---- writing ------------------------------------------------------------- */

static mr_error write_all(const file *f, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size > 0) {
        ssize_t done = write(f->descriptor, at, size);

        if (done < 0 && errno != EINTR) {
            return system_error(f, "write");
        }
        if (done > 0) {
            at += done;
            size -= (size_t)done;
        }
    }
    return MR_OK;
}

static mr_error write_header(const file *f)
{
    char header[256];
    char name[16];
    int length;
    size_t padded;

    name_of(f->type, name, sizeof name);
    memset(header, ' ', sizeof header);
    memcpy(header, MAGIC "\0", MAGIC_SIZE);
    length = snprintf(header + PREFIX, sizeof header - PREFIX,
                      "{'descr': '%s', 'fortran_order': False, "
                      "'shape': (%zu,), }",
                      name, f->count);
    header[PREFIX + length] = ' ';
    padded = ((size_t)(PREFIX + length) + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    header[padded - 1] = '\n';
    header[MAGIC_SIZE] = (char)((padded - PREFIX) & 0xff);
    header[MAGIC_SIZE + 1] = (char)((padded - PREFIX) >> 8);
    return write_all(f, header, padded);
}

typedef mr_error part_function(const file *f, mr_array array, size_t first,
                               size_t count, void *buffer);

static mr_error write_part(const file *f, mr_array array, size_t first,
                           size_t count, void *buffer)
{
    mr_error error = mr_array_get(array, first, count, buffer);

    return error ? error
                 : write_all(f, buffer, count * mri_element_size(f->type));
}

/* All elements, part by part. */
static mr_error for_each_part(const file *f, mr_array array,
                              part_function *function)
{
    size_t size = mri_element_size(f->type);
    size_t most = CHUNK / size;
    void *buffer = malloc(most * size);
    mr_error error = buffer ? MR_OK : MR_ERR_NO_MEMORY;

    for (size_t first = 0; !error && first < f->count; first += most) {
        size_t left = f->count - first;

        error = function(f, array, first, left < most ? left : most, buffer);
    }
    free(buffer);
    return error;
}

static mr_error write_file(const file *f, mr_array array)
{
    mr_error error = write_header(f);

    if (!error) {
        error = for_each_part(f, array, write_part);
    }
    if (!error && fsync(f->descriptor)) {
        error = system_error(f, "write");
    }
    if (close(f->descriptor) && !error) {
        error = system_error(f, "write");
    }
    return error;
}

mr_error mr_array_save(mr_array array, const char *path)
{
    file f = {.function = "mr_array_save", .path = path};
    char temporary[PATH_MAX];
    mr_error error;

    if (!path) {
        return mri_bad_argument(f.function, "path", "is NULL");
    }
    f.type = mr_array_type(array);
    error = mr_array_length(array, &f.count);
    if (error) {
        return error;
    }
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >=
        (int)sizeof temporary) {
        return mri_bad_argument(f.function, "path", "is too long");
    }
    f.descriptor = mkostemp(temporary, O_CLOEXEC);
    if (f.descriptor < 0) {
        return system_error(&f, "create");
    }
    error = write_file(&f, array);
    if (!error && rename(temporary, path)) {
        error = system_error(&f, "rename");
    }
    if (error) {
        unlink(temporary);
    }
    return error;
}

/* ---- reading ------------------------------------------------------------- */

static mr_error read_all(const file *f, void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t done = read(f->descriptor, at, size);

        if (done < 0 && errno != EINTR) {
            return system_error(f, "read");
        }
        if (done == 0) {
            return bad_file(f, "ends too early");
        }
        if (done > 0) {
            at += done;
            size -= (size_t)done;
        }
    }
    return MR_OK;
}

/* Behind the name of a member of the text, e.g. 'shape':; NULL: none. */
static const char *member(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? at + strlen(name) + strspn(at + strlen(name), " ") : NULL;
}

/* The product of the numbers of a shape; its number of dimensions. */
static bool read_shape(const char *at, size_t *count, unsigned int *dimensions)
{
    *count = 1;
    *dimensions = 0;
    if (*at++ != '(') {
        return false;
    }
    for (;;) {
        char *end;
        size_t number;

        at += strspn(at, ", ");
        if (*at == ')') {
            return true;
        }
        errno = 0;
        number = strtoull(at, &end, 10);
        if (end == at || errno ||
            __builtin_mul_overflow(*count, number, count)) {
            return false;
        }
        ++*dimensions;
        at = end;
    }
}

static mr_error parse(file *f, const char *text)
{
    const char *type = member(text, "'descr':");
    const char *order = member(text, "'fortran_order':");
    const char *shape = member(text, "'shape':");
    unsigned int dimensions = 0;
    char name[16] = "";

    if (!type || !order || !shape || *type != '\'' ||
        !read_shape(shape, &f->count, &dimensions)) {
        return bad_file(f, "has a header that is not understood");
    }
    sscanf(type + 1, "%15[^']", name);
    f->type = type_of(name);
    if (!f->type) {
        return bad_file(f, "has elements of a type or byte order that an Array "
                           "does not have");
    }
    if (strncmp(order, "False", 5) != 0 && dimensions > 1) {
        return bad_file(f, "is in Fortran order: save it in C order");
    }
    return f->count ? MR_OK : bad_file(f, "has no elements");
}

static mr_error read_header(file *f)
{
    unsigned char prefix[PREFIX];
    size_t size;
    char *text;
    mr_error error = read_all(f, prefix, sizeof prefix);

    if (error) {
        return error;
    }
    if (memcmp(prefix, MAGIC, sizeof MAGIC - 1) != 0) {
        return bad_file(f, "is not a .npy file of version 1");
    }
    size = prefix[MAGIC_SIZE] | (size_t)prefix[MAGIC_SIZE + 1] << 8;
    text = calloc(1, size + 1);
    if (!text) {
        return MR_ERR_NO_MEMORY;
    }
    error = read_all(f, text, size);
    if (!error) {
        error = parse(f, text);
    }
    free(text);
    return error;
}

static mr_error read_part(const file *f, mr_array array, size_t first,
                          size_t count, void *buffer)
{
    mr_error error = read_all(f, buffer, count * mri_element_size(f->type));

    return error ? error : mr_array_set(array, first, count, buffer);
}

/* One that is to be replicated is read first. */
static mr_error read_file(file *f, mr_array *array,
                          const mr_array_options *options)
{
    const mr_array_options first_copy = {.no_lock = true};
    bool replicated = options && options->replicated;
    mr_array made;
    mr_error error = read_header(f);

    if (!error) {
        error = mr_array_create(&made, f->type, f->count, NULL,
                                replicated ? &first_copy : options);
    }
    if (error) {
        return error;
    }
    error = for_each_part(f, made, read_part);
    if (error) {
        (void)!mr_array_destroy(made);
        return error;
    }
    if (replicated) {
        return mri_array_replicate(made, f->count, options, array);
    }
    *array = made;
    return MR_OK;
}

mr_error mr_array_load(mr_array *array, const char *path,
                       const mr_array_options *options)
{
    file f = {.function = "mr_array_load", .path = path};
    mr_error error;

    if (!array || !path) {
        return mri_bad_argument(f.function, array ? "path" : "array",
                                "is NULL");
    }
    f.descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (f.descriptor < 0) {
        return system_error(&f, "open");
    }
    error = read_file(&f, array, options);
    close(f.descriptor);
    return error;
}
