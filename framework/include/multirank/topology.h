/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topology: the packages, memories, caches and cores of a node, as hwloc sees
 * them, and the ranks and processes that run on them.  `multirank topology`
 * draws it.
 */
#ifndef MULTIRANK_TOPOLOGY_H
#define MULTIRANK_TOPOLOGY_H

#include <multirank/base.h>
#include <multirank/pool.h>
#include <multirank/process.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MR_TOPOLOGY_WORDS = 64, /* of a set of processors, of 64 bits each */
    MR_TOPOLOGY_MODEL = 96  /* bytes of a model's name with its final zero */
};

typedef enum mr_topology_kind {
    MR_TOPOLOGY_MACHINE,
    MR_TOPOLOGY_PACKAGE,
    MR_TOPOLOGY_NUMA, /* the processors near to one memory */
    MR_TOPOLOGY_CACHE,
    MR_TOPOLOGY_CORE,
    MR_TOPOLOGY_PROCESSOR /* a hardware thread */
} mr_topology_kind;

/* A part of the machine.  Each comes before what is inside it. */
typedef struct mr_topology_item {
    mr_topology_kind kind;
    unsigned int parent; /* index of the item around it; of the machine: 0 */
    unsigned int number; /* the system's; of a core: from 0 on */
    unsigned int level;  /* of a cache, from 1 on */
    unsigned int speed;  /* of a core: above that of slower ones; else 0 */
    uint64_t size;       /* bytes of a cache, or of the memory in it; or 0 */
} mr_topology_item;

/* A rank of the node, or a process on it. */
typedef struct mr_topology_resident {
    int rank;
    int64_t pid;
    char name[MR_NAME_SIZE]; /* of a process; "": the rank itself */
    /* It may run on processor n: bit n % 64 of word n / 64. */
    uint64_t processors[MR_TOPOLOGY_WORDS];
} mr_topology_resident;

typedef struct mr_topology {
    char host[MR_HOST_SIZE];
    char model[MR_TOPOLOGY_MODEL]; /* of its processors; or "" */
    bool foreign;                  /* see mr_topology_read */
    size_t items_count;
    size_t residents_count;
    const mr_topology_item *items;
    const mr_topology_resident *residents; /* ranks in order, each followed by
                                              its processes */
} mr_topology;

/* May a resident run on the processor with this number? */
static inline bool mr_topology_runs_on(const mr_topology_resident *resident,
                                       unsigned int processor)
{
    return processor / 64 < MR_TOPOLOGY_WORDS &&
           (resident->processors[processor / 64] >> processor % 64 & 1);
}

/**
 * Describe the node of a rank, and which ranks and processes of the job run on
 * which of its processors at this moment.  For another node a process on that
 * rank does it.
 *
 * HWLOC_SYNTHETIC or HWLOC_XMLFILE (see hwloc(7)) may give the rank another
 * topology than that of its machine.  Then `foreign` is true, and the ranks
 * are placed as they would be bound there.
 *
 * Callers:   any endpoint that may start processes, any thread; for its own
 *            node any endpoint.
 * Blocks:    while hwloc looks at the machine, some milliseconds; for another
 *            node also until a process there has started and ended.
 * Ownership: *topology is written on success only.  It is the caller's until
 *            mr_topology_free.
 * Units:     `rank` from 0 to mr_size() - 1.
 * Errors:    MR_ERR_ARGUMENT - topology is NULL, or there is no such rank;
 *            MR_ERR_STATE - there is no job, or the caller may not start
 *            processes;
 *            MR_ERR_NO_MEMORY - malloc failed, or a segment is full;
 *            MR_ERR_SYSTEM - hwloc finds no topology;
 *            MR_ERR_WORKER_DIED - the process on the other node was killed.
 * Differs:   Python has os.cpu_count() and no more.
 */
MR_CHECKED mr_error mr_topology_read(int rank, mr_topology **topology);

/**
 * Free a description.  NULL is allowed.
 *
 * Callers:   any thread.
 * Blocks:    never.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API void mr_topology_free(mr_topology *topology);

#ifdef __cplusplus
}
#endif

#endif
