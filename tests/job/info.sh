#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What `multirank` says of itself: help, versions, words it does not know, and
# `multirank info` alone and in jobs.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

tool=./apps/multirank/multirank

# Runs a command to its end, without a job around.
call() { # COMMAND...
    timeout 20 "$@" < /dev/null > "$scratch/out" 2> "$scratch/err"
    status=$?
}

commands() {
    "$tool" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'
}

# For terminals and for mail.
expect_80_columns() {
    ! grep -n '.\{81\}' "$scratch/out" || broken "a line of more than 80"
}

every_command_explains_itself() {
    local command
    [ -n "$(commands)" ] || broken "no commands"
    for command in '' $(commands); do
        # shellcheck disable=SC2086
        call "$tool" $command --help
        expect_status 0
        has_line "^usage: .*multirank ${command:-COMMAND}" || broken "no usage"
        expect_80_columns
        # shellcheck disable=SC2086
        call "$tool" $command --version
        expect_status 0
        grep -qx 'multirank [0-9.]*' "$scratch/out" ||
            broken "no version of $command"
    done
}

wrong() { # TEXT ARGUMENT...
    local text=$1
    shift
    call "$tool" "$@"
    expect_status 2
    grep -qF -- "$text" "$scratch/err" || broken "stderr does not say: $text"
    [ ! -s "$scratch/out" ] || broken "there are words on stdout"
}

wrong_words_are_named() {
    wrong 'a command is missing'
    wrong 'no command "walk"' walk
    wrong 'no option "--wrong"' --wrong
    wrong 'takes no argument, such as "much"' info much
    wrong 'option --wrong' info --wrong
    wrong 'option -x' info -x
    wrong 'option --terse=1' info --terse=1
}

misspelt_commands_are_guessed() {
    wrong 'mean "info"' inof
    wrong 'mean "info"' infos
    wrong 'mean "run"' urn
    wrong 'mean "run"' runn
    wrong 'no command "rankk"' rankk
    ! grep -q 'mean' "$scratch/err" || broken "it tells of an inner command"
    wrong 'no command "commands-are-never-as-long-as-this"' \
        commands-are-never-as-long-as-this
}

info_without_a_job_tells_versions_build_and_settings() {
    call "$tool" info
    expect_status 0
    expect_80_columns
    has_line "^    Multirank  *$("$tool" --version | cut -d ' ' -f 2)$" ||
        broken "no version"
    has_line '^    MPI  *..*' || broken "no MPI"
    has_line '^build$' || broken "no build"
    has_line '^MR_MEMORY ' || broken "no settings"
    ! has_line '^job$' || broken "a job is told of"
}

settings_in_use_are_shown() {
    MR_SPIN=7 MR_MEMORY=1048576K call "$tool" info --settings
    expect_80_columns
    has_line '^MR_SPIN  *50  *7  *number' || broken "no MR_SPIN"
    has_line '^MR_MEMORY  *0  *1G  *bytes' || broken "no MR_MEMORY"
    ! has_line '^versions' || broken "not only settings"
}

unknown_and_wrong_settings_are_warned_about() {
    MR_MEMROY=1G MR_GRACE=soon call "$tool" info --settings
    expect_status 0
    grep -q 'unknown setting MR_MEMROY' "$scratch/err" || broken "no MR_MEMROY"
    grep -q 'MR_GRACE=soon has a wrong value' "$scratch/err" ||
        broken "no MR_GRACE"
}

# One field after another, the last of which has blanks.
terse_lines_are_for_programs() {
    MR_SPIN=7 MR_GRACE=soon MR_LOG=none call "$tool" info --terse
    ! grep -vE $'^(versions|build)\t[^\t]+\t[^\t]+$' "$scratch/out" |
        grep -vE $'^setting\tMR_[A-Z_]+(\t[^\t]+){5}$' || broken "other lines"
    has_line $'^setting\tMR_SPIN\tnumber\t50\t7\tyes\t' || broken "no MR_SPIN"
    has_line $'^setting\tMR_GRACE\tnumber\t1000\t1000\tno\t' ||
        broken "no MR_GRACE"
    call "$tool" info --terse --settings
    ! grep -v '^setting' "$scratch/out" || broken "not only settings"
}

fact() { # NAME TEXT
    grep -qxF $'job\t'"$1"$'\t'"$2" "$scratch/out" ||
        broken "not $2: $(grep "^job.$1" "$scratch/out")"
}

info_in_a_job_tells_what_it_has_chosen() {
    MR_MEMORY=32M start 3 "$tool" info --terse
    await 20
    expect_status 0
    fact nodes 1
    fact ranks '3, of which 3 share memory here'
    fact memory '32 MiB of each rank'
    fact 'MPI level' MPI_THREAD_SERIALIZED
    fact 'far slices' 'none, as all ranks share memory'
    fact 'lost rank' 'the end of the job, as the launcher wills'
    [ "$(grep -c '^job.nodes' "$scratch/out")" = 1 ] || broken "not told once"
    start 2 "$tool" info
    await 20
    expect_80_columns
    has_line '^job$' || broken "no job"
}

ranks_tell_of_a_wrong_word_once() {
    start 3 "$tool" info much
    await 20
    expect_status 2
    [ "$(grep -c 'such as "much"' "$scratch/err")" = 1 ] || broken "not once"
    start 3 "$tool" info --help
    await 20
    [ "$(grep -c '^usage' "$scratch/out")" = 1 ] || broken "help not once"
}

info_in_a_far_job_tells_how_slices_travel() {
    MR_ROUTE=far MR_FAR_ARRAYS=messages MR_MPI_THREADS=multiple \
        start 3 "$tool" info --terse
    await 20
    fact nodes 3
    fact ranks '3, of which 1 share memory here'
    fact 'MPI level' MPI_THREAD_MULTIPLE
    fact 'far slices' 'messages, because MR_FAR_ARRAYS says so'
}

info_under_run_tells_that_a_lost_rank_is_outlived() {
    MR_ROUTE=far call "$tool" run --oversubscribe -n 2 "$tool" info --terse
    expect_status 0
    fact 'lost rank' 'outlived by the others, under multirank run'
    fact 'far slices' 'messages, because the job is to outlive its ranks'
}

check every_command_explains_itself
check wrong_words_are_named
check misspelt_commands_are_guessed
check info_without_a_job_tells_versions_build_and_settings
check settings_in_use_are_shown
check unknown_and_wrong_settings_are_warned_about
check terse_lines_are_for_programs
if have_launcher; then
    check info_in_a_job_tells_what_it_has_chosen
    check ranks_tell_of_a_wrong_word_once
    check info_in_a_far_job_tells_how_slices_travel
    check info_under_run_tells_that_a_lost_rank_is_outlived
fi
report info
