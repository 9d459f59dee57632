/* What must be so before a server becomes a relay. */
#include "cmdeploy/server/check.h"

#include <errno.h>
#include <inttypes.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"

enum {
	FACT_MAX_BYTES = 4096,
	KB_PER_MB = 1024,
};

/* What is looked at. */
struct checked {
	const struct relay *relay;
	const struct server_legacy *legacy;
};

bool server_is_relay(const struct host *host, const struct config *config)
{
	AUTO_BUF struct buf domain = BUF_INIT(FACT_MAX_BYTES);

	return host_fact(host, "relay", &domain, NULL) == 0 &&
		slice_eq_str(buf_slice(&domain), config->mail_domain);
}

static int check_system(const struct host *host,
	const struct config *config UNUSED, struct buf *why)
{
	AUTO_BUF struct buf name = BUF_INIT(FACT_MAX_BYTES);
	int r = host_has_release(host, why);

	if (r != 0)
		return r < 0 ? r : 0;
	r = host_fact(host, "os_name", &name, why);
	if (r < 0)
		return r;
	return because(why, -ENOTSUP,
		"%s runs %s; a relay needs " HOST_RELEASES, host->name,
		buf_str(&name));
}

static int check_systemd(const struct host *host,
	const struct config *config UNUSED, struct buf *why)
{
	if (host_has_fact(host, "systemd"))
		return 0;
	return because(why, -ENOTSUP,
		"systemd does not run %s, and a relay that is set up from "
		"another machine needs it; \"cmdeploy run --ssh-host @local\" "
		"there runs one without it, in the foreground",
		host->name);
}

/* Of ours, or of the chatmail software in Python. */
static bool is_any_relay(const struct host *host, const struct config *config)
{
	return server_is_relay(host, config) || host_has_fact(host, "legacy");
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
		server_is_relay(host, config))
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
	uint64_t mb = host_number(host, "memory_kb") / KB_PER_MB;

	if (mb >= SERVER_NEEDED_MEMORY_MB)
		return 0;
	return because(why, -ENOMEM,
		"%s has %" PRIu64 " MB of memory; a relay needs 512 MB",
		host->name, mb);
}

static int check_disk(
	const struct host *host, const struct config *config, struct buf *why)
{
	uint64_t mb = host_number(host, "disk_kb") / KB_PER_MB;
	unsigned needed = server_is_relay(host, config) ? SERVER_KEPT_DISK_MB
							: SERVER_NEEDED_DISK_MB;

	if (host_has_fact(host, "var"))
		return because(
			why, -EROFS, "%s: /var is read-only", host->name);
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
static int check_listeners(
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

static int check_host(const struct host *host, const struct config *config,
	bool is_local, struct buf *why)
{
	static int (*const checks[])(const struct host *host,
		const struct config *config, struct buf *why) = {
		check_system,
		check_other_relay,
		check_memory,
		check_disk,
		check_sites,
		/* On the server itself runit does as well, and check_ports()
		 * looks at all ports, and closer. */
		check_systemd,
		check_listeners,
	};
	size_t n = ARRAY_LEN(checks) - (is_local ? 2 : 0);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = checks[i](host, config, why);
	return r;
}

int server_check_host(
	const struct host *host, const struct config *config, struct buf *why)
{
	return check_host(host, config, false, why);
}

static int check_root(struct buf *why)
{
	if (geteuid() == 0)
		return 0;
	return because(why, -EPERM,
		"only root can set up a server; try \"sudo %s run --ssh-host "
		"@local\"",
		say_program());
}

/* It runs on this server, or has: of one that is not there, no part is. */
int server_check_there(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *domain = server_claimed_by(relay);

	if (domain)
		return 0;
	return because(why, -ENOENT,
		"no relay is set up here yet; \"cmdeploy run\" sets one up");
}

static bool is_ours(const struct checked *c)
{
	AUTO_FREE char *domain = server_claimed_by(c->relay);

	return domain || c->legacy->is_there;
}

static int check_port(const struct checked *c, const struct relay_port *port,
	bool is_up, struct buf *why)
{
	AUTO_BUF struct buf holder = BUF_INIT(BUF_WHY_MAX_BYTES);

	struct in_addr address = port->host;

	if (port->number == 0 || is_up)
		return 0;
	/* It has filters on ports of these numbers, and is to go. */
	if (!port->decl->label && c->legacy->is_due)
		return 0;
	/* What users reach is served on every address. */
	if (port->decl->label)
		address.s_addr = htonl(INADDR_ANY);
	int r = net_port_free(address, port->number, &holder);
	if (r == -EADDRINUSE)
		return because(why, r,
			"port %u, which %s needs, is in use by %s; stop and "
			"remove that first",
			port->number, port->service->name, buf_str(&holder));
	return 0;
}

/*
 * While a service of ours runs, the relay has its ports, though they may pass
 * from one service to another now.
 */
static int check_ports_of(const struct checked *c,
	const struct relay_ports *ports, struct buf *why)
{
	char **units = xcalloc(ports->n + 1, sizeof(*units));
	struct service_status *statuses =
		xcalloc(ports->n + 1, sizeof(*statuses));
	bool is_up = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = relay_unit(c->relay, ports->v[i].service, &units[i], why);
	if (r == 0)
		r = supervisor_status(&c->relay->supervisor,
			(struct unit_list){
				(const char *const *)units, ports->n },
			statuses, why);
	for (size_t i = 0; r == 0 && i < ports->n; i++)
		is_up |= statuses[i].is_up && is_ours(c);
	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = check_port(c, &ports->v[i], is_up, why);
	for (size_t i = 0; i < ports->n; i++)
		free(units[i]);
	free(units);
	free(statuses);
	return r;
}

static int check_ports(const struct checked *c, struct buf *why)
{
	struct relay_ports ports;
	int r = relay_ports_list(c->relay, &ports, why);

	if (r < 0)
		return r;
	r = check_ports_of(c, &ports, why);
	relay_ports_release(&ports);
	return r;
}

int server_check(const struct relay *relay, const struct server_legacy *legacy,
	struct buf *why)
{
	const struct checked c = { relay, legacy };
	int r = check_root(why);

	if (r == 0)
		r = check_host(&host_local, &relay->config, true, why);
	return r < 0 ? r : check_ports(&c, why);
}
