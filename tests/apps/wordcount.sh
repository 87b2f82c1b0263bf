#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# multirank-wordcount counts what tr, sort and uniq count, wherever files are
# cut, and says what it could not count.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"

export LC_ALL=C
program=./apps/multirank-wordcount
licences=/usr/share/common-licenses
docs=/usr/share/doc

# Words that are equally frequent stay in the order in which uniq has them.
count_by_hand() { # FILE...
    local file
    for file; do
        cat "$file"
        echo
    done | tr -s '[:space:]' '\n' | grep -av '^$' | sort | uniq -c |
        sort -s -k 1,1nr
}

counts_as_by_hand() { # RANKS OPTIONS FILE...
    local ranks=$1 options=$2
    shift 2
    # shellcheck disable=SC2086
    start "$ranks" "$program" --top 0 $options "$@"
    await 60
    expect_status 0
    count_by_hand "$@" | expect_output
}

licences_are_counted_as_by_hand() { # RANKS OPTIONS [ROUTE]
    local -x MR_ROUTE=${3:-auto}
    if [ ! -d $licences ]; then
        reason="there is no $licences"
        return
    fi
    counts_as_by_hand "$1" "$2" $licences/*
}

documentation_is_counted_as_by_hand() { # RANKS
    local files
    mapfile -t files < <(find $docs -type f -size -1000k 2> /dev/null | sort |
        head -n 1000)
    if [ ${#files[@]} -lt 10 ]; then
        reason="there is no documentation in $docs"
        return
    fi
    counts_as_by_hand "$1" "" "${files[@]}"
}

# Every position is a cut: inside words, characters and runs of white space.
each_word_belongs_to_one_block() { # RANKS BLOCK
    printf ' a  bc\t\tdef\r\nghij\vk\fl  \n\nöäü 漢字 öäü\nno end' \
        > "$scratch/cut"
    printf 'word' > "$scratch/word"
    printf '\n' > "$scratch/newline"
    printf 'a\0b a\0b \0' > "$scratch/zeros"
    : > "$scratch/empty"
    counts_as_by_hand "$1" "--block-size $2" \
        "$scratch"/{cut,word,newline,zeros,empty}
}

empty_file_has_no_words() { # RANKS
    : > "$scratch/empty"
    start "$1" "$program" "$scratch/empty"
    await 20
    expect_status 0
    expect_output < /dev/null
    start "$1" "$program" --csv "$scratch/empty"
    await 20
    expect_status 0
    echo word,count | expect_output
}

word_of_many_blocks_is_one() { # RANKS
    head -c 65536 /dev/zero | tr '\0' x > "$scratch/long"
    echo " after" >> "$scratch/long"
    counts_as_by_hand "$1" "--block-size 1000" "$scratch/long"
}

word_that_is_too_long_is_left_out() { # RANKS
    head -c 65537 /dev/zero | tr '\0' x > "$scratch/long"
    echo " after" >> "$scratch/long"
    start "$1" "$program" --block-size 1000 "$scratch/long"
    await 20
    expect_status 1
    echo "      1 after" | expect_output
    grep -q '1 words of more than 65536 bytes were left out' "$scratch/err" ||
        broken "it is not told"
}

# One line of 2 GiB and more, most of it one word of zeros; with a word on the
# border.
line_of_two_gigabytes_is_counted() { # RANKS
    local file=$scratch/sparse
    printf 'first ' > "$file"
    if ! printf ' border-of-2-GiB ' | dd of="$file" bs=1 seek=2147483640 \
        conv=notrunc status=none 2> /dev/null ||
        [ "$(du -k "$file" | cut -f 1)" -gt 1000 ]; then
        reason="no sparse file of 2 GiB can be made"
        return
    fi
    start "$1" "$program" --csv "$file"
    await 60
    expect_status 1
    printf 'word,count\nborder-of-2-GiB,1\nfirst,1\n' | expect_output
    grep -q '1 words of more than' "$scratch/err" || broken "it is not told"
    rm -f "$file"
}

others_are_counted_beside_bad_files() { # RANKS
    echo "here we are, here" > "$scratch/good"
    mkfifo "$scratch/pipe"
    start "$1" "$program" --top 1 "$scratch/missing" "$scratch/good" \
        "$scratch" "$scratch/pipe"
    await 20
    expect_status 1
    echo "      2 here" | expect_output
    grep -q "/missing: No such file or directory" "$scratch/err" &&
        grep -q "$scratch: Is a directory" "$scratch/err" &&
        grep -q "/pipe: not a regular file" "$scratch/err" ||
        broken "not all are named"
    rm -f "$scratch/pipe"
}

nothing_but_bad_files_is_an_error() { # RANKS
    start "$1" "$program" "$scratch/missing"
    await 20
    expect_status 2
    expect_output < /dev/null
}

file_that_may_not_be_read_is_named() {
    local other=(setpriv --reuid 65534 --clear-groups)
    echo good > "$scratch/good"
    echo secret > "$scratch/secret"
    chmod 755 "$scratch"
    chmod 0 "$scratch/secret"
    if [ "$(id -u)" != 0 ]; then
        other=()
    elif ! "${other[@]}" "$program" --version > /dev/null 2>&1; then
        reason="nobody but root may run $program"
        return
    fi
    start 0 "${other[@]}" "$program" "$scratch/good" "$scratch/secret"
    await 20
    expect_status 1
    echo "      1 good" | expect_output
    grep -q "/secret: Permission denied" "$scratch/err" ||
        broken "it is not named"
}

# The kernel says of its own files that they have a page, and gives less.
file_that_became_shorter_is_counted_and_named() { # RANKS
    local file=/sys/devices/system/cpu/online
    if [ ! -s $file ] || [ "$(stat -c %s $file)" -le "$(wc -c < $file)" ]; then
        reason="no file here is shorter than it says"
        return
    fi
    start "$1" "$program" $file
    await 20
    expect_status 1
    printf '%7d %s\n' 1 "$(cat $file)" | expect_output
    [ "$(grep -c "$file: has become shorter" "$scratch/err")" = 1 ] ||
        broken "it is not named once"
}

csv_is_quoted() { # RANKS
    printf 'a,b "c" plain a,b' > "$scratch/commas"
    start "$1" "$program" --csv "$scratch/commas"
    await 20
    expect_status 0
    printf 'word,count\n"a,b",2\n"""c""",1\nplain,1\n' | expect_output
}

only_the_most_frequent_are_printed() { # RANKS
    printf 'b b b c c a d' > "$scratch/words"
    start "$1" "$program" --top 3 "$scratch/words"
    await 20
    printf '%7d %s\n' 3 b 2 c 1 a | expect_output
}

quiet_says_nothing() { # RANKS
    echo word > "$scratch/words"
    MR_LOG=none start "$1" "$program" --quiet "$scratch/words"
    await 20
    expect_status 0
    [ ! -s "$scratch/err" ] || broken "it speaks"
}

terminal_has_a_bar() { # RANKS
    local bar='\[\.\.\.*\]   0 %'
    if ! command -v script > /dev/null; then
        reason="no command script, which makes a terminal"
        return
    fi
    echo word > "$scratch/words"
    start 0 script -qec \
        "${launcher[*]} $1 $program $scratch/words" /dev/null
    await 20
    grep -q "$bar" "$scratch/out" || broken "no bar on a terminal"
    start "$1" "$program" "$scratch/words"
    await 20
    ! grep -q "$bar" "$scratch/err" || broken "a bar where no terminal is"
}

full_output_is_an_error() {
    echo word > "$scratch/words"
    start 0 bash -c "exec $program $scratch/words > /dev/full"
    await 20
    expect_status 2
    grep -q 'stdout: No space left on device' "$scratch/err" ||
        broken "it is not told"
}

command_line_is_answered() { # STATUS PATTERN ARGUMENT...
    local expected=$1 pattern=$2
    shift 2
    start 0 "$program" "$@"
    await 20
    expect_status "$expected"
    cat "$scratch/err" "$scratch/out" | grep -q -e "$pattern" ||
        broken "no line $pattern"
}

check licences_are_counted_as_by_hand 0 ""
check file_that_may_not_be_read_is_named
check full_output_is_an_error
check command_line_is_answered 0 '^usage: ' --help
check command_line_is_answered 0 '^usage: ' --top 5 --help
check command_line_is_answered 0 '^multirank-wordcount [0-9]' --version
check command_line_is_answered 2 'which files'
check command_line_is_answered 2 "unrecognized option '--nonsense'" --nonsense
check command_line_is_answered 2 '--top wants a number from 0' --top x "$0"
check command_line_is_answered 2 '--top wants a number from 0' --top -1 "$0"
check command_line_is_answered 2 '--block-size wants a number from 1' \
    --block-size 0 "$0"
if have_launcher; then
    for ranks in 1 2 4; do
        check licences_are_counted_as_by_hand $ranks ""
    done
    check licences_are_counted_as_by_hand 4 "--block-size 1000"
    check licences_are_counted_as_by_hand 3 "--block-size 10000" far
    check documentation_is_counted_as_by_hand 2
    for block in 1 2 3 5 7 1000; do
        check each_word_belongs_to_one_block 2 $block
    done
    check empty_file_has_no_words 2
    check word_of_many_blocks_is_one 2
    check word_that_is_too_long_is_left_out 2
    check line_of_two_gigabytes_is_counted 2
    check others_are_counted_beside_bad_files 2
    check nothing_but_bad_files_is_an_error 2
    check file_that_became_shorter_is_counted_and_named 2
    check csv_is_quoted 2
    check only_the_most_frequent_are_printed 2
    check quiet_says_nothing 2
    check terminal_has_a_bar 2
fi
report apps/wordcount
