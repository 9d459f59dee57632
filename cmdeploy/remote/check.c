/*
 * What is looked at before anything is brought to a host: one that is refused
 * is left as it was.
 */
#include "cmdeploy/remote/check.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/server/check.h"
#include "lib/num.h"

enum {
	FACT_MAX_BYTES = 4096,
	KB_PER_MB = 1024,
};

uint64_t remote_number(const struct host *host, const char *name)
{
	AUTO_BUF struct buf value = BUF_INIT(FACT_MAX_BYTES);
	uint64_t n;

	if (host_fact(host, name, &value, NULL) < 0 ||
		num_parse_u64(buf_slice(&value), &n) < 0)
		return 0;
	return n;
}

bool remote_is_relay(const struct host *host, const struct config *config)
{
	AUTO_BUF struct buf domain = BUF_INIT(FACT_MAX_BYTES);

	return host_fact(host, "relay", &domain, NULL) == 0 &&
		slice_eq_str(buf_slice(&domain), config->mail_domain);
}

static int check_system(const struct host *host,
	const struct config *config UNUSED, struct buf *why)
{
	AUTO_BUF struct buf os = BUF_INIT(FACT_MAX_BYTES);
	AUTO_BUF struct buf version = BUF_INIT(FACT_MAX_BYTES);
	AUTO_BUF struct buf name = BUF_INIT(FACT_MAX_BYTES);
	int r = host_fact(host, "os", &os, why);

	if (r == 0)
		r = host_fact(host, "os_version", &version, why);
	if (r == 0)
		r = host_fact(host, "os_name", &name, why);
	if (r < 0)
		return r;
	if (slice_eq_str(buf_slice(&os), "debian") &&
		slice_eq_str(buf_slice(&version), "12"))
		return 0;
	return because(why, -ENOTSUP, "%s runs %s; a relay needs Debian 12",
		host->name, buf_str(&name));
}

static bool has_fact(const struct host *host, const char *name)
{
	AUTO_BUF struct buf value = BUF_INIT(FACT_MAX_BYTES);

	return host_fact(host, name, &value, NULL) == 0 && value.len > 0;
}

static int check_systemd(const struct host *host,
	const struct config *config UNUSED, struct buf *why)
{
	if (has_fact(host, "systemd"))
		return 0;
	return because(why, -ENOTSUP,
		"systemd does not run %s, and a relay on a server needs it; "
		"use another server; where systemd does not run, \"cmdeploy "
		"up\" runs a relay from a folder",
		host->name);
}

/* Of ours, or of the chatmail software in Python. */
static bool is_any_relay(const struct host *host, const struct config *config)
{
	return remote_is_relay(host, config) || has_fact(host, "legacy");
}

static int check_sites(
	const struct host *host, const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf site = BUF_INIT(FACT_MAX_BYTES);

	if (is_any_relay(host, config) ||
		host_fact(host, "site", &site, NULL) < 0 || site.len == 0)
		return 0;
	return because(why, -EEXIST,
		"%s: nginx serves another site here: %s; a relay needs the "
		"server for itself: remove that file, or use another server",
		host->name, buf_str(&site));
}

static int check_other_relay(
	const struct host *host, const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf domain = BUF_INIT(FACT_MAX_BYTES);

	if (host_fact(host, "relay", &domain, NULL) < 0 || domain.len == 0 ||
		remote_is_relay(host, config))
		return 0;
	return because(why, -EEXIST,
		"%s is the relay %s, but mail_domain is %s; name another host "
		"by --ssh-host, or, to give up %s, remove "
		"/var/lib/chatmail/mail_domain there",
		host->name, buf_str(&domain), config->mail_domain,
		buf_str(&domain));
}

static int check_memory(const struct host *host,
	const struct config *config UNUSED, struct buf *why)
{
	uint64_t mb = remote_number(host, "memory_kb") / KB_PER_MB;

	if (mb >= SERVER_NEEDED_MEMORY_MB)
		return 0;
	return because(why, -ENOMEM,
		"%s has %" PRIu64 " MB of memory; a relay needs 512 MB",
		host->name, mb);
}

static int check_disk(
	const struct host *host, const struct config *config, struct buf *why)
{
	uint64_t mb = remote_number(host, "disk_kb") / KB_PER_MB;
	unsigned needed = remote_is_relay(host, config) ? SERVER_KEPT_DISK_MB
							: SERVER_NEEDED_DISK_MB;

	if (mb >= needed)
		return 0;
	return because(why, -ENOSPC,
		"%s: %" PRIu64
		" MB free in /var, %u MB needed; make room first",
		host->name, mb, needed);
}

/* One that every relay serves to others. */
static bool is_relays_port(struct slice port)
{
	for (size_t i = 0; components_server[i]; i++) {
		const struct service *s = components_server[i]->services;
		for (; s && s->name; s++) {
			const struct port *p = s->when ? NULL : s->ports;
			for (; p && p->address; p++)
				if (p->label && !p->when &&
					slice_eq_str(port, p->port))
					return true;
		}
	}
	return false;
}

/* "25:exim4 22:sshd", without those that listen on loopback only. */
static int check_ports(
	const struct host *host, const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf all = BUF_INIT(FACT_MAX_BYTES);

	if (is_any_relay(host, config))
		return 0;
	int r = host_fact(host, "listeners", &all, why);
	struct slice rest = buf_slice(&all), word, port, program;

	while (r == 0 && slice_next_word(&rest, &word))
		if (slice_cut(word, ':', &port, &program) &&
			is_relays_port(port))
			return because(why, -EADDRINUSE,
				"%s: port %.*s, which a relay needs, is in use "
				"by %.*s; stop and remove that first",
				host->name, SLICE_FMT(port),
				SLICE_FMT(program));
	return r;
}

int remote_check(
	const struct host *host, const struct config *config, struct buf *why)
{
	static int (*const checks[])(const struct host *host,
		const struct config *config, struct buf *why) = {
		check_system,
		check_systemd,
		check_other_relay,
		check_memory,
		check_disk,
		check_sites,
		check_ports,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(checks) && r == 0; i++)
		r = checks[i](host, config, why);
	return r;
}
