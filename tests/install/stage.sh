# SPDX-License-Identifier: BSD-3-Clause
# For scripts that use what `make install` puts down; they source this file in
# the build folder, under `set -eu`.
#
# Afterwards the installation lies in $scratch, which goes away at the end;
# $library is the folder of the library, and `query` asks pkg-config.
# shellcheck shell=bash

if ! command -v pkg-config > /dev/null; then
    echo "no pkg-config"
    exit 77
fi
prefix=$(sed -n 's/^prefix=//p' multirank.pc)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The installation is staged, so that no rights are needed; the prefix that
# the package file names is moved there with it.
${MAKE:-make} install DESTDIR="$scratch" > "$scratch/log" 2>&1 ||
    { cat "$scratch/log"; exit 1; }
module=$(find "$scratch" -name multirank.pc)
export PKG_CONFIG_PATH="${module%/*}"
query() {
    pkg-config --define-variable=prefix="$scratch$prefix" "$@" multirank
}

library=$(query --variable=libdir)
# For query --libs.
static=
if [ ! -e "$library/libmultirank.so" ]; then
    # shellcheck disable=SC2034
    static=--static
fi
