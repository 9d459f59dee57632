/* What must be so before a relay is started from a folder. */
#include "cmdeploy/folder/check.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "cmdeploy/folder/namespace.h"
#include "cmdeploy/host/host.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/backups.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	NEEDED_BYTES = 300 << 20,
	MEGABYTE = 1 << 20,
};

/* The longest path of a socket below the folder. */
#define LONGEST_SOCKET "/run/chatmail-metadata/metadata.socket"

static int check_root(const struct relay *relay UNUSED, struct buf *why)
{
	if (geteuid() == 0)
		return 0;
	return because(why, -EPERM,
		"only root can run mail servers on their ports; try "
		"\"sudo scripts/cmdeploy up\"");
}

static int check_system(const struct relay *relay UNUSED, struct buf *why)
{
	AUTO_BUF struct buf os = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = host_fact(&host_local, "os", &os, why);

	if (r < 0)
		return r;
	if (!slice_eq_str(buf_slice(&os), "debian"))
		return because(why, -ENOTSUP,
			"this system is \"%s\"; a relay is made of packages "
			"of " HOST_RELEASES,
			buf_str(&os));
	if (host_has_release(&host_local, NULL) == 0)
		say_note("made for " HOST_RELEASES "; this is another version");
	return 0;
}

/* The folder, or the one above it that exists. */
static char *existing_part(const char *dir)
{
	char *path = xstrdup(dir);
	char *slash;

	while (!file_exists(path) && (slash = strrchr(path, '/')) &&
		slash != path)
		*slash = '\0';
	return path;
}

/* It has contents, and nothing that says that they are ours. */
static bool is_foreign(const struct relay *relay)
{
	AUTO_FREE char *mark = folder_path(relay, "run/cmdeploy.lock");
	DIR *dir = opendir(relay->dir);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	/* "." and ".." are always there. */
	return n > 2 && !relay->has_ini && !file_exists(mark);
}

static int check_folder(const struct relay *relay, struct buf *why)
{
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1 -
		strlen(LONGEST_SOCKET);
	struct stat st;

	if (strcmp(relay->dir, "/") == 0)
		return because(why, -EINVAL,
			"a private relay needs a folder of its own, not /");
	if (strlen(relay->dir) > max)
		return because(why, -ENAMETOOLONG,
			"%s: longer than the %zu characters that leave room "
			"for socket paths; choose a shorter --dir, such as "
			"/srv/relay",
			relay->dir, max);
	if (strpbrk(relay->dir, " \t\n\"'\\$;{}()#%,"))
		return because(why, -EINVAL,
			"%s: Postfix and nginx cannot have blanks, quotes or "
			"signs in a path; choose another --dir, such as "
			"/srv/relay",
			relay->dir);
	if (stat(relay->dir, &st) == 0 && !S_ISDIR(st.st_mode))
		return because(why, -ENOTDIR, "%s: not a folder", relay->dir);
	if (is_foreign(relay))
		return because(why, -ENOTEMPTY,
			"%s: holds other things than a relay; choose a new or "
			"an empty --dir",
			relay->dir);
	return 0;
}

static int check_disk(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *path = existing_part(relay->dir);
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_flag & ST_RDONLY)
		return because(why, -EROFS,
			"%s: read-only file system; choose another --dir",
			path);
	if (fs.f_flag & ST_NOEXEC)
		return because(why, -EACCES,
			"%s: no program may run from this file system "
			"(noexec); choose another --dir",
			path);
	if (free_bytes < NEEDED_BYTES)
		return because(why, -ENOSPC,
			"%s: %" PRIu64 " MB free, %d MB needed; make room or "
			"choose another --dir",
			path, free_bytes / MEGABYTE, NEEDED_BYTES / MEGABYTE);
	if (free_bytes < relay->config.min_free_disk_space)
		say_note("less disk space is free than min_free_disk_space: "
			 "no new accounts will be made");
	return 0;
}

static int check_parents(const struct relay *relay, struct buf *why)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *barrier = namespace_barrier(relay->dir);
	AUTO_FREE char *there = existing_part(relay->dir);

	if (!barrier || namespace_try(there, barrier, &reason) == 0)
		return 0;
	return because(why, -EACCES,
		"the services, which do not run as root, cannot enter %s (and "
		"it cannot be covered: %s); choose a --dir that everybody can "
		"reach, such as /srv/relay",
		barrier, buf_str(&reason));
}

static int check_ports(const struct relay *relay, struct buf *why)
{
	struct relay_ports ports;
	int r = relay_ports_list(relay, &ports, why);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < ports.n; i++) {
		const struct relay_port *port = &ports.v[i];
		AUTO_BUF struct buf holder = BUF_INIT(BUF_WHY_MAX_BYTES);
		if (port->number == 0)
			continue;
		r = net_port_free(port->host, port->number, &holder);
		if (r == -EADDRINUSE)
			because(why, r,
				"port %s, which %s needs, is in use by %s; "
				"stop that, or name another ADDRESS",
				port->text, port->service->name,
				buf_str(&holder));
		else if (r < 0)
			because(why, r, "port %s: %s", port->text,
				strerror(-r));
	}
	relay_ports_release(&ports);
	return r;
}

int folder_check(const struct relay *relay, struct buf *why)
{
	static int (*const checks[])(const struct relay *, struct buf *) = {
		check_root,
		check_system,
		check_folder,
		backups_check,
		check_disk,
		check_parents,
		check_ports,
	};

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int r = checks[i](relay, why);
		if (r < 0)
			return r;
	}
	return 0;
}
