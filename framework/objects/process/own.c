/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what an endpoint remembers of the processes that it has made.  In
 * private memory, under a mutex: it is for the endpoint alone.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "objects/process/calls.h"
#include "util/rank_local.h"

/* Made and not destroyed. */
typedef struct processes {
    pthread_mutex_t mutex;
    mr_process *processes;
    size_t count;
    size_t capacity;
} processes;

static MRI_RANK_LOCAL processes made_by_rank = {.mutex =
                                                    PTHREAD_MUTEX_INITIALIZER};
#define mine MRI_OWN(made_by_rank)

mr_error mri_process_remember(mr_process process)
{
    mr_error error = MR_OK;

    pthread_mutex_lock(&mine.mutex);
    if (mine.count == mine.capacity) {
        size_t capacity = 2 * mine.capacity + 16;
        mr_process *more =
            realloc(mine.processes, capacity * sizeof *mine.processes);

        if (more) {
            mine.processes = more;
            mine.capacity = capacity;
        } else {
            error = MR_ERR_NO_MEMORY;
        }
    }
    if (!error) {
        mine.processes[mine.count++] = process;
    }
    pthread_mutex_unlock(&mine.mutex);
    return error;
}

void mri_process_no_longer_own(mr_process process)
{
    pthread_mutex_lock(&mine.mutex);
    for (size_t i = 0; i < mine.count; i++) {
        if (memcmp(&mine.processes[i], &process, sizeof process) == 0) {
            mine.processes[i] = mine.processes[--mine.count];
            break;
        }
    }
    pthread_mutex_unlock(&mine.mutex);
}

mr_process *mri_process_own_all(size_t *count)
{
    mr_process *copy;

    pthread_mutex_lock(&mine.mutex);
    *count = mine.count;
    copy = malloc((mine.count + 1) * sizeof *copy);
    if (copy && mine.count) { /* without any there is no list */
        memcpy(copy, mine.processes, mine.count * sizeof *copy);
    }
    pthread_mutex_unlock(&mine.mutex);
    return copy;
}

bool mri_process_own(size_t number, mr_process *process)
{
    bool found;

    pthread_mutex_lock(&mine.mutex);
    found = number < mine.count;
    if (found) {
        *process = mine.processes[number];
    }
    pthread_mutex_unlock(&mine.mutex);
    return found;
}
