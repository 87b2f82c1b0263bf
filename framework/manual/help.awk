# SPDX-License-Identifier: BSD-3-Clause
# What programs print with --help becomes a manual page of section 1.  To be
# run with roff.awk:
#
#   awk -v page=FILE -v program=NAME -v date=... -v version=...
#       -f roff.awk -f help.awk HELP
#
# HELP is the program's own, then that of each of its commands behind a line
# "@ PROGRAM COMMAND".  A help is a usage, then paragraphs, and lines of which
# two blanks stand before: with a gap in them an item and its text, without an
# example.  Both may go on in lines further to the right.

BEGIN { begin_page(page, program, 1) }

/^@ / {
    end_block()
    if (!commands++) {
        put(".SH COMMANDS")
    }
    put(".SS " code_of(substr($0, 3)))
    next
}
/^usage: / {
    in_usage = 1
    usages = 0
    sub(/^usage:/, "      ")
}
in_usage && NF {
    usage[++usages] = code_of(substr($0, 8))
    next
}
in_usage {
    in_usage = 0
    if (commands) {
        put_usage()
    }
    next
}
!NF {
    end_block()
    next
}
/^  -/ || /^  [^ ].*[^ ]  +[^ ]/ {
    end_block()
    begin_item(substr($0, 3))
    next
}
/^  [^ ]/ && !in_code {
    end_block()
    begin_code(4)
    in_code = 1
}
in_code && /^  / {
    put(code_of(substr($0, 3)))
    next
}
{ text = text $0 " " }

END {
    end_block()
    put(".SH SEE ALSO")
    if (program != "multirank") {
        put(".BR multirank (1),")
    }
    put(".BR multirank (7)")
}

# Of the program itself it waits for the name, which comes from the first
# sentence behind it.
function put_usage(    i, name, at) {
    put(".nf")
    name = code_of(program)
    for (i = 1; i <= usages; i++) {
        at = index(usage[i], name)
        usage[i] = substr(usage[i], 1, at - 1) "\\fB" name "\\fP" \
            substr(usage[i], at + length(name))
        gsub(/[A-Z][A-Z]+/, "\\fI&\\fP", usage[i])
        put(usage[i])
    }
    put(".fi")
}

function put_head(    what) {
    what = text
    sub(/\.( .*|$)/, "", what)
    put(".SH NAME")
    put(code_of(program) " \\- " tolower(substr(what, 1, 1)) \
        escaped(substr(what, 2)))
    put(".SH SYNOPSIS")
    put_usage()
    put(".SH DESCRIPTION")
    headed = 1
}

function end_block() {
    if (text ~ /[^ ]/) {
        if (!headed) {
            put_head()
        }
        if (!in_item) {
            put_break()
        }
        fill(text)
    }
    if (in_code) {
        end_code(4)
    }
    text = ""
    in_item = 0
    in_code = 0
}

# Behind an option stands what users give for its value.
function begin_item(line,    gap, words, count, i, item) {
    gap = match(line, /[^ ]  +/)
    text = gap ? substr(line, gap + RLENGTH) " " : ""
    count = split(code_of(gap ? substr(line, 1, gap) : line), words, " ")
    for (i = 1; i <= count; i++) {
        item = item (i > 1 ? " " : "") \
            (i == 1 || words[i] ~ /^\\-/ ? "\\fB" : "\\fI") words[i] "\\fP"
    }
    put(".TP 17\n" item)
    in_item = 1
}
