# SPDX-License-Identifier: BSD-3-Clause
# How text and code become roff; the other scripts are run together with this
# one, by any awk.

# Characters that roff would take for something else.  Hyphens of words stay,
# those of options and code are not to become typographic ones.
function escaped(text) {
    gsub(/\\/, "\\e", text)
    gsub(/\^/, "\\(ha", text)
    gsub(/~/, "\\(ti", text)
    gsub(/'/, "\\(aq", text)
    return text
}

function code_of(text) {
    text = escaped(text)
    gsub(/`/, "\\(ga", text)
    gsub(/-/, "\\-", text)
    return text ~ /^[.]/ ? "\\&" text : text
}

# One word of a text: names of the library and options in bold; of functions,
# which `pages` knows by their names, with the section of their pages.
function marked_word(word,    before, after) {
    if (!match(word, /(mr|MR)_[A-Za-z0-9_]*[A-Za-z0-9]|--?[a-z][-a-z]*/)) {
        return word
    }
    before = substr(word, 1, RSTART - 1)
    after = substr(word, RSTART + RLENGTH)
    word = substr(word, RSTART, RLENGTH)
    if (before ~ /[A-Za-z0-9_]$/) {
        return before word after
    }
    if ((word in pages) && functions[word]) {
        sub(/^\(\)/, "", after)
        after = "(3)" after
    }
    if (word ~ /^-/) {
        gsub(/-/, "\\-", word)
    }
    return before "\\fB" word "\\fP" marked_word(after)
}

# Everything goes to the page by here; a paragraph right behind a heading would
# be one too many.
function put(line) {
    print line > page
    fresh = line ~ /^[.]S[HS] /
}

function put_break() {
    if (!fresh) {
        put(".PP")
    }
}

# A text in lines of at most 76 bytes, without marks; `words in backticks`
# become italic, also over several lines.
function fill(text,    words, count, i, line, word, open) {
    count = split(escaped(text), words, " ")
    line = ""
    for (i = 1; i <= count; i++) {
        word = marked_word(words[i])
        while (index(word, "`")) {
            open = !open
            sub(/`/, open ? "\\fI" : "\\fP", word)
        }
        if (line != "" && length(line) + length(word) > 75) {
            put(line)
            line = ""
        }
        if (line == "" && word ~ /^[.]/) {
            word = "\\&" word
        }
        line = line (line == "" ? "" : " ") word
    }
    if (line != "") {
        put(line)
    }
}

function begin_code(indent) {
    put_break()
    if (indent) {
        put(".RS " indent)
    }
    put(".nf")
}

function end_code(indent) {
    put(".fi")
    if (indent) {
        put(".RE")
    }
}

# With lines that are not stretched, as they have names that must not be.
function begin_page(path, name, section) {
    page = path
    put(".\\\" Made by framework/manual/generate.")
    put(".TH " name " " section " " date " \"Multirank " version "\"")
    put(".ad l\n.nh")
}

function end_page() {
    close(page)
}
