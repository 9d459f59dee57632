/*
 * num.h - strict numbers: the whole text is the number, or nothing is.
 *
 * No sign, no blanks, no hexadecimal; 0 on success, -EINVAL for text
 * that is not a number, -ERANGE for one that does not fit.
 */
#ifndef LIB_NUM_H
#define LIB_NUM_H

#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

int num_parse_u64(struct slice s, uint64_t *ret_value) MUST_CHECK;
/* At most `max`, else -ERANGE. */
int num_parse_max(struct slice s, uint64_t max, uint64_t *ret_value) MUST_CHECK;
/*
 * Bytes: a number with an optional K, M or G, or KB, MB, GB (powers of 1024;
 * also in small letters).
 */
int num_parse_size(struct slice s, uint64_t *ret_bytes) MUST_CHECK;
/* "4", "4.5" or "4.25": in hundredths. */
int num_parse_hundredths(struct slice s, uint64_t *ret_value) MUST_CHECK;

#endif
