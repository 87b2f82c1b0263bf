/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Machines as an SVG picture: boxes within boxes down to the cores, each core
 * in the colour of the first rank on it, and below a machine its ranks and
 * processes.
 *
 * What is inside a box stands in a grid whose fields are as large as the
 * largest of them needs.  All sizes are pixels.
 */
#include "picture.h"

#include "tool.h"

#include <stdlib.h>
#include <string.h>

enum {
    MARGIN = 8,
    HEADING = 20,
    LINE = 18,
    LETTER = 7,
    CORE_HEIGHT = 36,
    LEAST_CORE_WIDTH = 40,
    LEAST_WIDTH = 640
};

struct extent {
    int width, height;
};

struct painter {
    FILE *file;
    const struct machine *machine;
    int core_width;
};

/* ---- text ---------------------------------------------------------------- */

/* Names come from users and hosts; control characters have no place in XML. */
static void put_escaped(FILE *file, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc((unsigned char)*text < ' ' || (unsigned char)*text > '~'
                      ? '?'
                      : *text,
                  file);
        }
    }
}

static void put_text(const struct painter *p, int x, int y, const char *class,
                     const char *text)
{
    fprintf(p->file, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    put_escaped(p->file, text);
    fputs("</text>\n", p->file);
}

static void put_box(const struct painter *p, int x, int y, struct extent size,
                    const char *fill)
{
    fprintf(p->file,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" "
            "fill=\"%s\" stroke=\"#666\"/>\n",
            x, y, size.width, size.height, fill);
}

/* ---- sizes --------------------------------------------------------------- */

static bool is_core(const struct painter *p, unsigned int item)
{
    return !machine_is_box(p->machine, item);
}

static struct extent measure(const struct painter *p, unsigned int item);

/* How many items stand inside a box, and the field that each needs. */
static unsigned int measure_inside(const struct painter *p, unsigned int box,
                                   struct extent *field, bool *cores)
{
    unsigned int count = 0;

    *field = (struct extent){0, 0};
    *cores = true;
    for (unsigned int i = box + 1; i < p->machine->ends[box];
         i = p->machine->ends[i]) {
        struct extent one = measure(p, i);

        field->width = one.width > field->width ? one.width : field->width;
        field->height = one.height > field->height ? one.height : field->height;
        *cores &= is_core(p, i);
        count++;
    }
    return count;
}

/* Cores lie side by side, as they are flat; boxes in about a square. */
static unsigned int columns_for(unsigned int count, bool cores)
{
    unsigned int columns = 1;

    while (columns * columns < count * (cores ? 2 : 1)) {
        columns++;
    }
    return columns < count ? columns : count;
}

static struct extent measure(const struct painter *p, unsigned int item)
{
    struct extent field, size = {p->core_width, CORE_HEIGHT};
    unsigned int count, columns, rows;
    char name[MACHINE_TEXT];
    bool cores;

    if (is_core(p, item)) {
        return size;
    }
    count = measure_inside(p, item, &field, &cores);
    columns = columns_for(count, cores);
    rows = columns ? (count + columns - 1) / columns : 0;
    size.width = (int)columns * (field.width + MARGIN) + MARGIN;
    size.height = HEADING + (int)rows * (field.height + MARGIN) + MARGIN;
    machine_name(p->machine, item, name, sizeof name);
    if (size.width < (int)strlen(name) * LETTER + 2 * MARGIN) {
        size.width = (int)strlen(name) * LETTER + 2 * MARGIN;
    }
    return size;
}

/* ---- boxes --------------------------------------------------------------- */

/* Neighbours get hues far from each other. */
static void colour_of(const struct machine *machine, unsigned int core,
                      char *colour, size_t size)
{
    const char *label = machine->labels[core];

    if (*label == '.') {
        snprintf(colour, size, "#fff");
    } else if (strcmp(label, "all") == 0) {
        snprintf(colour, size, "#ddd");
    } else {
        snprintf(colour, size, "hsl(%d,70%%,80%%)", atoi(label) * 137 % 360);
    }
}

static void paint_core(const struct painter *p, unsigned int item, int x, int y)
{
    unsigned int core = p->machine->firsts[item];
    char colour[32], name[MACHINE_TEXT];

    colour_of(p->machine, core, colour, sizeof colour);
    put_box(p, x, y, (struct extent){p->core_width, CORE_HEIGHT}, colour);
    snprintf(name, sizeof name, "%u", core);
    put_text(p, x + 4, y + 12, "small", name);
    put_text(p, x + 4, y + 28, "label", p->machine->labels[core]);
}

static void paint(const struct painter *p, unsigned int item, int x, int y);

static void paint_inside(const struct painter *p, unsigned int box, int x,
                         int y)
{
    struct extent field;
    bool cores;
    unsigned int count = measure_inside(p, box, &field, &cores);
    unsigned int columns = columns_for(count, cores);
    unsigned int number = 0;

    for (unsigned int i = box + 1; i < p->machine->ends[box];
         i = p->machine->ends[i], number++) {
        paint(p, i, x + (int)(number % columns) * (field.width + MARGIN),
              y + (int)(number / columns) * (field.height + MARGIN));
    }
}

static void paint(const struct painter *p, unsigned int item, int x, int y)
{
    char name[MACHINE_TEXT];

    if (is_core(p, item)) {
        paint_core(p, item, x, y);
        return;
    }
    machine_name(p->machine, item, name, sizeof name);
    put_box(p, x, y, measure(p, item), "#f4f4f0");
    put_text(p, x + MARGIN, y + 15, "label", name);
    paint_inside(p, item, x + MARGIN, y + HEADING + MARGIN / 2);
}

/* ---- machines ------------------------------------------------------------ */

static struct painter painter_for(FILE *file, const struct machine *machine)
{
    struct painter p = {
        .file = file, .machine = machine, .core_width = LEAST_CORE_WIDTH};

    for (unsigned int i = 0; i < machine_cores(machine); i++) {
        int width = (int)strlen(machine->labels[i]) * LETTER + 10;

        p.core_width = width > p.core_width ? width : p.core_width;
    }
    return p;
}

/* A title, a model, the boxes, and a line for each resident. */
static struct extent measure_machine(const struct machine *machine)
{
    const struct painter p = painter_for(NULL, machine);
    struct extent size = measure(&p, 0);

    size.height += 2 * LINE + MARGIN +
                   (int)machine->topology->residents_count * LINE + 2 * LINE;
    return size;
}

static void paint_residents(const struct painter *p, int y)
{
    const mr_topology *topology = p->machine->topology;

    for (size_t i = 0; i < topology->residents_count; i++) {
        const mr_topology_resident *one = &topology->residents[i];
        char who[MACHINE_TEXT], where[MACHINE_TEXT];

        machine_resident(one, who, sizeof who);
        machine_place(p->machine, one, where, sizeof where);
        put_text(p, *one->name ? 3 * MARGIN : MARGIN, y, "label", who);
        put_text(p, 300, y, "label", where);
        y += LINE;
    }
}

static void paint_machine(FILE *file, const struct machine *machine, int top)
{
    const struct painter p = painter_for(file, machine);
    char title[MACHINE_TEXT];

    machine_title(machine, title, sizeof title);
    put_text(&p, MARGIN, top + LINE - 4, "title", title);
    put_text(&p, MARGIN, top + 2 * LINE - 4, "label", machine->topology->model);
    paint(&p, 0, MARGIN, top + 2 * LINE + MARGIN);
    paint_residents(&p, top + 3 * LINE + 2 * MARGIN + measure(&p, 0).height);
}

void picture_svg(FILE *file, const struct machine *machines, size_t count)
{
    struct extent all = {LEAST_WIDTH, MARGIN};

    for (size_t i = 0; i < count; i++) {
        struct extent one = measure_machine(&machines[i]);

        if (all.width < one.width + 2 * MARGIN) {
            all.width = one.width + 2 * MARGIN;
        }
        all.height += one.height;
    }
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\">\n"
            "<style>text { font-family: sans-serif; font-size: 12px } "
            ".small { font-size: 9px; fill: #555 } "
            ".title { font-size: 14px; font-weight: bold }</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            all.width, all.height);
    all.height = MARGIN;
    for (size_t i = 0; i < count; i++) {
        paint_machine(file, &machines[i], all.height);
        all.height += measure_machine(&machines[i]).height;
    }
    fputs("</svg>\n", file);
}
