#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job on one node is open to nobody outside: its ranks do not listen for
# connections, and `multirank run` does so only until all ranks have started.
# The mpirun of Open MPI listens by itself, and has no parameter against it.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/endings

# The sockets of processes of the job with this program on which anybody can
# connect, as lines "ADDRESS:PORT" in hexadecimal.
listeners() { # PROGRAM
    local process sockets
    for process in $(processes "$tag"); do
        if [ "$(readlink "/proc/$process/exe" | sed 's|.*/||')" = "$1" ]; then
            sockets=$(find "/proc/$process/fd" -lname 'socket:*' \
                -printf '%l ' 2> /dev/null)
            cat "/proc/$process/net/tcp" "/proc/$process/net/tcp6" \
                2> /dev/null | awk -v sockets="$sockets" '
                    $4 == "0A" && index(sockets, "socket:[" $10 "] ") {
                        print $2
                    }'
        fi
    done
}

listens_nowhere() { # PROGRAM
    [ -z "$(listeners "$1")" ]
}

start_and_wait() { # RANKS [COMMAND...]; by a command that starts the program
    start "$@" $program wait
    await_line '^ready '
}

end() {
    kill -TERM "$job"
    await 20
}

ranks_listen_nowhere() { # RANKS
    start_and_wait "$1"
    [ -n "$(processes "$tag")" ] || broken "there is no job"
    listens_nowhere endings || broken "a rank listens at" "$(listeners endings)"
    end
}

tool_listens_until_all_have_started() { # RANKS
    start_and_wait "$1"
    until_true 10 listens_nowhere multirank ||
        broken "the tool listens at" "$(listeners multirank)"
    end
}

# What the user wants of MPI is done.
ranks_listen_if_the_user_wants_tcp() { # RANKS
    if ! OMPI_MCA_btl=tcp,self timeout 20 "${launcher[@]}" "$1" \
        ./tests/job/user_mpi > /dev/null 2>&1; then
        reason="Open MPI finds no way by TCP on this machine"
        return
    fi
    OMPI_MCA_btl=tcp,self start_and_wait "$1"
    ! listens_nowhere endings || broken "no rank listens"
    end
}

# With a /dev/shm of its own, as in a container, a rank needs the network.
ranks_in_containers_find_each_other() { # RANKS
    # shellcheck disable=SC2016
    local own='mount -t tmpfs none /dev/shm && exec "$@"'
    if ! unshare --user --map-root-user --mount \
        bash -c "$own" own true 2> /dev/null; then
        reason="no mount namespaces"
        return
    fi
    start_and_wait "$1" unshare --user --map-root-user --mount \
        bash -c "$own" own
    end
}

if ! have_launcher; then
    echo "  skip all: no $mpirun"
    exit 77
fi
check ranks_listen_nowhere 2
check far ranks_listen_nowhere 2
check through_tool ranks_listen_nowhere 2
check through_tool tool_listens_until_all_have_started 2
check ranks_listen_if_the_user_wants_tcp 2
check ranks_in_containers_find_each_other 2
report job/listen
