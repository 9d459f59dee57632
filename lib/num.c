/* num.c - strict reading of numbers and sizes. */
#include "lib/num.h"

#include <errno.h>

int num_parse_u64(struct slice s, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]))
			return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(
				value, (uint64_t)(s.ptr[i] - '0'), &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

int num_parse_max(struct slice s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	int r = num_parse_u64(s, &value);

	if (r < 0)
		return r;
	if (value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

static unsigned unit_shift(char c)
{
	switch (ascii_lower(c)) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	default:
		return 0;
	}
}

/* "5MB" is "5M". */
static struct slice without_b(struct slice s)
{
	if (s.len > 1 && ascii_lower(s.ptr[s.len - 1]) == 'b' &&
		unit_shift(s.ptr[s.len - 2]))
		return slice_head(s, s.len - 1);
	return s;
}

int num_parse_hundredths(struct slice s, uint64_t *ret_value)
{
	struct slice whole = s, part = SLICE("0");
	uint64_t units, hundredths;

	if (slice_has_char(s, '.'))
		slice_cut(s, '.', &whole, &part);
	int r = num_parse_max(whole, UINT64_MAX / 100 - 1, &units);
	if (r == 0)
		r = part.len > 2 ? -EINVAL : num_parse_u64(part, &hundredths);
	if (r < 0)
		return r;
	*ret_value = units * 100 + hundredths * (part.len == 1 ? 10 : 1);
	return 0;
}

int num_parse_size(struct slice text, uint64_t *ret_bytes)
{
	struct slice s = without_b(text);
	unsigned shift = s.len ? unit_shift(s.ptr[s.len - 1]) : 0;
	uint64_t value;
	int r = num_parse_u64(slice_head(s, s.len - (shift ? 1 : 0)), &value);

	if (r < 0)
		return r;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = value << shift;
	return 0;
}
