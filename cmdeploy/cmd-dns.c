/* The command dns: compares DNS records with what the relay needs. */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/dns/check.h"
#include "cmdeploy/host/ssh.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"

struct dns_options {
	const char *ini;
	const char *ssh_host;
	const char *zonefile;
};

static int write_zone(const struct config *config,
	const struct dns_facts *facts, const char *path, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(ZONE_MAX_BYTES);
	struct dns_records records;

	dns_records_make(config, facts, &records);
	dns_records_add_zone(config, &records, &text);
	dns_records_release(&records);
	int r = file_write(path, buf_slice(&text),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
	if (r == 0)
		say("%s: written", path);
	return r;
}

static int check(const struct config *config, const struct dns_facts *facts,
	struct buf *why)
{
	struct dns_report report;
	int r = dns_check(config, facts, false, &report, why);

	if (r < 0)
		return r;
	dns_report_show(&report, config->mail_domain);
	r = report.n_grave > 0       ? EXIT_FAILURE
		: report.n_other > 0 ? EXIT_RECOMMENDED
				     : EXIT_SUCCESS;
	dns_report_release(&report);
	return r;
}

static int get_facts(const struct dns_options *o, const struct config *config,
	struct dns_facts *ret_facts, struct buf *why)
{
	__attribute__((cleanup(ssh_close))) struct ssh_host ssh = { 0 };

	if (strcmp(o->ssh_host, HOST_LOCAL) == 0)
		return dns_facts_get(&host_local, config, ret_facts, why);
	int r = ssh_open(o->ssh_host, &ssh, why);
	if (r == 0)
		r = ssh_connect(&ssh, why);
	return r < 0 ? r : dns_facts_get(&ssh.host, config, ret_facts, why);
}

static int run(const struct dns_options *o, const struct config *config,
	struct buf *why)
{
	struct dns_facts facts = { 0 };
	int r = get_facts(o, config, &facts, why);

	if (r == 0 && o->zonefile)
		r = write_zone(config, &facts, o->zonefile, why);
	if (r == 0)
		r = check(config, &facts, why);
	dns_facts_release(&facts);
	return r;
}

/*
 * Without options: the settings of this folder and the host that they name,
 * which may be this one; on a server, which has its own, that one.
 */
static void fill_in(struct dns_options *o)
{
	if (!o->ini && !command_has_ini() && file_exists(SERVER_INI)) {
		o->ini = SERVER_INI;
		if (!o->ssh_host)
			o->ssh_host = HOST_LOCAL;
	}
	if (!o->ini)
		o->ini = command_ini();
}

static int run_for(struct dns_options *o, struct buf *why)
{
	struct config config;
	int r = config_load(o->ini, &config, say_settings_note, NULL, why);

	if (r < 0)
		return r;
	if (!o->ssh_host)
		o->ssh_host = server_is_here(config.mail_domain)
			? HOST_LOCAL
			: config.mail_domain;
	if (config.is_ip_literal)
		say("%s is an IP address: such a relay needs no DNS records.",
			config.mail_domain);
	else
		r = run(o, &config, why);
	config_release(&config);
	return r;
}

int cmd_dns(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_options o = { 0 };
	const struct cmd_option options[] = {
		{ .name = "--ini", .text = &o.ini },
		{ .name = "--config", .text = &o.ini },
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--zonefile", .text = &o.zonefile },
	};

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) < 0)
		return cmd_usage(&commands, "dns", buf_str(&why));
	fill_in(&o);
	int r = run_for(&o, &why);
	if (r >= 0)
		return r;
	say_error("%s", buf_str(&why));
	return EXIT_FAILURE;
}
