/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the hooks of a language's runtime.  They are written before mr_init by
 * one thread; children have them because they are images of their rank.
 */
#include "runtime/server/hooks.h"

#include <multirank/process.h>

#include <stddef.h>

#include "runtime/job/identity.h"
#include "util/log.h"

typedef struct hooks {
    mr_hook *first;
    mr_hook *last;
    void *user;
} hooks;

static hooks of_fork;
static hooks of_child;
static bool ended;

static mr_error set(const char *function, hooks *which, const hooks *to)
{
    if (mri_here.pid) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "%s: the job has started, and its processes are images "
                        "of what was then: call it before mr_init",
                        function);
    }
    *which = *to;
    return MR_OK;
}

mr_error mr_fork_hooks(mr_hook *before, mr_hook *after, void *user)
{
    const hooks to = {before, after, user};

    return set("mr_fork_hooks", &of_fork, &to);
}

mr_error mr_child_hooks(mr_hook *begin, mr_hook *end, void *user)
{
    const hooks to = {begin, end, user};

    return set("mr_child_hooks", &of_child, &to);
}

void mri_hooks_before_fork(void)
{
    if (of_fork.first) {
        of_fork.first(of_fork.user);
    }
}

void mri_hooks_after_fork(void)
{
    if (of_fork.last) {
        of_fork.last(of_fork.user);
    }
}

void mri_hooks_begin(void)
{
    if (of_child.first) {
        of_child.first(of_child.user);
    }
}

/* The hook may itself call exit(), which leads here once more. */
void mri_hooks_end(void)
{
    if (of_child.last && !ended) {
        ended = true;
        of_child.last(of_child.user);
    }
}
