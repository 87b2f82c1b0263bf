#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# After any kill nothing of the job stays: no process, and no file in /dev/shm
# or of the launcher. A killed child does not end the job; anybody else does.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/endings

lines() { # PATTERN; how many there are in the output
    grep -c "$1" "$scratch/out"
}

expect_lines() { # COUNT PATTERN
    [ "$(lines "$2")" = "$1" ] ||
        broken "$(lines "$2") lines $2 in the output, not $1"
}

has_lines() { # COUNT PATTERN
    [ "$(lines "$2")" = "$1" ]
}

field() { # KIND RANK FIELD; 3 is the process, 4 its server, 5 its rank
    awk -v kind="$1" -v rank="$2" -v field="$3" \
        '$1 == kind && $2 == rank { print $field; exit }' "$scratch/out"
}

ranks_of() { # RANKS; a plain program is one rank
    echo $(($1 > 0 ? $1 : 1))
}

start_and_wait() { # RANKS
    start "$1" $program wait
    await_line '^ready '
    until_true 10 has_lines "$(ranks_of "$1")" '^child ' ||
        broken "not all children introduced themselves"
    until_true 10 has_lines "$(ranks_of "$1")" '^daemon ' ||
        broken "not all daemons introduced themselves"
}

shoot() { # PID
    if [ -n "$1" ] && [ "$1" -gt 1 ]; then
        kill -KILL "$1" || broken "there is no process $1"
    else
        broken "no such process in the output"
    fi
}

killed_rank_0_ends_the_job() { # RANKS
    start_and_wait "$1"
    shoot "$(awk '$1 == "ready" { print $2 }' "$scratch/out")"
    await 5
    expect_failure
}

# Before the launcher ends the others, one of them says who died.
killed_last_rank_ends_the_job() { # RANKS
    local rank=$(($1 - 1)) pid
    start_and_wait "$1"
    pid=$(field child $rank 5)
    shoot "$pid"
    await 5
    expect_failure
    grep -q "error: rank $rank on .*, process $pid, has died; its objects are lost" \
        "$scratch/err" || broken "it is not said who died"
}

killed_fork_server_of_rank_0_ends_the_job() { # RANKS
    start_and_wait "$1"
    shoot "$(field child 0 4)"
    await 5
    expect_failure
}

killed_fork_server_of_the_last_rank_ends_the_job() { # RANKS
    start_and_wait "$1"
    shoot "$(field child $(($1 - 1)) 4)"
    await 5
    expect_failure
}

killed_launcher_takes_the_job_with_it() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    start_and_wait "$1"
    shoot "$job"
    await 5
    expect_failure
}

# A rank forks its server before it starts MPI: no other process of it has the
# program yet.
has_servers() { # RANKS
    local pid count=0
    for pid in $(processes "$tag"); do
        case $(readlink "/proc/$pid/exe") in
            *endings) count=$((count + 1)) ;;
        esac
    done
    [ $count -ge $((2 * $1)) ]
}

# Open MPI 4.1's launcher would remove its folder and, of ranks that are killed
# while MPI starts, their shared memory: now the fork servers do. Each round
# lets the job live a bit longer, from the start of MPI on.
killed_launcher_leaves_no_files() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    local round
    for round in $(seq 0 14); do
        start "$1" $program wait
        until_true 20 has_servers "$1" || broken "no fork servers"
        sleep "$(awk -v round="$round" 'BEGIN { print round * 0.02 }')"
        shoot "$job"
        await 5
        $fine || break
    done
}

# Both jobs have the same folders, as jobs of one user have.
killed_launcher_leaves_files_of_other_jobs() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    local folder segment
    start_and_wait "$1"
    folder=$(echo "$job_tmp"/ompi.*)/pid.1
    segment=$job_memory/vader_segment.host.$(id -u).1.0
    mkdir "$folder" && : > "$folder/contact.txt" > "$segment"
    shoot "$job"
    until_true 5 eval '[ "$(ls -d "$job_tmp"/ompi.*/* 2> /dev/null)" = "$folder" ]' ||
        broken "in the folder of all jobs:" "$(ls "${folder%/*}")"
    [ -e "$folder/contact.txt" ] && [ -e "$segment" ] ||
        broken "files of another job are gone"
    rm -rf "${folder%/*}" "$segment"
    await 5
}

terminated_launcher_takes_the_job_with_it() { # RANKS
    start_and_wait "$1"
    kill -TERM "$job"
    await 8
    expect_failure
}

terminated_program_ends_the_job() {
    start_and_wait 0
    kill -TERM "$job"
    await 5
    expect_failure
}

killed_children_are_told_and_the_job_goes_on() { # RANKS
    local rank ranks
    ranks=$(ranks_of "$1")
    start_and_wait "$1"
    for rank in $(seq 0 $((ranks - 1))); do
        shoot "$(field child "$rank" 3)"
        until_true 10 has_lines $((rank + 1)) '^ended -9$' ||
            broken "the end of rank $rank's child was not told"
    done
    await 20
    expect_status 0
    expect_lines "$ranks" '^ended -9$'
}

killed_daemon_does_not_end_the_job() { # RANKS
    local rank ranks
    ranks=$(ranks_of "$1")
    start_and_wait "$1"
    for rank in $(seq 0 $((ranks - 1))); do
        shoot "$(field daemon "$rank" 3)"
    done
    for rank in $(seq 0 $((ranks - 1))); do
        kill -TERM "$(field child "$rank" 3)"
    done
    await 20
    expect_status 0
    expect_lines "$ranks" '^ended -15$'
}

for ranks in 0 $(have_launcher && echo 1 2 4); do
    check killed_rank_0_ends_the_job "$ranks"
    check killed_fork_server_of_rank_0_ends_the_job "$ranks"
    check killed_children_are_told_and_the_job_goes_on "$ranks"
    check killed_daemon_does_not_end_the_job "$ranks"
done
check terminated_program_ends_the_job
for ranks in $(have_launcher && echo 2 4); do
    check killed_last_rank_ends_the_job "$ranks"
    check killed_fork_server_of_the_last_rank_ends_the_job "$ranks"
    check killed_launcher_takes_the_job_with_it "$ranks"
    check killed_launcher_leaves_no_files "$ranks"
    check killed_launcher_leaves_files_of_other_jobs "$ranks"
    check terminated_launcher_takes_the_job_with_it "$ranks"
done
report kills
