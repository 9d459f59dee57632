/* Reads a number, or ends the program (argument.h). */
#include "bench/argument.h"

#include "lib/die.h"
#include "lib/num.h"

uint64_t argument_number(const char *text, uint64_t min, uint64_t max)
{
	uint64_t n;

	if (num_parse_max(slice_of(text), max, &n) < 0 || n < min)
		die("%s: not a number from %lu to %lu", text, min, max);
	return n;
}
