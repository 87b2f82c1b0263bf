/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node's topology, looked at as pictures of it need.
 */
#ifndef MULTIRANK_APP_MACHINE_H
#define MULTIRANK_APP_MACHINE_H

#include <multirank.h>
#include <stdbool.h>
#include <stddef.h>

enum { MACHINE_LABEL = 16, MACHINE_TEXT = 256 };

struct machine {
    const mr_topology *topology;
    unsigned int *ends;   /* of each item: the index behind what is inside it */
    unsigned int *cores;  /* of each item: how many are in it */
    unsigned int *firsts; /* and the number of the first */
    char (*labels)[MACHINE_LABEL]; /* of each core: the ranks on it */
    unsigned int *core_items;      /* of each core: its item */
    unsigned int ranks;            /* on the node */
};

/** Looks at a topology, which has to outlive that. */
void machine_open(struct machine *machine, const mr_topology *topology);
void machine_close(struct machine *machine);

/** The cores of the whole machine. */
unsigned int machine_cores(const struct machine *machine);

/** Is that an item to be drawn around others?  A cache of one core is not. */
bool machine_is_box(const struct machine *machine, unsigned int item);

/** "package 0, 64 GiB" or "L3 32 MiB". */
void machine_name(const struct machine *machine, unsigned int item, char *text,
                  size_t size);

/** "core 3" or "cores 0-7". */
void machine_range(unsigned int first, unsigned int count, char *text,
                   size_t size);

/** What each core is like: "2 processors, L2 1 MiB, L1 32 KiB". */
void machine_describe_core(const struct machine *machine, unsigned int core,
                           char *text, size_t size);

/** "node1: 2 packages, 16 cores, 32 processors, 62 GiB". */
void machine_title(const struct machine *machine, char *text, size_t size);

/** "rank 3", or the name of a process; and where it runs: "cores 0-3". */
void machine_resident(const mr_topology_resident *resident, char *text,
                      size_t size);
void machine_place(const struct machine *machine,
                   const mr_topology_resident *resident, char *text,
                   size_t size);

/** Does a resident run on a core, on some processor of it? */
bool machine_runs_on(const struct machine *machine,
                     const mr_topology_resident *resident, unsigned int core);

#endif
