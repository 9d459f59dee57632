/* What other programs say on a server: systemctl, acmetool, an authority. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "cmdeploy/certificate/acme.h"
#include "cmdeploy/supervise/systemd.h"

enum {
	UNITS = 3,
	NOW = 1700000000,
	OUT_MAX_BYTES = 1 << 16,
};

static void try_show(struct slice text)
{
	struct service_status a[UNITS], b[UNITS];
	int r = systemd_parse_show(text, 5000000000, NOW, UNITS, a);

	demand(systemd_parse_show(text, 5000000000, NOW, UNITS, b) == r);
	for (size_t i = 0; r == 0 && i < UNITS; i++) {
		demand(a[i].since >= 0 && a[i].since <= NOW);
		demand(!a[i].is_up || !a[i].is_failed);
		demand(a[i].pid == b[i].pid && a[i].is_up == b[i].is_up);
	}
}

static void try_terms(struct slice text)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);

	if (acme_find_terms(text, "url", &out, NULL) < 0)
		demand(out.len == 0);
}

static void try_detail(struct slice text)
{
	AUTO_BUF struct buf log = BUF_INIT(OUT_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(OUT_MAX_BYTES);

	buf_add_slice(&log, text);
	acme_find_detail(&log, &reason);
	demand(reason.len <= log.len);
	demand(reason.len == 0 || strstr(buf_str(&log), "(detail \""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);

	try_show(text);
	try_terms(text);
	try_detail(text);
	return 0;
}
