#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/dns/facts.h"
#include "cmdeploy/dns/report.h"
#include "cmdeploy/dns/zone.h"
#include "cmdeploy/say.h"

struct dns_options {
	const char *ini;
	const char *ssh_host;
	const char *zonefile;
};

static void warn(const char *text, void *owner UNUSED)
{
	say_note(text);
}

static int write_zone(const struct config *config,
	const struct dns_facts *facts, const char *path, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(ZONE_MAX_BYTES);
	struct dns_records records;

	dns_records_make(config, facts, &records);
	zone_add_all(config, &records, &text);
	dns_records_release(&records);
	int r = file_write(path, buf_slice(&text),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
	if (r == 0)
		say("%s: written", path);
	return r;
}

static int show(const struct dns_report *report, const struct config *config,
	struct buf *why)
{
	int r = dns_report_failure(report, why);

	if (r < 0)
		return r;
	dns_report_show(report, config->mail_domain);
	if (report->n_grave > 0)
		return EXIT_FAILURE;
	return report->n_other > 0 ? EXIT_RECOMMENDED : EXIT_SUCCESS;
}

static int check(const struct config *config, const struct dns_facts *facts,
	struct buf *why)
{
	struct dns_report report;
	struct walk *walk;
	int r = dns_open(config, &walk, why);

	if (r < 0)
		return r;
	dns_check(walk, config, facts, false, &report);
	walk_free(walk);
	r = show(&report, config, why);
	dns_report_release(&report);
	return r;
}

static int run(const struct dns_options *options, const struct config *config,
	struct buf *why)
{
	struct dns_facts facts;
	int r = dns_facts_get(&host_local, config, &facts, why);

	if (r == 0 && options->zonefile)
		r = write_zone(config, &facts, options->zonefile, why);
	if (r == 0)
		r = check(config, &facts, why);
	dns_facts_release(&facts);
	return r;
}

int cmd_dns(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_options o = { .ini = "chatmail.ini" };
	const struct cmd_option options[] = {
		{ .name = "--ini", .text = &o.ini },
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--zonefile", .text = &o.zonefile },
	};
	struct config config;

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) < 0)
		return cmd_usage(&commands, "dns", buf_str(&why));
	if (config_load(o.ini, &config, warn, NULL, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	int r = 0;
	if (config.is_ip_literal)
		say("%s is an IP address: such a relay needs no DNS records.",
			config.mail_domain);
	else
		r = run(&o, &config, &why);
	config_release(&config);
	if (r >= 0)
		return r;
	say_error("%s", buf_str(&why));
	return EXIT_FAILURE;
}
