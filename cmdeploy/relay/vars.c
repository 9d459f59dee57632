/* The variables that follow from the settings. */
#include "cmdeploy/relay/vars.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/host/core.h"
#include "cmdeploy/host/host.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/relay/kept.h"
#include "cmdeploy/relay/programs.h"
#include "lib/memory.h"

enum {
	VALUE_MAX_BYTES = 1 << 16,
	FIELDS_BYTES = 65536, /* that a message may get on its way */
	/* Two processes for each, and what else the machine is for. */
	SMTP_BYTES = 8 << 20,
	SMTP_MIN = 50,
	SMTP_MAX = 1000,
	/* Of two processes that hold connections until they log in. */
	LOGIN_BYTES = 320 << 10,
	LOGINS_MIN = 2000,
	LOGINS_MAX = 10000,
	/* In nginx a silent client of SMTP takes a tenth of that, an app half. */
	DOOR_BYTES = 64 << 10,
	DOORS_MIN = 16384,
	DOORS_MAX = 32768,
	/* An imap process with its ten clients (client_limit of dovecot.conf)
	 * takes a fourth of that. */
	IMAP_CLIENTS = 10,
	IMAP_BYTES = 16 << 20,
	IMAP_MIN = 50,
	MEMORY_STEP_BYTES = 64 << 20,
};

/* As many as the machine's memory can carry, at so many bytes for each. */
static unsigned long fit(
	unsigned long bytes, unsigned long min, unsigned long max)
{
	struct memory memory;

	if (!memory_read(&memory))
		memory.whole = 0;
	/* Of the same machine it differs a little from start to start. */
	uint64_t steps = memory.whole / MEMORY_STEP_BYTES;
	unsigned long n = steps * MEMORY_STEP_BYTES / bytes;

	if (n < min)
		n = min;
	return n > max ? max : n;
}

static void set_number(
	struct template_vars *vars, const char *name, unsigned long value)
{
	AUTO_FREE char *text = xasprintf("%lu", value);

	template_vars_set(vars, name, text);
}

/* Debian's releases differ in what follows from versions of packages. */
static const struct {
	const char *name, *package, *since;
} versions[] = {
	{ "has_dovecot_2_4", "dovecot-core", "1:2.4" },
	{ "has_http2_directive", "nginx", "1.25.1" },
	{ "has_postfix_3_8", "postfix", "3.8" },
	{ "has_single_postfix", "postfix", "3.9.1-7" },
};

/* With the packages that the machine has, or else would get. */
static bool is_since(const char *package, const char *since)
{
	AUTO_BUF struct buf version = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf os = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (packages_version(package, &version))
		return packages_is_since(buf_str(&version), since);
	/* apt-get has no lists yet. */
	return host_fact(&host_local, "os_version", &os, NULL) == 0 &&
		slice_eq_str(buf_slice(&os), "13");
}

void vars_set_packages(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;

	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		template_vars_set_bool(vars, versions[i].name,
			is_since(versions[i].package, versions[i].since));
	/* The former postfix.service itself starts nothing. */
	template_vars_set(vars, "postfix_unit",
		apply_counts(&relay->apply, "has_single_postfix")
			? "postfix.service"
			: "postfix@-.service");
}

/* RFC 3986: an address in brackets is not a URI as it is. */
static void set_admin_uri(struct relay *relay)
{
	const struct config *config = &relay->config;
	AUTO_BUF struct buf uri = BUF_INIT(VALUE_MAX_BYTES);
	AUTO_FREE char *root = xasprintf("root@%s", config->address_domain);
	const char *at = config->privacy_mail[0] ? config->privacy_mail : root;

	buf_add_str(&uri, "mailto:");
	for (; *at; at++)
		buf_addf(&uri,
			isalnum((unsigned char)*at) || strchr("-._~@", *at)
				? "%c"
				: "%%%02X",
			(unsigned char)*at);
	template_vars_set(&relay->apply.vars, "admin_uri", buf_str(&uri));
}

/*
 * Behind a proxy all clients have its address, so that no limit for one
 * address may count there. The total limits do, and the proxy has its own.
 */
static void set_proxies(struct relay *relay)
{
	const struct text_list *list = &relay->config.public_addresses;
	AUTO_BUF struct buf postfix = BUF_INIT(VALUE_MAX_BYTES);
	AUTO_BUF struct buf nginx = BUF_INIT(VALUE_MAX_BYTES);

	for (size_t i = 0; i < list->n; i++) {
		bool is_ipv6 = strchr(list->items[i], ':');
		buf_addf(&postfix, is_ipv6 ? " [%s]" : " %s", list->items[i]);
		buf_addf(&nginx, "\n\t\t%s \"\";", list->items[i]);
	}
	template_vars_set(
		&relay->apply.vars, "proxies_postfix", buf_str(&postfix));
	template_vars_set(&relay->apply.vars, "proxies_nginx", buf_str(&nginx));
}

/* Built where the headers of that Dovecot are, only. */
static bool has_plugin(const char *name)
{
	AUTO_FREE char *path = NULL;

	return programs_find(name, &path, NULL) == 0;
}

/*
 * The first of the IPv4 addresses that the settings name, "" without one: what
 * apps reach a relay behind NAT by. A relay that has a public address itself is
 * not behind NAT: these are proxies then, which do not forward calls.
 */
static const char *public_ipv4(const struct relay *relay, const char *own)
{
	const struct text_list *list = &relay->config.public_addresses;
	struct in_addr address;

	if (inet_pton(AF_INET, own, &address) == 1 && net_is_public(address))
		return "";
	for (size_t i = 0; i < list->n; i++)
		if (!strchr(list->items[i], ':'))
			return list->items[i];
	return "";
}

/* Of all addresses of the machine, those that calls are relayed by. */
static void set_call_addresses(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	char own[INET6_ADDRSTRLEN], own6[INET6_ADDRSTRLEN] = "";

	snprintf(own, sizeof(own), "%s", relay->address_text);
	if (relay->is_server) {
		net_source_address(AF_INET, own);
		if (!relay->config.disable_ipv6)
			net_source_address(AF_INET6, own6);
	}
	template_vars_set(vars, "relay_ipv4", own);
	template_vars_set(vars, "relay_ipv6", own6);
	template_vars_set(vars, "public_ipv4", public_ipv4(relay, own));
}

static void set_limits(struct template_vars *vars, const struct config *config)
{
	set_number(vars, "max_imap_login_clients",
		fit(LOGIN_BYTES, LOGINS_MIN, LOGINS_MAX));
	set_number(vars, "max_door_connections",
		fit(DOOR_BYTES, DOORS_MIN, DOORS_MAX));
	set_number(vars, "max_imap_processes",
		fit(IMAP_BYTES, IMAP_MIN,
			(config->max_imap_connections + IMAP_CLIENTS - 1) /
				IMAP_CLIENTS));
	/* Each takes two, of one of two processes. */
	set_number(vars, "max_imap_connections_per_ip",
		fit(DOOR_BYTES, DOORS_MIN, DOORS_MAX) / 3);
	set_number(vars, "max_smtp_connections_per_ip",
		config_smtp_share(config));
	set_number(vars, "max_stored_size",
		config->max_message_size + FIELDS_BYTES);
}

void vars_set_config(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	struct config *config = &relay->config;

	kept_apply(relay);
	if (config->max_smtp_connections == 0)
		config->max_smtp_connections =
			fit(SMTP_BYTES, SMTP_MIN, SMTP_MAX);
	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
		settings_value_text(row, config, &value);
		template_vars_set(vars, row->key, buf_str(&value));
	}
	set_limits(vars, config);
	template_vars_set(vars, "address_domain", config->address_domain);
	set_call_addresses(relay);
	set_admin_uri(relay);
	set_proxies(relay);
	template_vars_set_bool(vars, "is_ip_literal", config->is_ip_literal);
	template_vars_set_bool(vars, "has_instant_idle_2_3",
		has_plugin("instant-idle-2.3.so"));
	template_vars_set_bool(vars, "has_instant_idle_2_4",
		has_plugin("instant-idle-2.4.so"));
	template_vars_set_bool(
		vars, "has_mxsend", strcmp(config->delivery, "smtp") != 0);
	template_vars_set_bool(
		vars, "lacks_npm", config->echobot && core_needs_npm());
	template_vars_set_bool(vars, "has_public_metrics",
		strcmp(config->metrics, "public") == 0);
}
