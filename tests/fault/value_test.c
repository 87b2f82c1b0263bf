/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a Value and of an Array, and with their recursive
 * locks held.
 */
#include "fault/kill.h"

#include "objects/data/array.h"

enum { ELEMENTS = 1000, BEFORE = 7, MORE = 5, AT = 3 };

/* ---- scenes -------------------------------------------------------------- */

/* `extra` is its type, `item` the bytes of an element. */
static bool make_value(scene *s, mr_type type)
{
    const mr_value_options options = {.place = s->place};
    const int32_t small = BEFORE;
    const int64_t whole = BEFORE;
    const double real = BEFORE;
    const void *initial = type == MR_INT32   ? (const void *)&small
                          : type == MR_INT64 ? (const void *)&whole
                                             : (const void *)&real;

    s->extra = type;
    return MRT_OK(mr_value_create(&s->value, type, initial, &options)) &&
           MRT_OK(mr_value_get_lock(s->value, &s->lock));
}

static bool int32_value(scene *s)
{
    return make_value(s, MR_INT32);
}

static bool int64_value(scene *s)
{
    return make_value(s, MR_INT64);
}

static bool double_value(scene *s)
{
    return make_value(s, MR_DOUBLE);
}

static listing known;

static bool make_array_with(scene *s, const mr_array_options *options)
{
    int64_t initial[ELEMENTS];

    for (int i = 0; i < ELEMENTS; i++) {
        initial[i] = i;
    }
    s->extra = 0;
    known = list_objects(MRI_ARRAY);
    return MRT_OK(mr_array_create(&s->array, MR_INT64, ELEMENTS, initial,
                                  options)) &&
           MRT_OK(mr_array_get_lock(s->array, &s->lock));
}

static bool make_array(scene *s)
{
    const mr_array_options options = {.place = s->place};

    return make_array_with(s, &options);
}

static bool make_spread(scene *s)
{
    const mr_array_options options = {.place = s->place, .spread = true};

    return make_array_with(s, &options);
}

static bool make_replicated(scene *s)
{
    const mr_array_options options = {.place = s->place, .replicated = true};

    return make_array_with(s, &options);
}

static int take_turn(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

/* ---- operations ---------------------------------------------------------- */

static void set_value(const scene *s)
{
    const int64_t after = BEFORE + MORE;

    CHILD_OK(mr_value_set(s->value, &after));
}

static void add_value(const scene *s)
{
    const int32_t small = MORE;
    const int64_t whole = MORE;
    const double real = MORE;

    CHILD_OK(mr_value_add(s->value,
                          s->extra == MR_INT32   ? (const void *)&small
                          : s->extra == MR_INT64 ? (const void *)&whole
                                                 : (const void *)&real,
                          NULL));
}

static void add_locked(const scene *s)
{
    int64_t number;

    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_value_get(s->value, &number));
    number += MORE;
    CHILD_OK(mr_value_set(s->value, &number));
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_OK(mr_lock_release(s->lock));
}

static void acquire(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
}

static void release(const scene *s)
{
    CHILD_OK(mr_lock_release(s->lock));
}

static void create_value(const scene *s)
{
    const mr_value_options options = {.place = s->place};
    mr_value value;

    CHILD_OK(mr_value_create(&value, MR_INT64, NULL, &options));
}

static void destroy_value(const scene *s)
{
    CHILD_OK(mr_value_destroy(s->value));
}

static void set_array(const scene *s)
{
    const int64_t after[2] = {BEFORE + MORE, AT + 1};

    CHILD_OK(mr_array_set(s->array, AT, 2, after));
}

static void add_array(const scene *s)
{
    const int64_t more = BEFORE + MORE - AT;

    CHILD_OK(mr_array_add(s->array, AT, &more, NULL));
}

static void create_array(const scene *s)
{
    const mr_array_options options = {.place = s->place};
    mr_array array;

    CHILD_OK(mr_array_create(&array, MR_INT64, ELEMENTS * 8, NULL, &options));
}

static void destroy_array(const scene *s)
{
    CHILD_OK(mr_array_destroy(s->array));
}

static void create_spread(const scene *s)
{
    const mr_array_options options = {.place = s->place, .spread = true};
    mr_array array;

    CHILD_OK(mr_array_create(&array, MR_INT64, ELEMENTS, NULL, &options));
}

static void create_replicated(const scene *s)
{
    const mr_array_options options = {.place = s->place, .replicated = true};
    int64_t numbers[ELEMENTS] = {0};
    mr_array array;

    CHILD_OK(mr_array_create(&array, MR_INT64, ELEMENTS, numbers, &options));
}

/* ---- meanwhile ----------------------------------------------------------- */

/* A peer waits for the lock that the victim holds. */
static void add_waiter(scene *s)
{
    MRT_CHECK(start_peer(s, take_turn));
}

/* ---- checks -------------------------------------------------------------- */

static int64_t number_of(const scene *s)
{
    int32_t small = 0;
    int64_t whole = 0;
    double real = 0;

    if (s->extra == MR_INT32) {
        MRT_OK(mr_value_get(s->value, &small));
        return small;
    }
    if (s->extra == MR_INT64) {
        MRT_OK(mr_value_get(s->value, &whole));
        return whole;
    }
    MRT_OK(mr_value_get(s->value, &real));
    return (int64_t)real;
}

static void use_lock(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_lock_acquire(s->lock, 0));
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_ERROR(mr_lock_release(s->lock), MR_ERR_NOT_HELD);
}

static void use_value(const scene *s)
{
    int64_t before = 0, after = 0, more = 1;
    double real = 1, whole = 0;

    use_lock(s);
    if (s->extra == MR_INT64) {
        CHILD_OK(mr_value_get(s->value, &before));
        CHILD_OK(mr_value_add(s->value, &more, &after));
        CHILD_CHECK(before == after);
        CHILD_OK(mr_value_set(s->value, &before));
    } else if (s->extra == MR_DOUBLE) {
        CHILD_OK(mr_value_add(s->value, &real, &whole));
        CHILD_OK(mr_value_set(s->value, &whole));
    }
}

static void finish_value(scene *s)
{
    USE(use_value, s);
    MRT_OK(mr_value_destroy(s->value));
}

static void check_number(scene *s)
{
    int64_t number = number_of(s);

    MRT_CHECK(number == BEFORE || number == BEFORE + MORE);
    check_effect(s, number == BEFORE + MORE);
    finish_value(s);
}

static bool victim_held(const scene *s)
{
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    MRT_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(s->lock));
    return error == MR_ERR_HOLDER_DIED;
}

/* A holder that is not told of a death finds all done or nothing. */
static void check_locked_number(scene *s)
{
    MRT_CHECK(!victim_held(s) || s->killed);
    check_number(s);
}

static void check_acquired(scene *s)
{
    check_effect(s, victim_held(s));
    finish_value(s);
}

/* The peer's turn is before the victim's, or after it and then the peer is
 * told of the death. */
static void check_turns(scene *s)
{
    END(s->peer, 0);
    MRT_CHECK(!victim_held(s) || s->killed);
    finish_value(s);
}

static bool list_values(scene *s)
{
    (void)s;
    known = list_objects(MRI_VALUE);
    return true;
}

static bool list_arrays(scene *s)
{
    (void)s;
    known = list_objects(MRI_ARRAY);
    return true;
}

static void check_created(scene *s)
{
    check_effect(s, destroy_orphans(&known) == 1);
}

static void check_value_destroyed(scene *s)
{
    int64_t number;
    mr_error error = mr_value_get(s->value, &number);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        MRT_EQUAL(number, BEFORE);
        (void)victim_held(s);
        finish_value(s);
    }
}

static void use_array(const scene *s)
{
    int64_t before = 0, more = 1, all[ELEMENTS];

    use_lock(s);
    CHILD_OK(mr_array_get(s->array, 0, ELEMENTS, all));
    CHILD_CHECK(all[0] == 0 && all[ELEMENTS - 1] == ELEMENTS - 1);
    CHILD_OK(mr_array_add(s->array, 9, &more, &before));
    CHILD_CHECK(before == 9);
    CHILD_OK(mr_array_set(s->array, 9, 1, &before));
}

static void finish_array(scene *s)
{
    USE(use_array, s);
    MRT_OK(mr_array_destroy(s->array));
}

static void check_element(scene *s)
{
    int64_t element = 0;

    MRT_OK(mr_array_get(s->array, AT, 1, &element));
    MRT_CHECK(element == AT || element == BEFORE + MORE);
    check_effect(s, element == BEFORE + MORE);
    finish_array(s);
}

static void check_array_acquired(scene *s)
{
    check_effect(s, victim_held(s));
    finish_array(s);
}

static void check_array_destroyed(scene *s)
{
    size_t count = 0;
    mr_error error = mr_array_length(s->array, &count);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        MRT_EQUAL(count, ELEMENTS);
        finish_array(s);
    }
}

/* Of an array that is not whole nothing is left: its blocks go with who makes
 * it, until there is a head that knows them. */
static void check_spread_created(scene *s)
{
    listing now = list_objects(MRI_ARRAY);
    bool has_head = false;
    bool has_any = false;

    leaves_objects = several_nodes();

    for (size_t i = 0; i < now.count; i++) {
        if (!is_listed(&known, now.handles[i])) {
            size_t count = 0;

            has_any = true;
            MRT_OK(mr_array_length((mr_array){now.handles[i]}, &count));
            has_head |= count == ELEMENTS;
        }
    }
    MRT_CHECK(has_any == has_head);
    MRT_CHECK(has_head || s->killed);
    destroy_orphans(&known);
}

/* The same with copies. */
static void check_replicated_created(scene *s)
{
    listing now = list_objects(MRI_ARRAY);
    bool has_head = false;
    bool has_any = false;

    leaves_objects = several_nodes();
    for (size_t i = 0; i < now.count; i++) {
        mri_array_facts facts = {0};

        if (!is_listed(&known, now.handles[i])) {
            has_any = true;
            MRT_OK(mri_array_ask((mr_array){now.handles[i]}, &facts));
            has_head |= facts.copies > 0;
        }
    }
    MRT_CHECK(has_any == has_head);
    MRT_CHECK(has_head || s->killed);
    destroy_orphans(&known);
}

/* Of a victim that dies in the middle some copies may end, as they go with it.
 */
static void check_replicated_destroyed(scene *s)
{
    int64_t number = 0;
    mr_error error = mr_array_get(s->array, AT, 1, &number);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        MRT_EQUAL(number, AT);
        MRT_OK(mr_array_destroy(s->array));
    } else {
        (void)!mr_array_destroy(s->array);
    }
    MRT_EQUAL(destroy_orphans(&known), 0);
}

/* Of a victim that dies in the middle some blocks may end, as they go with it;
 * the head is there then, and another may destroy the rest. */
static void check_spread_destroyed(scene *s)
{
    int64_t numbers[ELEMENTS];
    mr_error error = mr_array_get(s->array, 0, ELEMENTS, numbers);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        finish_array(s);
    } else {
        (void)!mr_array_destroy(s->array);
    }
    MRT_EQUAL(destroy_orphans(&known), 0);
}

#define ROW(name, prepare, begin, operate, meanwhile, check)   \
    {                                                          \
        name, prepare, begin, operate, meanwhile, check, false \
    }

const operation operations[] = {
    ROW("value_set", int64_value, NULL, set_value, NULL, check_number),
    ROW("value_add_int32", int32_value, NULL, add_value, NULL, check_number),
    ROW("value_add_int64", int64_value, NULL, add_value, NULL, check_number),
    ROW("value_add_double", double_value, NULL, add_value, NULL, check_number),
    ROW("value_add_under_lock", int64_value, NULL, add_locked, NULL,
        check_locked_number),
    ROW("value_lock_acquire", int64_value, NULL, acquire, NULL, check_acquired),
    ROW("value_lock_acquire_again", int64_value, NULL, add_locked, add_waiter,
        check_turns),
    ROW("value_lock_release", int64_value, acquire, release, add_waiter,
        check_turns),
    ROW("value_create", list_values, NULL, create_value, NULL, check_created),
    ROW("value_destroy", int64_value, NULL, destroy_value, NULL,
        check_value_destroyed),
    ROW("value_destroy_held", int64_value, acquire, destroy_value, NULL,
        check_value_destroyed),
    ROW("array_set", make_array, NULL, set_array, NULL, check_element),
    ROW("array_add", make_array, NULL, add_array, NULL, check_element),
    ROW("array_lock_acquire", make_array, NULL, acquire, NULL,
        check_array_acquired),
    ROW("array_create", list_arrays, NULL, create_array, NULL, check_created),
    ROW("array_destroy", make_array, NULL, destroy_array, NULL,
        check_array_destroyed),
    ROW("spread_array_set", make_spread, NULL, set_array, NULL, check_element),
    ROW("spread_array_create", list_arrays, NULL, create_spread, NULL,
        check_spread_created),
    ROW("replicated_array_create", list_arrays, NULL, create_replicated, NULL,
        check_replicated_created),
    ROW("replicated_array_destroy", make_replicated, NULL, destroy_array, NULL,
        check_replicated_destroyed),
    ROW("spread_array_destroy", make_spread, NULL, destroy_array, NULL,
        check_spread_destroyed),
};

int main(int argc, char **argv)
{
    return kill_main("fault/value", MRT_COUNT(operations), NULL, 0, argc, argv);
}
