/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns wait sets, and the thread of an endpoint that watches their objects.
 *
 * A set is private memory of its process.  Either its descriptor is readable,
 * or the thread watches its objects, or will at its next turn; `readable` says
 * which.  The thread waits for all objects of all sets that are not readable,
 * as mr_wait does, and makes the set of each ready object readable.  Only
 * mr_wait_set_ready lets the thread watch a set again, when it has found
 * nothing; the thread looks at all objects first, so nothing is missed in
 * between.  So additions and removals never disturb the thread.  What it finds
 * may be out of date by then: `changes` counts removals and looks that found
 * nothing, and the thread looks again if there was one since it began to wait.
 *
 * Three locks, in this order: `life`, while the thread starts or ends; that of
 * a set, for its users; `turn`, for what the thread and users both see.  The
 * thread takes only the last one, and no call on an object is made inside it.
 */
#include "engine/wait_set.h"

#include <assert.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <multirank/wait_set.h>

#include "engine/interrupt.h"
#include "engine/wait.h"
#include "engine/wait_any.h"
#include "util/log.h"
#include "util/rank_local.h"
#include "util/thread.h"

/* Seconds after which the thread tries again if it has no memory. */
#define RETRY 0.01

/* An object in a set, also in a tree that is sorted by handles. */
typedef struct member {
    mr_handle handle;
    void *user;
    size_t place; /* in the arrays */
} member;

struct mr_wait_set {
    pthread_mutex_t lock;
    /* Under `turn`; the users of the set change them under both locks. */
    mr_wait_set *next; /* of all sets, in the order of their numbers */
    uint64_t number;
    uint64_t changes;
    bool readable;
    size_t count;
    mr_handle *handles;
    /* Under the lock of the set. */
    int descriptor;
    void *tree;
    member **members;
    unsigned char *found;
    size_t room;
    size_t first; /* the place with which the next answer begins */
};

/* The objects of one set among those that the thread waits for. */
typedef struct turn_part {
    uint64_t set;
    uint64_t changes; /* of the set, when the turn began */
    size_t first;
    size_t count;
} turn_part;

typedef struct watching {
    pthread_mutex_t life;
    pthread_mutex_t turn;
    pthread_cond_t started;
    pthread_t thread;
    bool running;
    bool ending;
    uint64_t endpoint;  /* that the thread is */
    mri_record *record; /* of the thread */
    mr_error error;     /* why it has none */
    mr_wait_set *sets;
    uint64_t numbers;
    atomic_bool changed; /* set by who rings the thread */
    /* The thread's own. */
    mr_handle *handles;
    unsigned char *found;
    size_t room;
    turn_part *parts;
    size_t parts_room;
    size_t parts_count;
    bool warned;
} watching;

static MRI_RANK_LOCAL watching watching_of_rank = {
    .life = PTHREAD_MUTEX_INITIALIZER,
    .turn = PTHREAD_MUTEX_INITIALIZER,
    .started = PTHREAD_COND_INITIALIZER};
#define own MRI_OWN(watching_of_rank)

static int compare(const void *a, const void *b)
{
    return memcmp(&((const member *)a)->handle, &((const member *)b)->handle,
                  sizeof(mr_handle));
}

/* ---- the thread ---------------------------------------------------------- */

/* Under `turn`.  Its counter is 0 or 1. */
static void set_readable(mr_wait_set *set, bool readable)
{
    uint64_t number = 1;

    if (set->readable == readable) {
        return;
    }
    set->readable = readable;
    if (readable) {
        (void)!write(set->descriptor, &number, sizeof number);
    } else {
        (void)!read(set->descriptor, &number, sizeof number);
    }
}

static bool make_room(size_t objects, size_t parts)
{
    if (objects > own.room) {
        free(own.handles);
        free(own.found);
        own.handles = malloc(objects * sizeof *own.handles);
        own.found = malloc(objects);
        own.room = own.handles && own.found ? objects : 0;
    }
    if (parts > own.parts_room) {
        free(own.parts);
        own.parts = malloc(parts * sizeof *own.parts);
        own.parts_room = own.parts ? parts : 0;
    }
    return objects <= own.room && parts <= own.parts_room;
}

/* All objects of all sets that are not readable; their number.  False: there is
 * no memory. */
static bool gather(size_t *result)
{
    size_t count = 0;
    size_t parts = 0;

    for (const mr_wait_set *set = own.sets; set; set = set->next) {
        count += set->readable ? 0 : set->count;
        parts += !set->readable;
    }
    own.parts_count = 0;
    *result = 0;
    if (!make_room(count, parts)) {
        return false;
    }
    for (const mr_wait_set *set = own.sets; set; set = set->next) {
        if (!set->readable && set->count) {
            memcpy(own.handles + *result, set->handles,
                   set->count * sizeof *set->handles);
            own.parts[own.parts_count++] = (turn_part){.set = set->number,
                                                       .changes = set->changes,
                                                       .first = *result,
                                                       .count = set->count};
            *result += set->count;
        }
    }
    assert(*result == count);
    return true;
}

static bool has_found(const turn_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        if (own.found[part->first + i] != MRI_FOUND_NOTHING) {
            return true;
        }
    }
    return false;
}

/* Sets may have been made and destroyed meanwhile. */
static void tell_sets(void)
{
    mr_wait_set *set = own.sets;

    for (size_t k = 0; k < own.parts_count; k++) {
        const turn_part *part = &own.parts[k];

        while (set && set->number < part->set) {
            set = set->next;
        }
        if (set && set->number == part->set && set->changes == part->changes &&
            has_found(part)) {
            set_readable(set, true);
        }
    }
}

static bool take_record(void)
{
    mri_record *self = mri_self();

    own.record = self;
    own.error = self ? MR_OK : MR_ERR_LIMIT;
    pthread_cond_signal(&own.started);
    return self != NULL;
}

/* Why the objects cannot be watched will pass; until then they are looked at
 * now and then. */
static void nap(mr_error why)
{
    const mri_wait_request nothing = {.timeout = RETRY, .stop = &own.changed};

    if (!own.warned) {
        own.warned = true;
        mri_log(MR_LOG_WARNING,
                "objects of wait sets are looked at every 10 ms, as they "
                "cannot be watched: %s",
                mr_error_text(why));
    }
    (void)!mri_wait_for_any(&nothing);
}

/* Inside `turn`, but for the wait. */
static void take_turn(void)
{
    mri_wait_request request = {
        .timeout = MR_FOREVER, .tolerates = true, .stop = &own.changed};
    mr_error error;

    atomic_store(&own.changed, false);
    error = gather(&request.count) ? MR_OK : MR_ERR_NO_MEMORY;
    request.handles = own.handles;
    request.found = own.found;
    pthread_mutex_unlock(&own.turn);
    if (!error) {
        error = mri_wait_for_any(&request);
    }
    if (error && error != MR_ERR_INTERRUPTED) {
        nap(error);
    }
    pthread_mutex_lock(&own.turn);
    if (!error) {
        tell_sets();
    }
}

static void *watch_sets(void *unused)
{
    (void)unused;
    mri_interrupts_off();
    mri_become(own.endpoint, true);
    pthread_mutex_lock(&own.turn);
    if (take_record()) {
        while (!own.ending) {
            take_turn();
        }
    }
    own.record = NULL;
    pthread_mutex_unlock(&own.turn);
    mri_self_leave();
    return NULL;
}

/* ---- life of the thread; the lock `life` is held ------------------------- */

static void ring(void)
{
    atomic_store(&own.changed, true);
    mri_ring(own.record);
}

static mr_error start_thread(void)
{
    mr_error error;

    pthread_mutex_lock(&own.turn);
    own.ending = false;
    own.endpoint = mri_self_endpoint();
    own.record = NULL;
    own.error = MR_OK;
    error = mri_thread_start(&own.thread, watch_sets);
    while (!error && !own.record && !own.error) {
        pthread_cond_wait(&own.started, &own.turn);
    }
    pthread_mutex_unlock(&own.turn);
    if (!error && own.error) {
        pthread_join(own.thread, NULL);
        error = own.error;
    }
    own.running = !error;
    return error;
}

static void end_thread(void)
{
    if (!own.running) {
        return;
    }
    pthread_mutex_lock(&own.turn);
    own.ending = true;
    ring();
    pthread_mutex_unlock(&own.turn);
    pthread_join(own.thread, NULL);
    own.running = false;
    free(own.handles);
    free(own.found);
    free(own.parts);
    own.handles = NULL;
    own.found = NULL;
    own.parts = NULL;
    own.room = 0;
    own.parts_room = 0;
}

void mri_wait_sets_end(void)
{
    pthread_mutex_lock(&own.life);
    end_thread();
    pthread_mutex_unlock(&own.life);
}

/* ---- sets ---------------------------------------------------------------- */

static void free_set(mr_wait_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        tdelete(set->members[i], &set->tree, compare);
        free(set->members[i]);
    }
    if (set->descriptor >= 0) {
        close(set->descriptor);
    }
    pthread_mutex_destroy(&set->lock);
    free(set->handles);
    free(set->members);
    free(set->found);
    free(set);
}

static void append(mr_wait_set *set)
{
    mr_wait_set **at = &own.sets;

    pthread_mutex_lock(&own.turn);
    while (*at) {
        at = &(*at)->next;
    }
    set->number = ++own.numbers;
    *at = set;
    pthread_mutex_unlock(&own.turn);
}

mr_error mr_wait_set_create(mr_wait_set **result)
{
    mr_wait_set *set;
    mr_error error = MR_OK;

    if (!result) {
        return mri_bad_argument("mr_wait_set_create", "set", "is NULL");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    set = calloc(1, sizeof *set);
    if (!set) {
        return MR_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&set->lock, NULL);
    set->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (set->descriptor < 0) {
        error = mri_system_error("eventfd");
    } else {
        pthread_mutex_lock(&own.life);
        error = own.running ? MR_OK : start_thread();
        if (!error) {
            append(set);
        }
        pthread_mutex_unlock(&own.life);
    }
    if (error) {
        free_set(set);
        return error;
    }
    *result = set;
    return MR_OK;
}

mr_error mr_wait_set_destroy(mr_wait_set *set)
{
    mr_wait_set **at = &own.sets;

    if (!set) {
        return MR_OK;
    }
    pthread_mutex_lock(&own.life);
    pthread_mutex_lock(&own.turn);
    while (*at && *at != set) {
        at = &(*at)->next;
    }
    assert(*at);
    *at = set->next;
    pthread_mutex_unlock(&own.turn);
    if (!own.sets) {
        end_thread();
    }
    pthread_mutex_unlock(&own.life);
    free_set(set);
    return MR_OK;
}

mr_error mr_wait_set_descriptor(const mr_wait_set *set, int *descriptor)
{
    if (!set || !descriptor) {
        return mri_bad_argument("mr_wait_set_descriptor",
                                set ? "descriptor" : "set", "is NULL");
    }
    *descriptor = set->descriptor;
    return MR_OK;
}

/* ---- members, inside the lock of the set --------------------------------- */

static member *find(mr_wait_set *set, mr_handle handle)
{
    const member key = {.handle = handle};
    member **found = tfind(&key, &set->tree, compare);

    return found ? *found : NULL;
}

static mr_error grow(mr_wait_set *set)
{
    size_t room = set->room ? 2 * set->room : 16;
    member **members = realloc(set->members, room * sizeof *members);
    unsigned char *found;
    mr_handle *handles = NULL;

    if (!members) {
        return MR_ERR_NO_MEMORY;
    }
    set->members = members;
    found = realloc(set->found, room);
    if (!found) {
        return MR_ERR_NO_MEMORY;
    }
    set->found = found;
    pthread_mutex_lock(&own.turn);
    handles = realloc(set->handles, room * sizeof *handles);
    if (handles) {
        set->handles = handles;
        set->room = room;
    }
    pthread_mutex_unlock(&own.turn);
    return handles ? MR_OK : MR_ERR_NO_MEMORY;
}

static mr_error add(mr_wait_set *set, mr_handle handle, void *user)
{
    mr_error error = set->count == set->room ? grow(set) : MR_OK;
    member *m = error ? NULL : malloc(sizeof *m);

    if (!m) {
        return MR_ERR_NO_MEMORY;
    }
    *m = (member){.handle = handle, .user = user, .place = set->count};
    if (!tsearch(m, &set->tree, compare)) {
        free(m);
        return MR_ERR_NO_MEMORY;
    }
    set->members[m->place] = m;
    pthread_mutex_lock(&own.turn);
    set->handles[set->count++] = handle;
    set_readable(set, true);
    pthread_mutex_unlock(&own.turn);
    return MR_OK;
}

mr_error mr_wait_set_add(mr_wait_set *set, mr_handle handle, void *user)
{
    mr_error error;

    if (!set) {
        return mri_bad_argument("mr_wait_set_add", "set", "is NULL");
    }
    error = mri_wait_near_kind("mr_wait_set_add", "handle", handle);
    if (error) {
        return error;
    }
    pthread_mutex_lock(&set->lock);
    error = find(set, handle) ? mri_bad_argument("mr_wait_set_add", "handle",
                                                 "is in the set already")
                              : add(set, handle, user);
    pthread_mutex_unlock(&set->lock);
    return error;
}

/* The last one takes its place. */
static void drop(mr_wait_set *set, member *m)
{
    size_t last = set->count - 1;

    tdelete(m, &set->tree, compare);
    pthread_mutex_lock(&own.turn);
    set->handles[m->place] = set->handles[last];
    set->count = last;
    set->changes++;
    pthread_mutex_unlock(&own.turn);
    set->members[m->place] = set->members[last];
    set->members[m->place]->place = m->place;
    free(m);
}

mr_error mr_wait_set_remove(mr_wait_set *set, mr_handle handle)
{
    member *m;

    if (!set) {
        return mri_bad_argument("mr_wait_set_remove", "set", "is NULL");
    }
    pthread_mutex_lock(&set->lock);
    m = find(set, handle);
    if (m) {
        drop(set, m);
    }
    pthread_mutex_unlock(&set->lock);
    return m ? MR_OK
             : mri_bad_argument("mr_wait_set_remove", "handle",
                                "is not in the set");
}

/* ---- which are ready ----------------------------------------------------- */

static mr_error error_of(unsigned char found)
{
    return found == MRI_FOUND_READY  ? MR_OK
           : found == MRI_FOUND_LOST ? MR_ERR_OWNER_LOST
                                     : MR_ERR_STALE;
}

static size_t list(mr_wait_set *set, mr_ready *ready, size_t max)
{
    size_t first = set->first < set->count ? set->first : 0;
    size_t count = 0;

    set->first = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t place = (first + i) % set->count;

        if (set->found[place] == MRI_FOUND_NOTHING) {
            continue;
        }
        if (count == max) {
            set->first = place;
            break;
        }
        ready[count++] = (mr_ready){.handle = set->handles[place],
                                    .user = set->members[place]->user,
                                    .error = error_of(set->found[place])};
    }
    return count;
}

static mr_error look(mr_wait_set *set, mr_ready *ready, size_t max,
                     size_t *count)
{
    const mri_wait_request request = {.handles = set->handles,
                                      .count = set->count,
                                      .timeout = 0,
                                      .found = set->found,
                                      .tolerates = true};
    mr_error error = mri_wait_for_any(&request);
    bool none = error == MR_ERR_TIMEOUT;

    if (error && !none) {
        return error;
    }
    *count = none ? 0 : list(set, ready, max);
    pthread_mutex_lock(&own.turn);
    if (none && set->readable && own.running) {
        ring();
    }
    set->changes += none;
    set_readable(set, !none);
    pthread_mutex_unlock(&own.turn);
    return MR_OK;
}

mr_error mr_wait_set_ready(mr_wait_set *set, mr_ready *ready, size_t max,
                           size_t *count)
{
    mr_error error;

    if (!set || !ready || !count) {
        return mri_bad_argument("mr_wait_set_ready",
                                !set     ? "set"
                                : !ready ? "ready"
                                         : "count",
                                "is NULL");
    }
    if (max == 0) {
        return mri_bad_argument("mr_wait_set_ready", "max", "is 0");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    pthread_mutex_lock(&set->lock);
    error = look(set, ready, max, count);
    pthread_mutex_unlock(&set->lock);
    return error;
}
