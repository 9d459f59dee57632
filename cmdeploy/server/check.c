/* What must be so before a server becomes a relay. */
#include "cmdeploy/server/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/host/host.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/supervise/systemd.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	MEGABYTE = 1 << 20,
	CONF_MAX_BYTES = 1 << 20,
	QUICK_SEC = 30,
};

/* What is looked at. */
struct checked {
	const struct relay *relay;
	const struct server_legacy *legacy;
};

#define SITES   "/etc/nginx/sites-enabled"
#define MODULES "/etc/nginx/conf.d"

static int check_root(const struct checked *c UNUSED, struct buf *why)
{
	if (geteuid() == 0)
		return 0;
	return because(why, -EPERM,
		"only root can set up a server; try \"sudo %s run --ssh-host "
		"@local\"",
		say_program());
}

static int check_system(const struct checked *c UNUSED, struct buf *why)
{
	AUTO_BUF struct buf os = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf version = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = host_fact(&host_local, "os", &os, why);

	if (r == 0)
		r = host_fact(&host_local, "os_version", &version, why);
	if (r < 0)
		return r;
	if (slice_eq_str(buf_slice(&os), "debian") &&
		slice_eq_str(buf_slice(&version), "12"))
		return 0;
	/* Debian 13 has Dovecot 2.4, whose configuration is another one. */
	return because(why, -ENOTSUP,
		"this system is \"%s %s\"; a relay needs Debian 12",
		buf_str(&os), buf_str(&version));
}

static int check_systemd(const struct checked *c UNUSED, struct buf *why)
{
	if (systemd_is_running())
		return 0;
	return because(why, -ENOTSUP,
		"systemd does not run this machine; where it does not, \"%s "
		"up\" runs a relay from a folder",
		say_program());
}

static int check_claim(const struct checked *c, struct buf *why)
{
	AUTO_FREE char *domain = server_claimed_by(c->relay);

	if (!domain || strcmp(domain, c->relay->config.mail_domain) == 0)
		return 0;
	return because(why, -EEXIST,
		"this server is the relay %s, and %s names %s; use another "
		"server, or, to give up %s, remove "
		"/var/lib/chatmail/mail_domain there",
		domain, server_settings_name(c->relay),
		c->relay->config.mail_domain, domain);
}

/* It runs on this server, or has: of one that is not there, no part is. */
int server_check_there(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *domain = server_claimed_by(relay);

	if (domain)
		return 0;
	return because(why, -ENOENT,
		"no relay is set up here yet; run this without --website-only "
		"first");
}

static bool is_ours(const struct checked *c)
{
	AUTO_FREE char *domain = server_claimed_by(c->relay);

	return domain || c->legacy->is_there;
}

static int check_memory(const struct checked *c UNUSED, struct buf *why)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return 0;
	uint64_t mb = (uint64_t)info.totalram * info.mem_unit / MEGABYTE;
	if (mb >= SERVER_NEEDED_MEMORY_MB)
		return 0;
	return because(why, -ENOMEM,
		"this machine has %" PRIu64 " MB of memory; a relay needs 512 "
		"MB",
		mb);
}

static int check_disk(const struct checked *c, struct buf *why)
{
	uint64_t needed =
		is_ours(c) ? SERVER_KEPT_DISK_MB : SERVER_NEEDED_DISK_MB;
	struct statvfs fs;

	if (statvfs("/var", &fs) < 0)
		return because(why, -errno, "/var: %s", strerror(errno));
	uint64_t mb = (uint64_t)fs.f_bavail * fs.f_frsize / MEGABYTE;
	if (fs.f_flag & ST_RDONLY)
		return because(why, -EROFS, "/var: read-only file system");
	if (mb < needed)
		return because(why, -ENOSPC,
			"/var: %" PRIu64 " MB free, %" PRIu64 " MB needed; "
			"make room first",
			mb, needed);
	return 0;
}

/* The page that Debian brings: its package knows its bytes. */
static bool is_debians_default(const char *path)
{
	AUTO_BUF struct buf said = BUF_INIT(CONF_MAX_BYTES);
	AUTO_FREE char *whole = realpath(path, NULL);
	const struct proc proc = {
		.argv = (const char *const[]){ "dpkg", "--verify",
			"nginx-common", NULL },
		.timeout_sec = QUICK_SEC,
		.out = &said,
	};
	int status;

	return whole &&
		strcmp(whole, "/etc/nginx/sites-available/default") == 0 &&
		proc_run(&proc, &status, NULL) == 0 &&
		!memmem(buf_str(&said), said.len, whole, strlen(whole));
}

static int check_sites_in(const char *folder, struct buf *why)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int r = 0;

	while (dir && r == 0 && (entry = readdir(dir))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || is_debians_default(path))
			continue;
		r = because(why, -EEXIST,
			"nginx serves another site here: %s; a relay needs the "
			"server for itself: remove that file, or use another "
			"server",
			path);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* Once nginx.conf is ours, no other site is read. */
static int check_sites(const struct checked *c, struct buf *why)
{
	if (is_ours(c) ||
		file_has_text("/etc/nginx/nginx.conf", EMBED_RENDERED))
		return 0;
	int r = check_sites_in(SITES, why);
	return r < 0 ? r : check_sites_in(MODULES, why);
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

/* Of a service of ours that runs, the ports are its own. */
static int check_ports_of(const struct checked *c,
	const struct relay_ports *ports, struct buf *why)
{
	char **units = xcalloc(ports->n + 1, sizeof(*units));
	struct service_status *statuses =
		xcalloc(ports->n + 1, sizeof(*statuses));
	bool may_run = is_ours(c);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = relay_unit(c->relay, ports->v[i].service, &units[i], why);
	if (r == 0)
		r = supervisor_status(&c->relay->supervisor,
			(struct unit_list){
				(const char *const *)units, ports->n },
			statuses, why);
	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = check_port(
			c, &ports->v[i], may_run && statuses[i].is_up, why);
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
	static int (*const checks[])(const struct checked *, struct buf *) = {
		check_root,
		check_system,
		check_systemd,
		check_claim,
		check_memory,
		check_disk,
		check_sites,
		check_ports,
	};
	const struct checked c = { relay, legacy };

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int r = checks[i](&c, why);
		if (r < 0)
			return r;
	}
	return 0;
}
