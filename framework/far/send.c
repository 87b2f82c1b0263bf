/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the wait for private memory.  Nothing else goes on meanwhile: a call
 * that ended here could begin the next one, which would write where what is
 * being sent lies.
 */
#include "far/send.h"

#include <time.h>

#include "util/log.h"

enum { PAUSE = 100000, ROUNDS_PER_LOG = 10000 }; /* nanoseconds; a second */

static void wait_for_memory(unsigned int round)
{
    if (round % ROUNDS_PER_LOG == 0) {
        mri_log(MR_LOG_WARNING, "no memory for a message to another node; it "
                                "waits until this host has some");
    }
    nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
}

mr_error mri_far_send(unsigned int to, const mri_head *head, const void *body,
                      uint64_t size)
{
    mr_error error;

    for (unsigned int round = 0;; round++) {
        error = mri_message_send(to, head, sizeof *head, body, size);
        if (error != MR_ERR_NO_MEMORY) {
            return error;
        }
        wait_for_memory(round);
    }
}

mr_error mri_far_send_bulk(unsigned int to, mri_stream stream,
                           const void *bytes, uint64_t size,
                           mri_bulk_done *done, void *user)
{
    mr_error error;

    for (unsigned int round = 0;; round++) {
        error = mri_bulk_send(to, stream, bytes, size, done, user);
        if (error != MR_ERR_NO_MEMORY) {
            return error;
        }
        wait_for_memory(round);
    }
}

mr_error mri_far_receive_bulk(unsigned int from, mri_stream stream, void *bytes,
                              uint64_t size, mri_bulk_done *done, void *user)
{
    mr_error error;

    for (unsigned int round = 0;; round++) {
        error = mri_bulk_receive(from, stream, bytes, size, done, user);
        if (error != MR_ERR_NO_MEMORY) {
            return error;
        }
        wait_for_memory(round);
    }
}
