#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What `make install` puts down is enough: pkg-config finds it, a program
# compiles with what pkg-config says, and it runs; so does the tool, and manual
# pages and completion are there. `make uninstall` takes all of it away.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/stage.sh"

# shellcheck disable=SC2046,SC2086
${CC:-cc} -std=c11 ${SANITIZER_FLAGS:-} $(query --cflags) "$here/example.c" \
    -o "$scratch/example" $(query --libs)

version=$(LD_LIBRARY_PATH=$library "$scratch/example")
echo "compiled and ran against $version, pkg-config says $(query --modversion)"
[ "$version" = "$(query --modversion)" ]

tool=$(LD_LIBRARY_PATH=$library "$stage$prefix/bin/multirank" --version)
echo "installed: $tool"
[ "$tool" = "multirank $version" ]

pages=$(find "$stage" -type d -name man)
for page in man3/mr_queue.3 man3/mr_queue_put.3; do
    [ -s "$pages/$page" ] || { echo "$page is not installed"; exit 1; }
done
echo "installed: $(find "$pages" -type f | wc -l) manual pages"
for file in completions/multirank site-functions/_multirank; do
    [ -n "$(find "$stage" -path "*/$file")" ] ||
        { echo "$file is not installed"; exit 1; }
done

# Folders that others may use, too, stay.
${MAKE:-make} uninstall DESTDIR="$stage" > /dev/null
left=$(find "$stage" ! -type d
    find "$stage$prefix" -mindepth 1 -type d -name 'multirank*')
[ -z "$left" ] || { echo "not uninstalled:" "$left"; exit 1; }
