/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the writer thread of rank 0, which alone puts chunks together to lines.
 *
 * The writer prints through stdout of rank 0, so that its lines come after
 * what rank 0 itself printed before.
 *
 * The beginning of a line is kept until its end comes, so that lines of
 * several sources do not mix.  It is kept for a short time and up to a size
 * only: a question or a progress bar must be seen.  If another source prints
 * a whole line after such an unfinished one, the writer starts a new line
 * first.
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "engine/operation.h"
#include "runtime/output.h"
#include "runtime/server/process_state.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/thread.h"

#define KEEP_TIME ((int64_t)200 * 1000 * 1000) /* nanoseconds */

enum { KEEP_SIZE = 64 * 1024 };

/* The beginning of a line whose end has not come yet. */
typedef struct pending {
    struct pending *next;
    mr_handle from;
    uint32_t source;
    int64_t since; /* when its first byte came */
    size_t size;
    size_t capacity;
    char *text;
} pending;

/* One of the two files into which the writer prints. */
typedef struct target {
    const char *name;
    bool unfinished; /* its last line has no end, and is of this source: */
    mr_handle from;
    uint32_t source;
    bool failed;
} target;

static pthread_t writer;
static sem_t begun; /* the writer has its record */
static bool running;
static pending *pendings; /* the oldest first */
static target targets[] = {{.name = "stdout"}, {.name = "stderr"}};

static bool same(const mr_handle *a, const mr_handle *b)
{
    return a->owner == b->owner && a->slot == b->slot &&
           a->generation == b->generation;
}

/* ---- the files ----------------------------------------------------------- */

static FILE *file_of(const target *file)
{
    return file == &targets[0] ? stdout : stderr;
}

static target *target_of(uint32_t source)
{
    return &targets[source == MRI_STREAM_ERR || source == MRI_PIPE_ERR];
}

/* A program goes on after it could not print, so this is logged once. */
static void complain(target *file, const char *why)
{
    if (!file->failed) {
        mri_log(MR_LOG_ERROR,
                "%s cannot be written (%s): output of this job is lost, and "
                "mr_finalize will return MR_ERR_SYSTEM; free space there, or "
                "send the output elsewhere",
                file->name, why);
    }
    file->failed = true;
}

static void print(target *file, const char *text, size_t size)
{
    if (fwrite(text, 1, size, file_of(file)) != size) {
        complain(file, strerror(errno));
    }
}

static void flush(void)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        if (fflush(file_of(&targets[i])) != 0) {
            complain(&targets[i], strerror(errno));
        }
    }
}

static bool is_last_of(const target *file, const mr_handle *from,
                       uint32_t source)
{
    return file->source == source && same(&file->from, from);
}

/* Text that ends a line is not written behind an unfinished line of another
 * source. */
static void write_text(const mr_handle *from, uint32_t source, const char *text,
                       size_t size)
{
    target *file = target_of(source);

    if (file->unfinished && !is_last_of(file, from, source) &&
        memchr(text, '\n', size)) {
        print(file, "\n", 1);
    }
    print(file, text, size);
    file->unfinished = text[size - 1] != '\n';
    file->from = *from;
    file->source = source;
}

/* Some file systems tell only when a descriptor is closed that there was no
 * room (close(2), NOTES); so a copy of ours is closed.  What rank 0 itself
 * could not print is known to stdio alone, which keeps no reason. */
static void look_for_late_errors(target *file)
{
    int copy = dup(fileno(file_of(file)));

    if (ferror(file_of(file))) {
        complain(file, "an earlier write has failed");
    }
    if (copy >= 0 && close(copy) != 0 && errno != EINTR) {
        complain(file, strerror(errno));
    }
}

/* ---- lines --------------------------------------------------------------- */

static pending **find(const mr_handle *from, uint32_t source)
{
    pending **at = &pendings;

    while (*at && !(same(&(*at)->from, from) && (*at)->source == source)) {
        at = &(*at)->next;
    }
    return at;
}

/* Write what is kept at this place, and keep it no longer. */
static void write_kept(pending **at)
{
    pending *line = *at;

    if (line->size) {
        write_text(&line->from, line->source, line->text, line->size);
    }
    *at = line->next;
    free(line->text);
    free(line);
}

static bool make_room(pending *line, size_t size)
{
    size_t capacity = 2 * line->capacity + size;
    char *more;

    if (line->size + size <= line->capacity) {
        return true;
    }
    more = realloc(line->text, capacity);
    if (more) {
        line->text = more;
        line->capacity = capacity;
    }
    return more != NULL;
}

/* Without memory the line is written in several parts, but nothing is lost. */
static void keep(const mri_output_chunk *from, const char *text, size_t size)
{
    pending **at = find(&from->from, from->source);

    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (*at) {
            (*at)->from = from->from;
            (*at)->source = from->source;
            (*at)->since = mri_now();
        }
    }
    if (!*at || !make_room(*at, size)) {
        if (*at) {
            write_kept(at);
        }
        write_text(&from->from, from->source, text, size);
        return;
    }
    memcpy((*at)->text + (*at)->size, text, size);
    (*at)->size += size;
    if ((*at)->size >= KEEP_SIZE) {
        write_kept(at);
    }
}

/* The end of the last line in this text.  What stands before a return is
 * complete, too: more of that line will overwrite it. */
static size_t whole_lines(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] != '\n' && text[size - 1] != '\r') {
        size--;
    }
    return size;
}

static void write_chunk(const mri_output_chunk *chunk)
{
    size_t whole = whole_lines(chunk->text, chunk->size);

    if (whole) {
        pending **at = find(&chunk->from, chunk->source);

        if (*at) {
            write_kept(at);
        }
        write_text(&chunk->from, chunk->source, chunk->text, whole);
    }
    if (whole < chunk->size) {
        keep(chunk, chunk->text + whole, chunk->size - whole);
    }
}

/* True: something was written. */
static bool write_old(void)
{
    bool written = false;

    while (pendings && mri_now() - pendings->since >= KEEP_TIME) {
        write_kept(&pendings);
        written = true;
    }
    return written;
}

static double time_to_wait(void)
{
    int64_t left;

    if (!pendings) {
        return MR_FOREVER;
    }
    left = pendings->since + KEEP_TIME - mri_now();
    return left > 0 ? (double)left / 1e9 : 0;
}

/* A last line without an end gets one, lest another's follows it. */
static void write_last_lines(const mr_handle *from)
{
    for (uint32_t source = 0; source < MRI_SOURCES; source++) {
        target *file = target_of(source);
        pending **at = find(from, source);

        if (*at) {
            write_kept(at);
        }
        if (file->unfinished && is_last_of(file, from, source)) {
            print(file, "\n", 1);
            file->unfinished = false;
        }
    }
}

/* ---- the thread ---------------------------------------------------------- */

/* All it printed is written: now it may be joined. */
static void end_process(mr_handle handle)
{
    mri_call call = {0};

    write_last_lines(&handle);
    flush();
    (void)!mri_operate(mri_ops_of(MRI_PROCESS), handle, MRI_PROCESS_SAID_ALL,
                       &call, 0);
}

static void flush_when_idle(mr_handle mailbox)
{
    uint64_t waiting;
    uint64_t most;

    if (mri_mailbox_count(mailbox, &waiting, &most) == MR_OK && waiting == 0) {
        flush();
    }
}

/* False: the writer shall end. */
static bool write_next(mr_handle mailbox)
{
    static mri_output_chunk chunk;
    size_t size;
    mr_error error =
        mri_mailbox_get(mailbox, &chunk, sizeof chunk, &size, time_to_wait());

    if (write_old() || error == MR_ERR_TIMEOUT) {
        flush();
    }
    if (error) {
        return error == MR_ERR_TIMEOUT;
    }
    if (chunk.source == MRI_OUTPUT_STOP) {
        return false;
    }
    if (chunk.source == MRI_OUTPUT_END) {
        end_process(chunk.from);
    } else {
        write_chunk(&chunk);
    }
    flush_when_idle(mailbox);
    return true;
}

/* A reader that is gone ends this program by SIGPIPE, as it ends any other,
 * unless the user ignores that signal. */
static void take_broken_pipes(void)
{
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
}

static void *write_all(void *unused)
{
    mr_handle mailbox = mri_mailbox_at(0, MRI_ROW_OUTPUT);

    take_broken_pipes();
    mri_self();
    mri_interrupts_off();
    sem_post(&begun);
    while (write_next(mailbox)) {
    }
    while (pendings) {
        mr_handle from = pendings->from;

        write_last_lines(&from);
    }
    flush();
    look_for_late_errors(&targets[0]);
    look_for_late_errors(&targets[1]);
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

void mri_output_end_soon(void)
{
    mr_handle nobody = {0};
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    until.tv_nsec = 0; /* a second at most */
    if (running &&
        mri_output_put(nobody, MRI_OUTPUT_STOP, NULL, 0, 0) == MR_OK) {
        (void)pthread_timedjoin_np(writer, NULL, &until);
    }
}

mr_error mri_output_error(void)
{
    return targets[0].failed || targets[1].failed ? MR_ERR_SYSTEM : MR_OK;
}
