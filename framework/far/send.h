/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending for the exchange: want of memory delays what is sent, and loses
 * nothing.  Somebody waits for each of these messages on another node, and
 * would wait for ever; the wait here is told to the log.
 *
 * Errors are those of message/message.h but for MR_ERR_NO_MEMORY.
 */
#ifndef MRI_FAR_SEND_H
#define MRI_FAR_SEND_H

#include "far/wire.h"

mr_error mri_far_send(unsigned int to, const mri_head *head, const void *body,
                      uint64_t size);
mr_error mri_far_send_bulk(unsigned int to, mri_stream stream,
                           const void *bytes, uint64_t size,
                           mri_bulk_done *done, void *user);
mr_error mri_far_receive_bulk(unsigned int from, mri_stream stream, void *bytes,
                              uint64_t size, mri_bulk_done *done, void *user);

#endif
