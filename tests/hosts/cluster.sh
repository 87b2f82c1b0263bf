#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Simulated hosts on one machine, for MPI jobs over several nodes.
#
#   eval "$(cluster.sh up [-d] [-o PID] N)"  hosts node1 to nodeN, and a head
#   cluster.sh run [-t SECONDS] ARG...       mpirun ARG... over the hosts
#   cluster.sh on HOST COMMAND...            a command on one of them
#   cluster.sh cut|heal HOST                 pull its cable; put it back in
#   cluster.sh crash|boot HOST               its power fails; is back again
#   cluster.sh rate HOST 20mbit|none         limit its rate, either way
#   cluster.sh delay HOST MICROSECONDS       hold its frames up, either way
#   cluster.sh impatient                     connections end after seconds
#   cluster.sh left [-t SECONDS]             what jobs left on the hosts
#   cluster.sh down                          end all; may be called any time
#   cluster.sh once [-d] [-t SECONDS] N ARG...  up, run, left and down
#
# `up` prints the variable that names the cluster to the other commands, so
# that any number can be up side by side. With -o it goes down by itself when
# that process ends; with -d frames can be delayed, rates cannot be limited.
# Exits with 77 and a reason where hosts cannot be simulated.
#
# The head is a set of new namespaces with a bridge, and mpirun. Each host is
# such a set within it, with its own name, processes, /dev/shm, TMPDIR and a
# link to the bridge; other files are shared. No route leads out, and nothing
# has a name outside but the folder of the cluster. When the first process of
# the head is killed, the kernel kills all processes inside and frees the rest:
# `down` is one kill. Works for root, and for others where they may have user
# namespaces. It is Open MPI's mpirun, 4.x, that knows the settings below.
set -eu

me=$(readlink -f "$0")
PATH=$PATH:/usr/sbin:/sbin
mpirun=${MPIRUN:-mpirun}
network=10.77.0
namespaces=(--net --uts --ipc --mount --pid)
# A plain user is root in a user namespace of their own.
as_user=() into_user=()
if [ "$(id -u)" != 0 ]; then
    as_user=(--user --map-root-user)
    into_user=(--user --preserve-credentials)
fi
new_head=(unshare "${as_user[@]}" "${namespaces[@]}" --fork --kill-child
    --mount-proc)

die() {
    echo "cluster.sh: $*" >&2
    exit 1
}

skip() {
    echo "cluster.sh: no simulated hosts here: $*" >&2
    exit 77
}

# Everything below $state may be removed by `down`: it has to be ours. A command
# starts in the folder that cluster.sh was called in, which entering a mount
# namespace leaves.
use_state() { # FOLDER
    case ${1##*/} in
        multirank-hosts.* | '') ;;
        *) die "CLUSTER_STATE=$1 is not a cluster" ;;
    esac
    state=$1
    export CLUSTER_STATE=$1
    in_place=(env "TMPDIR=$1/tmp" bash -c 'cd "$1" && shift && exec "$@"' bash
        "$PWD")
}

# Waits until a command succeeds, ten seconds at most.
await() { # COMMAND...
    local end=$((SECONDS + 10))
    until "$@"; do
        [ $SECONDS -lt $end ] || die "not within 10 s: $*"
        sleep 0.01
    done
}

# Sets child. The kernel writes no newline there, which read takes for an end.
first_child() { # PROCESS
    child=
    read -r child _ < "/proc/$1/task/$1/children" || [ -n "$child" ]
}

# The number of a process may be another's by now; its network would not be.
is_up() {
    local network_of_head
    [ -s "$state/head" ] && read -r head network_of_head < "$state/head" &&
        [ "$(readlink "/proc/$head/ns/net")" = "$network_of_head" ]
}

need_up() {
    [ -n "$state" ] || die "no CLUSTER_STATE: call eval \"\$($0 up 2)\" first"
    is_up || die "the cluster in $state is not up"
}

need_node() { # HOST
    need_up
    [ -n "${1:-}" ] && nodes | grep -qx "$1" || die "no host \"${1:-}\""
}

nodes() {
    cut -d ' ' -f 1 "$state/hostfile"
}

# --- From outside to the head, from the head to a host ----------------------

on_head() { # COMMAND...
    need_up
    nsenter --target "$head" "${into_user[@]}" "${namespaces[@]}" -- "$@"
}

# Calls a function of this script on the head.
inside() { # FUNCTION [ARGUMENT...]
    on_head bash "$me" --inside "$@"
}

on_node() { # HOST COMMAND...
    local node=$1
    shift
    [ -e "$state/$node.process" ] || die "$node is not up"
    nsenter --target "$(cat "$state/$node.process")" "${namespaces[@]}" -- "$@"
}

on_host() { # HOST COMMAND...
    if [ "$1" = head ]; then
        shift
        "$@"
    else
        on_node "$@"
    fi
}

on() { # HOST COMMAND...
    local host=$1
    shift
    inside on_host "$host" "${in_place[@]}" "$@"
}

# --- A host, from inside ----------------------------------------------------

# What each host has for itself.
settle() { # NAME
    hostname "$1"
    mount -t tmpfs shm /dev/shm
    mount -t tmpfs tmp "$state/tmp"
    ip link set lo up
    if [ -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ]; then
        echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
    fi
}

# The first process of a host. It has to reap the orphans, and the kernel does
# that for one that ignores the signal.
live() {
    exec env --ignore-signal=CHLD sleep infinity
}

be_host() { # NUMBER
    settle "node$1"
    : > "$state/node$1.settled"
    live
}

be_head() { # HOSTS DELAYS
    settle head
    mount --bind "$state/hosts" /etc/hosts
    if [ "$2" = yes ]; then
        setsid "$(cat "$state/switch")" "$state" "$1" &
        echo $! > "$state/switch.process"
        await test -e "$state/switch.ready"
        give_address eth0 254
    else
        ip link add br0 address "$(hardware_address 254)" type bridge
        give_address br0 254
    fi
    local number
    for number in $(seq "$1"); do
        start_host "$number"
    done
    : > "$state/up"
    live
}

# --- Starting and linking hosts, on the head --------------------------------

# Fixed, as the others remember the one of a host beyond its crash.
hardware_address() { # NUMBER
    printf '02:00:0a:4d:00:%02x' "$1"
}

give_address() { # DEVICE NUMBER
    ip address add "$network.$2/24" dev "$1"
    ip link set "$1" up
}

has_switch() {
    [ -e "$state/switch" ]
}

# Makes the switch look at its files, and waits until it has.
tell_switch() {
    rm -f "$state/switch.ready"
    kill -HUP "$(cat "$state/switch.process")"
    await test -e "$state/switch.ready"
}

start_host() { # NUMBER
    local node=node$1
    rm -f "$state/$node.settled"
    setsid unshare "${namespaces[@]}" --fork --kill-child --mount-proc \
        bash "$me" --inside be_host "$1" < /dev/null >> "$state/log" 2>&1 &
    await first_child $!
    await test -e "$state/$node.settled"
    echo "$child" > "$state/$node.process"
    if has_switch; then
        rm -f "$state/$node.cut"
        tell_switch
    else
        # That of an earlier life goes when the kernel comes to it.
        ip link delete "v$1" 2> /dev/null || :
        ip link add "v$1" type veth peer name eth0 \
            address "$(hardware_address "$1")" netns "$child"
        ip link set "v$1" master br0 up
    fi
    on_node "$node" bash "$me" --inside give_address eth0 "$1"
}

set_cable() { # HOST up|down
    if ! has_switch; then
        ip link set "v${1#node}" "$2"
    elif [ "$2" = up ]; then
        rm -f "$state/$1.cut"
        tell_switch
    else
        : > "$state/$1.cut"
        tell_switch
    fi
}

crash_host() { # HOST
    [ -e "$state/$1.process" ] || die "$1 is not up"
    # First the cable: nobody gets to see its connections end.
    set_cable "$1" down
    kill -KILL "$(cat "$state/$1.process")"
    rm "$state/$1.process"
}

set_rate() { # HOST RATE
    local cable=v${1#node}
    tc qdisc delete dev "$cable" root 2> /dev/null || :
    on_node "$1" tc qdisc delete dev eth0 root 2> /dev/null || :
    if [ "$2" != none ]; then
        set -- "$1" root tbf rate "$2" burst 64kb latency 200ms
        tc qdisc add dev "$cable" "${@:2}"
        on_node "$1" tc qdisc add dev eth0 "${@:2}"
    fi
}

set_delay() { # HOST MICROSECONDS
    has_switch || die "no delays without up -d"
    echo "$2" > "$state/$1.delay"
    tell_switch
}

be_impatient() {
    local host
    for host in head $(nodes); do
        on_host "$host" sh -c 'echo 3 > /proc/sys/net/ipv4/tcp_retries2'
    done
}

# --- What is left on hosts --------------------------------------------------

# Without the first process, this one, and what keeps hosts and Slurm going. The
# head sees the processes of all hosts: only those of its own count.
list_left_here() { # HOST
    local process name file
    for process in /proc/[0-9]*; do
        [ "$process/ns/pid" -ef /proc/self/ns/pid ] || continue
        process=${process#/proc/}
        name=
        read -r name 2> /dev/null < "/proc/$process/comm" || continue
        case $process,$name in
            1,* | $$,*) ;;
            *,unshare | *,tapswitch | *,munged) ;;
            *,slurmctld | *,slurmscriptd | *,slurmd) ;;
            *) echo "$1: process $process $(tr '\0' ' ' \
                < "/proc/$process/cmdline")" ;;
        esac
    done
    for file in /dev/shm/* "$state/tmp"/*; do
        [ ! -e "$file" ] || echo "$1: file $file"
    done
}

list_left() {
    local host
    for host in head $(nodes); do
        if [ "$host" = head ]; then
            list_left_here head
        elif [ -e "$state/$host.process" ]; then
            on_node "$host" bash "$me" --inside list_left_here "$host"
        fi
    done
}

# --- The commands -----------------------------------------------------------

# That a kernel has namespaces does not say that they may be used here.
check_possible() {
    local tool error
    for tool in unshare nsenter ip hostname setsid timeout "$mpirun"; do
        command -v "$tool" > /dev/null || skip "no $tool"
    done
    case $("$mpirun" --version 2> /dev/null | head -n 1) in
        *'(Open MPI) 4.'*) ;;
        *) skip "$mpirun is not that of Open MPI 4" ;;
    esac
    error=$("${new_head[@]}" sh -c 'mount -t tmpfs test /dev/shm &&
        ip link add br0 type bridge && ip link add v1 type veth' 2>&1) ||
        skip "$error"
}

find_switch() {
    local switch=${TAPSWITCH:-tests/hosts/tapswitch}
    [ -x "$switch" ] || skip "no $switch; make check builds it"
    [ -w /dev/net/tun ] || skip "/dev/net/tun is missing or not for us"
    readlink -f "$switch" > "$state/switch"
}

# Outside of all namespaces, as long as the cluster is up.
keep() { # OWNER HOSTS DELAYS
    local process
    "${new_head[@]}" bash "$me" --inside be_head "$2" "$3" &
    process=$!
    await first_child $process
    echo "$child $(readlink "/proc/$child/ns/net")" > "$state/head"
    if [ "$1" = none ]; then
        wait $process
    else
        tail --pid="$1" -f /dev/null &
        wait -n || :
        kill $! 2> /dev/null || :
        if kill -0 $process 2> /dev/null; then
            down
        fi
    fi
}

write_names() { # HOSTS
    local number
    {
        echo "127.0.0.1 localhost"
        echo "$network.254 head"
        for number in $(seq "$1"); do
            echo "$network.$number node$number"
        done
    } > "$state/hosts"
    # More than are ever asked for: no host counts as oversubscribed.
    for number in $(seq "$1"); do
        echo "node$number slots=64"
    done > "$state/hostfile"
}

up() { # HOSTS
    local keeper end
    [[ ${1:-} =~ ^[1-9][0-9]?$ && $1 -le 32 ]] || die "up: 1 to 32 hosts"
    check_possible
    use_state "$(mktemp -d "${TMPDIR:-/tmp}/multirank-hosts.XXXXXX")"
    trap down EXIT
    [ $delays = no ] || find_switch
    mkdir "$state/tmp"
    write_names "$1"
    setsid bash "$me" --inside keep "$owner" "$1" $delays \
        < /dev/null > "$state/log" 2>&1 &
    keeper=$!
    end=$((SECONDS + 20))
    until [ -e "$state/up" ]; do
        if [ $SECONDS -ge $end ] || ! kill -0 $keeper 2> /dev/null; then
            cat "$state/log" >&2
            die "the hosts did not come up"
        fi
        sleep 0.01
    done
    trap - EXIT
    echo "CLUSTER_STATE=$state; export CLUSTER_STATE"
}

# Like ssh, for mpirun: called on the head as `_ HOST COMMAND...`, gives the
# command an environment that is not mpirun's.
agent() { # HOST COMMAND...
    local node=$1
    shift
    on_node "$node" env -i PATH="$PATH" HOME="${HOME:-/}" \
        TMPDIR="$state/tmp" LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" \
        sh -c 'cd "$1" && eval "$2"' sh "$PWD" "$*"
}

# What mpirun has to know of the hosts. It goes by the environment, so that
# arguments override it. Neighbours have successive ranks, and the ranks are
# spread evenly, as with -np 3 over two hosts: 0 and 1, 2. All hosts share the
# same few processors: nobody may spin or be bound for long.
settings=(
    OMPI_ALLOW_RUN_AS_ROOT=1
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_plm=rsh
    "OMPI_MCA_plm_rsh_agent=$me --agent"
    OMPI_MCA_plm_rsh_no_tree_spawn=1
    OMPI_MCA_rmaps_base_mapping_policy=node
    OMPI_MCA_rmaps_base_ranking_policy=slot
    OMPI_MCA_hwloc_base_binding_policy=none
    OMPI_MCA_mpi_yield_when_idle=1
)

# mpirun itself ends what runs too long: ended from outside, it would leave
# ranks on the hosts.
run() { # ARG...
    local name exports=()
    for name in $(compgen -e); do
        case $name in
            MR_* | MULTIRANK_* | *SAN_OPTIONS) exports+=(-x "$name") ;;
        esac
    done
    on_head env "${settings[@]}" "${in_place[@]}" \
        timeout --foreground -k 5 "${limit:-60}" \
        "$mpirun" --hostfile "$state/hostfile" "${exports[@]}" "$@"
}

# What a job leaves may take a moment to go.
left() {
    local end=$((SECONDS + ${limit:-5})) found
    while found=$(inside list_left) && [ -n "$found" ]; do
        if [ $SECONDS -ge $end ]; then
            echo "$found"
            return 1
        fi
        sleep 0.05
    done
}

down() {
    if [ -z "$state" ]; then
        return 0
    fi
    if is_up; then
        kill -KILL "$head"
        # It is gone when all processes inside are.
        await test ! -e "/proc/$head"
    fi
    rm -rf "$state"
}

once() { # HOSTS ARG...
    local status=0
    owner=$$
    up "${1:-}" > /dev/null
    trap down EXIT
    shift
    run "$@" || status=$?
    if [ $status = 0 ]; then
        limit=
        left >&2 || status=1
    fi
    exit $status
}

limit= owner=none delays=no
command=${1:-help}
shift || :
while :; do
    case ${1:-} in
        -d) delays=yes ;;
        -o) owner=$2 && shift ;;
        -t) limit=$2 && shift ;;
        *) break ;;
    esac
    shift
done
use_state "${CLUSTER_STATE:-}"
case $command in
    cut | heal | crash | boot | rate | delay) need_node "${1:-}" ;;
esac
case $command in
    up | run | on | left | down | once) "$command" "$@" ;;
    cut) inside set_cable "$1" down ;;
    heal) inside set_cable "$1" up ;;
    crash) inside crash_host "$1" ;;
    boot) inside start_host "${1#node}" ;;
    rate) inside set_rate "$1" "${2:?the rate}" ;;
    delay) inside set_delay "$1" "${2:?the microseconds}" ;;
    impatient) inside be_impatient ;;
    --inside) "$@" ;;
    --agent) agent "$@" ;;
    *)
        sed -n '3,17s/^# \{0,1\}//p' "$me" >&2
        exit 2
        ;;
esac
