/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns access to Values and Arrays by callers who tell the type that they mean.
 */
#include <multirank/typed.h>

#include "util/log.h"

static mr_error check(mr_type is, mr_type meant, const char *what)
{
    return is == meant
               ? MR_OK
               : mri_bad_argument(what, "type", "is not that of the object");
}

mr_error mr_value_get_typed(mr_value value, mr_type type, void *out)
{
    mr_error error = check(mr_value_type(value), type, "MR_VALUE_GET");

    return error ? error : mr_value_get(value, out);
}

mr_error mr_value_set_typed(mr_value value, mr_type type, const void *in)
{
    mr_error error = check(mr_value_type(value), type, "MR_VALUE_SET");

    return error ? error : mr_value_set(value, in);
}

mr_error mr_value_add_typed(mr_value value, mr_type type, const void *amount)
{
    mr_error error = check(mr_value_type(value), type, "MR_VALUE_ADD");

    return error ? error : mr_value_add(value, amount, NULL);
}

mr_error mr_array_get_typed(mr_array array, mr_type type, size_t first,
                            size_t count, void *out)
{
    mr_error error = check(mr_array_type(array), type, "MR_ARRAY_GET");

    return error ? error : mr_array_get(array, first, count, out);
}

mr_error mr_array_set_typed(mr_array array, mr_type type, size_t first,
                            size_t count, const void *in)
{
    mr_error error = check(mr_array_type(array), type, "MR_ARRAY_SET");

    return error ? error : mr_array_set(array, first, count, in);
}

mr_error mr_array_add_typed(mr_array array, mr_type type, size_t index,
                            const void *amount)
{
    mr_error error = check(mr_array_type(array), type, "MR_ARRAY_ADD");

    return error ? error : mr_array_add(array, index, amount, NULL);
}
