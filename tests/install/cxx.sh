#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The C++ face as it is installed: the example compiles without a warning by
# each compiler that is here, and prints what is expected, near and far; the
# suites of tests/cxx compile by all of them; and what cannot work is refused
# with words that help.
set -eu

root=${srcdir:-$(dirname "$0")/../..}
compilers=()
for compiler in "${CXX:-c++}" clang++; do
    if echo 'int main() { return 0; }' |
        $compiler -std=c++17 -x c++ -fsyntax-only - 2> /dev/null; then
        compilers+=("$compiler")
    fi
done
if [ ${#compilers[@]} -eq 0 ]; then
    echo "no C++17 compiler: neither this nor tests/cxx is tested"
    exit 77
fi

. "$root/tests/install/stage.sh"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
passed=0 failed=0
export LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export OMPI_MCA_rmaps_base_oversubscribe=1

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "  ok   $2"
    else
        failed=$((failed + 1))
        echo "  FAIL $2"
    fi
}

compile() { # COMPILER ARGUMENT...
    local compiler=$1
    shift
    # shellcheck disable=SC2046,SC2086
    $compiler -std=c++17 $warnings ${SANITIZER_FLAGS:-} $(query --cflags) "$@"
}

# What a program of a few lines gives; it stands in a function.
refuses() { # COMPILER TEXT STATEMENTS
    local status=0
    printf '#include <multirank.hpp>\nint f(int n) { return n; }\n%s\n' \
        "void g(const multirank::pool &pool, const std::vector<int> &v) { $3 }" \
        > "$scratch/refused.cpp"
    if compile "$1" -Wno-error -fsyntax-only "$scratch/refused.cpp" \
        2> "$scratch/errors" || ! grep -q "error.*$2" "$scratch/errors"; then
        cat "$scratch/errors"
        status=1
    fi
    verdict $status "$1 says: $2"
}

runs() { # NAME COMMAND...
    local name=$1 status=0
    shift
    timeout -k 5 60 "$@" > "$scratch/out" < /dev/null &&
        diff "$root/bindings/cxx/example/expected.txt" "$scratch/out" ||
        status=$?
    verdict "$status" "$name"
}

for compiler in "${compilers[@]}"; do
    status=0
    # shellcheck disable=SC2046
    compile "$compiler" "$root/bindings/cxx/example/harvest.cpp" \
        -o "$scratch/harvest" $(query --libs) || status=$?
    verdict $status "example by $compiler"
    for suite in "$root"/tests/cxx/*.cpp; do
        status=0
        compile "$compiler" -I"$root/tests" -fsyntax-only "$suite" || status=$?
        verdict $status "${suite##*/} by $compiler"
    done
    refuses "$compiler" "cannot capture" \
        'int k = 2; pool.map([k](int n) { return k * n; }, v);'
    refuses "$compiler" "write fn<name>" 'pool.map(f, v);'
    refuses "$compiler" "pointer means nothing" \
        'pool.map([](const int *) {}, std::vector<const int *>()); (void)v;'
    refuses "$compiler" "trivially" \
        'multirank::queue<std::string *> q; (void)v; (void)pool;
         multirank::process p([](std::string) {}, std::string());'
    refuses "$compiler" "a task takes an input" \
        'pool.map([](const std::string &) {}, v);'
    runs "example alone, by $compiler" env MR_LAUNCH=never "$scratch/harvest"
    if command -v "${MPIRUN:-mpirun}" > /dev/null; then
        runs "example on 2 ranks" "${MPIRUN:-mpirun}" -np 2 "$scratch/harvest"
        runs "example on 3 far ranks" env MR_ROUTE=far MR_LOG=error \
            "${MPIRUN:-mpirun}" --oversubscribe -np 3 "$scratch/harvest"
    fi
done
echo "SUITE cxx: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
