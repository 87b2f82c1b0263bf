#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `multirank topology`: what it draws of machines that hwloc makes up, its
# options, and that its SVG is XML in which boxes lie in boxes.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

tool=./apps/multirank/multirank
unset MR_BIND

# Draws a made-up machine; the title names the host, lines of residents end
# with a process id: neither is compared.
draw() { # RANKS SYNTHETIC [OPTION...]
    start "$1" -x HWLOC_SYNTHETIC="$2" "$tool" topology "${@:3}"
    await 60
    expect_status 0
    sed -e 's/^[^ ]*: /HOST: /' -e 's/ *pid [0-9]*$//' "$scratch/out" \
        > "$scratch/drawn"
    ! grep -q '.\{81\}' "$scratch/out" || broken "a line has over 80 columns"
}

expect_drawing() {
    diff - "$scratch/drawn" > "$scratch/diff" ||
        broken "the drawing differs:" "$(cat "$scratch/diff")"
}

drawn() { # LINE
    grep -qxF -- "$1" "$scratch/drawn" ||
        broken "no line \"$1\" in:" "$(cat "$scratch/drawn")"
}

ranks_are_drawn_on_their_cores() {
    draw 4 'pack:2 core:8 pu:2'
    expect_drawing << 'END'
HOST: 2 packages, 16 cores, 32 processors, 1 GiB
  not this machine: the one given to hwloc
  cores 0-15: each 2 processors

  package 0: cores 0-7              [0][0][0][0][1][1][1][1]
  package 1: cores 8-15             [2][2][2][2][3][3][3][3]

  rank 0                         cores 0-3
    PoolWorker-0                 cores 0-3
  rank 1                         cores 4-7
  rank 2                         cores 8-11
  rank 3                         cores 12-15
END
}

equal_parts_of_large_machines_are_folded() {
    draw 2 'pack:2 numa:2 l3:8 core:8 l2:1 pu:1'
    expect_drawing << 'END'
HOST: 2 packages, 4 NUMA nodes, 256 cores, 256 processors, 4 GiB
  not this machine: the one given to hwloc
  cores 0-255: each 1 processor, L2 4 MiB

  package 0, 2 GiB: cores 0-127
    NUMA node 0, 1 GiB: cores 0-63
      L3 16 MiB: cores 0-7          [0][0][0][0][0][0][0][0]
      ... and 7 more like this: cores 8-63
    ... and 1 more like this: cores 64-127
  package 1, 2 GiB: cores 128-255
    NUMA node 2, 1 GiB: cores 128-191
      L3 16 MiB: cores 128-135      [1][1][1][1][1][1][1][1]
      ... and 7 more like this: cores 136-191
    ... and 1 more like this: cores 192-255

  rank 0                         cores 0-127
    PoolWorker-0                 cores 0-127
  rank 1                         cores 128-255
END
    draw 2 'pack:2 numa:2 l3:8 core:8 l2:1 pu:1' --all
    ! grep -q 'more' "$scratch/drawn" || broken "something is folded"
    [ "$(grep -c ' L3 16 MiB' "$scratch/drawn")" = 32 ] ||
        broken "not all 32 caches are drawn"
}

many_cores_of_a_box_fill_rows() {
    draw 1 'core:64 pu:1'
    [ "$(grep -o '\[0\]' "$scratch/drawn" | wc -l)" = 64 ] ||
        broken "not all cores are drawn"
    drawn '  rank 0                         all cores'
}

threads_of_a_core_are_told_apart() {
    draw 4 'core:2 pu:2'
    grep -q '\[0,2\]\[1,3\]' "$scratch/drawn" || broken "no cells for two"
    drawn '  rank 0                         processor 0'
    drawn '  rank 3                         processor 3'
}

ranks_that_are_not_bound_are_on_all_cores() {
    export MR_BIND=none
    draw 3 'core:4 pu:1'
    unset MR_BIND
    grep -q '\[all\]\[all\]\[all\]\[all\]' "$scratch/drawn" ||
        broken "no cells for all"
    drawn '  rank 2                         all cores'
}

this_machine_is_drawn() { # RANKS
    start "$1" "$tool" topology
    await 60
    expect_status 0
    ! grep -q 'not this machine' "$scratch/out" || broken "it is another one"
    [ "$(grep -c '^  rank ' "$scratch/out")" = "${2:-$1}" ] ||
        broken "not all ranks are listed"
    grep -q "^$(uname -n): .* processor" "$scratch/out" || broken "no title"
}

far_nodes_are_drawn_one_by_one() {
    MR_ROUTE=far this_machine_is_drawn 3
    [ "$(grep -c "^$(uname -n): " "$scratch/out")" = 3 ] ||
        broken "not three nodes"
}

job_of_multirank_run_is_drawn() {
    start 0 "$tool" run --oversubscribe -n 2 "$tool" topology
    await 60
    expect_status 0
    grep -q '^  rank 1 ' "$scratch/out" || broken "rank 1 is missing"
}

svg_is_xml_with_boxes_in_boxes() {
    local svg=$scratch/picture.svg
    if ! command -v python3 > /dev/null; then
        reason="wants python3"
        return
    fi
    draw 3 'pack:2 numa:2 l3:3 core:5 pu:1' --svg "$svg"
    python3 - "$svg" << 'END' || broken "the picture is wrong"
import sys
import xml.etree.ElementTree as tree

root = tree.parse(sys.argv[1]).getroot()
name = "{http://www.w3.org/2000/svg}"
assert root.tag == name + "svg"
width, height = int(root.get("width")), int(root.get("height"))
boxes = []
for r in root.findall(name + "rect")[1:]:
    x, y, w, h = (int(r.get(k)) for k in ("x", "y", "width", "height"))
    boxes.append((x, y, x + w, y + h))
assert len(boxes) == 1 + 2 + 4 + 12 + 60, len(boxes)


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def within(a, b):
    return a[0] > b[0] and a[1] > b[1] and a[2] < b[2] and a[3] < b[3]


for i, a in enumerate(boxes):
    assert 0 <= a[0] and a[2] <= width and a[3] <= height, a
    for b in boxes[:i]:
        assert apart(a, b) or within(a, b), (a, b)
texts = [t.text for t in root.findall(name + "text")]
assert "NUMA node 3, 1 GiB" in texts and "rank 2" in texts, texts
END
}

file_that_cannot_be_written_is_named() {
    start 0 "$tool" topology --svg /no/such/folder/x.svg
    await 60
    expect_status 1
    grep -q 'cannot write /no/such/folder/x.svg: No such' "$scratch/err" ||
        broken "it is not named"
}

wrong_options_are_told_once() {
    start 0 "$tool" topology --wrong
    await 20
    expect_status 2
    grep -qx 'multirank topology: there is no option --wrong; .*' \
        "$scratch/err" || broken "the option is not named"
    start 0 "$tool" topology --svg
    await 20
    expect_status 2
    grep -qx 'multirank topology: --svg wants a file' "$scratch/err" ||
        broken "the missing file is not told"
    start 0 "$tool" topology fast
    await 20
    expect_status 2
    grep -q '"fast" is not expected' "$scratch/err" || broken "not told"
    start 0 "$tool" topology --help
    await 20
    expect_status 0
    grep -q '^usage: .* topology' "$scratch/out" || broken "no usage"
    ! grep -q '.\{81\}' "$scratch/out" || broken "the help is too wide"
}

wrong_option_of_all_ranks_is_told_by_one() {
    start 3 "$tool" topology --wrong
    await 30
    expect_failure
    [ "$(grep -c 'no option --wrong' "$scratch/err")" = 1 ] ||
        broken "told more than once"
}

check wrong_options_are_told_once
check file_that_cannot_be_written_is_named
check this_machine_is_drawn 0 1
if have_launcher; then
    check wrong_option_of_all_ranks_is_told_by_one
    check ranks_are_drawn_on_their_cores
    check equal_parts_of_large_machines_are_folded
    check many_cores_of_a_box_fill_rows
    check threads_of_a_core_are_told_apart
    check ranks_that_are_not_bound_are_on_all_cores
    check this_machine_is_drawn 2
    check far_nodes_are_drawn_one_by_one
    check job_of_multirank_run_is_drawn
    check svg_is_xml_with_boxes_in_boxes
fi
report job/topology
