#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Jobs under Slurm on two nodes: a program run by mpirun in a batch job, and by
# srun itself. Another program than a stream of plain MPI can be named:
#
#   ../tests/launch ../tests/hosts/batch.sh ./tests/mpi/queue_test
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/support.sh"
in_slot "$0" "$@"

if [ $# -gt 0 ]; then
    program=("$@")
else
    program=(./tests/hosts/stream 1)
fi

program_runs() { # HOW RANKS
    launcher=("$1")
    start "$2" "${program[@]}"
    await 60
    expect_status 0
}

stream_crosses_the_nodes() { # HOW
    launcher=("$1")
    start 3 ./tests/hosts/stream 0.5
    await 30
    expect_status 0
    expect_number hosts -eq 2
    expect_number messages -gt 16
}

ranks_are_spread_evenly() { # HOW
    launcher=("$1")
    start 4 hostname
    await 30
    sort "$scratch/out" > "$scratch/sorted"
    mv "$scratch/sorted" "$scratch/out"
    printf '%s\n' node1 node1 node2 node2 | expect_output
}

# A program that a batch script starts by its name alone takes all slots.
bare_program_uses_the_allocation() {
    launcher=(by_sbatch_alone)
    start 4 ./tests/job/bare map
    await 60
    expect_status 0
    expect_output << END
ranks 4
mapped
END
}

# The script that is installed with the examples says itself how many ranks it
# wants: two on each of two nodes.
by_example() { # FOLDER of multirank-wordcount, ARGUMENT...
    PATH=$1:$PATH "$slurm" sbatch -t 60 \
        "$here/../../examples/slurm/wordcount.sh" "${@:2}"
}

example_counts_words() {
    printf 'to be or not to be\nthat is to say\n' > "$scratch/words"
    start 0 by_example "$PWD/apps" --top 3 --block-size 5 "$scratch/words"
    await 60
    expect_status 0
    printf '%7d %s\n' 3 to 2 be 1 is | expect_output
}

example_takes_two_ranks_on_each_node() {
    mkdir "$scratch/bin"
    printf '#!/bin/sh\nexec hostname\n' > "$scratch/bin/multirank-wordcount"
    chmod +x "$scratch/bin/multirank-wordcount"
    start 0 by_example "$scratch/bin" no-files
    await 30
    sort "$scratch/out" > "$scratch/sorted"
    mv "$scratch/sorted" "$scratch/out"
    printf '%s\n' node1 node1 node2 node2 | expect_output
}

failure_is_told() { # HOW
    launcher=("$1")
    start 2 sh -c 'exit 3'
    await 30
    expect_status 3
}

both_idle() {
    [ "$("$slurm" do sinfo -h -o '%D %t')" = "2 idle" ]
}

crashed_node_is_used_again_after_boot() {
    "$cluster" crash node2
    "$slurm" boot node2
    until_true 20 both_idle || broken "$("$slurm" do sinfo)"
    stream_crosses_the_nodes by_srun
}

need "$slurm" 2
for how in by_sbatch by_srun; do
    check stream_crosses_the_nodes $how
    check program_runs $how 2
    check program_runs $how 4
    check ranks_are_spread_evenly $how
    check failure_is_told $how
done
check bare_program_uses_the_allocation
check example_counts_words
check example_takes_two_ranks_on_each_node
check crashed_node_is_used_again_after_boot
check nothing_is_left_on_the_hosts
report batch
