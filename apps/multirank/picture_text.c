/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A machine as text.
 *
 * A box, as a package or a shared cache, is a line; what is inside it follows
 * with more indentation.  Cores are cells in rows: [0] has rank 0, [.] none.
 * A box whose only content is another one of as many cores shares its line.
 * Boxes that look like the one before are only counted.
 */
#include "picture.h"

#include "tool.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 80, INDENT = 2, MOST_RESIDENTS = 24 };

struct drawing {
    FILE *file;
    const struct machine *machine;
    bool all;
    int cell; /* characters of a label */
};

static const mr_topology_item *item_at(const struct drawing *d, unsigned int i)
{
    return &d->machine->topology->items[i];
}

/* What stands inside an item: a box, or else a core, maybe in its caches. */
static unsigned int next_inside(const struct drawing *d, unsigned int i)
{
    return d->machine->ends[i];
}

/* ---- cells --------------------------------------------------------------- */

/* Those of some cores, in rows that begin at a column; the first row goes on
 * after what is written already. */
static void draw_cells(const struct drawing *d, unsigned int first,
                       unsigned int count, int column, int written)
{
    int width = d->cell + 2;
    int in_row = (COLUMNS - column) / width;

    in_row = in_row < 1 ? 1 : in_row > 8 ? in_row - in_row % 8 : in_row;
    fprintf(d->file, "%*s", column - written, "");
    for (unsigned int i = 0; i < count; i++) {
        if (i > 0 && i % (unsigned int)in_row == 0) {
            fprintf(d->file, "\n%*s", column, "");
        }
        fprintf(d->file, "[%*s]", d->cell, d->machine->labels[first + i]);
    }
    fputc('\n', d->file);
}

/* On the same line if there is room for all, else below it. */
static void draw_line(const struct drawing *d, int indent, const char *text,
                      unsigned int first, unsigned int count)
{
    enum { COLUMN = 36 };
    int width = (int)count * (d->cell + 2);
    int written = fprintf(d->file, "%*s%s", indent, "", text);
    int column = written < COLUMN ? COLUMN : written + 1;

    if (count && column + width <= COLUMNS) {
        draw_cells(d, first, count, column, written);
    } else {
        fputc('\n', d->file);
        if (count) {
            draw_cells(d, first, count, indent + INDENT, 0);
        }
    }
}

/* ---- boxes --------------------------------------------------------------- */

/* Do two boxes look alike, but for their numbers? */
static bool are_alike(const struct drawing *d, unsigned int a, unsigned int b)
{
    const struct machine *machine = d->machine;
    unsigned int length = machine->ends[a] - a;

    if (machine->ends[b] - b != length) {
        return false;
    }
    for (unsigned int i = 0; i < length; i++) {
        const mr_topology_item *x = item_at(d, a + i), *y = item_at(d, b + i);

        if (x->kind != y->kind || x->level != y->level || x->size != y->size ||
            x->speed != y->speed ||
            machine->cores[a + i] != machine->cores[b + i]) {
            return false;
        }
        if (x->kind == MR_TOPOLOGY_CORE &&
            strcmp(machine->labels[x->number], machine->labels[y->number])) {
            return false;
        }
    }
    return true;
}

static void draw_inside(const struct drawing *d, unsigned int box, int indent);

/* Does it have boxes inside? */
static bool has_boxes(const struct drawing *d, unsigned int box)
{
    for (unsigned int i = box + 1; i < d->machine->ends[box];
         i = next_inside(d, i)) {
        if (machine_is_box(d->machine, i)) {
            return true;
        }
    }
    return false;
}

/* The names of a box and of those that fill it; the innermost is returned. */
static unsigned int name_boxes(const struct drawing *d, unsigned int box,
                               char *text, size_t size)
{
    const struct machine *machine = d->machine;
    size_t length;

    machine_name(machine, box, text, size);
    while (box + 1 < machine->ends[box] && machine_is_box(machine, box + 1) &&
           machine->ends[box + 1] == machine->ends[box]) {
        box++;
        length = strlen(text);
        snprintf(text + length, size - length, ", ");
        length = strlen(text);
        machine_name(machine, box, text + length, size - length);
    }
    return box;
}

static void draw_box(const struct drawing *d, unsigned int box, int indent)
{
    const struct machine *machine = d->machine;
    char text[MACHINE_TEXT], range[64];
    size_t length;

    box = name_boxes(d, box, text, sizeof text);
    machine_range(machine->firsts[box], machine->cores[box], range,
                  sizeof range);
    length = strlen(text);
    if (machine->cores[box]) {
        snprintf(text + length, sizeof text - length, ": %s", range);
    }
    if (has_boxes(d, box)) {
        draw_line(d, indent, text, 0, 0);
        draw_inside(d, box, indent + INDENT);
    } else {
        draw_line(d, indent, text, machine->firsts[box], machine->cores[box]);
    }
}

/* Those that look like `box` after it; *next becomes the first that does
 * not. */
static unsigned int count_alike(const struct drawing *d, unsigned int box,
                                unsigned int end, unsigned int *next)
{
    unsigned int count = 0;

    *next = d->machine->ends[box];
    while (!d->all && *next < end && are_alike(d, box, *next)) {
        *next = d->machine->ends[*next];
        count++;
    }
    return count;
}

/* A box, and how many more there are like it. */
static unsigned int draw_boxes(const struct drawing *d, unsigned int box,
                               unsigned int end, int indent)
{
    const struct machine *machine = d->machine;
    unsigned int next;
    unsigned int more = count_alike(d, box, end, &next);

    draw_box(d, box, indent);
    if (more) {
        unsigned int first = machine->firsts[box] + machine->cores[box];
        char range[64];

        machine_range(first, more * machine->cores[box], range, sizeof range);
        fprintf(d->file, "%*s... and %u more like this%s%s\n", indent, "", more,
                machine->cores[box] ? ": " : "",
                machine->cores[box] ? range : "");
    }
    return next;
}

/* Cores between boxes: some processors have clusters beside single cores. */
static unsigned int draw_loose(const struct drawing *d, unsigned int item,
                               unsigned int end, int indent)
{
    const struct machine *machine = d->machine;
    unsigned int first = machine->firsts[item], count = 0;
    char range[64];

    while (item < end && !machine_is_box(machine, item)) {
        count += machine->cores[item];
        item = next_inside(d, item);
    }
    machine_range(first, count, range, sizeof range);
    draw_line(d, indent, range, first, count);
    return item;
}

static void draw_inside(const struct drawing *d, unsigned int box, int indent)
{
    unsigned int end = d->machine->ends[box];
    unsigned int item = box + 1;

    while (item < end) {
        item = machine_is_box(d->machine, item)
                   ? draw_boxes(d, item, end, indent)
                   : draw_loose(d, item, end, indent);
    }
}

/* ---- lists --------------------------------------------------------------- */

/* What cores are like, once for all that are alike. */
static void list_cores(const struct drawing *d)
{
    unsigned int cores = machine_cores(d->machine), first = 0;
    char text[MACHINE_TEXT], next[MACHINE_TEXT], range[64];

    while (first < cores) {
        unsigned int end = first + 1;

        machine_describe_core(d->machine, first, text, sizeof text);
        for (; end < cores; end++) {
            machine_describe_core(d->machine, end, next, sizeof next);
            if (strcmp(text, next) != 0) {
                break;
            }
        }
        machine_range(first, end - first, range, sizeof range);
        fprintf(d->file, "%*s%s: %s%s\n", INDENT, "", range,
                end - first > 1 ? "each " : "", text);
        first = end;
    }
}

static void list_resident(const struct drawing *d,
                          const mr_topology_resident *one)
{
    char who[MACHINE_TEXT], where[MACHINE_TEXT];
    int indent = *one->name ? 2 * INDENT : INDENT;

    machine_resident(one, who, sizeof who);
    machine_place(d->machine, one, where, sizeof where);
    fprintf(d->file, "%*s%-*s %-*s pid %lld\n", indent, "", 32 - indent, who,
            28, where, (long long)one->pid);
}

static void list_residents(const struct drawing *d)
{
    const mr_topology *topology = d->machine->topology;
    size_t count = topology->residents_count;
    size_t most = d->all || count <= MOST_RESIDENTS ? count : MOST_RESIDENTS;

    for (size_t i = 0; i < most; i++) {
        list_resident(d, &topology->residents[i]);
    }
    if (most < count) {
        fprintf(d->file, "%*s... and %zu more; --all lists them\n", INDENT, "",
                count - most);
    }
}

void picture_text(FILE *file, const struct machine *machine, bool all)
{
    struct drawing d = {.file = file, .machine = machine, .all = all};
    char title[MACHINE_TEXT];

    for (unsigned int i = 0; i < machine_cores(machine); i++) {
        int length = (int)strlen(machine->labels[i]);

        d.cell = length > d.cell ? length : d.cell;
    }
    machine_title(machine, title, sizeof title);
    fprintf(file, "%s\n", title);
    if (*machine->topology->model) {
        fprintf(file, "%*s%s\n", INDENT, "", machine->topology->model);
    }
    if (machine->topology->foreign) {
        fprintf(file, "%*snot this machine: the one given to hwloc\n", INDENT,
                "");
    }
    list_cores(&d);
    fputc('\n', file);
    draw_inside(&d, 0, INDENT);
    fputc('\n', file);
    list_residents(&d);
}
