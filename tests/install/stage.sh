# SPDX-License-Identifier: BSD-3-Clause
# For scripts that use what `make install` puts down; they source this file in
# the build folder.
#
# Afterwards the installation lies in $stage, below $scratch, which goes away at
# the end; $library is the folder of the library, and `query` asks pkg-config,
# as those do who call ${asking[*]}.
# shellcheck shell=bash

if ! command -v pkg-config > /dev/null; then
    echo "no pkg-config"
    exit 77
fi
prefix=$(sed -n 's/^prefix=//p' multirank.pc)
# Those that have sourced job/jobs.sh have one.
if [ -z "${scratch:-}" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
fi
stage=$scratch/stage

# The installation is staged, so that no rights are needed; the prefix that
# the package file names is moved there with it.
${MAKE:-make} install DESTDIR="$stage" > "$scratch/log" 2>&1 ||
    { cat "$scratch/log"; exit 1; }
module=$(find "$stage" -name multirank.pc)
export PKG_CONFIG_PATH="${module%/*}"
asking=(pkg-config --define-variable=prefix="$stage$prefix")
query() {
    "${asking[@]}" "$@" multirank
}

# Folders that configure was given by themselves do not follow the prefix.
for folder in libdir includedir; do
    path=$(query --variable=$folder)
    if [ "${path#"$stage"}" = "$path" ]; then
        asking+=(--define-variable=$folder="$stage$path")
    fi
done
library=$(query --variable=libdir)
# Of a static library pkg-config must tell what it needs.
if [ ! -e "$library/libmultirank.so" ]; then
    asking+=(--static)
fi
