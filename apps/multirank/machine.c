/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items, cores and residents in words; see the header.
 */
#include "machine.h"

#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends to a text, which is cut where it is too long. */
__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t size, const char *format, ...)
{
    size_t length = strlen(text);
    va_list list;

    va_start(list, format);
    vsnprintf(text + length, size - length, format, list);
    va_end(list);
}

static void append_size(char *text, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)bytes;
    size_t unit = 0;

    while (number >= 1024 && unit < 4) {
        number /= 1024;
        unit++;
    }
    if (number < 10 && number != (double)(int)number) {
        append(text, size, "%.1f %s", number, units[unit]);
    } else {
        append(text, size, "%.0f %s", number, units[unit]);
    }
}

/* ---- what is where ------------------------------------------------------- */

static bool runs_inside(const struct machine *machine,
                        const mr_topology_resident *resident, unsigned int item,
                        bool everywhere)
{
    const mr_topology_item *items = machine->topology->items;

    for (unsigned int i = item; i < machine->ends[item]; i++) {
        if (items[i].kind == MR_TOPOLOGY_PROCESSOR &&
            mr_topology_runs_on(resident, items[i].number) != everywhere) {
            return !everywhere;
        }
    }
    return everywhere;
}

bool machine_runs_on(const struct machine *machine,
                     const mr_topology_resident *resident, unsigned int core)
{
    return runs_inside(machine, resident, machine->core_items[core], false);
}

/* The ranks on a core: "." for none, "3", "0-3", "0,7", "0+5", "all". */
static void label_core(struct machine *machine, unsigned int core)
{
    const mr_topology *topology = machine->topology;
    char *label = machine->labels[core];
    int first = -1, last = -1;
    unsigned int count = 0;

    for (size_t i = 0; i < topology->residents_count; i++) {
        const mr_topology_resident *one = &topology->residents[i];

        if (!*one->name && machine_runs_on(machine, one, core)) {
            first = count ? first : one->rank;
            last = one->rank;
            count++;
        }
    }
    if (count == 0) {
        snprintf(label, MACHINE_LABEL, ".");
    } else if (count == 1) {
        snprintf(label, MACHINE_LABEL, "%d", first);
    } else if (count == machine->ranks && count > 2) {
        snprintf(label, MACHINE_LABEL, "all");
    } else if (count == 2) {
        snprintf(label, MACHINE_LABEL, "%d,%d", first, last);
    } else if (last - first + 1 == (int)count) {
        snprintf(label, MACHINE_LABEL, "%d-%d", first, last);
    } else {
        snprintf(label, MACHINE_LABEL, "%d+%u", first, count - 1);
    }
}

/* The items inside one follow it. */
static void find_cores(struct machine *machine)
{
    const mr_topology *topology = machine->topology;
    unsigned int count = (unsigned int)topology->items_count;

    for (unsigned int i = count; i-- > 0;) {
        const mr_topology_item *item = &topology->items[i];

        if (machine->ends[i] == 0) {
            machine->ends[i] = i + 1;
        }
        if (item->kind == MR_TOPOLOGY_CORE) {
            machine->cores[i] = 1;
            machine->firsts[i] = item->number;
            machine->core_items[item->number] = i;
        }
        if (i > 0) {
            unsigned int outer = item->parent;

            if (machine->ends[outer] == 0) {
                machine->ends[outer] = machine->ends[i];
            }
            if (machine->cores[i]) {
                machine->cores[outer] += machine->cores[i];
                machine->firsts[outer] = machine->firsts[i];
            }
        }
    }
}

void machine_open(struct machine *machine, const mr_topology *topology)
{
    size_t count = topology->items_count;

    *machine = (struct machine){.topology = topology};
    machine->ends = resized(NULL, 4 * count, sizeof *machine->ends);
    memset(machine->ends, 0, 4 * count * sizeof *machine->ends);
    machine->cores = machine->ends + count;
    machine->firsts = machine->cores + count;
    machine->core_items = machine->firsts + count;
    find_cores(machine);
    for (size_t i = 0; i < topology->residents_count; i++) {
        machine->ranks += !*topology->residents[i].name;
    }
    machine->labels =
        resized(NULL, machine_cores(machine), sizeof *machine->labels);
    for (unsigned int core = 0; core < machine_cores(machine); core++) {
        label_core(machine, core);
    }
}

void machine_close(struct machine *machine)
{
    free(machine->ends);
    free(machine->labels);
}

unsigned int machine_cores(const struct machine *machine)
{
    return machine->cores[0];
}

bool machine_is_box(const struct machine *machine, unsigned int item)
{
    mr_topology_kind kind = machine->topology->items[item].kind;

    return kind < MR_TOPOLOGY_CACHE ||
           (kind == MR_TOPOLOGY_CACHE && machine->cores[item] > 1);
}

/* ---- in words ------------------------------------------------------------ */

void machine_name(const struct machine *machine, unsigned int item, char *text,
                  size_t size)
{
    const mr_topology_item *it = &machine->topology->items[item];

    *text = '\0';
    switch (it->kind) {
    case MR_TOPOLOGY_MACHINE:
        append(text, size, "%s", machine->topology->host);
        break;
    case MR_TOPOLOGY_PACKAGE:
        append(text, size, "package %u", it->number);
        break;
    case MR_TOPOLOGY_NUMA:
        append(text, size, "NUMA node %u", it->number);
        break;
    case MR_TOPOLOGY_CACHE:
        append(text, size, "L%u", it->level);
        break;
    case MR_TOPOLOGY_CORE:
        append(text, size, "core %u", it->number);
        break;
    case MR_TOPOLOGY_PROCESSOR:
        append(text, size, "processor %u", it->number);
        break;
    }
    if (it->size) {
        append(text, size, it->kind == MR_TOPOLOGY_CACHE ? " " : ", ");
        append_size(text, size, it->size);
    }
}

void machine_range(unsigned int first, unsigned int count, char *text,
                   size_t size)
{
    if (count == 1) {
        snprintf(text, size, "core %u", first);
    } else {
        snprintf(text, size, "cores %u-%u", first, first + count - 1);
    }
}

void machine_describe_core(const struct machine *machine, unsigned int core,
                           char *text, size_t size)
{
    const mr_topology_item *items = machine->topology->items;
    unsigned int item = machine->core_items[core];
    unsigned int processors = 0;

    for (unsigned int i = item; i < machine->ends[item]; i++) {
        processors += items[i].kind == MR_TOPOLOGY_PROCESSOR;
    }
    snprintf(text, size, "%u processor%s", processors,
             processors == 1 ? "" : "s");
    for (unsigned int i = items[item].parent;
         items[i].kind == MR_TOPOLOGY_CACHE && machine->cores[i] == 1;
         i = items[i].parent) {
        append(text, size, ", L%u ", items[i].level);
        append_size(text, size, items[i].size);
    }
    if (items[item].speed) {
        append(text, size, ", fast");
    }
}

static void append_count(char *text, size_t size, unsigned int count,
                         const char *what)
{
    if (count) {
        append(text, size, "%s%u %s%s", *text ? ", " : "", count, what,
               count == 1 ? "" : "s");
    }
}

void machine_title(const struct machine *machine, char *text, size_t size)
{
    const mr_topology *topology = machine->topology;
    unsigned int counts[MR_TOPOLOGY_PROCESSOR + 1] = {0};
    char rest[MACHINE_TEXT] = "";

    for (size_t i = 0; i < topology->items_count; i++) {
        counts[topology->items[i].kind]++;
    }
    append_count(rest, sizeof rest, counts[MR_TOPOLOGY_PACKAGE], "package");
    append_count(rest, sizeof rest, counts[MR_TOPOLOGY_NUMA], "NUMA node");
    append_count(rest, sizeof rest, counts[MR_TOPOLOGY_CORE], "core");
    append_count(rest, sizeof rest, counts[MR_TOPOLOGY_PROCESSOR], "processor");
    if (topology->items[0].size) {
        append(rest, sizeof rest, ", ");
        append_size(rest, sizeof rest, topology->items[0].size);
    }
    snprintf(text, size, "%s: %s", topology->host, rest);
}

void machine_resident(const mr_topology_resident *resident, char *text,
                      size_t size)
{
    if (*resident->name) {
        snprintf(text, size, "%s", resident->name);
    } else {
        snprintf(text, size, "rank %d", resident->rank);
    }
}

/* The numbers that a resident has, as a list of ranges, and how many: of
 * cores, or of processors. */
static unsigned int append_list(const struct machine *machine,
                                const mr_topology_resident *resident,
                                bool cores, char *text, size_t size)
{
    enum { MOST = 64 * MR_TOPOLOGY_WORDS };
    unsigned int end = cores ? machine_cores(machine) : MOST;
    unsigned int count = 0, first = 0;

    while (first < end) {
        unsigned int next = first;

        while (next < end && (cores ? machine_runs_on(machine, resident, next)
                                    : mr_topology_runs_on(resident, next))) {
            next++;
        }
        if (next > first) {
            append(text, size, next > first + 1 ? "%s%u-%u" : "%s%u",
                   count ? "," : "", first, next - 1);
            count += next - first;
        }
        first = next + 1;
    }
    return count;
}

/* All processors of each core on which it runs, and are there cores at all? */
static bool has_whole_cores(const struct machine *machine,
                            const mr_topology_resident *resident)
{
    bool whole = machine_cores(machine) > 0;

    for (unsigned int core = 0; core < machine_cores(machine); core++) {
        whole &=
            !machine_runs_on(machine, resident, core) ||
            runs_inside(machine, resident, machine->core_items[core], true);
    }
    return whole;
}

void machine_place(const struct machine *machine,
                   const mr_topology_resident *resident, char *text,
                   size_t size)
{
    bool cores = has_whole_cores(machine, resident);
    char list[MACHINE_TEXT] = "";
    unsigned int count =
        append_list(machine, resident, cores, list, sizeof list);

    if (cores && count > 1 && count == machine_cores(machine)) {
        snprintf(text, size, "all cores");
    } else {
        snprintf(text, size, "%s%s %s", cores ? "core" : "processor",
                 count == 1 ? "" : "s", list);
    }
}
