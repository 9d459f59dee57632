/* random.c - text by chance. */
#include "lib/random.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void random_add_text(struct buf *out, const char *alphabet, size_t n)
{
	uint32_t len = (uint32_t)strlen(alphabet);

	for (size_t i = 0; i < n; i++)
		buf_add_char(out, alphabet[arc4random_uniform(len)]);
}
