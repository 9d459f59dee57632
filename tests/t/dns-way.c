/*
 * dns-way INI: what `cmdeploy run` asks before it touches a host.
 * dns-way INI ACCOUNT: all findings, for a host with that ACME account.
 * dns-way INI --alias LABEL: whether that points to the relay.
 */
#include <stdio.h>
#include <string.h>

#include "cmdeploy/dns/check.h"

static int ask_way(const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	int r = dns_check_run(&host_local, config, &out, why);

	printf("%s", buf_str(&out));
	return r < 0 ? r : r == 1 ? 0 : 1;
}

static void show(const struct dns_finding *f)
{
	static const char *const verdicts[] = {
		[DNS_RIGHT] = "right",
		[DNS_MISSING] = "missing",
		[DNS_WRONG] = "wrong",
		[DNS_NOT_YET] = "not yet",
		[DNS_UNKNOWN] = "unknown",
	};
	bool is_grave = f->is_grave && f->verdict == DNS_WRONG;

	printf("%s %s %s: %s\n", f->record.name, dns_type_name(f->record.type),
		is_grave ? "grave" : verdicts[f->verdict], f->note);
}

static int ask_all(
	const struct config *config, const char *account, struct buf *why)
{
	struct dns_facts facts = { .acme_account = xstrdup(account) };
	struct dns_report report;
	int r = dns_check(config, &facts, false, &report, why);

	if (r == 0) {
		for (size_t i = 0; i < report.n; i++)
			show(&report.v[i]);
		dns_report_release(&report);
	}
	dns_facts_release(&facts);
	return r;
}

static int ask_alias(
	const struct config *config, const char *label, struct buf *why)
{
	int r = dns_alias_points_here(&host_local, config, label, why);

	printf("%s %s\n", label,
		r < 0           ? "unknown"
			: r > 0 ? "points here"
				: "points elsewhere, or nowhere");
	return r < 0 ? r : 0;
}

static int ask(const struct config *config, char **argv, struct buf *why)
{
	if (!argv[0])
		return ask_way(config, why);
	if (strcmp(argv[0], "--alias") == 0 && argv[1])
		return ask_alias(config, argv[1], why);
	return ask_all(config, argv[0], why);
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct config config;

	if (argc < 2 || config_load(argv[1], &config, NULL, NULL, &why) < 0) {
		fprintf(stderr, "dns-way: %s\n", buf_str(&why));
		return 2;
	}
	int r = ask(&config, argv + 2, &why);
	config_release(&config);
	if (r < 0)
		fprintf(stderr, "%s\n", buf_str(&why));
	return r == 0 ? 0 : 1;
}
