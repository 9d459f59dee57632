/*
 * A metadata.json of any bytes: what is read from it are tokens within their
 * limits. A token that is set then is there, and all go when all shall.
 */
#include <unistd.h>

#include "chatmaild/metadata/tokens.h"
#include "fuzz/fuzz.h"
#include "lib/die.h"
#include "lib/file.h"

enum {
	NOW = 1800000000,
};

/* The number of tokens, of which `wanted` is one, unless it is empty. */
static size_t look(const char *home, struct slice wanted)
{
	struct token_list list;
	size_t n, total = 0;
	bool is_there = wanted.len == 0;

	demand(tokens_read(home, NOW, &list, NULL) == 0);
	for (n = 0; n < list.n; n++) {
		demand(token_is_valid(list.tokens[n]));
		total += list.tokens[n].len + 1;
		is_there |= slice_eq(list.tokens[n], wanted);
	}
	demand(n <= TOKENS_MAX && total <= TOKENS_MAX_BYTES);
	demand(is_there);
	token_list_release(&list);
	return n;
}

static void change(const char *home, enum token_change what, struct slice token)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	bool is_aside;

	demand(tokens_change(home, what, token, NOW, &is_aside, &why) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
	const struct slice token = SLICE("fuzz:token");
	char home[] = "/dev/shm/fuzz-tokens-XXXXXX";

	if (!mkdtemp(home))
		die("%s: cannot be made", home);
	AUTO_FREE char *path = xasprintf("%s/metadata.json", home);
	AUTO_FREE char *aside = xasprintf("%s.broken", path);
	demand(file_write(path, slice_make(data, len), owner, NULL) == 0);
	look(home, SLICE(""));
	change(home, TOKEN_SET, token);
	look(home, token);
	change(home, TOKEN_REMOVE_ALL, SLICE(""));
	demand(look(home, SLICE("")) == 0);
	unlink(path);
	unlink(aside);
	demand(rmdir(home) == 0);
	return 0;
}
