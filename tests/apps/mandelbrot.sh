#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# multirank-mandelbrot draws the same set with any number of ranks, tells
# truly who computed what, and says what it cannot do.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"

program=./apps/multirank-mandelbrot
if [ ! -x $program ]; then
    echo "it is not built: there was no libpng"
    exit 77
fi

draw() { # RANKS [OPTION...]; the pictures are $scratch/set and $scratch/ranks
    start "$1" "$program" --output "$scratch/set" --ranks "$scratch/ranks" \
        "${@:2}"
    await 60
    expect_status 0
}

can_read() {
    command -v python3 > /dev/null || reason="no python3 to read pictures by"
    [ -z "$reason" ]
}

read_picture() { # FILE [COLUMN]; its size and colours go to $scratch/seen
    python3 "$here/png.py" "$@" > "$scratch/seen" || broken "no picture: $1"
}

picture_is_the_same() { # RANKS [ROUTE]
    local -x MR_ROUTE=${2:-auto}
    draw "$1" --size 240x160
    if [ ! -e "$scratch/first" ]; then
        mv "$scratch/set" "$scratch/first"
    else
        cmp "$scratch/first" "$scratch/set" || broken "it is another picture"
    fi
}

set_is_where_it_belongs() {
    local column
    can_read || return
    draw 0 --size 90x61
    # The middle of the upper border is outside, that of the picture inside;
    # and below is as above.
    read_picture "$scratch/set" 45
    mapfile -t column < "$scratch/seen"
    [ "${column[0]}" = 90x61 ] || broken "the size is ${column[0]}"
    [ "${column[1]}" != '#000000' ] || broken "black outside of the set"
    [ "${column[31]}" = '#000000' ] || broken "${column[31]} inside of the set"
    tail -n +2 "$scratch/seen" > "$scratch/down"
    tac "$scratch/down" | cmp - "$scratch/down" || broken "it is not symmetric"
}

# A place where all is outside has no black in it, and zoom reaches it.
zoom_shows_a_part() {
    can_read || return
    draw 0 --size 20x30 --centre 1.5,-1.25 --zoom 10
    read_picture "$scratch/set" 10
    ! grep -q '#000000' "$scratch/seen" || broken "the set is where it is not"
    # Escapes more slowly nearer to the set, which is above.
    [ "$(sed -n 2p "$scratch/seen")" != "$(tail -n 1 "$scratch/seen")" ] ||
        broken "all is of one colour"
}

# After one iteration all points count as inside, and so the rows have the
# colours of the table at two fifths of their brightness.
picture_of_ranks_agrees_with_the_table() { # RANKS
    local rank colour rows dim i all=0 lines=0
    can_read || return
    draw "$1" --size 64x400 --iterations 1
    read_picture "$scratch/ranks" 0
    while read -r rank colour rows _; do
        dim='#'
        for i in 1 3 5; do
            dim+=$(printf %02x $(((4 * 0x${colour:i:2} + 5) / 10)))
        done
        [ "$(grep -c "$dim" "$scratch/seen")" = "$rows" ] ||
            broken "rank $rank has $rows rows, but not in the picture"
        all=$((all + rows)) lines=$((lines + 1))
    done < <(tail -n +2 "$scratch/out")
    [ $lines = "$1" ] || broken "$lines ranks in the table"
    [ $all = 400 ] || broken "$all rows in the table"
}

every_rank_takes_part() { # RANKS
    draw "$1" --size 300x200 --iterations 20000
    [ "$(awk 'NR > 1 && $3 > 0 && $4 > 0' "$scratch/out" | wc -l)" = "$1" ] ||
        broken "$(cat "$scratch/out")"
}

# The numbers of ranks stand beside it where there is room.
legend_stands_beside_the_picture() { # RANKS
    can_read || return
    draw "$1" --size 50x40
    read_picture "$scratch/ranks"
    [ "$(cat "$scratch/seen")" = 86x40 ] || broken "$(cat "$scratch/seen")"
    draw "$1" --size 50x10
    read_picture "$scratch/ranks"
    [ "$(cat "$scratch/seen")" = 50x10 ] || broken "$(cat "$scratch/seen")"
}

smallest_picture_is_a_picture() { # RANKS
    can_read || return
    draw "$1" --size 1x1 --iterations 1
    read_picture "$scratch/set" 0
    printf '%s\n' 1x1 '#000000' | cmp - "$scratch/seen" ||
        broken "$(cat "$scratch/seen")"
}

# It is said at once, not after the work.
file_that_cannot_be_written_is_named() { # OPTION
    start 0 "$program" --output "$scratch/set" --ranks "$scratch/ranks" \
        "$1" "$scratch/none/such.png" --size 16384x16384 \
        --iterations 100000000
    await 20
    expect_status 1
    grep -q "cannot write .*/none/such.png: No such file" "$scratch/err" ||
        broken "it is not named"
}

full_disk_is_told() { # OPTION
    start 0 "$program" --output "$scratch/set" --ranks "$scratch/ranks" \
        "$1" /dev/full --size 30x20
    await 20
    expect_status 1
    grep -q 'cannot write /dev/full: ' "$scratch/err" || broken "it is not told"
}

full_output_is_told() {
    start 0 bash -c "exec $program --size 30x20 --output $scratch/set \
        --ranks $scratch/ranks > /dev/full"
    await 20
    expect_status 1
    grep -q 'stdout: No space left on device' "$scratch/err" ||
        broken "it is not told"
}

command_line_is_answered() { # STATUS PATTERN ARGUMENT...
    local expected=$1 pattern=$2
    shift 2
    start 0 "$program" "$@"
    await 20
    expect_status "$expected"
    cat "$scratch/err" "$scratch/out" | grep -q -e "$pattern" ||
        broken "no line $pattern"
}

check picture_is_the_same 0
check set_is_where_it_belongs
check zoom_shows_a_part
check file_that_cannot_be_written_is_named --output
check file_that_cannot_be_written_is_named --ranks
check full_disk_is_told --output
check full_disk_is_told --ranks
check full_output_is_told
check command_line_is_answered 0 '^usage: ' --help
check command_line_is_answered 0 '^usage: ' --zoom 2 -h
check command_line_is_answered 0 '^multirank-mandelbrot [0-9]' --version
check command_line_is_answered 2 'see multirank-mandelbrot --help' --nonsense
check command_line_is_answered 2 "option '--zoom' requires" --zoom
check command_line_is_answered 2 'what is "more" for' more
check command_line_is_answered 2 'want two files' --output a --ranks a
for size in '' 10 10x 0x5 5x0 5x-1 5x5x 16385x1 5x99999999999999999999 axb; do
    check command_line_is_answered 2 '--size wants WIDTHxHEIGHT' --size "$size"
done
for centre in '' 1 1, ,1 1,2,3 1,nan inf,0; do
    check command_line_is_answered 2 '--centre wants X,Y' --centre "$centre"
done
for zoom in '' 0 -1 nan 1e12 2x; do
    check command_line_is_answered 2 '--zoom wants a number' --zoom "$zoom"
done
for iterations in '' 0 -5 1.5 100000001 many; do
    check command_line_is_answered 2 '--iterations wants a number' \
        --iterations "$iterations"
done
if have_launcher; then
    for ranks in 1 2 4; do
        check picture_is_the_same $ranks
    done
    check picture_is_the_same 2 far
    check picture_is_the_same 4 far
    for ranks in 1 2 4; do
        check picture_of_ranks_agrees_with_the_table $ranks
    done
    check every_rank_takes_part 2
    check legend_stands_beside_the_picture 2
    check smallest_picture_is_a_picture 2
fi
report apps/mandelbrot
