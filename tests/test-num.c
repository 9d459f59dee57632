/* Unit tests of lib/num.h. */
#include <errno.h>

#include "lib/num.h"
#include "tests/test.h"

static const struct {
	const char *in;
	int want;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "99999999999999999999999x", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "0x1", -EINVAL, 0 },
}, sizes[] = {
	{ "100", 0, 100 },
	{ "1K", 0, 1024 },
	{ "500M", 0, 524288000 },
	{ "2g", 0, 2147483648 },
	{ "100MB", 0, 104857600 },
	{ "1kb", 0, 1024 },
	{ "100B", -EINVAL, 0 },
	{ "B", -EINVAL, 0 },
	{ "MB", -EINVAL, 0 },
	{ "1MBB", -EINVAL, 0 },
	{ "M", -EINVAL, 0 },
	{ "1MM", -EINVAL, 0 },
	{ "1.5M", -EINVAL, 0 },
	{ "17179869184G", -ERANGE, 0 },
}, hundredths[] = {
	{ "0", 0, 0 },
	{ "4", 0, 400 },
	{ "4.5", 0, 450 },
	{ "4.05", 0, 405 },
	{ "4.005", -EINVAL, 0 },
	{ "4.", -EINVAL, 0 },
	{ ".5", -EINVAL, 0 },
	{ "4.5.1", -EINVAL, 0 },
	{ "-4.5", -EINVAL, 0 },
	{ "4,5", -EINVAL, 0 },
	{ "184467440737095516", -ERANGE, 0 },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uint64_t value = 0;
		check_int(numbers[i].in,
			num_parse_u64(slice_of(numbers[i].in), &value),
			numbers[i].want);
		check_int(numbers[i].in, value, numbers[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint64_t value = 0;
		check_int(sizes[i].in,
			num_parse_size(slice_of(sizes[i].in), &value),
			sizes[i].want);
		check_int(sizes[i].in, value, sizes[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(hundredths); i++) {
		uint64_t value = 0;
		check_int(hundredths[i].in,
			num_parse_hundredths(
				slice_of(hundredths[i].in), &value),
			hundredths[i].want);
		check_int(hundredths[i].in, value, hundredths[i].value);
	}
	return test_end();
}
