/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is looked at.  It is the context of the map, and so reaches each node
 * once, not with every row.
 */
#ifndef MANDELBROT_VIEW_H
#define MANDELBROT_VIEW_H

#define PROGRAM "multirank-mandelbrot"

struct view {
    int width, height;         /* pixels */
    double centre_x, centre_y; /* of the complex plane */
    double step;               /* between two pixels */
    long iterations;           /* after which a point is taken for inside */
};

#endif
