# SPDX-License-Identifier: BSD-3-Clause
# For scripts that run jobs on simulated hosts; they have sourced job/jobs.sh
# before this file. `bring_up` makes the hosts, and $launcher says how `start`
# runs a job on them: over_hosts, by_tool, by_sbatch, by_srun,
# by_sbatch_alone (without mpirun).
# shellcheck shell=bash

hosts=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
cluster=$hosts/cluster.sh
slurm=$hosts/slurm.sh
trap 'clean_up; "$cluster" down' EXIT

# A folder of this host is none of the simulated ones; `left` finds what stays in
# their /dev/shm.
use_job_memory() {
    :
}

# In place of what was up before. It goes when the script does, however that
# ends. Where it cannot be, $reason says why, and the result is 77.
bring_up() { # SCRIPT [-d] HOSTS
    local variables
    "$cluster" down
    unset CLUSTER_STATE
    variables=$("$1" up -o $$ "${@:2}" 2> "$scratch/err") || {
        local status=$?
        if [ $status = 77 ]; then
            reason=$(tail -n 1 "$scratch/err")
        else
            broken "$1 up ${*:2} failed"
        fi
        return $status
    }
    eval "$variables"
}

# For a script that is nothing without them.
need() { # SCRIPT [-d] HOSTS
    fine=true
    bring_up "$@" && return
    cat "$scratch/err"
    $fine || exit 1
    exit 77
}

over_hosts() { # RANKS PROGRAM...
    "$cluster" run -t 60 -np "$@"
}

# Else Slurm gives the first node all ranks but one for each of the others; at
# numbers that cannot be even it would only warn.
spread_evenly() { # RANKS
    local nodes
    nodes=$(count_nodes)
    echo "--nodes=$nodes --ntasks=$1"
    if [ $(($1 % nodes)) = 0 ]; then
        echo "--ntasks-per-node=$(($1 / nodes))"
    fi
}

# By `multirank run`. cluster.sh thinks that it starts mpirun. It names variables
# for all hosts, which the tool does by itself.
by_tool() { # RANKS PROGRAM...
    local tool=$PWD/apps/multirank/multirank
    cat > "$scratch/mpirun" << EOF
#!/bin/bash
file=\$2
shift 2
while [ "\$1" = -x ]; do
    shift 2
done
MPIRUN=$mpirun exec "$tool" run --grace 1 --hostfile "\$file" "\$@"
EOF
    chmod +x "$scratch/mpirun"
    MPIRUN=$scratch/mpirun "$cluster" run -t 90 -n "$@"
}

# sbatch wants a script to give the arguments to.
by_script() { # COMMAND RANKS PROGRAM...
    printf '#!/bin/bash\n%s "$@"\n' "$1" > "$scratch/batch"
    # shellcheck disable=SC2046
    "$slurm" sbatch -t 60 $(spread_evenly "$2") "$scratch/batch" "${@:3}"
}

by_sbatch() { # RANKS PROGRAM...
    by_script "exec $mpirun" "$@"
}

by_sbatch_alone() { # RANKS PROGRAM...
    by_script "unset MR_LAUNCH; exec" "$@"
}

# Slurm 22.05 lets a rank out of MPI_Init while another is still in it, whose
# Open MPI 4.1.4 has no function yet for the message that comes, and calls NULL
# (issue 12495 of Open MPI is alike): one in fifty jobs of plain MPI on a machine
# that has seven times too much to do. A job that crashed before it said anything
# has two more chances.
by_srun() { # RANKS PROGRAM...
    local attempt result
    for attempt in 1 2 3; do
        result=0
        # shellcheck disable=SC2046
        "$slurm" srun -t 60 $(spread_evenly "$1") --mpi=pmix "${@:2}" \
            > "$scratch/said" || result=$?
        if [ $result != 139 ] || [ -s "$scratch/said" ]; then
            break
        fi
        echo "attempt $attempt ended by SIGSEGV" >&2
    done
    cat "$scratch/said"
    return $result
}

count_nodes() {
    wc -l < "$CLUSTER_STATE/hostfile"
}

expect_number() { # NAME COMPARISON NUMBER; of a line "NAME NUMBER"
    local found
    found=$(sed -n "s/^$1 //p" "$scratch/out")
    [ -n "$found" ] && [ "$found" "$2" "$3" ] ||
        broken "$1 is ${found:-missing}, not $2 $3"
}

nothing_is_left_on_the_hosts() {
    "$cluster" left > "$scratch/left" || broken "$(cat "$scratch/left")"
}
