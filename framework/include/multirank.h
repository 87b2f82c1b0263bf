/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multirank: Python's multiprocessing for MPI jobs, in C.
 *
 * This header brings all public headers.  None of them includes mpi.h.
 */
#ifndef MULTIRANK_H
#define MULTIRANK_H

#include <multirank/array.h>
#include <multirank/barrier.h>
#include <multirank/base.h>
#include <multirank/condition.h>
#include <multirank/event.h>
#include <multirank/function.h>
#include <multirank/future.h>
#include <multirank/info.h>
#include <multirank/item.h>
#include <multirank/iterator.h>
#include <multirank/job.h>
#include <multirank/keeper.h>
#include <multirank/lock.h>
#include <multirank/log.h>
#include <multirank/mpi.h>
#include <multirank/pipe.h>
#include <multirank/pool.h>
#include <multirank/process.h>
#include <multirank/queue.h>
#include <multirank/rwlock.h>
#include <multirank/semaphore.h>
#include <multirank/spawn.h>
#include <multirank/topology.h>
#include <multirank/typed.h>
#include <multirank/value.h>
#include <multirank/wait.h>
#include <multirank/wait_set.h>

#endif
