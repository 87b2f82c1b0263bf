/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan of a machine, for machines that are made up: hwloc's synthetic
 * topologies, in which processors are numbered core by core.
 */
#include "harness/harness.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/plan.h"
#include "util/settings.h"

enum { MOST_RANKS = 600, TEXT = 512 };

static mri_placement placements[MOST_RANKS];
static mri_placement_summary summary;

/* ---- machines ------------------------------------------------------------ */

static hwloc_topology_t machine(const char *synthetic)
{
    hwloc_topology_t topology;

    if (hwloc_topology_init(&topology) != 0 ||
        hwloc_topology_set_synthetic(topology, synthetic) != 0 ||
        hwloc_topology_load(topology) != 0) {
        fprintf(stderr, "hwloc does not make %s\n", synthetic);
        abort();
    }
    return topology;
}

static void add_kind(hwloc_topology_t topology, const char *list,
                     int efficiency)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    hwloc_bitmap_list_sscanf(set, list);
    MRT_EQUAL(hwloc_cpukinds_register(topology, set, efficiency, 0, NULL, 0),
              0);
    hwloc_bitmap_free(set);
}

/* Four performance cores of two processors, 0-7, and eight cores of one, the
 * even ones of 8-23. */
static hwloc_topology_t hybrid(void)
{
    hwloc_topology_t topology = machine("pack:1 core:12 pu:2");
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    hwloc_bitmap_set_range(set, 0, 7);
    for (unsigned int i = 8; i < 24; i += 2) {
        hwloc_bitmap_set(set, i);
    }
    MRT_EQUAL(hwloc_topology_restrict(topology, set, 0), 0);
    hwloc_bitmap_free(set);
    add_kind(topology, "0-7", 1);
    add_kind(topology, "8-23", 0);
    return topology;
}

/* ---- plans --------------------------------------------------------------- */

/* All may use the processors of the list, NULL: all of the machine. */
static void plan(hwloc_topology_t topology, int bind, const char *allowed,
                 unsigned int ranks)
{
    mri_processors set;

    memset(placements, 0, sizeof placements);
    if (allowed) {
        mri_processors_read(&set, allowed);
    } else {
        mri_plan_from_hwloc(&set, hwloc_topology_get_topology_cpuset(topology));
    }
    for (unsigned int i = 0; i < ranks; i++) {
        placements[i].allowed = set;
    }
    mri_plan(topology, bind, placements, ranks, &summary);
}

static const char *sets_of(unsigned int ranks)
{
    static char text[TEXT];
    size_t length = 0;

    for (unsigned int i = 0; i < ranks && length < TEXT; i++) {
        char list[128];

        mri_processors_write(&placements[i].bound, list, sizeof list);
        length += (size_t)snprintf(text + length, TEXT - length, "%s%s",
                                   i ? " " : "", list);
    }
    return text;
}

/* A row of a table: what comes out. */
typedef struct row {
    const char *synthetic;
    const char *allowed;
    unsigned int ranks;
    const char *sets; /* of all ranks, with blanks between them */
} row;

static void check_rows(int bind, const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hwloc_topology_t topology = machine(rows[i].synthetic);

        plan(topology, bind, rows[i].allowed, rows[i].ranks);
        if (!MRT_TEXT(sets_of(rows[i].ranks), rows[i].sets)) {
            printf("%u ranks, %s, %s\n", rows[i].ranks, rows[i].synthetic,
                   rows[i].allowed ? rows[i].allowed : "all");
        }
        hwloc_topology_destroy(topology);
    }
}

static void ranks_share_the_cores(void)
{
    static const row rows[] = {
        {"core:2 pu:1", NULL, 1, "0-1"},
        {"core:2 pu:1", NULL, 2, "0 1"},
        {"core:3 pu:1", NULL, 2, "0 1-2"},
        {"pack:2 core:4 pu:1", NULL, 2, "0-3 4-7"},
        {"pack:2 core:4 pu:1", NULL, 4, "0-1 2-3 4-5 6-7"},
        {"pack:2 core:4 pu:1", NULL, 3, "0-1 2-3 4-7"},
        {"pack:2 numa:2 core:2 pu:1", NULL, 4, "0-1 2-3 4-5 6-7"},
    };

    check_rows(MRI_BIND_AUTO, rows, MRT_COUNT(rows));
}

static void threads_of_a_core_are_used_last(void)
{
    static const row rows[] = {
        {"core:4 pu:2", NULL, 2, "0-3 4-7"},
        {"core:4 pu:2", NULL, 4, "0-1 2-3 4-5 6-7"},
        {"core:4 pu:2", NULL, 5, "0 2-3 4-5 6-7 1"},
        {"core:2 pu:4", NULL, 3, "0,2-3 4-7 1"},
        {"core:2 pu:2", NULL, 4, "0 2 1 3"},
    };

    check_rows(MRI_BIND_AUTO, rows, MRT_COUNT(rows));
}

static void nothing_is_used_that_is_not_allowed(void)
{
    static const row rows[] = {
        {"pack:2 core:4 pu:1", "1,5", 2, "1 5"},
        {"pack:2 core:4 pu:1", "1-3", 1, "1-3"},
        {"core:4 pu:2", "1,3-7", 2, "1,3 4-7"},
        {"core:4 pu:2", "0-2", 2, "0-1 2"},
        {"core:4 pu:2", "0-2", 3, "0 2 1"},
        {"core:4 pu:1", "2-9", 2, "2 3"},
        {"core:4 pu:1", "8-9", 2, "8-9 8-9"}, /* unknown to the topology */
    };

    check_rows(MRI_BIND_AUTO, rows, MRT_COUNT(rows));
}

static void settings_bind_to_what_they_name(void)
{
    static const row none[] = {{"core:4 pu:1", "0-2", 2, "0-2 0-2"}};
    static const row core[] = {
        {"pack:2 core:4 pu:2", NULL, 2, "0-1 8-9"},
        {"pack:2 core:4 pu:2", "1-15", 2, "1 8-9"},
        {"core:2 pu:2", NULL, 4, "0 2 1 3"},
    };
    static const row numa[] = {
        {"pack:2 numa:2 core:4 pu:1", NULL, 8,
         "0-3 0-3 4-7 4-7 8-11 8-11 12-15 12-15"},
        {"pack:2 numa:2 core:4 pu:1", "2-15", 1, "2-15"},
    };
    static const row package[] = {
        {"pack:2 numa:2 core:2 pu:1", NULL, 4, "0-3 0-3 4-7 4-7"},
        {"pack:2 numa:2 core:2 pu:1", "1-7", 4, "1-3 1-3 4-7 4-7"},
    };

    check_rows(MRI_BIND_NONE, none, MRT_COUNT(none));
    check_rows(MRI_BIND_CORE, core, MRT_COUNT(core));
    check_rows(MRI_BIND_NUMA, numa, MRT_COUNT(numa));
    check_rows(MRI_BIND_PACKAGE, package, MRT_COUNT(package));
}

static void performance_cores_come_first(void)
{
    hwloc_topology_t topology = hybrid();

    plan(topology, MRI_BIND_AUTO, NULL, 2);
    MRT_TEXT(sets_of(2), "0-3 4-7");
    plan(topology, MRI_BIND_AUTO, NULL, 4);
    MRT_TEXT(sets_of(4), "0-1 2-3 4-5 6-7");
    plan(topology, MRI_BIND_AUTO, NULL, 6);
    MRT_TEXT(sets_of(6), "0-1 2-3 4-5 6-7 8,10,12,14 16,18,20,22");
    plan(topology, MRI_BIND_AUTO, NULL, 13);
    MRT_TEXT(sets_of(13), "0 2-3 4-5 6-7 8 10 12 14 16 18 20 22 1");
    plan(topology, MRI_BIND_AUTO, "4-15", 3);
    MRT_TEXT(sets_of(3), "4-5 6-7 8,10,12,14");
    hwloc_topology_destroy(topology);
}

static void kinds_without_efficiency_are_all_the_same(void)
{
    hwloc_topology_t topology = machine("core:4 pu:1");

    add_kind(topology, "0-1", -1);
    add_kind(topology, "2-3", -1);
    plan(topology, MRI_BIND_AUTO, NULL, 2);
    MRT_TEXT(sets_of(2), "0-1 2-3");
    hwloc_topology_destroy(topology);
}

/* As hwloc-gather-topology or lstopo give it away. */
static void captured_machine_gives_the_same_plan(void)
{
    hwloc_topology_t topology = hybrid();
    hwloc_topology_t captured;
    char *xml = NULL;
    int size = 0;

    MRT_EQUAL(hwloc_topology_export_xmlbuffer(topology, &xml, &size, 0), 0);
    hwloc_topology_init(&captured);
    MRT_EQUAL(hwloc_topology_set_xmlbuffer(captured, xml, size), 0);
    MRT_EQUAL(hwloc_topology_load(captured), 0);
    plan(captured, MRI_BIND_AUTO, NULL, 6);
    MRT_TEXT(sets_of(6), "0-1 2-3 4-5 6-7 8,10,12,14 16,18,20,22");
    hwloc_topology_destroy(captured);
    hwloc_free_xmlbuffer(topology, xml);
    hwloc_topology_destroy(topology);
}

static void more_ranks_than_processors_are_not_bound(void)
{
    hwloc_topology_t topology = machine("core:2 pu:2");

    plan(topology, MRI_BIND_AUTO, "0-2", 4);
    MRT_TEXT(sets_of(4), "0-2 0-2 0-2 0-2");
    MRT_CHECK(summary.crowded);
    MRT_EQUAL(summary.processors, 3);
    MRT_EQUAL(summary.ranks, 4);
    MRT_EQUAL(placements[3].cores, 1);
    plan(topology, MRI_BIND_CORE, NULL, 5);
    MRT_CHECK(summary.crowded);
    MRT_TEXT(sets_of(2), "0-3 0-3");
    plan(topology, MRI_BIND_NONE, NULL, 5);
    MRT_CHECK(!summary.crowded);
    plan(topology, MRI_BIND_AUTO, NULL, 4);
    MRT_CHECK(!summary.crowded);
    hwloc_topology_destroy(topology);
}

/* As after mpirun --bind-to package, or srun: each keeps to its own set, and
 * who have the same set share it. */
static void ranks_with_sets_of_their_own_keep_to_them(void)
{
    hwloc_topology_t topology = machine("pack:2 core:4 pu:1");
    static const char *const lists[] = {"0-3", "4-7", "0-3", "4-7", "5"};

    memset(placements, 0, sizeof placements);
    for (unsigned int i = 0; i < MRT_COUNT(lists); i++) {
        mri_processors_read(&placements[i].allowed, lists[i]);
    }
    mri_plan(topology, MRI_BIND_AUTO, placements, MRT_COUNT(lists), &summary);
    MRT_TEXT(sets_of(5), "0-1 4-5 2-3 6-7 5");
    MRT_EQUAL(summary.processors, 8);
    MRT_CHECK(!summary.crowded);
    MRT_EQUAL(placements[1].cores, 2);
    hwloc_topology_destroy(topology);
}

static void ranks_without_a_topology_are_not_bound(void)
{
    memset(placements, 0, sizeof placements);
    mri_processors_read(&placements[0].allowed, "0-3");
    mri_plan(NULL, MRI_BIND_AUTO, placements, 2, &summary);
    MRT_TEXT(sets_of(2), "0-3 ");
    MRT_EQUAL(summary.processors, 4);
    MRT_CHECK(!summary.crowded);
}

/* Each has two cores, or is bound to the first of them. */
static void threads_keep_off_other_ranks(void)
{
    hwloc_topology_t topology = machine("pack:1 core:4 pu:1");
    char list[64];

    plan(topology, MRI_BIND_AUTO, NULL, 2);
    mri_processors_write(&placements[1].threads, list, sizeof list);
    MRT_TEXT(list, "2-3");
    plan(topology, MRI_BIND_CORE, NULL, 2);
    mri_processors_write(&placements[1].threads, list, sizeof list);
    MRT_TEXT(list, "1-3");
    plan(topology, MRI_BIND_NONE, NULL, 2);
    mri_processors_write(&placements[1].threads, list, sizeof list);
    MRT_TEXT(list, "0-3");
    hwloc_topology_destroy(topology);
}

static void workers_beside_a_rank_stay_near_while_there_is_room(void)
{
    hwloc_topology_t topology = machine("pack:2 core:4 pu:2");

    plan(topology, MRI_BIND_AUTO, NULL, 2);
    MRT_EQUAL(placements[0].cores, 4);
    MRT_CHECK(mri_placement_for_workers(&placements[0], 1) ==
              &placements[0].bound);
    MRT_CHECK(mri_placement_for_workers(&placements[0], 4) ==
              &placements[0].bound);
    MRT_CHECK(mri_placement_for_workers(&placements[0], 5) ==
              &placements[0].allowed);
    plan(topology, MRI_BIND_CORE, NULL, 2);
    MRT_EQUAL(placements[0].cores, 1);
    MRT_CHECK(mri_placement_for_workers(&placements[0], 2) ==
              &placements[0].allowed);
    plan(topology, MRI_BIND_NONE, NULL, 2);
    MRT_EQUAL(placements[0].cores, 4);
    plan(topology, MRI_BIND_NUMA, NULL, 2);
    MRT_EQUAL(placements[0].cores, 4);
    hwloc_topology_destroy(topology);
}

/* ---- what holds for every plan ------------------------------------------- */

/* How many ranks are on each core, at least and at most; of those cores that
 * are allowed at all. */
static void count_on_cores(hwloc_topology_t topology, unsigned int ranks,
                           unsigned int *least, unsigned int *most)
{
    hwloc_obj_t core = NULL;

    *least = ranks;
    *most = 0;
    while (
        (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        unsigned int here = 0;
        mri_processors set;
        mri_processors allowed;

        mri_plan_from_hwloc(&set, core->cpuset);
        allowed = set;
        if (!mri_processors_narrow(&allowed, &placements[0].allowed)) {
            continue;
        }
        for (unsigned int i = 0; i < ranks; i++) {
            mri_processors both = placements[i].bound;

            here += mri_processors_narrow(&both, &set);
        }
        *least = here < *least ? here : *least;
        *most = here > *most ? here : *most;
    }
}

static void check_plan(hwloc_topology_t topology, unsigned int ranks)
{
    mri_processors all = {0};
    unsigned int sum = 0;
    unsigned int least;
    unsigned int most;

    for (unsigned int i = 0; i < ranks; i++) {
        mri_processors both = placements[i].bound;

        MRT_CHECK(mri_processors_narrow(&both, &placements[i].allowed));
        MRT_CHECK(mri_processors_same(&both, &placements[i].bound));
        MRT_CHECK(placements[i].cores >= 1);
        sum += mri_processors_count(&placements[i].bound);
        mri_processors_unite(&all, &placements[i].bound);
    }
    MRT_CHECK(!summary.crowded);
    MRT_EQUAL(mri_processors_count(&all), sum); /* no two on one */
    MRT_CHECK(mri_processors_same(&all, &placements[0].allowed));
    count_on_cores(topology, ranks, &least, &most);
    MRT_CHECK(least >= 1);
    if (mrt_failed()) {
        printf("%u ranks: %s\n", ranks, sets_of(ranks));
    }
}

/* All ranks within one core only where there are fewer cores than ranks. */
static void plans_use_all_cores_and_no_processor_twice(void)
{
    static const char *const machines[] = {
        "core:1 pu:1",
        "core:7 pu:1",
        "core:4 pu:2",
        "pack:2 core:3 pu:2",
        "pack:3 core:2 pu:4",
        "pack:2 numa:2 core:3 pu:2",
        "numa:4 core:4 pu:1",
        "pack:2 l3:2 core:4 pu:2",
        "group:2 pack:2 core:3 pu:1",
    };

    for (size_t m = 0; m < MRT_COUNT(machines) && !mrt_failed(); m++) {
        hwloc_topology_t topology = machine(machines[m]);
        unsigned int cores =
            (unsigned int)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
        unsigned int processors =
            (unsigned int)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);

        for (unsigned int n = 1; n <= processors && !mrt_failed(); n++) {
            unsigned int least;
            unsigned int most;

            plan(topology, MRI_BIND_AUTO, NULL, n);
            check_plan(topology, n);
            count_on_cores(topology, n, &least, &most);
            MRT_EQUAL(most, (n + cores - 1) / cores);
        }
        hwloc_topology_destroy(topology);
    }
}

static void plans_of_parts_of_a_machine_are_as_good(void)
{
    hwloc_topology_t topology = machine("pack:2 numa:2 core:3 pu:2");
    uint64_t random = 12345;

    for (unsigned int round = 0; round < 200 && !mrt_failed(); round++) {
        mri_processors set = {0};
        unsigned int count;
        char list[TEXT];

        for (unsigned int i = 0; i < 24; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            if (random >> 63) {
                mri_processors_add(&set, i);
            }
        }
        count = mri_processors_count(&set);
        mri_processors_write(&set, list, sizeof list);
        for (unsigned int n = 1; n <= count && !mrt_failed(); n++) {
            plan(topology, MRI_BIND_AUTO, list, n);
            check_plan(topology, n);
        }
    }
    hwloc_topology_destroy(topology);
}

static void large_machines_are_planned(void)
{
    hwloc_topology_t topology = machine("pack:2 numa:4 core:32 pu:2");
    unsigned int least;
    unsigned int most;

    plan(topology, MRI_BIND_AUTO, NULL, 64);
    check_plan(topology, 64);
    MRT_EQUAL(placements[63].cores, 4);
    MRT_EQUAL(mri_processors_count(&placements[63].bound), 8);
    plan(topology, MRI_BIND_AUTO, NULL, 256);
    check_plan(topology, 256);
    count_on_cores(topology, 256, &least, &most);
    MRT_EQUAL(most, 1);
    plan(topology, MRI_BIND_AUTO, NULL, 512);
    check_plan(topology, 512);
    plan(topology, MRI_BIND_AUTO, NULL, 513);
    MRT_CHECK(summary.crowded);
    hwloc_topology_destroy(topology);
}

/* ---- sets ---------------------------------------------------------------- */

static void sets_are_read_and_written_as_lists(void)
{
    static const char *const lists[][2] = {
        {"0", "0"},
        {"0-3,8", "0-3,8"},
        {"8,0-3", "0-3,8"},
        {"1,2,3,5", "1-3,5"},
        {"", ""},
        {"4095", "4095"},
        {"4094-9999", "4094-4095"},
    };
    mri_processors set;
    char text[TEXT];

    for (size_t i = 0; i < MRT_COUNT(lists); i++) {
        mri_processors_read(&set, lists[i][0]);
        mri_processors_write(&set, text, sizeof text);
        MRT_TEXT(text, lists[i][1]);
    }
    mri_processors_read(&set, "1,3,5,7,9");
    mri_processors_write(&set, text, 4);
    MRT_TEXT(text, "1,3");
}

static void sets_travel_to_hwloc_and_back(void)
{
    hwloc_bitmap_t bitmap = hwloc_bitmap_alloc();
    mri_processors there;
    mri_processors back;

    mri_processors_read(&there, "0,63-65,2047,4095");
    mri_plan_to_hwloc(bitmap, &there);
    MRT_EQUAL(hwloc_bitmap_weight(bitmap), 6);
    MRT_CHECK(hwloc_bitmap_isset(bitmap, 4095));
    mri_plan_from_hwloc(&back, bitmap);
    MRT_CHECK(mri_processors_same(&there, &back));
    hwloc_bitmap_free(bitmap);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"ranks_share_the_cores", ranks_share_the_cores, 0},
        {"threads_of_a_core_are_used_last", threads_of_a_core_are_used_last, 0},
        {"nothing_is_used_that_is_not_allowed",
         nothing_is_used_that_is_not_allowed, 0},
        {"settings_bind_to_what_they_name", settings_bind_to_what_they_name, 0},
        {"performance_cores_come_first", performance_cores_come_first, 0},
        {"kinds_without_efficiency_are_all_the_same",
         kinds_without_efficiency_are_all_the_same, 0},
        {"captured_machine_gives_the_same_plan",
         captured_machine_gives_the_same_plan, 0},
        {"more_ranks_than_processors_are_not_bound",
         more_ranks_than_processors_are_not_bound, 0},
        {"ranks_with_sets_of_their_own_keep_to_them",
         ranks_with_sets_of_their_own_keep_to_them, 0},
        {"ranks_without_a_topology_are_not_bound",
         ranks_without_a_topology_are_not_bound, 0},
        {"threads_keep_off_other_ranks", threads_keep_off_other_ranks, 0},
        {"workers_beside_a_rank_stay_near_while_there_is_room",
         workers_beside_a_rank_stay_near_while_there_is_room, 0},
        {"plans_use_all_cores_and_no_processor_twice",
         plans_use_all_cores_and_no_processor_twice, 0},
        {"plans_of_parts_of_a_machine_are_as_good",
         plans_of_parts_of_a_machine_are_as_good, 0},
        {"large_machines_are_planned", large_machines_are_planned, 0},
        {"sets_are_read_and_written_as_lists",
         sets_are_read_and_written_as_lists, 0},
        {"sets_travel_to_hwloc_and_back", sets_travel_to_hwloc_and_back, 0},
    };

    return mrt_main("topology", tests, MRT_COUNT(tests), argc, argv);
}
