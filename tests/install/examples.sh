#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The installed examples are built with the installed library, by make and
# pkg-config and by CMake, and print what is expected.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"
. "$here/stage.sh"

export CFLAGS="-O1 -Wextra -Werror -Wno-unused-parameter ${SANITIZER_FLAGS:-}"
examples=$(dirname "$(find "$stage" -path '*/examples/map.c')")
cmake_files=$(dirname "$(find "$stage" -name multirankConfig.cmake)")
mapfile -t names < <(cd "$examples" && find . -name '*.c' |
    sed 's,^\./,,; s,\.c$,,' | sort)

# Builds are done within this function, not by `start`; their words are shown
# when one fails.
build() { # COMMAND...
    timeout -k 5 "$(($(scaled 60) / 1000))" "$@" > "$scratch/err" 2>&1
    status=$?
}

# Each builds in a copy of its own, as a user would.
copy_examples() { # FOLDER
    rm -rf "${scratch:?}/$1"
    cp -r "$examples" "$scratch/$1"
}

runs_as_expected() { # FOLDER NAME...
    local name folder=$1
    shift
    : > "$scratch/all"
    : > "$scratch/expected"
    for name; do
        # The checkpoint that one of them writes; others ignore the argument.
        rm -f "$scratch/state"
        start 2 "$folder/$name" "$scratch/state"
        await 60
        expect_status 0
        { echo "== $name"; cat "$scratch/out"; } >> "$scratch/all"
        awk -v head="== $name" '/^== /{on = $0 == head} on' \
            "$here/examples.txt" >> "$scratch/expected"
    done
    cp "$scratch/all" "$scratch/out"
    expect_output < "$scratch/expected"
}

# ---- make ------------------------------------------------------------------

make_builds_the_examples() {
    copy_examples made
    build ${MAKE:-make} -C "$scratch/made" PKG_CONFIG="${asking[*]}"
    expect_status 0
}

made_examples_run() { # [ROUTE]
    local -x MR_ROUTE=${1:-auto}
    runs_as_expected "$scratch/made" "${names[@]}"
}

make_cleans_up() {
    build ${MAKE:-make} -C "$scratch/made" clean
    expect_status 0
    diff -r "$examples" "$scratch/made" > "$scratch/diff" ||
        broken "$(cat "$scratch/diff")"
}

make_says_when_multirank_is_not_found() {
    copy_examples lost
    PKG_CONFIG_LIBDIR=$scratch/none PKG_CONFIG_PATH=$scratch/none \
        build ${MAKE:-make} -C "$scratch/lost"
    expect_failure
    grep -q 'make PKG_CONFIG_PATH=PREFIX' "$scratch/err" ||
        broken "it does not say what to do"
}

# ---- CMake -----------------------------------------------------------------

configure() { # FOLDER OPTION...
    copy_examples "$1"
    build cmake -S "$scratch/$1" -B "$scratch/$1/build" \
        -DCMAKE_PREFIX_PATH="$stage$prefix" "${@:2}"
}

cmake_builds() { # FOLDER OPTION...
    configure "$@"
    if [ $status = 0 ]; then
        build cmake --build "$scratch/$1/build"
    fi
    expect_status 0
    return $status
}

is_linked() { # FOLDER WHETHER
    readelf -d "$scratch/$1/build/map" > "$scratch/needs" ||
        broken "no readelf, or no program"
    [ "$(grep -c 'NEEDED.*libmultirank' "$scratch/needs")" = "$2" ] ||
        broken "it is linked with the wrong library"
}

cmake_builds_the_examples() {
    cmake_builds cmade || return
    runs_as_expected "$scratch/cmade/build" "${names[@]}"
}

# Beside the shared library now lies a static one of the same objects.
cmake_takes_the_shared_library_of_both() {
    if [ ! -e "$library/libmultirank.so" ]; then
        reason="there is no shared library"
        return
    fi
    cp .libs/libmultirank-core.a "$library/libmultirank.a"
    cmake_builds shared || return
    is_linked shared 1
}

cmake_takes_the_static_library_when_told() {
    cmake_builds static -DMULTIRANK_USE_STATIC=ON || return
    is_linked static 0
    runs_as_expected "$scratch/static/build" map value cookbook/pipeline
}

cmake_takes_the_static_library_if_there_is_no_other() {
    rm -f "$library"/libmultirank.so*
    cmake_builds alone || return
    is_linked alone 0
    runs_as_expected "$scratch/alone/build" map
}

cmake_says_when_there_is_no_library() {
    rm "$library/libmultirank.a"
    configure none
    expect_failure
    grep -q 'there is neither' "$scratch/err" || broken "it does not say so"
}

cmake_finds_it_for_the_version() { # RESULT VERSION
    cat > "$scratch/ask.cmake" << END
set(PACKAGE_FIND_VERSION "$2")
include("$cmake_files/multirankConfigVersion.cmake")
message(STATUS "compatible: \${PACKAGE_VERSION_COMPATIBLE}")
END
    build cmake -P "$scratch/ask.cmake"
    grep -q "compatible: $1" "$scratch/err" || broken "$(cat "$scratch/err")"
}

check_versions() {
    local major minor patch
    IFS=. read -r major minor patch <<< "$(query --modversion)"
    check cmake_finds_it_for_the_version TRUE "$major.$minor"
    check cmake_finds_it_for_the_version TRUE "$major.$minor.$patch"
    check cmake_finds_it_for_the_version FALSE "$major.$minor.$((patch + 1))"
    check cmake_finds_it_for_the_version FALSE "$major.$((minor + 1))"
    check cmake_finds_it_for_the_version FALSE "$((major + 1)).0"
}

# ---- A batch job that must end ---------------------------------------------

# SIGTERM comes when some results are there; the next job does the rest.
checkpoint_goes_on_where_it_was_stopped() {
    local done left
    rm -f "$scratch/state"
    start 0 "$scratch/made/cookbook/checkpoint" "$scratch/state"
    await_line '40 of 40 tasks are left'
    sleep 0.3 # so that some tasks are done; any number will do
    kill -TERM "$job"
    await 60
    expect_status 75
    start 2 "$scratch/made/cookbook/checkpoint" "$scratch/state"
    await 60
    expect_status 0
    has_line 'all 40 tasks are done, sum 20540' || broken "$(cat "$scratch/out")"
    left=$(sed -n 's/ of 40 tasks are left//p' "$scratch/out")
    [ "$left" -lt 40 ] || broken "nothing was saved"
}

# The script starts the job again, which is what a batch system is asked for.
slurm_script_asks_to_be_run_again() {
    mkdir -p "$scratch/bin"
    printf '#!/bin/sh\necho "$@" > "%s/asked"\n' "$scratch" \
        > "$scratch/bin/scontrol"
    printf '#!/bin/sh\nshift\nexec "$@"\n' > "$scratch/bin/multirank"
    chmod +x "$scratch"/bin/*
    rm -f "$scratch/state" "$scratch/asked"
    PATH=$scratch/bin:$PATH SLURM_JOB_ID=17 start 0 \
        "$examples/slurm/checkpoint.sh" \
        "$scratch/made/cookbook/checkpoint" "$scratch/state"
    await_line '40 of 40 tasks are left'
    kill -TERM "$job"
    await 60
    expect_status 75
    [ "$(cat "$scratch/asked")" = "requeue 17" ] ||
        broken "it did not ask for another run"
}

# ---- Slurm -----------------------------------------------------------------

# In a batch job it runs in tests/hosts/batch.sh.
slurm_script_says_what_is_missing() {
    build "$examples/slurm/wordcount.sh"
    expect_status 2
    grep -q 'which files' "$scratch/err" || broken "it asks for no files"
    build env PATH=/none /bin/bash "$examples/slurm/wordcount.sh" file
    expect_status 127
    grep -q 'no mpirun in PATH' "$scratch/err" || broken "it misses nothing"
}

check make_builds_the_examples
check make_says_when_multirank_is_not_found
check slurm_script_says_what_is_missing
if have_launcher; then
    check made_examples_run
    check made_examples_run far
    check checkpoint_goes_on_where_it_was_stopped
    check slurm_script_asks_to_be_run_again
    check make_cleans_up
fi
if have_launcher && command -v cmake > /dev/null; then
    check cmake_builds_the_examples
    check cmake_takes_the_shared_library_of_both
    check cmake_takes_the_static_library_when_told
    check cmake_takes_the_static_library_if_there_is_no_other
    check cmake_says_when_there_is_no_library
    check_versions
else
    echo "  skip CMake: there is no cmake, or no mpirun"
    skipped=$((skipped + 1))
fi
report install/examples
