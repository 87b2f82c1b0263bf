/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Info: what the library says about itself, its settings and its job.
 *
 * The command `multirank info` prints all of it.  Texts are for people and
 * may change from release to release; names stay.
 */
#ifndef MULTIRANK_INFO_H
#define MULTIRANK_INFO_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_FACT_SIZE 512 /* bytes of a fact's text with its final zero */
#define MR_SETTING_SIZE                                  \
    64 /* bytes of a setting's value with its final zero \
        */

/* One thing to know, such as which MPI runs. */
typedef struct mr_fact {
    const char *group;       /* "versions", "build" or "job" */
    const char *name;        /* e.g. "MPI"; no other of its group has it */
    char text[MR_FACT_SIZE]; /* cut if longer; "" where it does not apply */
} mr_fact;

/* One environment variable that the library heeds. */
typedef struct mr_setting {
    const char *name;               /* MR_... */
    const char *kind;               /* what it takes, e.g. "number" */
    const char *help;               /* what it does */
    char standard[MR_SETTING_SIZE]; /* the value that it has by default */
    char value[MR_SETTING_SIZE];    /* the value in use; cut if longer */
    bool set; /* in the environment, to a value that has a meaning */
} mr_setting;

/**
 * Tell one fact: the versions of what runs, how the library was built, and,
 * in the group "job", what the start of the job has found out and chosen.
 * Ask for number 0, 1, 2 and so on until it is false.
 *
 * Callers:   anybody, also before mr_init.  The facts of the job are told
 *            where MPI runs: on rank 0, and to tasks in other ranks; elsewhere
 *            their texts are "".
 * Blocks:    never.
 * Ownership: *fact is written when true is returned; group and name are
 *            static.
 * Units:     `number` from 0.
 * Errors:    false - there are not so many facts, or fact is NULL.
 * Differs:   Python has no such list.
 */
MR_API bool mr_info_fact(size_t number, mr_fact *fact);

/**
 * Tell one setting: its name, kind and help, its default, and the value in
 * use, which is read from the environment once.  Ask for number 0, 1, 2 and so
 * on until it is false.
 *
 * Callers:   anybody, also before mr_init.
 * Blocks:    never.
 * Ownership: *setting is written when true is returned; name, kind and help
 *            are static.
 * Units:     `number` from 0; the help tells the unit of each value.
 * Errors:    false - there are not so many settings, or setting is NULL.
 * Differs:   Python's module has no settings.
 */
MR_API bool mr_info_setting(size_t number, mr_setting *setting);

/**
 * Print the table of settings (environment variables MR_...): name, default,
 * value in use, kind, and what each does.  Outside of a job the log warns of
 * variables that are no setting or have no meaning, as mr_init does.
 *
 * Callers:   anybody, also before mr_init.
 * Blocks:    while stdout does.
 * Ownership: none.
 * Units:     as the table says.
 * Errors:    none.
 * Differs:   Python's module has no settings.
 */
MR_API void mr_settings_print(void);

/**
 * Print all facts, by groups, and the settings: what `multirank info` prints,
 * here of the caller's own job.
 *
 * Callers:   as mr_info_fact.
 * Blocks:    while stdout does.
 * Ownership: none.
 * Units:     as the facts say.
 * Errors:    none.
 * Differs:   Python has nothing like it.
 */
MR_API void mr_info_print(void);

#ifdef __cplusplus
}
#endif

#endif
