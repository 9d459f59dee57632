/* Creates accounts on a relay by logging in (newcomer.h). */
#include "bench/newcomer.h"

#include <stdio.h>

#include "lib/random.h"

/* As an app does it. */
enum {
	NAME_CHARS = 9,
	PASSWORD_CHARS = 22,
};

static void invent(char *text, size_t size, size_t n_chars)
{
	AUTO_BUF struct buf chance = BUF_INIT(64);

	random_add_text(
		&chance, "abcdefghijklmnopqrstuvwxyz0123456789", n_chars);
	snprintf(text, size, "%s", buf_str(&chance));
}

struct newcomer newcomer_invent(void)
{
	struct newcomer n;

	invent(n.name, sizeof(n.name), NAME_CHARS);
	invent(n.password, sizeof(n.password), PASSWORD_CHARS);
	return n;
}
