#include "cmdeploy/relay/former.h"

/* Debian 12 has this one, whatever comes behind it. */
#define DEBIANS_DOVECOT "1:2.3.19"

int former_pick_packages(struct slice list, struct buf *names)
{
	struct slice line, name, version;
	int n = 0;

	while (slice_next_line(&list, &line)) {
		if (!slice_cut(line, ' ', &name, &version) ||
			slice_starts(version, SLICE(DEBIANS_DOVECOT)))
			continue;
		buf_addf(names, "%s%.*s=" DEBIANS_DOVECOT "*",
			names->len ? " " : "", SLICE_FMT(name));
		n++;
	}
	return n;
}
