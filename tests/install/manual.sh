#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The manual pages tell of every function, setting, command and program, have
# lost nothing of what the headers say, and show without a warning.
set -u

source=${srcdir:-$(dirname "$0")/../..}
headers=$source/framework/include/multirank
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

wrong() {
    echo "       $*"
    fine=false
}

check() { # FUNCTION
    fine=true
    reason=
    "$1"
    if ! $fine; then
        echo "  FAIL $1"
        failed=$((failed + 1))
    elif [ -n "$reason" ]; then
        echo "  skip $1: $reason"
        skipped=$((skipped + 1))
    else
        echo "  ok   $1"
        passed=$((passed + 1))
    fi
}

# Of all headers, or of one.
public_functions() { # HEADER...
    cat "$@" | tr '\n' ' ' | grep -oE '(MR_API|MR_CHECKED) [^;(]*\(' |
        grep -oE 'mr_[a-z_]+ *\($' | tr -d ' ('
}

# A page that an alias leads to.
page_of() { # PAGE
    local alias
    alias=$(sed -n 's/^\.so //p' "framework/manual/$1" 2> /dev/null)
    echo "framework/manual/${alias:-$1}"
}

every_function_and_type_has_a_page() {
    local name page
    [ "$(public_functions "$headers"/*.h | wc -l)" -gt 50 ] ||
        wrong "few functions were found"
    for name in $(public_functions "$headers"/*.h); do
        page=$(page_of "man3/$name.3")
        grep -qx "\.SS $name" "$page" || wrong "no $name in $page"
    done
    for name in $(sed -n 's/^} \(mr_[a-z_]*\);/\1/p' "$headers"/*.h); do
        page=$(page_of "man3/$name.3")
        grep -q "^} $name;" "$page" || wrong "no $name in $page"
    done
}

every_page_begins_with_all_its_names() {
    local path header page name
    for path in "$headers"/*.h; do
        header=${path##*/}
        page=framework/manual/man3/mr_${header%.h}.3
        for name in $(public_functions "$path"); do
            sed -n '/^\.SH NAME/{n;p;}' "$page" |
                grep -qE "(^|, )$name(,| )" || wrong "$page does not name $name"
        done
    done
}

every_header_is_mentioned_in_the_overview() {
    local path name
    for path in "$headers"/*.h; do
        name=mr_$(basename "$path" .h)
        grep -qE "\b$name\"? \(3\)" framework/manual/man7/multirank.7 ||
            wrong "mention $name(3) in framework/manual/multirank.7.in"
    done
}

every_setting_is_in_the_overview() {
    local name
    ./apps/multirank/multirank info --terse --settings |
        cut -f 2 > "$scratch/settings"
    grep -q MR_MEMORY "$scratch/settings" || wrong "no settings"
    while read -r name; do
        grep -q "^\.BR $name " framework/manual/man7/multirank.7 || wrong "no $name"
    done < "$scratch/settings"
}

every_command_and_option_is_in_its_page() {
    local command option
    for command in '' $(./apps/multirank/multirank --help |
        sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
        [ -z "$command" ] ||
            grep -qx "\.SS multirank $command" framework/manual/man1/multirank.1 ||
            wrong "no $command"
        # shellcheck disable=SC2086
        for option in $(./apps/multirank/multirank $command --help |
            grep -oE '^  --?[a-z-]+'); do
            sed 's/\\-/-/g' framework/manual/man1/multirank.1 |
                grep -qE "^\\\\fB$option\b" || wrong "no $command $option"
        done
    done
}

every_installed_program_has_a_page() {
    local program
    for program in apps/multirank/multirank apps/multirank-*; do
        if [ -f "$program" ] && [ "${program%.*}" = "$program" ]; then
            [ -s "framework/manual/man1/${program##*/}.1" ] ||
                wrong "add $program to manual_programs in framework/manual/manual.mk"
        fi
    done
}

words() {
    tr -cs 'A-Za-z0-9_' '\n' | grep . | sort -u
}

# Each word of a header stands in its page, as a reader sees it.
nothing_is_lost() {
    local path page
    if ! command -v mandoc > /dev/null; then
        reason="no mandoc"
        return
    elif ! command -v col > /dev/null; then
        reason="no col (Debian: bsdextrautils)"
        return
    fi
    for path in "$headers"/*.h; do
        page=framework/manual/man3/mr_$(basename "$path" .h).3
        sed -n '3,$p' "$path" | sed '/__cplusplus/,/^#endif/d' |
            grep -vE '^#(include|ifndef|endif)|^#define MULTIRANK_[A-Z_]*H$' |
            sed 's/MR_CHECKED mr_error//; s/MR_API//; s/__attribute__.*;//' |
            words > "$scratch/said"
        mandoc -T ascii -O width=200 "$page" | col -b | words > "$scratch/shown"
        comm -23 "$scratch/said" "$scratch/shown" > "$scratch/lost"
        [ ! -s "$scratch/lost" ] ||
            wrong "$page has lost" "$(tr '\n' ' ' < "$scratch/lost")"
    done
}

# All but the aliases, of which mandoc says that they might be links.
pages() {
    grep -L '^\.so ' framework/manual/man[137]/*
}

mandoc_warns_of_nothing() {
    if ! command -v mandoc > /dev/null; then
        reason="no mandoc"
        return
    fi
    pages | xargs mandoc -T lint -W warning > "$scratch/log" 2>&1 ||
        wrong "$(head -20 "$scratch/log")"
}

man_warns_of_nothing() {
    local page
    if ! man --warnings -w -l framework/manual/man3/mr_base.3 > /dev/null 2>&1; then
        reason="no man that has --warnings"
        return
    fi
    for page in $(pages); do
        MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 \
            > /dev/null | sed "s,^,       ," > "$scratch/log"
        [ ! -s "$scratch/log" ] || wrong "$page: $(cat "$scratch/log")"
    done
}

check every_function_and_type_has_a_page
check every_page_begins_with_all_its_names
check nothing_is_lost
check mandoc_warns_of_nothing
check man_warns_of_nothing
if [ -d framework/manual/man1 ]; then
    check every_header_is_mentioned_in_the_overview
    check every_setting_is_in_the_overview
    check every_command_and_option_is_in_its_page
    check every_installed_program_has_a_page
else
    echo "  skip pages of programs, which cannot be run here"
fi
echo "SUITE manual: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
