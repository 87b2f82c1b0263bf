#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What bash proposes behind `multirank`: each case is a line to the cursor, as
# bash splits it, and the words that are proposed. Of zsh: what its own functions
# are told.
set -u

source=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
tool=$PWD/apps/multirank/multirank
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

if ! command -v compgen > /dev/null; then
    echo "SKIP: this bash has no completion"
    exit 77
fi
. "$source/apps/completion/multirank"

# A word is proposed at the end of the line; one after a blank is a new one.
propose() { # LINE
    local line=${1//=/ = }
    read -ra COMP_WORDS <<< "$line"
    if [[ $line == *" " ]]; then
        COMP_WORDS+=("")
    fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _multirank "$tool"
}

check() { # LINE [WORD...]; these and no others
    local line=$1
    shift
    propose "$line"
    if [ "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" = \
        "$(printf '%s\n' "$@" | sort)" ]; then
        echo "  ok   '$line'"
        passed=$((passed + 1))
    else
        echo "       '$line' gives: ${COMPREPLY[*]}; not: $*"
        echo "  FAIL '$line'"
        failed=$((failed + 1))
    fi
}

cd "$scratch" || exit 1
touch hosts.txt program-of-a-test
chmod +x program-of-a-test
mapfile -t commands < <("$tool" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
mapfile -t run_options < <("$tool" run --help | grep -oE '^  -[^ ]*' | tr -d ' ')

check 'multirank ' "${commands[@]}" --help --version
check 'multirank r' run
check 'multirank in' info
check 'multirank --v' --version
check 'multirank info --se' --settings
check 'multirank info --ter' --terse
check 'multirank info x'
check 'multirank walk -'
check 'multirank run -' "${run_options[@]}"
check 'multirank run --over' --oversubscribe
check 'multirank run -n '
check 'multirank run -n 2 --dry' --dry-run
check 'multirank run --hostfile h' hosts.txt
check 'multirank run --hostfile=h' hosts.txt
check 'multirank run --hostfile=' hosts.txt program-of-a-test
check 'multirank run program-of-a' program-of-a-test
check 'multirank run -n 2 program-of-a' program-of-a-test
check 'multirank run --grace=2 -np 3 program-of-a' program-of-a-test
check 'multirank run -- program-of-a' program-of-a-test

# Behind the program it is the program's own, as if that stood there first.
check 'multirank run -n 2 program-of-a-test ho' hosts.txt
_command_offset() { COMPREPLY=("from $1"); }
check 'multirank run -n 2 program-of-a-test --' 'from 4'
check 'multirank run --grace=2 --host a program-of-a-test ' 'from 7'
check 'multirank run -n4 -- program-of-a-test -n ' 'from 4'

# Prints what the functions of zsh that do the work are given.
told_to_zsh() { # WORD...
    zsh -f -c '
        _describe() { print -l "$1" ${(P)2} }
        _arguments() { print -l $words[$CURRENT] "$@" }
        words=("$@[2,-1]") CURRENT=$(($# - 1))
        source $1' zsh "$source/apps/completion/_multirank" "$tool" "$@"
}

check_zsh() { # LINE_OF_ANSWER WORD...
    local line=$1
    shift
    if told_to_zsh "$@" 2>&1 | grep -qxF -- "$line"; then
        echo "  ok   zsh, $*: $line"
        passed=$((passed + 1))
    else
        told_to_zsh "$@" 2>&1 | sed 's/^/       /'
        echo "  FAIL zsh, $*: $line"
        failed=$((failed + 1))
    fi
}

skipped=0
if command -v zsh > /dev/null; then
    check_zsh 'info:print versions, settings, and what a job has chosen' ''
    check_zsh '--settings[only the settings]' info -
    check_zsh '--host=[the hosts, with commas between them]:LIST:_hosts' run -
    check_zsh '--hostfile=[the hosts, one in a line, as mpirun reads it]:FILE:_files' \
        run -
    check_zsh '*::argument:_normal' run -
else
    echo "  skip zsh: there is none"
    skipped=1
fi

echo "SUITE completion: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
