/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the way of output: the streams of processes, and the writer thread of
 * rank 0, which alone puts chunks together to lines.
 *
 * The writer prints through stdout of rank 0, so that its lines come after
 * what rank 0 itself printed before.
 */
#include "runtime/output.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "far/exchange.h"
#include "runtime/server/child.h"
#include "util/thread.h"

typedef struct chunk {
    mr_handle from;
    uint32_t source;
    uint32_t size;
    char text[MRI_OUTPUT_CHUNK];
} chunk;

#define CHUNK_HEADER offsetof(chunk, text)

mr_error mri_output_put(mr_handle from, unsigned int source, const char *text,
                        size_t size, double timeout)
{
    chunk chunk_;

    chunk_.from = from;
    chunk_.source = source;
    chunk_.size = (uint32_t)size;
    if (size) {
        memcpy(chunk_.text, text, size);
    }
    return mri_mailbox_put(mri_mailbox_at(0, MRI_ROW_OUTPUT), &chunk_,
                           CHUNK_HEADER + size, timeout);
}

/* ---- the streams of a process -------------------------------------------- */

typedef struct stream {
    mr_handle from;
    mri_word *printed;
    unsigned int source;
    int descriptor; /* what stdio would have written to */
    dev_t device;   /* of the pipe behind it; anything else is the user's */
    ino_t inode;
} stream;

static stream streams[2];

/* The user may have opened a file as descriptor 1; then it goes there. */
static bool is_ours(const stream *stream_)
{
    struct stat now;

    return fstat(stream_->descriptor, &now) == 0 &&
           now.st_ino == stream_->inode && now.st_dev == stream_->device;
}

static ssize_t write_stream(void *cookie, const char *text, size_t size)
{
    stream *stream_ = cookie;
    size_t done = 0;

    /* From inside the exchange no call can be made; and whoever serves acts
     * as somebody else. */
    if (!is_ours(stream_) || mri_exchange_is_inside()) {
        return write(stream_->descriptor, text, size);
    }
    if (!mri_peek(stream_->printed)) {
        mri_store(stream_->printed, 1);
    }
    while (done < size) {
        size_t part = size - done;

        part = part < MRI_OUTPUT_CHUNK ? part : MRI_OUTPUT_CHUNK;
        if (mri_output_put(stream_->from, stream_->source, text + done, part,
                           MR_FOREVER) != MR_OK) {
            return 0;
        }
        done += part;
    }
    return (ssize_t)size;
}

static FILE *open_stream(unsigned int source, int descriptor, mr_handle from,
                         mri_word *printed)
{
    static const cookie_io_functions_t functions = {.write = write_stream};
    struct stat now = {0};
    FILE *file;

    fstat(descriptor, &now);
    streams[source] = (stream){.from = from,
                               .printed = printed,
                               .source = source,
                               .descriptor = descriptor,
                               .device = now.st_dev,
                               .inode = now.st_ino};
    file = fopencookie(&streams[source], "w", functions);
    if (file) {
        setvbuf(file, NULL, _IOLBF, MRI_OUTPUT_CHUNK);
    }
    return file;
}

/* glibc documents that stdout and stderr may be assigned (The GNU C Library
 * manual, Standard Streams). */
void mri_output_redirect(mr_handle from, mri_word *printed)
{
    FILE *out = open_stream(MRI_STREAM_OUT, STDOUT_FILENO, from, printed);
    FILE *err = open_stream(MRI_STREAM_ERR, STDERR_FILENO, from, printed);

    if (out && err) {
        stdout = out;
        stderr = err;
    }
}

/* ---- the writer ---------------------------------------------------------- */

/* The beginning of a line whose end has not come yet. */
typedef struct pending {
    struct pending *next;
    mr_handle from;
    uint32_t source;
    size_t size;
    size_t capacity;
    char *text;
} pending;

static pthread_t writer;
static sem_t begun; /* the writer has its record */
static bool running;
static pending *pendings;

static bool same(const mr_handle *a, const mr_handle *b)
{
    return a->owner == b->owner && a->slot == b->slot &&
           a->generation == b->generation;
}

static pending **find(const mr_handle *from, uint32_t source)
{
    pending **at = &pendings;

    while (*at && !(same(&(*at)->from, from) && (*at)->source == source)) {
        at = &(*at)->next;
    }
    return at;
}

static FILE *file_of(uint32_t source)
{
    return source == MRI_STREAM_OUT || source == MRI_PIPE_OUT ? stdout : stderr;
}

/* Without memory the line is cut in two, but nothing is lost. */
static void keep(const chunk *from, const char *text, size_t size)
{
    pending **at = find(&from->from, from->source);
    pending *line = *at;

    if (!line) {
        line = calloc(1, sizeof *line);
        if (line) {
            line->from = from->from;
            line->source = from->source;
            *at = line;
        }
    }
    if (line && line->size + size > line->capacity) {
        size_t capacity = 2 * line->capacity + size;
        char *more = realloc(line->text, capacity);

        if (more) {
            line->text = more;
            line->capacity = capacity;
        }
    }
    if (!line || line->size + size > line->capacity) {
        fwrite(text, 1, size, file_of(from->source));
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

/* Write the kept beginning; false: there was none. */
static bool write_kept(const mr_handle *from, uint32_t source)
{
    pending **at = find(from, source);
    pending *line = *at;

    if (!line) {
        return false;
    }
    fwrite(line->text, 1, line->size, file_of(source));
    *at = line->next;
    free(line->text);
    free(line);
    return true;
}

static void write_chunk(const chunk *chunk_)
{
    const char *end = memrchr(chunk_->text, '\n', chunk_->size);
    size_t whole = end ? (size_t)(end - chunk_->text) + 1 : 0;

    if (whole) {
        write_kept(&chunk_->from, chunk_->source);
        fwrite(chunk_->text, 1, whole, file_of(chunk_->source));
    }
    if (whole < chunk_->size) {
        keep(chunk_, chunk_->text + whole, chunk_->size - whole);
    }
}

/* A last line without an end gets one, lest another's follows it. */
static void write_last_lines(const mr_handle *from)
{
    for (uint32_t source = 0; source < MRI_SOURCES; source++) {
        if (write_kept(from, source)) {
            fputc('\n', file_of(source));
        }
    }
}

/* All it printed is written: now it may be joined. */
static void end_process(mr_handle handle)
{
    mri_call call = {0};

    write_last_lines(&handle);
    fflush(stdout);
    fflush(stderr);
    (void)!mri_operate(mri_ops_of(MRI_PROCESS), handle, MRI_PROCESS_SAID_ALL,
                       &call, 0);
}

static void flush_when_idle(mr_handle mailbox)
{
    uint64_t waiting;
    uint64_t most;

    if (mri_mailbox_count(mailbox, &waiting, &most) == MR_OK && waiting == 0) {
        fflush(stdout);
        fflush(stderr);
    }
}

static void *write_all(void *unused)
{
    mr_handle mailbox = mri_mailbox_at(0, MRI_ROW_OUTPUT);
    static chunk chunk_;

    mri_self();
    sem_post(&begun);
    for (;;) {
        size_t size;
        mr_error error =
            mri_mailbox_get(mailbox, &chunk_, sizeof chunk_, &size, MR_FOREVER);

        if (error || chunk_.source == MRI_OUTPUT_STOP) {
            break;
        }
        if (chunk_.source == MRI_OUTPUT_END) {
            end_process(chunk_.from);
        } else {
            write_chunk(&chunk_);
        }
        flush_when_idle(mailbox);
    }
    while (pendings) {
        mr_handle from = pendings->from;

        write_last_lines(&from);
    }
    fflush(stdout);
    fflush(stderr);
    return unused;
}

mr_error mri_output_start(void)
{
    mr_error error;

    sem_init(&begun, 0, 0);
    error = mri_thread_start(&writer, write_all);
    running = error == MR_OK;
    while (running && sem_wait(&begun) != 0) {
    }
    return error;
}

void mri_output_stop(void)
{
    mr_handle nobody = {0};

    if (running &&
        mri_output_put(nobody, MRI_OUTPUT_STOP, NULL, 0, MR_FOREVER) == MR_OK) {
        pthread_join(writer, NULL);
    }
    running = false;
}
