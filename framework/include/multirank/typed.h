/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to Values and Arrays that looks at types.  mr_value_get and its like
 * take void pointers: an int64_t that is read into an int overwrites what lies
 * beside it.  The macros below tell the library the type that a pointer points
 * to, and give MR_ERR_ARGUMENT when that is another type.
 *
 *     int64_t total;
 *
 *     error = MR_VALUE_GET(value, &total);
 *
 * For C; in C++ value<T> and array<T> have types.
 */
#ifndef MULTIRANK_TYPED_H
#define MULTIRANK_TYPED_H

#include <multirank/array.h>
#include <multirank/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The mr_type of an expression.  A struct is MR_BYTES of its size. */
#define MR_TYPE_OF(x)                                                 \
    _Generic((x), bool                                                \
             : MR_BOOL, char                                          \
             : (char)-1 < 0 ? MR_INT8 : MR_UINT8, signed char         \
             : MR_INT8, unsigned char                                 \
             : MR_UINT8, short                                        \
             : MR_INT16, unsigned short                               \
             : MR_UINT16, int                                         \
             : MR_INT32, unsigned int                                 \
             : MR_UINT32, long                                        \
             : sizeof(long) == 8 ? MR_INT64 : MR_INT32, unsigned long \
             : sizeof(long) == 8 ? MR_UINT64 : MR_UINT32, long long   \
             : MR_INT64, unsigned long long                           \
             : MR_UINT64, float                                       \
             : MR_FLOAT, double                                       \
             : MR_DOUBLE, default                                     \
             : MR_BYTES(sizeof(x)))

#define MR_VALUE_GET(value, out) \
    mr_value_get_typed((value), MR_TYPE_OF(*(out)), (out))
#define MR_VALUE_SET(value, in) \
    mr_value_set_typed((value), MR_TYPE_OF(*(in)), (in))
#define MR_VALUE_ADD(value, amount) \
    mr_value_add_typed((value), MR_TYPE_OF(*(amount)), (amount))
#define MR_ARRAY_GET(array, first, count, out) \
    mr_array_get_typed((array), MR_TYPE_OF(*(out)), (first), (count), (out))
#define MR_ARRAY_SET(array, first, count, in) \
    mr_array_set_typed((array), MR_TYPE_OF(*(in)), (first), (count), (in))
#define MR_ARRAY_ADD(array, index, amount) \
    mr_array_add_typed((array), MR_TYPE_OF(*(amount)), (index), (amount))

/**
 * Read a Value of a type; see MR_VALUE_GET.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_value_get.
 * Ownership: as mr_value_get.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Value;
 *            all errors of mr_value_get.
 */
MR_CHECKED mr_error mr_value_get_typed(mr_value value, mr_type type, void *out);

/**
 * Write a Value of a type; see MR_VALUE_SET.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_value_set.
 * Ownership: as mr_value_set.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Value;
 *            all errors of mr_value_set.
 */
MR_CHECKED mr_error mr_value_set_typed(mr_value value, mr_type type,
                                       const void *in);

/**
 * Add to a Value of a type; see MR_VALUE_ADD.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_value_add.
 * Ownership: as mr_value_add.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Value;
 *            all errors of mr_value_add.
 */
MR_CHECKED mr_error mr_value_add_typed(mr_value value, mr_type type,
                                       const void *amount);

/**
 * Read a slice of an Array of a type; see MR_ARRAY_GET.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_array_get.
 * Ownership: as mr_array_get.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Array;
 *            all errors of mr_array_get.
 */
MR_CHECKED mr_error mr_array_get_typed(mr_array array, mr_type type,
                                       size_t first, size_t count, void *out);

/**
 * Write a slice of an Array of a type; see MR_ARRAY_SET.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_array_set.
 * Ownership: as mr_array_set.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Array;
 *            all errors of mr_array_set.
 */
MR_CHECKED mr_error mr_array_set_typed(mr_array array, mr_type type,
                                       size_t first, size_t count,
                                       const void *in);

/**
 * Add to an element of an Array of a type; see MR_ARRAY_ADD.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_array_add.
 * Ownership: as mr_array_add.
 * Errors:    MR_ERR_ARGUMENT - `type` is not that of the Array;
 *            all errors of mr_array_add.
 */
MR_CHECKED mr_error mr_array_add_typed(mr_array array, mr_type type,
                                       size_t index, const void *amount);

#ifdef __cplusplus
}
#endif

#endif
