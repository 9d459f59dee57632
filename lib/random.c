/* random.c - random bytes and words from the kernel. */
#include "lib/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/die.h"

void random_fill(void *ptr, size_t len)
{
	char *at = ptr;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno != EINTR)
			bug("getrandom() failed");
		if (n < 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
}

uint32_t random_below(uint32_t below)
{
	/* Rejects the tail that would make small results more likely. */
	uint32_t tail = (UINT32_MAX - below + 1) % below;
	uint32_t value;

	do
		random_fill(&value, sizeof(value));
	while (value < tail);
	return value % below;
}

void random_add_text(struct buf *out, const char *alphabet, size_t n)
{
	uint32_t len = (uint32_t)strlen(alphabet);

	for (size_t i = 0; i < n; i++)
		buf_add_char(out, alphabet[random_below(len)]);
}
