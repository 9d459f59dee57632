#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <time.h>

#include "chatmaild/common/user.h"
#include "cmdeploy/apply/services.h"
#include "cmdeploy/commands.h"
#include "cmdeploy/relay/ports.h"
#include "cmdeploy/relay/relay.h"
#include "cmdeploy/say.h"
#include "cmdeploy/supervise/runit.h"
#include "lib/file.h"
#include "lib/num.h"
#include "lib/proc.h"

enum {
	WALK_FDS = 8,
	CHECK_SEC = 10,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
};

/* "12 s", "3 min", "5 h 12 min", "2 d 3 h" */
static void add_duration(struct buf *out, time_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < MINUTE)
		buf_addf(out, "%ld s", (long)seconds);
	else if (seconds < HOUR)
		buf_addf(out, "%ld min", (long)(seconds / MINUTE));
	else if (seconds < DAY)
		buf_addf(out, "%ld h %ld min", (long)(seconds / HOUR),
			(long)(seconds % HOUR / MINUTE));
	else
		buf_addf(out, "%ld d %ld h", (long)(seconds / DAY),
			(long)(seconds % DAY / HOUR));
}

/* One line of a service; true when it runs. */
static bool show_service(const struct relay *relay, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *suffix = xasprintf("service/%s", name);
	AUTO_FREE char *dir = relay_path(relay, suffix);
	struct runit_status status = { 0 };
	int r = runit_status(dir, &status);

	if (r < 0)
		buf_addf(&text, "unknown: %s", strerror(-r));
	else if (r == 0 || !status.is_up)
		buf_add_str(&text, "down");
	else {
		buf_addf(&text, "up    pid %-8d ", (int)status.pid);
		add_duration(&text, time(NULL) - status.since);
	}
	say("  %-20s %s", name, buf_str(&text));
	return r == 1 && status.is_up;
}

static bool show_services(const struct relay *relay)
{
	bool is_all_up = true;

	for (size_t i = 0; relay->apply.components[i]; i++) {
		const struct service *s = relay->apply.components[i]->services;
		for (; s && s->name; s++)
			if (apply_counts(&relay->apply, s->when))
				is_all_up &= show_service(relay, s->name);
	}
	return is_all_up;
}

/* Those for users by number; of the inner ones only the silent are told. */
static bool show_ports(const struct relay *relay)
{
	AUTO_BUF struct buf up = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf down = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct relay_ports ports;

	if (relay_ports_list(relay, &ports, NULL) < 0)
		return false;
	for (size_t i = 0; i < ports.n; i++) {
		const struct relay_port *port = &ports.v[i];
		if (relay_port_probe(port) < 0)
			buf_addf(&down, " %s (%s)", port->text,
				port->service->name);
		else if (port->decl->label)
			buf_addf(&up, " %u", port->number);
	}
	relay_ports_release(&ports);
	say("  %-20s%s", "answering ports", up.len ? buf_str(&up) : " none");
	if (down.len > 0)
		say("  %-20s%s", "silent", buf_str(&down));
	return down.len == 0;
}

static void show_accounts(const struct relay *relay)
{
	const char *ini =
		template_vars_get(&relay->apply.vars, SLICE("ini_path"));
	struct users users;
	struct user_list list;
	struct slice address;
	unsigned n = 0;

	users_init(&users, &relay->config, ini);
	if (user_list_open(&users, &list, NULL) == 0) {
		while (user_list_next(&list, &address) == 1)
			n++;
		user_list_close(&list);
	}
	users_release(&users);
	say("  %-20s %u", "accounts", n);
}

static unsigned n_queued;

static int count_file(const char *path UNUSED, const struct stat *st UNUSED,
	int type, struct FTW *ftw UNUSED)
{
	n_queued += type == FTW_F;
	return 0;
}

/* The queues that hold messages, as Postfix names them. */
static void show_queue(const struct relay *relay)
{
	static const char *const queues[] = { "active", "deferred", "hold",
		"incoming", "maildrop" };

	for (size_t i = 0; i < ARRAY_LEN(queues); i++) {
		AUTO_FREE char *suffix =
			xasprintf("spool/postfix/%s", queues[i]);
		AUTO_FREE char *path = relay_path(relay, suffix);
		nftw(path, count_file, WALK_FDS, FTW_PHYS);
	}
	say("  %-20s %u message%s", "mail queue", n_queued,
		n_queued == 1 ? "" : "s");
}

/* The last line of what the plugin's own check said. */
static void show_instant_idle(const struct relay *relay)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *check = relay_path(relay, "libexec/instant-idle-setup");
	AUTO_FREE char *plugin =
		relay_path(relay, "libexec/lib95_instant_idle_plugin.so");
	const char *const argv[] = { check, plugin, NULL };
	struct proc proc = { .argv = argv,
		.timeout_sec = CHECK_SEC,
		.out = &text,
		.err = &text };
	struct slice before, said;
	int status;

	if (proc_run(&proc, &status, NULL) < 0)
		return;
	said = slice_trim(buf_slice(&text));
	if (slice_cut(said, ':', &before, &said))
		said = slice_trim(said);
	say("  %-20s %.*s", "instant IDLE", SLICE_FMT(said));
}

/* Each hibernated connection holds one inotify instance of one user. */
static void show_inotify(const struct relay *relay)
{
	static const char path[] = "/proc/sys/fs/inotify/max_user_instances";
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	uint64_t n;

	if (file_read(path, &text, NULL) < 0 ||
		num_parse_u64(slice_trim(buf_slice(&text)), &n) < 0)
		return;
	if (n < relay->config.max_imap_connections)
		say("  %-20s %lu connections can sleep cheaply; for more: "
		    "sysctl fs.inotify.max_user_instances=65535",
			"idle connections", n);
}

int cmd_status(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	const char *dir = command_dir(argc, argv);

	if (!dir)
		return CMD_EXIT_USAGE;
	if (relay_open_existing(dir, &relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_NOT_RUNNING;
	}
	pid_t pid = relay_runner(&relay);
	if (pid <= 0) {
		say("The relay %s in %s does not run.",
			relay.config.mail_domain, relay.dir);
		return EXIT_NOT_RUNNING;
	}
	say_bold("The relay %s runs on %s (pid %d).", relay.config.mail_domain,
		relay.address_text, (int)pid);
	bool is_well = show_services(&relay);
	is_well &= show_ports(&relay);
	show_accounts(&relay);
	show_queue(&relay);
	show_instant_idle(&relay);
	show_inotify(&relay);
	return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
