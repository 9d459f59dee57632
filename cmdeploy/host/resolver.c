/* resolver.c - asks unbound, and tells it, by unbound-control. */
#include "cmdeploy/host/resolver.h"

#include "lib/proc.h"

enum {
	RESOLVER_SEC = 10,
};

static int control(
	const char *verb, const char *zone, struct buf *out, struct buf *why)
{
	const char *const argv[] = { "unbound-control", verb, zone, NULL };
	const struct proc proc = {
		.argv = argv,
		.timeout_sec = RESOLVER_SEC,
		.out = out,
	};

	return proc_run_ok(&proc, why);
}

/* ". IN forward 192.0.2.53 ..." */
void resolver_parse_forwarders(struct buf *out, struct slice text)
{
	struct slice line, word, rest;

	while (slice_next_line(&text, &line)) {
		if (!slice_cut(line, ' ', &word, &line) ||
			!slice_eq_str(word, ".") ||
			!slice_cut(slice_trim(line), ' ', &word, &rest))
			continue;
		while (slice_next_word(&rest, &word))
			if (slice_has_char(word, '.') ||
				slice_has_char(word, ':'))
				buf_addf(out, "%s%.*s", out->len ? " " : "",
					SLICE_FMT(word));
	}
}

void resolver_add_forwarders(struct buf *out)
{
	AUTO_BUF struct buf said = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (control("list_forwards", NULL, &said, NULL) == 0)
		resolver_parse_forwarders(out, buf_slice(&said));
}

bool resolver_forwards_by_file(void)
{
	return proc_run_ok(
		       &(struct proc){
			       .argv = PROC_WORDS("grep", "-rqsE",
				       "^[[:space:]]*name:[[:space:]]*\"?\\.\"?"
				       "[[:space:]]*$",
				       "/etc/unbound/unbound.conf",
				       "/etc/unbound/unbound.conf.d"),
			       .timeout_sec = RESOLVER_SEC,
		       },
		       NULL) == 0;
}

int resolver_end_forwarding(struct buf *why)
{
	int r = control("forward_remove", ".", NULL, why);

	return r < 0 ? r : control("flush_zone", ".", NULL, why);
}
