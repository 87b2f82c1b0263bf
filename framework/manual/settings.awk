# SPDX-License-Identifier: BSD-3-Clause
# multirank.7.in becomes the manual page: @DATE@ and @VERSION@ are filled in,
# and @SETTINGS@ gives way to the settings that the first file has, as
# `multirank info --settings --terse` prints them.  To be run with roff.awk:
#
#   awk -v page=FILE -v date=... -v version=... -f roff.awk -f settings.awk
#       SETTINGS multirank.7.in

BEGIN { FS = "\t" }

NR == FNR {
    setting[++settings] = $0
    next
}
/^@SETTINGS@$/ {
    for (i = 1; i <= settings; i++) {
        put_setting(setting[i])
    }
    next
}
{
    gsub(/@DATE@/, date)
    gsub(/@VERSION@/, version)
    put($0)
}

function put_setting(line,    field) {
    split(line, field, "\t")
    put(".TP\n.BR " field[2] " \" (" field[3] ", default " field[4] ")\"")
    fill(field[7] ".")
}
