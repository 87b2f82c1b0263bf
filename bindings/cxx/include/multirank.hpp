/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multirank in C++17: the same objects as in multirank.h, as classes.
 *
 * All of it is inline and stands on the C functions, so there is nothing to
 * link but the library itself.  Each member says in a line what it does and
 * which C function it calls; that one's contract, in multirank/<object>.h,
 * holds for the member too: who may call it, how long it blocks, and each
 * error with its cause.  What differs here is said here.
 *
 * An error is thrown, see cxx/error.hpp.  A time-out is none: what may take
 * a while has a try_..._for beside it, which tells by its result.
 *
 * An object such as queue<T> owns what it made and destroys it at its end.  It
 * is moved, not copied.  Its handle, queue_handle<T>, is a few bytes that can
 * be copied and sent, and offers the same members.
 *
 * What belongs to no object is used as it is: mr_log_set_hook, mr_info_fact,
 * mr_info_setting, mr_function_register and the like.
 */
#ifndef MULTIRANK_HPP
#define MULTIRANK_HPP

#include <multirank.h>
#include <multirank/cxx/array.hpp>
#include <multirank/cxx/barrier.hpp>
#include <multirank/cxx/condition.hpp>
#include <multirank/cxx/error.hpp>
#include <multirank/cxx/event.hpp>
#include <multirank/cxx/future.hpp>
#include <multirank/cxx/job.hpp>
#include <multirank/cxx/keeper.hpp>
#include <multirank/cxx/lent.hpp>
#include <multirank/cxx/lock.hpp>
#include <multirank/cxx/mpi.hpp>
#include <multirank/cxx/pipe.hpp>
#include <multirank/cxx/pool.hpp>
#include <multirank/cxx/process.hpp>
#include <multirank/cxx/queue.hpp>
#include <multirank/cxx/results.hpp>
#include <multirank/cxx/semaphore.hpp>
#include <multirank/cxx/shared_mutex.hpp>
#include <multirank/cxx/spawn.hpp>
#include <multirank/cxx/topology.hpp>
#include <multirank/cxx/value.hpp>
#include <multirank/cxx/wait.hpp>
#include <multirank/cxx/wait_set.hpp>

#endif
