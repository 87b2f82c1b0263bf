# SPDX-License-Identifier: BSD-3-Clause
# Public headers become manual pages of section 3: one for each header, and an
# alias for each function and type.  To be run with roff.awk:
#
#   awk -v folder=man3 -v date=... -v version=... -f roff.awk -f header.awk
#       HEADER...
#
# A header is its first comment, then blocks with blank lines between them: a
# comment, or code, or both.

# ---- Reading -----------------------------------------------------------------

FNR == 1 {
    headers++
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.h$/, "", name)
    header[headers] = name
    block = 0
    next # the licence
}
/^#ifdef __cplusplus/ { hidden = 1 }
hidden {
    hidden = !/^#endif/
    apart = 1
    next
}
/^#(include|endif)/ || /^#(ifndef|define) MULTIRANK_[A-Z_]*H$/ { next }
/^\/\*/ {
    block++
    apart = 0
    in_comment = 1
}
in_comment {
    in_comment = !/\*\//
    add_comment($0)
    next
}
/^$/ {
    apart = 1
    next
}
{
    # Code without a comment directly before it is a block, too.
    block += apart
    apart = 0
    code[headers, block] = code[headers, block] $0 "\n"
    blocks[headers] = block
}

function add_comment(line) {
    sub(/^ ?\/?\*+\/? ?/, "", line)
    sub(/ *\*\/$/, "", line)
    comment[headers, block] = comment[headers, block] line "\n"
    blocks[headers] = block
}

# ---- Names -------------------------------------------------------------------

function is_function(h, b) {
    return code[h, b] ~ /^(MR_API|MR_CHECKED)[ \n]/
}

# What a block declares, or "".
function name_of(h, b,    text) {
    text = code[h, b]
    if (is_function(h, b) || (text ~ /^typedef/ && text !~ /[{]/)) {
        gsub(/\n/, " ", text)
        sub(text ~ /\(/ ? " *\\(.*" : " *;.*", "", text)
        sub(/.*[ *]/, "", text)
        return text
    }
    if (text ~ /^typedef/) {
        sub(/;[^;]*$/, "", text)
        sub(/.*[}] */, "", text)
        return text
    }
    return ""
}

function collect_names(    h, b, name) {
    for (h = 1; h <= headers; h++) {
        for (b = 1; b <= blocks[h]; b++) {
            name = name_of(h, b)
            if (name != "") {
                pages[name] = header[h]
                functions[name] = is_function(h, b)
            }
        }
    }
}

# ---- Text --------------------------------------------------------------------

# Paragraphs, and code, which is indented.
function put_text(text,    lines, count, i, paragraph, quoting) {
    count = split(text, lines, "\n")
    paragraph = ""
    for (i = 1; i <= count; i++) {
        if (lines[i] ~ /^    / && (quoting || paragraph == "")) {
            if (!quoting) {
                begin_code(4)
            }
            quoting = 1
            put(code_of(substr(lines[i], 5)))
        } else if (lines[i] != "") {
            quoting = put_end_of_code(quoting)
            paragraph = paragraph lines[i] " "
        } else {
            quoting = put_end_of_code(quoting)
            put_paragraph(paragraph)
            paragraph = ""
        }
    }
    put_end_of_code(quoting)
    put_paragraph(paragraph)
}

function put_end_of_code(quoting) {
    if (quoting) {
        end_code(4)
    }
    return 0
}

function put_paragraph(text) {
    if (text != "") {
        put_break()
        fill(text)
    }
}

# Where the next "MR_ERR_A - ", "MR_ERR_A, MR_ERR_B - " or "any other - " of a
# text begins, behind its end if there is none; RLENGTH is that of the names and
# the dash.
function next_error(text) {
    match(text, /(MR_ERR_[A-Z_]+(, MR_ERR_[A-Z_]+)*|any other) - /)
    return RSTART ? RSTART : length(text) + 1
}

# "MR_ERR_A - cause; MR_ERR_B - cause": an item for each; what comes before the
# first is a text of its own.
function put_errors(text,    start, length_of_names, cause) {
    start = next_error(text)
    fill(substr(text, 1, start - 1))
    text = substr(text, start)
    if (text == "") {
        return
    }
    put(".RS\n.PD 0")
    while (text != "") {
        next_error(text)
        length_of_names = RLENGTH
        put(".TP")
        fill(substr(text, 1, length_of_names - 3))
        text = substr(text, length_of_names + 1)
        start = next_error(text)
        cause = substr(text, 1, start - 1)
        sub(/[;.] *$/, "", cause)
        fill(cause)
        text = substr(text, start)
    }
    put(".PD\n.RE")
}

# ---- Declarations ------------------------------------------------------------

# The last word is the parameter's name, unless it is a type alone.
function parameter_of(text) {
    sub(/^ +/, "", text)
    if (text !~ /[ *]/ || !match(text, /[a-z_0-9]+$/)) {
        return text
    }
    return substr(text, 1, RSTART - 1) "\\fI" substr(text, RSTART) "\\fP"
}

function put_prototype(text,    name, words, count, i, line, width, room) {
    gsub(/[ \n]+/, " ", text)
    sub(/^(MR_API|MR_CHECKED) /, "", text)
    sub(/ __attribute__.*;/, ";", text)
    sub(/\) ?; ?$/, "", text)
    name = substr(text, 1, index(text, "(") - 1)
    count = split(substr(text, index(text, "(") + 1), words, ",")
    width = length(name) + 1
    sub(/[a-z_0-9]+$/, "\\fB&\\fP", name)
    line = name "("
    room = 74 - width
    for (i = 1; i <= count; i++) {
        sub(/^ +/, "", words[i])
        if (i > 1 && room < length(words[i]) + 2) {
            put(line)
            line = sprintf("%" width "s", "")
            room = 74 - width
        }
        room -= length(words[i]) + 2
        line = line (line ~ /[( ]$/ ? "" : " ") parameter_of(words[i])
        line = line (i < count ? "," : ");")
    }
    put(line)
}

# ---- A function --------------------------------------------------------------

function put_label(label, text) {
    put(".TP 11\n.B " label)
    if (label == "Errors") {
        put_errors(text)
    } else {
        fill(text)
    }
}

# The contract: what it does, then labels with texts.
function put_contract(text,    lines, count, i, label, what) {
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (match(lines[i], /^[A-Z][a-z]+: +/) && RLENGTH == 11) {
            if (label == "") {
                put_text(what)
            } else {
                put_label(label, what)
            }
            label = substr(lines[i], 1, index(lines[i], ":") - 1)
            what = substr(lines[i], 12) " "
        } else {
            sub(/^ +/, label == "" ? "&" : "", lines[i])
            what = what lines[i] (label == "" ? "\n" : " ")
        }
    }
    put_label(label, what)
}

function put_function(h, b) {
    put(".SS " name_of(h, b))
    put(".nf")
    put_prototype(code[h, b])
    put(".fi")
    put_contract(comment[h, b])
}

# ---- A page ------------------------------------------------------------------

function put_code(text,    lines, count, i) {
    begin_code(0)
    count = split(text, lines, "\n")
    for (i = 1; i < count; i++) {
        put(code_of(lines[i]))
    }
    end_code(0)
}

# The first sentence of the header, without the word before its colon.
function put_name(h,    text, list, b, name) {
    text = comment[h, 1]
    sub(/^\n/, "", text)
    gsub(/\n/, " ", text)
    sub(/\.( .*|$)/, "", text)
    sub(/^[A-Z][a-z]+: /, "", text)
    list = "mr_" header[h]
    for (b = 1; b <= blocks[h]; b++) {
        name = name_of(h, b)
        if (name != "" && name != "mr_" header[h]) {
            list = list ", " name
        }
    }
    put(".SH NAME")
    put(list " \\- " escaped(text))
}

function put_synopsis(h,    b) {
    put(".SH SYNOPSIS\n.nf\n.B #include <multirank.h>\n.PP")
    for (b = 1; b <= blocks[h]; b++) {
        if (is_function(h, b)) {
            put_prototype(code[h, b])
        }
    }
    put(".fi\n.PP")
    put("Compile and link with the words that")
    put(".B pkg\\-config \\-\\-cflags \\-\\-libs multirank")
    put("prints.")
}

function put_description(h,    b) {
    put(".SH DESCRIPTION")
    for (b = 1; b <= blocks[h]; b++) {
        if (code[h, b] == "") {
            put_text(comment[h, b])
        }
    }
}

function put_types(h,    b, begun) {
    for (b = 1; b <= blocks[h]; b++) {
        if (code[h, b] != "" && !is_function(h, b)) {
            if (!begun++) {
                put(".SH TYPES AND CONSTANTS")
            }
            put_text(comment[h, b])
            put_code(code[h, b])
        }
    }
}

function put_functions(h,    b, begun) {
    for (b = 1; b <= blocks[h]; b++) {
        if (is_function(h, b)) {
            if (!begun++) {
                put(".SH FUNCTIONS")
            }
            put_function(h, b)
        }
    }
}

# The pages of what is named here, and of the settings.
function put_see_also(h,    text, b, name, seen) {
    put(".SH SEE ALSO")
    for (b = 1; b <= blocks[h]; b++) {
        text = text comment[h, b] code[h, b]
    }
    seen[header[h]]
    while (match(text, /mr_[a-z_]*[a-z]/)) {
        name = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if ((name in pages) && !(pages[name] in seen)) {
            seen[pages[name]]
            put(".BR mr_" pages[name] " (3),")
        }
    }
    put(".BR multirank (7)")
}

function put_aliases(h,    b, name) {
    for (b = 1; b <= blocks[h]; b++) {
        name = name_of(h, b)
        if (name != "" && name != "mr_" header[h]) {
            page = folder "/" name ".3"
            print ".so man3/mr_" header[h] ".3" > page
            close(page)
        }
    }
}

END {
    collect_names()
    for (h = 1; h <= headers; h++) {
        begin_page(folder "/mr_" header[h] ".3", "mr_" header[h], 3)
        put_name(h)
        put_synopsis(h)
        put_description(h)
        put_types(h)
        put_functions(h)
        put_see_also(h)
        end_page()
        put_aliases(h)
    }
}
