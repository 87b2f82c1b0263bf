/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures of machines.
 */
#ifndef MULTIRANK_APP_PICTURE_H
#define MULTIRANK_APP_PICTURE_H

#include "machine.h"

#include <stdio.h>

/** Writes a machine as text of 80 columns.  Unless `all` is true, parts that
 *  look alike are told once, and so are long lists. */
void picture_text(FILE *file, const struct machine *machine, bool all);

/** Writes machines one below the other as an SVG picture. */
void picture_svg(FILE *file, const struct machine *machines, size_t count);

#endif
