/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Info: facts about the library, its settings and its job.
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

/* One fact, such as the name and version of the MPI that runs. */
typedef struct mr_fact {
    const char *group;       /* "versions", "build" or "job" */
    const char *name;        /* e.g. "MPI"; no other of its group has it */
    char text[MR_FACT_SIZE]; /* cut if longer; "" where it does not apply */
} mr_fact;

/* One environment variable that the library reads. */
typedef struct mr_setting {
    const char *name;               /* MR_... */
    const char *kind;               /* of its values, e.g. "number" */
    const char *help;               /* its effect */
    char standard[MR_SETTING_SIZE]; /* the default value */
    char value[MR_SETTING_SIZE];    /* the value in use; cut if longer */
    bool set;                       /* in the environment, to a valid value */
} mr_setting;

/**
 * Get one fact.  There are facts about the versions of what runs, about how
 * the library was built, and, in the group "job", about what the job found and
 * chose at its start.  Ask for number 0, 1, 2 and so on until the call returns
 * false: there is no such fact, or fact is NULL.
 *
 * Callers:   any thread, also before mr_init.  The facts of the job have texts
 *            where MPI runs: on rank 0, and in tasks of other ranks.
 *            Elsewhere their texts are "".
 * Blocks:    never.
 * Ownership: *fact is written when the call returns true; group and name are
 *            static.
 * Differs:   Python has no such list.
 */
MR_API bool mr_info_fact(size_t number, mr_fact *fact);

/**
 * Get one setting: its name, kind and help, its default, and the value in use,
 * which is read from the environment once.  Ask for number 0, 1, 2 and so on
 * until the call returns false: there is no such setting, or setting is NULL.
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    never.
 * Ownership: *setting is written when the call returns true; name, kind and
 *            help are static.
 * Units:     the help names the unit of each value.
 * Differs:   Python's module has no settings.
 */
MR_API bool mr_info_setting(size_t number, mr_setting *setting);

/**
 * Print the table of settings (environment variables MR_...): name, default,
 * value in use, kind, and help.  Outside a job the log warns of MR_ variables
 * that are no setting or have an invalid value, as mr_init does.
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    while stdout blocks.
 * Differs:   Python's module has no settings.
 */
MR_API void mr_settings_print(void);

/**
 * Print all facts, by groups, and the settings: the text of `multirank info`,
 * here about the caller's own job.
 *
 * Callers:   as mr_info_fact.
 * Blocks:    while stdout blocks.
 * Differs:   Python has nothing like it.
 */
MR_API void mr_info_print(void);

#ifdef __cplusplus
}
#endif

#endif
