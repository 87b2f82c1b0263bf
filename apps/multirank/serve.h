/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one place where `multirank run` waits: for the parents of the ranks, for
 * mpirun, for signals and for the clock.  What they bring goes to the job.
 */
#ifndef MULTIRANK_APP_SERVE_H
#define MULTIRANK_APP_SERVE_H

#include "job.h"
#include "meet.h"

/** Until the job is over.  `signals` is a signalfd with SIGCHLD, those that
 *  interrupt and those for mpirun. */
void serve(struct job *job, struct meeting *meeting, int signals);

#endif
