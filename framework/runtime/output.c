/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the way of output to rank 0: the streams of processes and of ranks
 * that host.  output_writer.c is the other end of the way.
 */
#include "runtime/output.h"

#include <multirank/process.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "engine/operation.h"
#include "far/exchange.h"
#include "util/log.h"

mr_error mri_output_put(mr_handle from, unsigned int source, const char *text,
                        size_t size, double timeout)
{
    mri_output_chunk chunk_;
    mr_error error;

    chunk_.from = from;
    chunk_.source = source;
    chunk_.size = (uint32_t)size;
    if (size) {
        memcpy(chunk_.text, text, size);
    }
    mri_interrupts_off();
    error = mri_mailbox_put(mri_mailbox_at(0, MRI_ROW_OUTPUT), &chunk_,
                            offsetof(mri_output_chunk, text) + size, timeout);
    mri_interrupts_on();
    return error;
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
static FILE *before[2]; /* what stdout and stderr were; NULL: they still are */

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

    /* From inside the exchange no call can be made; and a thread that serves
     * acts as another endpoint. */
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
        before[MRI_STREAM_OUT] = stdout;
        before[MRI_STREAM_ERR] = stderr;
        stdout = out;
        stderr = err;
    }
}

void mri_output_restore(void)
{
    FILE *out = stdout;
    FILE *err = stderr;

    if (before[MRI_STREAM_OUT]) {
        stdout = before[MRI_STREAM_OUT];
        stderr = before[MRI_STREAM_ERR];
        before[MRI_STREAM_OUT] = NULL;
        fclose(out);
        fclose(err);
    }
}

/* ---- text of those who do without stdio ---------------------------------- */

/* It passes through stdio all the same, so that it keeps its place among what
 * others print there; other threads print before or behind all of it. */
mr_error mr_output_write(int stream_number, const void *text, size_t size)
{
    FILE *file = stream_number == STDOUT_FILENO ? stdout : stderr;
    bool written;

    if (stream_number != STDOUT_FILENO && stream_number != STDERR_FILENO) {
        return mri_bad_argument("mr_output_write", "stream", "is not 1 or 2");
    }
    if (!text && size) {
        return mri_bad_argument("mr_output_write", "text", "is NULL");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    flockfile(file);
    written =
        (!size || fwrite(text, 1, size, file) == size) && fflush(file) == 0;
    funlockfile(file);
    return written ? MR_OK : mri_system_error("mr_output_write");
}
