/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptions of machines that are given to hwloc in its variables, and of
 * this one.
 */
#include "harness/harness.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topology/describe.h"
#include "topology/plan.h"
#include "util/settings.h"

static bool describe(mri_description *machine)
{
    return MRT_OK(mri_describe(machine, MRI_BIND_AUTO, NULL, 0));
}

static bool describe_synthetic(const char *synthetic, mri_description *machine)
{
    bool fine;

    setenv("HWLOC_SYNTHETIC", synthetic, 1);
    fine = describe(machine);
    unsetenv("HWLOC_SYNTHETIC");
    return fine;
}

static unsigned int count(const mri_description *machine, mr_topology_kind kind)
{
    unsigned int found = 0;

    for (size_t i = 0; i < machine->count; i++) {
        found += machine->items[i].kind == kind;
    }
    return found;
}

/* The n-th item of a kind. */
static const mr_topology_item *find(const mri_description *machine,
                                    mr_topology_kind kind, unsigned int n)
{
    for (size_t i = 0; i < machine->count; i++) {
        if (machine->items[i].kind == kind && n-- == 0) {
            return &machine->items[i];
        }
    }
    MRT_FAIL("there is no such item");
    return machine->items;
}

static mr_topology_kind outer(const mri_description *machine,
                              const mr_topology_item *item)
{
    return machine->items[item->parent].kind;
}

/* What holds for every description. */
static void check_tree(const mri_description *machine)
{
    unsigned int cores = 0;

    MRT_CHECK(machine->count > 0);
    MRT_EQUAL(machine->items[0].kind, MR_TOPOLOGY_MACHINE);
    MRT_EQUAL(machine->items[0].parent, 0);
    MRT_EQUAL(count(machine, MR_TOPOLOGY_MACHINE), 1);
    for (unsigned int i = 1; i < machine->count; i++) {
        const mr_topology_item *item = &machine->items[i];

        MRT_CHECK(item->parent < i);
        MRT_CHECK(outer(machine, item) != MR_TOPOLOGY_PROCESSOR);
        if (item->kind == MR_TOPOLOGY_CORE) {
            MRT_EQUAL(item->number, cores++);
        }
    }
}

static void this_machine_is_described(void)
{
    mri_description machine;
    mri_processors here;

    if (!describe(&machine)) {
        return;
    }
    check_tree(&machine);
    mri_processors_of(0, &here);
    MRT_CHECK(!machine.foreign);
    MRT_CHECK(machine.items[0].size > 0);
    MRT_CHECK(count(&machine, MR_TOPOLOGY_PROCESSOR) >=
              mri_processors_count(&here));
    free(machine.items);
}

static void memory_and_caches_stand_around_their_cores(void)
{
    mri_description machine;
    const mr_topology_item *item;

    if (!describe_synthetic("pack:2 numa:2 l3:1 core:3 l2:1 pu:2", &machine)) {
        return;
    }
    check_tree(&machine);
    MRT_CHECK(machine.foreign);
    MRT_EQUAL(count(&machine, MR_TOPOLOGY_PACKAGE), 2);
    MRT_EQUAL(count(&machine, MR_TOPOLOGY_NUMA), 4);
    MRT_EQUAL(count(&machine, MR_TOPOLOGY_CORE), 12);
    MRT_EQUAL(count(&machine, MR_TOPOLOGY_PROCESSOR), 24);
    MRT_EQUAL(count(&machine, MR_TOPOLOGY_CACHE), 4 + 12);
    item = find(&machine, MR_TOPOLOGY_NUMA, 3);
    MRT_EQUAL(item->number, 3);
    MRT_CHECK(item->size > 0);
    MRT_EQUAL(outer(&machine, item), MR_TOPOLOGY_PACKAGE);
    item = find(&machine, MR_TOPOLOGY_CACHE, 0);
    MRT_EQUAL(item->level, 3);
    MRT_EQUAL(outer(&machine, item), MR_TOPOLOGY_NUMA);
    item = find(&machine, MR_TOPOLOGY_PROCESSOR, 23);
    MRT_EQUAL(item->number, 23);
    free(machine.items);
}

static void single_memory_is_that_of_the_machine(void)
{
    mri_description machine;

    if (describe_synthetic("pack:1 core:2 pu:1", &machine)) {
        check_tree(&machine);
        MRT_EQUAL(count(&machine, MR_TOPOLOGY_NUMA), 0);
        MRT_EQUAL(machine.count, 1 + 1 + 2 + 2);
        MRT_CHECK(machine.items[0].size > 0);
        free(machine.items);
    }
}

static bool write_hybrid(const char *path)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool fine;

    hwloc_topology_init(&topology);
    hwloc_topology_set_synthetic(topology, "core:4 pu:1");
    hwloc_topology_load(topology);
    hwloc_bitmap_set_range(set, 2, 3);
    hwloc_cpukinds_register(topology, set, 1, 0, NULL, 0);
    hwloc_bitmap_zero(set);
    hwloc_bitmap_set_range(set, 0, 1);
    hwloc_cpukinds_register(topology, set, 0, 0, NULL, 0);
    fine = hwloc_topology_export_xml(topology, path, 0) == 0;
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(set);
    return fine;
}

static void fast_cores_of_a_captured_machine_are_told(void)
{
    char path[] = "/tmp/multirank-describe-XXXXXX";
    int file = mkstemp(path);
    mri_description machine;
    mri_placement placements[1] = {{.cores = 0}};

    if (!MRT_CHECK(file >= 0) || !MRT_CHECK(write_hybrid(path))) {
        return;
    }
    setenv("HWLOC_XMLFILE", path, 1);
    if (MRT_OK(mri_describe(&machine, MRI_BIND_AUTO, placements, 1))) {
        char list[32];

        MRT_CHECK(machine.foreign);
        MRT_EQUAL(find(&machine, MR_TOPOLOGY_CORE, 0)->speed, 0);
        MRT_EQUAL(find(&machine, MR_TOPOLOGY_CORE, 3)->speed, 1);
        mri_processors_write(&placements[0].bound, list, sizeof list);
        MRT_TEXT(list, "2-3");
        mri_processors_write(&placements[0].allowed, list, sizeof list);
        MRT_TEXT(list, "0-3");
        free(machine.items);
    }
    unsetenv("HWLOC_XMLFILE");
    close(file);
    unlink(path);
}

static void placements_of_this_machine_are_left_alone(void)
{
    mri_description machine;
    mri_placement placements[1] = {{.cores = 77}};

    if (MRT_OK(mri_describe(&machine, MRI_BIND_AUTO, placements, 1))) {
        MRT_EQUAL(placements[0].cores, 77);
        free(machine.items);
    }
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"this_machine_is_described", this_machine_is_described, 0},
        {"memory_and_caches_stand_around_their_cores",
         memory_and_caches_stand_around_their_cores, 0},
        {"single_memory_is_that_of_the_machine",
         single_memory_is_that_of_the_machine, 0},
        {"fast_cores_of_a_captured_machine_are_told",
         fast_cores_of_a_captured_machine_are_told, 0},
        {"placements_of_this_machine_are_left_alone",
         placements_of_this_machine_are_left_alone, 0},
    };

    return mrt_main("describe", tests, MRT_COUNT(tests), argc, argv);
}
