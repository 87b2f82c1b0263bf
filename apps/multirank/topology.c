/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `multirank topology`: draws the nodes of the job that it is run in, and who
 * runs where.  It is a program of Multirank itself: rank 0 reads and draws.
 */
#include "machine.h"
#include "mpirun.h"
#include "picture.h"
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <multirank.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *svg; /* a file, or NULL */
    bool all;
};

static void print_help(void)
{
    puts("usage: [mpirun ...] " TOOL " topology [OPTION...]\n"
         "\n"
         "Draws the nodes of the job that it is run in: packages, memories, "
         "caches and\n"
         "cores, the ranks on each core, and where a pool's worker beside "
         "rank 0 runs.\n"
         "Without a launcher it starts a job on this machine.\n"
         "\n"
         "  mpirun -n 4 " TOOL " topology\n"
         "\n"
         "A core is [0] with rank 0 on it, [.] without a rank, [all] when all "
         "ranks of\n"
         "the node may run there.\n"
         "\n"
         "  --svg FILE  also write a picture for a browser\n"
         "  --all       fold nothing, and list every rank\n"
         "  --help      print this\n"
         "  --version   print the version\n"
         "\n"
         "MR_BIND says where ranks run; " TOOL " --help names the other "
         "commands.  For\n"
         "another machine give the ranks its topology, as lstopo saves it, in\n"
         "HWLOC_XMLFILE, or made up in HWLOC_SYNTHETIC:\n"
         "\n"
         "  mpirun -n 4 --oversubscribe -x 'HWLOC_SYNTHETIC=pack:2 core:8 "
         "pu:2' \\\n"
         "      " TOOL " topology");
}

enum { SVG = 256, ALL };

/* The exit status, or -1: go on. */
static int read_options(struct request *request, int argc, char **argv)
{
    static const struct option known[] = {
        {"svg", required_argument, NULL, SVG},
        {"all", no_argument, NULL, ALL},
        COMMON_OPTIONS,
        {0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        switch (option) {
        case SVG:
            request->svg = optarg;
            break;
        case ALL:
            request->all = true;
            break;
        case 'h':
            if (mpirun_speaks()) {
                print_help();
            }
            return EXIT_SUCCESS;
        case OPTION_VERSION:
            if (mpirun_speaks()) {
                print_version();
            }
            return EXIT_SUCCESS;
        default:
            if (mpirun_speaks()) {
                say(option == ':' ? "%s wants a file"
                                  : "there is no option %s; " TOOL
                                    " topology --help lists all",
                    argv[optind - 1]);
            }
            return mpirun_misuse();
        }
    }
    if (optind < argc && mpirun_speaks()) {
        say("\"%s\" is not expected; " TOOL " topology --help tells what is",
            argv[optind]);
    }
    return optind < argc ? mpirun_misuse() : -1;
}

static bool failed(const char *what, mr_error error)
{
    if (error) {
        say("%s: %s", what, mr_error_text(error));
    }
    return error != MR_OK;
}

/* One for each node; a node is read through its first rank. */
static bool read_nodes(mr_topology **nodes, size_t *count)
{
    bool *known = resized(NULL, (size_t)mr_size(), sizeof *known);
    bool fine = true;

    memset(known, 0, (size_t)mr_size() * sizeof *known);
    *count = 0;
    for (int rank = 0; fine && rank < mr_size(); rank++) {
        mr_topology *node = NULL;

        if (known[rank]) {
            continue;
        }
        fine = !failed("reading the topology", mr_topology_read(rank, &node));
        for (size_t i = 0; fine && i < node->residents_count; i++) {
            known[node->residents[i].rank] = true;
        }
        if (fine) {
            nodes[(*count)++] = node;
        }
    }
    free(known);
    return fine;
}

static bool write_svg(const char *path, const struct machine *machines,
                      size_t count)
{
    FILE *file = fopen(path, "w");
    bool fine = file != NULL;

    if (fine) {
        picture_svg(file, machines, count);
        fine = ferror(file) == 0;
        fine = fclose(file) == 0 && fine;
    }
    if (!fine) {
        say("cannot write %s: %s", path, strerror(errno));
    }
    return fine;
}

static bool draw(const struct request *request, mr_topology **nodes,
                 size_t count)
{
    struct machine *machines = resized(NULL, count, sizeof *machines);
    bool fine = true;

    for (size_t i = 0; i < count; i++) {
        machine_open(&machines[i], nodes[i]);
        if (i > 0) {
            putchar('\n');
        }
        picture_text(stdout, &machines[i], request->all);
    }
    if (request->svg) {
        fine = write_svg(request->svg, machines, count);
    }
    for (size_t i = 0; i < count; i++) {
        machine_close(&machines[i]);
    }
    free(machines);
    return fine;
}

/* With a pool, so that its worker beside rank 0 is seen. */
static bool show(const struct request *request)
{
    mr_topology **nodes = resized(NULL, (size_t)mr_size(), sizeof *nodes);
    size_t count = 0;
    mr_pool pool;
    bool fine = !failed("making a pool", mr_pool_create(&pool, NULL));

    if (fine) {
        fine = read_nodes(nodes, &count);
        fine = fine && draw(request, nodes, count);
        mr_pool_destroy(pool);
    }
    for (size_t i = 0; i < count; i++) {
        mr_topology_free(nodes[i]);
    }
    free(nodes);
    return fine;
}

int command_topology(int argc, char **argv)
{
    struct request request = {0};
    int status = read_options(&request, argc, argv);

    if (status >= 0) {
        return status;
    }
    if (failed("starting the job", mr_init(&argc, &argv))) {
        return EXIT_FAILURE;
    }
    status = show(&request) ? EXIT_SUCCESS : EXIT_FAILURE;
    return failed("ending the job", mr_finalize()) ? EXIT_FAILURE : status;
}
