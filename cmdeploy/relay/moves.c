/* Keeps a relay that moves from serving mail on both of its servers. */
#include "cmdeploy/relay/moves.h"

#include <errno.h>

#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	MARK_MAX_BYTES = 4096,
};

int moves_check(const struct relay *relay, struct buf *why)
{
	const char *state = relay->places.own_state_dir;
	AUTO_FREE char *moved = xasprintf("%s/moved-to", state);
	AUTO_FREE char *arriving = xasprintf("%s/arriving", state);
	AUTO_BUF struct buf to = BUF_INIT(MARK_MAX_BYTES);

	if (file_exists(arriving))
		return because(why, -EBUSY,
			"the relay is moving to this server, and not all is "
			"here yet; \"%s migrate\" goes on with it",
			say_program());
	if (!file_exists(moved))
		return 0;
	int r = file_read(moved, &to, why);
	if (r < 0)
		return r;
	return because(why, -EBUSY,
		"the relay has moved from this server to %.*s; "
		"\"%s migrate\" goes on with that, and \"%s migrate --finish\" "
		"ends it",
		SLICE_FMT(slice_trim(buf_slice(&to))), say_program(),
		say_program());
}
