/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints what info.h tells, for people and 80 columns.
 */
#include <multirank/info.h>

#include <stdio.h>
#include <string.h>

#include "runtime/job/identity.h"
#include "util/log.h"
#include "util/settings.h"

enum { COLUMNS = 80, INDENT = 4, NAMES = 18 };

/* The bytes of the next line: up to the last blank that leaves it `room`
 * columns, or one longer word. */
static int next_line(const char *text, int room)
{
    int length = 0;

    for (int i = 0; text[i] && (i <= room || length == 0); i++) {
        if (text[i + 1] == ' ' || text[i + 1] == '\0') {
            length = i + 1 <= room || length == 0 ? i + 1 : length;
        }
    }
    return length;
}

/* Behind what has been printed, from the column `start` on. */
static void print_wrapped(const char *text, int start)
{
    do {
        int length = next_line(text, COLUMNS - 1 - start);

        printf("%.*s\n", length, text);
        text += length + strspn(text + length, " ");
        if (*text) {
            printf("%*s", start, "");
        }
    } while (*text);
}

void mr_settings_print(void)
{
    mr_setting setting;

    printf("%-17s%-12s%-12s%s\n", "setting", "default", "in use", "takes");
    for (size_t i = 0; mr_info_setting(i, &setting); i++) {
        printf("%-16s %-11s %-11s %s\n%*s", setting.name, setting.standard,
               setting.value, setting.kind, INDENT, "");
        print_wrapped(setting.help, INDENT);
    }
    if (mri_here.role == MRI_OUTSIDE) {
        fflush(stdout);
        mri_settings_check(mri_log); /* a job was told of them at its start */
    }
}

void mr_info_print(void)
{
    const char *group = "";
    mr_fact fact;

    for (size_t i = 0; mr_info_fact(i, &fact); i++) {
        if (!*fact.text) {
            continue;
        }
        if (strcmp(fact.group, group) != 0) {
            printf("%s%s\n", *group ? "\n" : "", fact.group);
            group = fact.group;
        }
        printf("%*s%-*s", INDENT, "", NAMES - INDENT, fact.name);
        print_wrapped(fact.text, NAMES);
    }
    puts("");
    mr_settings_print();
}
