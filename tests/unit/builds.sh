#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# References to functions, and the comparison of programs, in executables of
# all kinds, with a build-id and without.
set -u

source=${srcdir:-$(dirname "$0")/../..}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

# One set of objects serves all kinds, as code for a PIE runs anywhere.
# shellcheck disable=SC2086
compile() { # OBJECT SOURCE [FLAG...]
    local object=$1 file=$2
    shift 2
    ${CC:-cc} -std=gnu11 -O1 -fPIE -D_GNU_SOURCE -pthread \
        ${SANITIZER_FLAGS:-} "$@" -I"$source/framework" \
        -I"$source/framework/include" -c "$source/$file" -o "$scratch/$object.o"
}

compile_all() {
    local name
    for name in runtime/code/binary runtime/code/function \
        runtime/code/module util/list \
        util/log util/settings; do
        compile "part-${name##*/}" "framework/$name.c" || return
    done
    compile one tests/unit/builds.c -DVALUE=1 &&
        compile other tests/unit/builds.c -DVALUE=2
}

# shellcheck disable=SC2086
link() { # NAME FLAG...; both programs
    local name=$1 program
    shift
    for program in one other; do
        ${CC:-cc} -pthread ${SANITIZER_FLAGS:-} "$@" "$scratch/$program.o" \
            "$scratch"/part-*.o -o "$scratch/$name.$program" \
            2> "$scratch/log" || return
    done
}

# What is wrong with a program and another build of it; nothing: all is well.
examine() { # PROGRAM OTHER
    local line other copy
    line=$("$1") || { echo "it does not run"; return; }
    other=$("$2") || { echo "the other does not run"; return; }
    copy=$scratch/$(printf 'deep/%.0s' {1..50})program
    mkdir -p "${copy%/*}"
    cp "$1" "$copy"

    [ "$line" = "$("$1")" ] || echo "a second run prints something else"
    "$1" same "$line" || echo "its own reference is not found"
    "$copy" same "$line" || echo "a copy does not find the reference"
    "$copy" compare "$line" || echo "a copy differs"
    [[ $("$copy") == *" ..."*"/deep/program" ]] ||
        echo "a long path is not cut: $("$copy")"
    "$1" same "$other" 2> "$scratch/log" &&
        echo "a reference of another build is found"
    "$1" compare "$other" 2> "$scratch/log" &&
        echo "another build does not differ"
    grep -q "rank 1 on .* runs another program ($2) than rank 0 on .* ($1)" \
        "$scratch/log" || echo "the log says: $(cat "$scratch/log")"
    rm -rf "$scratch/deep"
}

check() { # NAME FLAG...
    local name=$1 wrong
    shift
    if ! link "$name" "$@"; then
        # What does not exist here may be missing; of ours nothing may.
        if grep 'undefined reference to .mri_' "$scratch/log"; then
            echo "  FAIL $name: compile_all leaves something out"
            failed=$((failed + 1))
            return
        fi
        echo "  skip $name: ${CC:-cc} $* does not link: $(head -1 "$scratch/log")"
        skipped=$((skipped + 1))
        return
    fi
    wrong=$(examine "$scratch/$name.one" "$scratch/$name.other")
    if [ -n "$wrong" ]; then
        printf '       %s\n' "$wrong"
        echo "  FAIL $name"
        failed=$((failed + 1))
    else
        echo "  ok   $name"
        passed=$((passed + 1))
    fi
}

compile_all || exit 1
for id in sha1 none; do
    check "pie_with_build_id_$id" -pie -Wl,--build-id=$id
    check "no_pie_with_build_id_$id" -no-pie -Wl,--build-id=$id
    check "static_pie_with_build_id_$id" -static-pie -Wl,--build-id=$id
    check "static_with_build_id_$id" -static -no-pie -Wl,--build-id=$id
done
echo "SUITE builds: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] || exit 1
[ $passed -gt 0 ] || exit 77
