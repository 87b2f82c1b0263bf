#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, and twice, in C11 and in C++17.
set -u

include=${srcdir:-$(dirname "$0")/../..}/framework/include
c_compiler="${CC:-cc} -std=c11 -x c"
cxx_compiler="${CXX:-c++} -std=c++17 -x c++ -DOMPI_SKIP_MPICXX"
passed=0 failed=0 skipped=0

check() { # LANGUAGE HEADER COMPILER...
    local language=$1 header=$2 flags=
    shift 2
    # The one header that takes communicators needs the flags of MPI.
    if [ "$header" = multirank/mpi.h ]; then
        flags=${MPI_CFLAGS:-}
    fi
    # shellcheck disable=SC2086
    if printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
        "$@" -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only $flags \
            -I"$include" -; then
        passed=$((passed + 1))
        echo "  ok   $header in $language"
    else
        failed=$((failed + 1))
        echo "  FAIL $header in $language"
    fi
}

for path in "$include"/multirank.h "$include"/multirank/*.h; do
    header=${path#"$include"/}
    check C11 "$header" $c_compiler
    if command -v "${CXX:-c++}" > /dev/null; then
        check C++17 "$header" $cxx_compiler
    else
        skipped=$((skipped + 1))
        echo "  skip $header in C++17: no C++ compiler"
    fi
done
echo "SUITE headers: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
