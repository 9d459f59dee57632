/*
 * What an operator writes, and what programs of their machine say. Input that
 * begins with 'M' is a page in Markdown, 'L' a log, 'S' settings, 'R' what
 * stands in /etc/resolv.conf or comes of unbound, all else the name of a host,
 * and what ssh says about it.
 */
#include <string.h>

#include "cmdeploy/dns/zones.h"
#include "cmdeploy/host/resolver.h"
#include "cmdeploy/host/ssh-reason.h"
#include "cmdeploy/host/ssh-target.h"
#include "cmdeploy/moving/proxy.h"
#include "cmdeploy/site/markdown.h"
#include "cmdeploy/site/values.h"
#include "cmdeploy/status/loglines.h"
#include "cmdeploy/takeover/legacy.h"
#include "fuzz/fuzz.h"
#include "lib/ini.h"

enum {
	OUT_MAX_BYTES = 1 << 22,
};

/* Text that goes into a page cannot close a tag or a quote, or be markup. */
static void try_value(struct slice text)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);

	values_add_text(&out, text);
	for (size_t i = 0; i < out.len; i++) {
		struct slice rest = slice_from(buf_slice(&out), i);
		demand(!slice_has_char(SLICE("\"'`*_[]|\\"), out.ptr[i]));
		demand(out.ptr[i] != '<' || slice_starts(rest, SLICE("<br>")));
	}
}

static void try_page(struct slice text)
{
	AUTO_BUF struct buf html = BUF_INIT(OUT_MAX_BYTES);
	AUTO_BUF struct buf title = BUF_INIT(OUT_MAX_BYTES);

	if (markdown_render(text, &html) < 0)
		return;
	if (markdown_title(buf_slice(&html), &title))
		demand(!slice_has_char(buf_slice(&title), '<'));
	try_value(text);
}

static void try_log(struct slice text)
{
	struct log_errors errors = { 0 };
	const char *end = text.ptr + text.len;

	log_find_errors(text, "2026-01-31_12:00:00", &errors);
	for (size_t i = 0; i < errors.n_last; i++) {
		demand(errors.last[i].ptr >= text.ptr);
		demand(errors.last[i].ptr + errors.last[i].len <= end);
	}
	demand(errors.n_last <= LOG_LINES_MAX && errors.n_last <= errors.n);
}

struct counts {
	int n_keys, n_entries;
};

static int count_key(
	const struct ini_entry *entry, void *owner, struct buf *why UNUSED)
{
	struct counts *counts = owner;

	counts->n_keys += slice_eq_str(entry->key, "public_addresses");
	counts->n_entries++;
	return 0;
}

/* Written twice they are as written once, and still say that once. */
static void try_settings(struct slice text)
{
	AUTO_WORDS struct words addresses = { 0 };
	AUTO_BUF struct buf once = BUF_INIT(OUT_MAX_BYTES);
	AUTO_BUF struct buf twice = BUF_INIT(OUT_MAX_BYTES);
	struct counts before = { 0 }, after = { 0 };

	words_add(&addresses, "192.0.2.1");
	if (ini_parse(text, count_key, &before, NULL) < 0 ||
		before.n_entries == 0)
		return;
	proxy_add_settings(&once, text, &addresses);
	proxy_add_settings(&twice, buf_slice(&once), &addresses);
	demand(slice_eq(buf_slice(&once), buf_slice(&twice)));
	demand(ini_parse(buf_slice(&once), count_key, &after, NULL) == 0);
	demand(after.n_keys == 1);
	demand(after.n_entries == before.n_entries - before.n_keys + 1);
}

static void try_resolvers(struct slice text)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *copy = slice_dup(text);
	struct dns_servers servers = { 0 };
	unsigned port = DNS_PORT;

	dns_servers_add_resolvers(&servers, text);
	demand(servers.n <= DNS_SERVERS_MAX);
	dns_servers_release(&servers);
	servers = (struct dns_servers){ 0 };
	if (dns_servers_parse(copy, &servers, &port, &why) < 0)
		demand(why.len > 0);
	dns_servers_release(&servers);
	resolver_parse_forwarders(&out, text);
	buf_reset(&out);
	demand(legacy_pick_packages(text, &out) >= 0);
	legacy_owns_unit(SLICE("doveauth"), text);
	legacy_owns_job(SLICE("expunge"), text);
	legacy_owns_pin(text);
}

/* A name that is taken is one word for ssh and for the shell there. */
static void try_host(struct slice text)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice name = text, said = SLICE_NONE;
	struct ssh_target target;

	slice_cut(text, '\n', &name, &said);
	AUTO_FREE char *copy = slice_dup(name);
	if (ssh_target_parse(copy, &target, &why) < 0) {
		demand(why.len > 0);
		return;
	}
	demand(target.where[0] != '-' && target.name[0] != '-');
	demand(!strpbrk(target.where, " \t\n'\"`$\\;&<>|()/"));
	buf_reset(&why);
	demand(ssh_reason(&target, said, &why) < 0);
	demand(why.len > 0);
	ssh_target_release(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	struct slice rest = slice_from(text, 1);

	if (len > 0 && data[0] == 'M')
		try_page(rest);
	else if (len > 0 && data[0] == 'L')
		try_log(rest);
	else if (len > 0 && data[0] == 'S')
		try_settings(rest);
	else if (len > 0 && data[0] == 'R')
		try_resolvers(rest);
	else
		try_host(text);
	return 0;
}
