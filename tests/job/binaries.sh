#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# All ranks of a job run the same program, wherever it lies.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/endings
copy=$scratch/copy/program
other=$scratch/other/program

make_copies() {
    local note
    mkdir "${copy%/*}" "${other%/*}"
    cp "$program" "$copy"
    cp "$program" "$other"
    # As by a rebuild: another first byte of the build-id; or of what nobody
    # reads, when there is none.
    note=$(LC_ALL=C grep -obUaP '\x03\0\0\0GNU\0' "$other" |
        head -n 1 | cut -d : -f 1)
    if [ -n "$note" ]; then
        printf '\1' | dd of="$other" bs=1 seek=$((note + 8)) \
            conv=notrunc status=none
    else
        printf '\1' >> "$other"
    fi
    ! cmp -s "$other" "$program"
}

run() { # RANKS PROGRAM RANKS PROGRAM
    start "$1" "$2" return : -np "$3" "$4" return
    await 20
}

a_copy_at_another_path_is_the_same_program() {
    run 2 "$program" 1 "$copy"
    expect_status 5
}

another_build_is_refused() { # RANKS RANKS
    local count
    run "$1" "$program" "$2" "$other"
    expect_failure
    [ "$status" != 5 ] || broken "the job has run"
    count=$(grep -c "rank [0-9]* on .* runs another program \
(.*other/program) than rank 0 on .* (.*job/endings)" "$scratch/err")
    [ "$count" = "$2" ] || broken "$count ranks are named, not $2"
}

if ! have_launcher; then
    echo "no mpirun"
    exit 77
fi
if ! "${launcher[@]}" 1 true : -np 1 true > /dev/null 2>&1; then
    echo "this mpirun starts no two programs"
    exit 77
fi
make_copies || {
    echo "a copy cannot be changed"
    exit 1
}
check a_copy_at_another_path_is_the_same_program
check another_build_is_refused 1 1
check another_build_is_refused 1 3
check another_build_is_refused 2 1
report binaries
