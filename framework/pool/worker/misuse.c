/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what is done about tasks that do not return as they should, at no cost
 * for those that do.
 *
 * - A task ends its thread, by pthread_exit() or a cancellation.  The thread's
 *   end finds the record `working`: the task has failed, the rest of its chunk
 *   goes back, and the worker goes on in another thread.
 * - A task forks, and returns in the new process as well; daemon() does that.
 *   There nothing may be written into the slot, which belongs to the parent:
 *   its pages become read-only, and the first store ends the new process.
 */
#include "pool/worker/failure.h"
#include "pool/worker/run.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/job/identity.h"
#include "runtime/work_loop.h"

/* ---- tasks that end their thread ----------------------------------------- */

static void fail_task(mri_record *self, mri_batch *batch, mri_slot *slot)
{
    mr_task_error error = {.code = MR_ERR_WORKER_DIED,
                           .rank =
                               (int)mri_endpoint_rank(mri_load(&self->owner))};

    snprintf(error.host, sizeof error.host, "%s", mri_here.host);
    snprintf(error.text, sizeof error.text,
             "the task ended the thread of its worker, by pthread_exit() or a "
             "cancellation: a task must return");
    mri_batch_abandon_task(self, batch, slot, &error);
}

/* Inside a call of ours the end of the process is the only way in which what
 * it was changing is repaired. */
static void thread_ends(mri_record *self)
{
    mri_object *object = mri_at(mri_peek(&self->working));
    mri_slot *slot = mri_task.slot;

    if (!slot || mri_peek(&self->active) || self->depth) {
        _exit(1);
    }
    assert(mri_peek(&slot->worker) == mri_ref_of(self));
    fail_task(self, mri_batch_of(object), slot);
    mri_task_forget(mri_batch_of(object));
    mri_batch_leave(self, object, slot);
    mri_work_again();
    mri_self_leave();
    mri_work_in_another_thread();
}

/* ---- tasks that return in a process that they forked ----------------------
 */

/* In the new process. */
static unsigned char *guarded;
static size_t guarded_size;
static struct sigaction action_before;

static void stop_copy(int number, siginfo_t *info, void *context)
{
    static const char text[] =
        "multirank: a process that a task has forked returned from the task; "
        "it ends: let it call _exit() or exec\n";
    const unsigned char *address = info->si_addr;

    (void)context;
    if (address >= guarded && address < guarded + guarded_size) {
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        _exit(1);
    }
    sigaction(number, &action_before, NULL); /* and again, without us */
}

static void in_forked_process(void)
{
    const struct sigaction action = {.sa_sigaction = stop_copy,
                                     .sa_flags = SA_SIGINFO | SA_ONSTACK};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    mri_slot *slot = mri_task.slot;
    uintptr_t begin, end;

    if (!slot) {
        return;
    }
    begin = (uintptr_t)slot & ~(page - 1);
    end = ((uintptr_t)(slot + 1) + page - 1) & ~(page - 1);
    guarded = (unsigned char *)slot - ((uintptr_t)slot - begin);
    guarded_size = end - begin;
    sigaction(SIGSEGV, &action, &action_before);
    (void)!mprotect(guarded, guarded_size, PROT_READ);
}

void mri_misuse_begin(void)
{
    mri_working_thread_ends = thread_ends;
    pthread_atfork(NULL, NULL, in_forked_process);
}
