#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, and twice: those of C in C11 and C++17,
# those of C++ in C++17; the whole of C++ in C++20, too.  A header that is
# complete for one compiler is so for all, so clang++ gets only those that
# include all others.
set -u

root=${srcdir:-$(dirname "$0")/../..}
include=$root/framework/include
include_cxx=$root/bindings/cxx/include
c_compiler="${CC:-cc} -std=c11 -x c"
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
            -I"$include" -I"$include_cxx" -; then
        passed=$((passed + 1))
        echo "  ok   $header in $language"
    else
        failed=$((failed + 1))
        echo "  FAIL $header in $language"
    fi
}

check_cxx() { # HEADER STANDARD...
    local header=$1 compiler standard found=false
    local compilers=("${CXX:-c++}")
    shift
    case $header in
        multirank.h | multirank.hpp | multirank/mpi.h) compilers+=(clang++) ;;
    esac
    for compiler in "${compilers[@]}"; do
        if ! command -v "${compiler%% *}" > /dev/null; then
            continue
        fi
        found=true
        for standard in "$@"; do
            # shellcheck disable=SC2086
            check "C++$standard, $compiler" "$header" $compiler \
                -std="c++$standard" -x c++ -Wconversion -DOMPI_SKIP_MPICXX
        done
    done
    if ! $found; then
        skipped=$((skipped + 1))
        echo "  skip $header in C++: no C++ compiler"
    fi
}

for path in "$include"/multirank.h "$include"/multirank/*.h; do
    header=${path#"$include"/}
    # shellcheck disable=SC2086
    check C11 "$header" $c_compiler
    check_cxx "$header" 17
done
check_cxx multirank.hpp 17 20
for path in "$include_cxx"/multirank/cxx/*.hpp; do
    check_cxx "${path#"$include_cxx"/}" 17
done
echo "SUITE headers: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
