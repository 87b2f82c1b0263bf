/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search without parallelism; see the header.
 */
#include "ruler.h"

#include <string.h>

enum { STEPS_PER_LOOK = 1 << 16 };

/* A ruler that grows, and which distances it has. */
struct state {
    search *search;
    ruler ruler;
    bool used[MOST_LENGTH + 1];
};

/* Set a mark; false: a distance would come twice. */
static bool set_mark(struct state *s, int mark)
{
    ruler *r = &s->ruler;

    for (int i = 0; i < r->count; i++) {
        if (s->used[mark - r->marks[i]]) {
            return false;
        }
    }
    for (int i = 0; i < r->count; i++) {
        s->used[mark - r->marks[i]] = true;
    }
    r->marks[r->count++] = (uint8_t)mark;
    return true;
}

static void take_mark(struct state *s)
{
    ruler *r = &s->ruler;
    int mark = r->marks[--r->count];

    for (int i = 0; i < r->count; i++) {
        s->used[mark - r->marks[i]] = false;
    }
}

static void set_all(struct state *s, const ruler *r)
{
    s->ruler.count = 0;
    for (int i = 0; i < r->count; i++) {
        (void)set_mark(s, r->marks[i]);
    }
}

bool ruler_takes(const ruler *r, int mark)
{
    struct state s = {0};

    set_all(&s, r);
    return set_mark(&s, mark);
}

ruler ruler_with(const ruler *r, int mark)
{
    ruler longer = *r;

    longer.marks[longer.count++] = (uint8_t)mark;
    return longer;
}

ruler ruler_greedy(int marks)
{
    struct state s = {0};

    for (int mark = 0; s.ruler.count < marks; mark++) {
        (void)set_mark(&s, mark);
    }
    return s.ruler;
}

int ruler_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(ruler));
}

/* Its mirror image is not. */
static bool is_the_one(const ruler *r)
{
    return r->marks[1] < r->marks[r->count - 1] - r->marks[r->count - 2];
}

static mr_error extend(struct state *s);

static mr_error go_on(struct state *s)
{
    search *of = s->search;

    if (++of->steps % STEPS_PER_LOOK == 0 && of->look) {
        mr_error error = of->look(of);

        if (error) {
            return error;
        }
    }
    if (s->ruler.count < of->marks) {
        return extend(s);
    }
    return is_the_one(&s->ruler) ? of->found(of, &s->ruler) : MR_OK;
}

static mr_error extend(struct state *s)
{
    int left = s->search->marks - s->ruler.count - 1;
    mr_error error = MR_OK;

    /* The longest may become less meanwhile. */
    for (int mark = ruler_length(&s->ruler) + 1;
         !error && mark + ruler_room(left) <= s->search->longest; mark++) {
        if (set_mark(s, mark)) {
            error = go_on(s);
            take_mark(s);
        }
    }
    return error;
}

mr_error search_below(search *s, const ruler *first)
{
    struct state state = {.search = s};

    set_all(&state, first);
    return extend(&state);
}
