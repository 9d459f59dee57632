#include "cmdeploy/status/upgrades.h"

/* "Inst NAME [OLD] (NEW Debian-Security:12/stable-security [amd64])" */
static bool is_security(struct slice line)
{
	struct slice word;

	while (slice_next_word(&line, &word))
		if (slice_starts(word, SLICE("Debian-Security:")) ||
			slice_ends(word, SLICE("-security")))
			return true;
	return false;
}

void upgrades_parse(struct slice text, struct upgrades *ret_upgrades)
{
	struct upgrades all = { 0 };
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (!slice_starts(line, SLICE("Inst ")))
			continue;
		all.n++;
		all.n_security += is_security(line);
	}
	*ret_upgrades = all;
}
