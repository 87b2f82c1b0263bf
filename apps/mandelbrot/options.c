/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line; see the header.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <multirank.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With zoom 1 the picture is so high, in the complex plane. */
#define HEIGHT 2.5
/* Beyond this the pixels of a large picture come close to neighbours of a
 * double. */
#define MOST_ZOOM 1e11

enum {
    DEFAULT_WIDTH = 900,
    DEFAULT_HEIGHT = 600,
    MOST_PIXELS = 16384,
    DEFAULT_ITERATIONS = 1000,
    MOST_ITERATIONS = 100000000
};

enum { SIZE = 256, CENTRE, ZOOM, ITERATIONS, OUTPUT, RANKS, VERSION };

static const struct option known[] = {
    {"size", required_argument, NULL, SIZE},
    {"centre", required_argument, NULL, CENTRE},
    {"center", required_argument, NULL, CENTRE},
    {"zoom", required_argument, NULL, ZOOM},
    {"iterations", required_argument, NULL, ITERATIONS},
    {"output", required_argument, NULL, OUTPUT},
    {"ranks", required_argument, NULL, RANKS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {0},
};

static char program[] = PROGRAM;

static void print_help(void)
{
    printf(
        "usage: " PROGRAM " [OPTION...]\n"
        "\n"
        "Draws the Mandelbrot set, all ranks of a job together.  Each row of "
        "the picture is\na task, and some take a thousand times as long as "
        "others.  A second picture, where\neach row has the colour of the rank "
        "that computed it, and a table on stdout show\nhow the ranks shared "
        "the work.\n"
        "\n"
        "  --size WxH      pixels, %dx%d by default, at most %dx%d\n"
        "  --centre X,Y    the middle of the picture, -0.6,0 by default\n"
        "  --zoom Z        1 by default: %g of the plane from top to bottom\n"
        "  --iterations N  after which a point counts as inside, %d by "
        "default\n"
        "  --output FILE   the set, mandelbrot.png by default\n"
        "  --ranks FILE    the colours of the ranks, mandelbrot-ranks.png by "
        "default\n"
        "  -h, --help      print this\n"
        "  --version       print the version\n"
        "\n"
        "The exit status is 0 when both pictures were written, 1 when not, 2 "
        "when the\ncommand line is wrong.  Under a launcher it uses all "
        "ranks.  A fine place:\n"
        "\n"
        "  mpirun -n 4 " PROGRAM " --centre -0.743644,0.131826 \\\n"
        "      --zoom 800 --iterations 3000\n",
        DEFAULT_WIDTH, DEFAULT_HEIGHT, MOST_PIXELS, MOST_PIXELS, HEIGHT,
        DEFAULT_ITERATIONS);
}

bool options_answer(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help();
    } else if (strcmp(word, "--version") == 0) {
        printf(PROGRAM " %s\n", mr_version());
    } else {
        return false;
    }
    return true;
}

__attribute__((format(printf, 1, 2))) static bool refuse(const char *format,
                                                         ...)
{
    va_list arguments;

    fputs(PROGRAM ": ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    return false;
}

/* Reads a number of 1 to `most`, and moves *text behind it. */
static bool read_count(const char **text, long most, long *number)
{
    char *end;

    errno = 0;
    *number = strtol(*text, &end, 10);
    if (end == *text || errno || *number < 1 || *number > most) {
        return false;
    }
    *text = end;
    return true;
}

/* Reads a finite number, and moves *text behind it. */
static bool read_number(const char **text, double *number)
{
    char *end;

    *number = strtod(*text, &end);
    if (end == *text || !isfinite(*number)) {
        return false;
    }
    *text = end;
    return true;
}

static bool read_size(struct view *view, const char *text)
{
    const char *rest = text;
    long width, height;

    if (!read_count(&rest, MOST_PIXELS, &width) || *rest++ != 'x' ||
        !read_count(&rest, MOST_PIXELS, &height) || *rest) {
        return refuse(
            "--size wants WIDTHxHEIGHT, each from 1 to %d, not \"%s\"",
            MOST_PIXELS, text);
    }
    view->width = (int)width;
    view->height = (int)height;
    return true;
}

static bool read_centre(struct view *view, const char *text)
{
    const char *rest = text;

    if (!read_number(&rest, &view->centre_x) || *rest++ != ',' ||
        !read_number(&rest, &view->centre_y) || *rest) {
        return refuse("--centre wants X,Y, such as -0.6,0, not \"%s\"", text);
    }
    return true;
}

static bool read_zoom(double *zoom, const char *text)
{
    const char *rest = text;

    if (!read_number(&rest, zoom) || *rest || *zoom < 1e-3 ||
        *zoom > MOST_ZOOM) {
        return refuse("--zoom wants a number from 0.001 to %g, not \"%s\"",
                      MOST_ZOOM, text);
    }
    return true;
}

static bool read_iterations(struct view *view, const char *text)
{
    const char *rest = text;

    if (!read_count(&rest, MOST_ITERATIONS, &view->iterations) || *rest) {
        return refuse("--iterations wants a number from 1 to %d, not \"%s\"",
                      MOST_ITERATIONS, text);
    }
    return true;
}

static bool read_option(struct options *options, double *zoom, int option)
{
    switch (option) {
    case SIZE:
        return read_size(&options->view, optarg);
    case CENTRE:
        return read_centre(&options->view, optarg);
    case ZOOM:
        return read_zoom(zoom, optarg);
    case ITERATIONS:
        return read_iterations(&options->view, optarg);
    case OUTPUT:
        options->output = optarg;
        return true;
    case RANKS:
        options->ranks = optarg;
        return true;
    case 'h':
        options->answered = options_answer("--help");
        return true;
    case VERSION:
        options->answered = options_answer("--version");
        return true;
    default: /* getopt has said what is wrong */
        fputs("see " PROGRAM " --help\n", stderr);
        return false;
    }
}

static bool fit_together(struct options *options, double zoom)
{
    if (strcmp(options->output, options->ranks) == 0) {
        return refuse("--output and --ranks want two files, not \"%s\" twice",
                      options->output);
    }
    options->view.step = HEIGHT / zoom / options->view.height;
    return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
    double zoom = 1;
    int option;

    *options = (struct options){.view = {.width = DEFAULT_WIDTH,
                                         .height = DEFAULT_HEIGHT,
                                         .centre_x = -0.6,
                                         .iterations = DEFAULT_ITERATIONS},
                                .output = "mandelbrot.png",
                                .ranks = "mandelbrot-ranks.png"};
    argv[0] = program; /* for the messages of getopt */
    while (!options->answered &&
           (option = getopt_long(argc, argv, "h", known, NULL)) >= 0) {
        if (!read_option(options, &zoom, option)) {
            return false;
        }
    }
    if (!options->answered && argv[optind]) {
        return refuse("what is \"%s\" for? See " PROGRAM " --help",
                      argv[optind]);
    }
    return options->answered || fit_together(options, zoom);
}
