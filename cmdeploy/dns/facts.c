/* What only the host knows: its addresses, DKIM key and ACME account. */
#include "cmdeploy/dns/records.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "lib/die.h"

enum {
	SCRIPT_SEC = 60,
	OUTPUT_MAX_BYTES = 1 << 16,
};

/* An address that others can use; in the one spelling. */
static void add_address(struct slice text, struct words *addresses)
{
	char canonical[INET6_ADDRSTRLEN];
	struct in6_addr bytes;
	AUTO_FREE char *copy = slice_dup(text);
	int family = strchr(copy, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, copy, &bytes) == 1 &&
		inet_ntop(family, &bytes, canonical, sizeof(canonical)))
		words_add(addresses, canonical);
}

/* "2: eth0    inet 192.0.2.1/24 brd ..." of ip(8). */
static void parse_interface(struct slice line, struct words *addresses)
{
	struct slice rest = line, word;

	if (slice_has_word(line, "temporary") ||
		slice_has_word(line, "deprecated") ||
		slice_has_word(line, "tentative"))
		return;
	for (int i = 0; i < 4; i++)
		if (!slice_next_word(&rest, &word))
			return;
	slice_cut(word, '/', &word, &rest);
	add_address(word, addresses);
}

static void parse_line(struct slice line, struct dns_facts *facts)
{
	struct slice rest = line, word;

	if (!slice_next_word(&rest, &word))
		return;
	rest = slice_trim(rest);
	if (slice_ends(word, SLICE(":")))
		parse_interface(line, &facts->addresses);
	else if (slice_eq_str(word, "dkim") && rest.len > 0 && !facts->dkim_key)
		facts->dkim_key = slice_dup(rest);
	else if (slice_eq_str(word, "acme") &&
		slice_starts(rest, SLICE("http")) && !facts->acme_account)
		facts->acme_account = slice_dup(rest);
}

static void use_settings(const struct config *config, struct dns_facts *facts)
{
	const struct text_list *list = &config->public_addresses;

	if (list->n == 0)
		return;
	words_release(&facts->addresses);
	for (size_t i = 0; i < list->n; i++)
		add_address(slice_of(list->items[i]), &facts->addresses);
}

void dns_facts_release(struct dns_facts *facts)
{
	words_release(&facts->addresses);
	free(facts->dkim_key);
	free(facts->acme_account);
	*facts = (struct dns_facts){ 0 };
}

void dns_facts_parse(struct slice text, const struct config *config,
	struct dns_facts *ret_facts)
{
	struct dns_facts facts = { 0 };
	struct slice line;

	while (slice_next_line(&text, &line))
		parse_line(line, &facts);
	use_settings(config, &facts);
	*ret_facts = facts;
}

int dns_facts_get(const struct host *host, const struct config *config,
	struct dns_facts *ret_facts, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(OUTPUT_MAX_BYTES);
	struct slice script;

	if (!embed_find("dns/facts.sh", &script))
		bug("no dns/facts.sh");
	AUTO_FREE char *text = slice_dup(script);
	const char *const argv[] = { "sh", "-c", text, NULL };
	int r = host_run(host,
		&(struct proc){
			.argv = argv,
			.timeout_sec = SCRIPT_SEC,
			.out = &out,
			.err = &err,
		},
		why);
	if (r < 0)
		return r;
	dns_facts_parse(buf_slice(&out), config, ret_facts);
	return 0;
}
