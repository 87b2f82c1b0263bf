/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the calls of Queue and Pipe for lent and gathered items share.
 */
#ifndef MRI_OBJECTS_LENDING_H
#define MRI_OBJECTS_LENDING_H

#include <multirank/item.h>

#include "engine/channel.h"

/* A kind that has channels: the numbers of its try functions, and the names of
 * its calls for messages. */
typedef struct mri_lending {
    const mri_kind_ops *ops;
    const char *reserve_call;
    const char *commit_call;
    const char *take_call;
    const char *gathered_call;
    unsigned int put;
    unsigned int get;
    unsigned int reserve; /* argument: a row of engine/lent.h; in_size */
    unsigned int commit;  /* argument: a row; in, in_size */
    unsigned int take;    /* argument: a row */
} mri_lending;

/* The bodies of two try functions, which are called on the owner's node only;
 * that of the third is mri_channel_commit. */
mr_error mri_lending_try_reserve(mri_record *self, mri_channel *channel,
                                 mri_call *call);
mr_error mri_lending_try_take(mri_record *self, mri_channel *channel,
                              mri_call *call);

/* The calls. */
mr_error mri_lending_reserve(const mri_lending *kind, mr_handle handle,
                             size_t size, mr_item *item, double timeout);
mr_error mri_lending_commit(const mri_lending *kind, mr_handle handle,
                            mr_item *item, double timeout);
mr_error mri_lending_take(const mri_lending *kind, mr_handle handle,
                          mr_item *item, double timeout);
mr_error mri_lending_put_gathered(const mri_lending *kind, mr_handle handle,
                                  const mr_buffer *buffers, size_t count,
                                  double timeout);

#endif
