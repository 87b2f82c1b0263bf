#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A Slurm cluster on the simulated hosts of cluster.sh.
#
#   eval "$(slurm.sh up [-o PID] N)"      N hosts, a Slurm node each
#   slurm.sh sbatch [-t SECONDS] ARG...   submit a job, wait, show its output
#   slurm.sh srun [-t SECONDS] ARG...     srun ARG...
#   slurm.sh do COMMAND...                sinfo, scontrol, ... on the head
#   slurm.sh boot HOST                    after cluster.sh crash, with its slurmd
#   slurm.sh down                         end all: jobs, daemons and hosts
#
# Exits with 77 and a reason where Slurm or simulated hosts are missing, and for
# others than root. It is the Slurm of the machine, as on Debian with slurmctld,
# slurmd, slurm-client and munge; daemons that the machine itself may run are
# other ones, and stay alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cluster=$here/cluster.sh
PATH=$PATH:/usr/sbin:/sbin
# More tasks than this on a node, and a job waits for ever.
processors=8

die() {
    echo "slurm.sh: $*" >&2
    exit 1
}

skip() {
    echo "slurm.sh: no Slurm here: $*" >&2
    exit 77
}

use_cluster() {
    folder=$CLUSTER_STATE/slurm
    export SLURM_CONF=$folder/slurm.conf
}

check_possible() {
    local tool
    # It drops its groups, which a user namespace refuses.
    [ "$(id -u)" = 0 ] || skip "slurmd has to be started by root"
    for tool in munged slurmctld slurmd sbatch srun; do
        command -v $tool > /dev/null || skip "no $tool"
    done
}

# Slurm's own files are shared by all hosts, under names of their own; only
# PMIx wants a folder that each host has for itself.
write_configuration() { # NODES
    cat > "$SLURM_CONF" << EOF
ClusterName=simulated
SlurmctldHost=head
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
TmpFS=$CLUSTER_STATE/tmp
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
SlurmdTimeout=10
KillWait=5
NodeName=node[1-$1] CPUs=$processors RealMemory=1000 State=UNKNOWN
PartitionName=simulated Nodes=ALL Default=YES MaxTime=10 State=UP
EOF
}

# With --force, as munged wants everybody to reach its socket; it is ours alone.
start_daemons() { # NODES
    local number
    (umask 277 && head -c 128 /dev/urandom > "$folder/munge.key") &&
        "$cluster" on head munged --force --socket="$folder/munge.socket" \
            --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
            --log-file="$folder/munged.log" \
            --seed-file="$folder/munged.seed" &&
        "$cluster" on head slurmctld || return 1
    for number in $(seq "$1"); do
        "$cluster" on "node$number" slurmd || return 1
    done
}

all_idle() { # NODES
    [ "$("$cluster" on head sinfo -h -t idle -o %D 2> /dev/null)" = "$1" ]
}

up() { # [-o PID] NODES
    local variables end nodes=${!#}
    check_possible
    variables=$("$cluster" up "$@") || exit $?
    eval "$variables"
    trap '"$cluster" down' EXIT
    use_cluster
    mkdir -p "$folder/state"
    write_configuration "$nodes"
    case $(srun --mpi=list 2>&1) in
        *pmix*) ;;
        *) skip "it knows no PMIx" ;;
    esac
    if ! start_daemons "$nodes" > "$folder/start.log" 2>&1; then
        cat "$folder/start.log" >&2
        die "Slurm's daemons did not start"
    fi
    end=$((SECONDS + 20))
    until all_idle "$nodes"; do
        if [ $SECONDS -ge $end ]; then
            tail -n 5 "$folder"/*.log >&2
            die "the nodes are not idle after 20 s"
        fi
        sleep 0.1
    done
    trap - EXIT
    echo "$variables"
}

# What users of simulated hosts would set in Slurm jobs: see cluster.sh.
on_head() { # COMMAND...
    "$cluster" on head env OMPI_ALLOW_RUN_AS_ROOT=1 \
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
        OMPI_MCA_hwloc_base_binding_policy=none "$@"
}

is_over() { # JOB
    case $(on_head squeue -h -j "$1" -o %T 2> /dev/null) in
        PENDING | RUNNING | COMPLETING | CONFIGURING | SUSPENDED) return 1 ;;
    esac
}

# sbatch --wait looks every ten seconds.
batch() { # ARG...
    local job end=$((SECONDS + limit)) status
    job=$(on_head sbatch --parsable -o "$folder/output.%j" \
        -e "$folder/errors.%j" "$@")
    until is_over "$job"; do
        if [ $SECONDS -ge $end ]; then
            on_head scancel "$job"
            echo "slurm.sh: job $job was cancelled after $limit s" >&2
            break
        fi
        sleep 0.1
    done
    cat "$folder/output.$job"
    cat "$folder/errors.$job" >&2
    status=$(on_head scontrol -o show job "$job" |
        sed -n 's/.* ExitCode=\([0-9]*\):\([0-9]*\) .*/\1 \2/p')
    # As a shell has it: 128 more for what a signal has ended.
    case $status in
        *' 0') exit "${status% *}" ;;
        *) exit $((128 + ${status#* })) ;;
    esac
}

limit=60
command=${1:-help}
shift || :
if [ "${1:-}" = -t ]; then
    limit=$2
    shift 2
fi
case $command in
    sbatch | srun | do | boot)
        [ -n "${CLUSTER_STATE:-}" ] ||
            die "no CLUSTER_STATE: call eval \"\$($0 up 2)\" first"
        use_cluster
        ;;
esac
case $command in
    up) up "$@" ;;
    sbatch) batch "$@" ;;
    srun) on_head timeout --foreground -k 5 "$limit" srun "$@" ;;
    do) on_head "$@" ;;
    boot)
        "$cluster" boot "$1"
        "$cluster" on "$1" slurmd
        ;;
    down) "$cluster" down ;;
    *)
        sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
