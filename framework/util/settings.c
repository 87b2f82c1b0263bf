/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the table of settings: the parser, the check for unknown variables, the
 * printed table and the manual page are made from it.
 */
#include "util/settings.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <multirank/info.h>

#include "util/list.h"

/* A CHOICE_OR_LIST has, behind its names, the value of a list as in 0-3,8. */
typedef enum kind { NUMBER, BYTES, CHOICE, CHOICE_OR_LIST } kind;

typedef struct setting {
    const char *name;
    kind kind;
    int64_t standard;
    size_t offset; /* in mri_settings_values */
    const char *help;
    const char *const *names; /* of a CHOICE..., by value; ends with NULL */
} setting;

static const char *const levels[] = {"none", "error", "warning",
                                     "info", "debug", NULL};
static const char *const routes[] = {"auto", "far", NULL};
static const char *const ways[] = {"auto", "window", "messages", NULL};
static const char *const threads[] = {"serialized", "multiple", NULL};
static const char *const binds[] = {"auto", "none",    "core",
                                    "numa", "package", NULL};
static const char *const task_threads[] = {"share", "off", NULL};
static const char *const launching[] = {"auto", "never", NULL};

#define AT(member) offsetof(mri_settings_values, member)

static const setting table[] = {
    {"MR_LOG", CHOICE, MR_LOG_WARNING, AT(log),
     "what the log shows: none, error, warning, info or debug", levels},
    {"MR_MEMORY", BYTES, 0, AT(memory),
     "shared memory of each rank, e.g. 512M; 0: half of what is free on the "
     "node, divided by its ranks",
     NULL},
    {"MR_SPIN", NUMBER, 50, AT(spin),
     "microseconds to spin before sleeping, while cores are free", NULL},
    {"MR_GRACE", NUMBER, 1000, AT(grace),
     "milliseconds that a daemon has between SIGTERM and SIGKILL, and a task "
     "of a map that was given up has at the end of the job",
     NULL},
    {"MR_ROUTE", CHOICE, MRI_ROUTE_AUTO, AT(route),
     "auto: ranks of a node share memory; far: each rank counts as a node of "
     "its own, to try on one machine what runs on many",
     routes},
    {"MR_FAR_ARRAYS", CHOICE, MRI_FAR_ARRAYS_AUTO, AT(far_arrays),
     "how large slices of Arrays travel between nodes: auto: writes by "
     "messages, reads through the MPI window if that works and the launcher "
     "ends the job with any rank; window: both through it; messages: neither",
     ways},
    {"MR_PATIENCE", NUMBER, 8, AT(patience),
     "seconds of silence after which a rank on another node counts as lost; 0: "
     "never",
     NULL},
    {"MR_MPI_THREADS", CHOICE, MRI_THREADS_SERIALIZED, AT(mpi_threads),
     "how MPI is started: serialized; multiple: tasks may call MPI without "
     "mr_mpi_lock",
     threads},
    {"MR_BIND", CHOICE_OR_LIST, MRI_BIND_AUTO, AT(bind),
     "where ranks run: auto: each on its share of the allowed cores; none: on "
     "all of them; core, numa, package: each bound to one; a list of "
     "processors, e.g. 0-3,8: each on its share of these",
     binds},
    {"MR_TASK_THREADS", CHOICE, MRI_TASK_THREADS_SHARE, AT(task_threads),
     "threads of OpenMP, OpenBLAS and MKL, unless you set them yourself: "
     "share: as many as a rank has cores; off: their own choice",
     task_threads},
    {"MR_LAUNCH", CHOICE, MRI_LAUNCH_AUTO, AT(launch),
     "what a program does if no launcher has started it: auto: it becomes "
     "mpirun with a rank for each core, or in each slot of a batch job; never: "
     "it is a job of one rank",
     launching},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static mri_settings_values values;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int64_t *value_of(const setting *row)
{
    return (int64_t *)((char *)&values + row->offset);
}

/* Binary suffix K, M, G or T, as in 512M. */
static bool parse_suffix(const char *text, int64_t *number)
{
    static const char suffixes[] = "KMGT";
    const char *found;
    int shift;

    if (!*text) {
        return true;
    }
    found = strchr(suffixes, toupper((unsigned char)*text));
    if (!found || text[1]) {
        return false;
    }
    shift = 10 * (int)(found - suffixes + 1);
    if (*number > INT64_MAX >> shift) {
        return false;
    }
    *number <<= shift;
    return true;
}

static bool parse_choice(const setting *row, const char *text, int64_t *out)
{
    int64_t number = 0;

    while (row->names[number] && strcasecmp(text, row->names[number]) != 0) {
        number++;
    }
    if (!row->names[number] &&
        !(row->kind == CHOICE_OR_LIST && mri_list_is(text))) {
        return false;
    }
    *out = number;
    return true;
}

static bool parse(const setting *row, const char *text, int64_t *out)
{
    char *end;
    int64_t number;

    if (row->names) {
        return parse_choice(row, text, out);
    }
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || end == text || number < 0) {
        return false;
    }
    if (row->kind == BYTES ? !parse_suffix(end, &number) : *end != '\0') {
        return false;
    }
    *out = number;
    return true;
}

static void read_all(void)
{
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *text = getenv(table[i].name);

        *value_of(&table[i]) = table[i].standard;
        if (text) {
            parse(&table[i], text, value_of(&table[i]));
        }
    }
    if (values.bind == MRI_BIND_LIST) {
        values.bind_list = strdup(getenv("MR_BIND"));
        values.bind = values.bind_list ? MRI_BIND_LIST : MRI_BIND_AUTO;
    }
}

const mri_settings_values *mri_settings(void)
{
    pthread_once(&once, read_all);
    return &values;
}

static const setting *find(const char *variable, size_t length)
{
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strlen(table[i].name) == length &&
            strncmp(table[i].name, variable, length) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

void mri_settings_check(mri_settings_report *report)
{
    extern char **environ;
    int64_t ignored;

    for (char **variable = environ; *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        const setting *row;

        if (strncmp(*variable, "MR_", 3) != 0 || !equals) {
            continue;
        }
        row = find(*variable, (size_t)(equals - *variable));
        if (!row) {
            report(MR_LOG_WARNING,
                   "unknown setting %.*s; `multirank info --settings` "
                   "lists all",
                   (int)(equals - *variable), *variable);
        } else if (!parse(row, equals + 1, &ignored)) {
            report(MR_LOG_WARNING, "%s has a wrong value; it takes: %s",
                   *variable, row->help);
        }
    }
}

/* With the largest suffix that loses nothing. */
static void show_bytes(char *text, int64_t number)
{
    static const char suffixes[] = "KMGT";
    int shift = 0;

    while (number && shift < 40 && number % 1024 == 0) {
        number /= 1024;
        shift += 10;
    }
    snprintf(text, MR_SETTING_SIZE, "%lld%.1s", (long long)number,
             shift ? &suffixes[shift / 10 - 1] : "");
}

static void show(const setting *row, char *text, int64_t number)
{
    if (row->names) {
        const char *name = row->names[number];

        snprintf(text, MR_SETTING_SIZE, "%s", name ? name : values.bind_list);
    } else if (row->kind == BYTES) {
        show_bytes(text, number);
    } else {
        snprintf(text, MR_SETTING_SIZE, "%lld", (long long)number);
    }
}

bool mr_info_setting(size_t number, mr_setting *out)
{
    static const char *const kinds[] = {"number", "bytes", "choice",
                                        "choice or list"};
    const setting *row;
    const char *text;
    int64_t ignored;

    if (number >= COUNT(table) || !out) {
        return false;
    }
    row = &table[number];
    mri_settings();
    text = getenv(row->name);
    out->name = row->name;
    out->kind = kinds[row->kind];
    out->help = row->help;
    out->set = text && parse(row, text, &ignored);
    show(row, out->standard, row->standard);
    show(row, out->value, *value_of(row));
    return true;
}
