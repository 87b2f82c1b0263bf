# SPDX-License-Identifier: BSD-3-Clause
# For scripts that run jobs on simulated hosts; they have sourced job/jobs.sh
# before this file. `bring_up` makes the hosts, and $launcher says how `start`
# runs a job on them: over_hosts, by_sbatch or by_srun.
# shellcheck shell=bash

hosts=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
cluster=$hosts/cluster.sh
slurm=$hosts/slurm.sh
trap 'clean_up; "$cluster" down' EXIT

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

# sbatch wants a script to give the arguments to.
by_sbatch() { # RANKS PROGRAM...
    printf '#!/bin/bash\nexec %q "$@"\n' "$mpirun" > "$scratch/batch"
    "$slurm" sbatch -t 60 -N "$(count_nodes)" -n "$1" "$scratch/batch" "${@:2}"
}

by_srun() { # RANKS PROGRAM...
    "$slurm" srun -t 60 -N "$(count_nodes)" --mpi=pmix -n "$@"
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
