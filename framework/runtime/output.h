/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output: what processes and ranks print goes to rank 0, which writes it,
 * whole line by whole line.  A line whose end does not come soon is written
 * in chunks.
 *
 * stdout and stderr of a process become streams whose text goes straight
 * into rank 0's mailbox, so that lines have the order in which they were
 * printed, by any process.  What goes around stdio, into descriptors 1
 * and 2, passes through pipes and the fork server into the same mailbox.
 */
#ifndef MRI_RUNTIME_OUTPUT_H
#define MRI_RUNTIME_OUTPUT_H

#include "engine/object.h"
#include "memory/record.h"
#include "memory/word.h"

enum { MRI_OUTPUT_ITEMS = 4096, MRI_OUTPUT_CHUNK = 4096 };

/* Where a chunk of text comes from; each has lines of its own. */
enum {
    MRI_STREAM_OUT = 0,
    MRI_STREAM_ERR,
    MRI_PIPE_OUT,
    MRI_PIPE_ERR,
    MRI_SOURCES,
    MRI_OUTPUT_END, /* all was said: the process has ended */
    MRI_OUTPUT_STOP /* the writer shall end */
};

/* What travels to rank 0: this much of it, with `size` bytes of text. */
typedef struct mri_output_chunk {
    mr_handle from;
    uint32_t source;
    uint32_t size;
    char text[MRI_OUTPUT_CHUNK];
} mri_output_chunk;

/* Send a chunk of at most MRI_OUTPUT_CHUNK bytes.  Errors as mr_queue_put. */
mr_error mri_output_put(mr_handle from, unsigned int source, const char *text,
                        size_t size, double timeout);

/* In a process, or a rank that hosts: print through rank 0 from now on.
 * *printed becomes 1 before the first chunk. */
void mri_output_redirect(mr_handle from, mri_word *printed);

/* In a rank that has hosted: its stdout and stderr are again what they were. */
void mri_output_restore(void);

/* The thread of rank 0 that writes.  MR_ERR_SYSTEM. */
mr_error mri_output_start(void);

/* Write what is there and end the thread. */
void mri_output_stop(void);

/* The same for a job that is aborted: within a second, or not. */
void mri_output_end_soon(void);

/* After mri_output_stop: MR_ERR_SYSTEM if text was lost on its way into stdout
 * or stderr of rank 0, of any process.  The log has said why. */
mr_error mri_output_error(void);

#endif
