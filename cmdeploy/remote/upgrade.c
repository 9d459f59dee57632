/*
 * The steps of `cmdeploy upgrade`. Each of them finds out what is left to be
 * done. While the mail servers are replaced, mail waits: what others send stays
 * with them, and what Dovecot cannot take yet stays in Postfix's queue.
 */
#include "cmdeploy/remote/upgrade.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/host/ssh.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"

enum {
	OUTPUT_MAX_BYTES = 1 << 16,
	LOOK_SEC = 120,
	UPGRADE_SEC = 2 * 3600,
	BOOT_TRIES = 120,
	TRY_MSEC = 5000,
	BACKUP_MAX_SEC = 86400,
};

struct upgrade {
	const struct upgrade_options *options;
	const char *where;
};

static void on_line(struct slice line, void *owner)
{
	const bool *is_verbose = owner;

	line = slice_trim(line);
	if (line.len > 0 && *is_verbose)
		say_detail(line);
	else if (line.len > 0)
		say_progress(line);
}

/* By a connection of its own, since a server that restarts ends it. */
static int on_server(const struct upgrade *u, const char *const *names,
	const struct proc *proc, struct buf *why)
{
	struct ssh_host ssh = { 0 };
	int r = ssh_open(u->where, &ssh, why);

	if (r < 0)
		return r;
	ssh.is_unwanted = signals_unwanted;
	r = ssh_connect(&ssh, why);
	if (r == 0)
		r = ssh_script(&ssh, names, PROC_WORDS(NULL), proc, why);
	ssh_close(&ssh);
	return r;
}

/* Whether a file of the operator can be a backup of today. */
static int check_backup(const struct upgrade_options *o, struct buf *why)
{
	struct stat st;

	if (!o->backup)
		return 0;
	if (stat(o->backup, &st) < 0)
		return because(
			why, -errno, "%s: %s", o->backup, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0 ||
		time(NULL) - st.st_mtime > BACKUP_MAX_SEC)
		return because(why, -ESTALE,
			"%s is empty, not a file, or older than a day; make a "
			"backup first",
			o->backup);
	return 0;
}

/* One of the reasons why not. */
static void on_obstacle(struct slice line, void *owner)
{
	AUTO_BUF struct buf text = BUF_INIT(OUTPUT_MAX_BYTES);
	bool *is_free = owner;

	*is_free = false;
	buf_add_slice(&text, line);
	say_note(buf_str(&text));
}

static int step_check(const struct upgrade *u, struct buf *why)
{
	const struct upgrade_options *o = u->options;
	bool is_free = true;
	bool is_noted = !o->backup && !o->is_without_backup;

	say_step("check");
	int r = check_backup(o, why);
	if (r == 0)
		r = on_server(u,
			PROC_WORDS("remote/upgrade-look.sh",
				is_noted ? "remote/upgrade-backup.sh" : NULL),
			&(struct proc){ .timeout_sec = LOOK_SEC,
				.on_line = on_obstacle,
				.owner = &is_free },
			why);
	if (r < 0)
		return r;
	if (!is_free)
		return because(why, -EBUSY,
			"%s cannot be upgraded yet; what is in the way is "
			"above",
			u->where);
	say_done("nothing is in the way");
	say("It takes ten minutes or more. Meanwhile the relay is away twice, "
	    "for a few minutes; mail waits, and apps connect again.");
	return 0;
}

static int step_packages(const struct upgrade *u, struct buf *why)
{
	say_step("upgrade");
	int r = on_server(u,
		PROC_WORDS("remote/alone.sh", "remote/quietly.sh",
			"remote/upgrade.sh"),
		&(struct proc){ .timeout_sec = UPGRADE_SEC,
			.on_line = on_line,
			.owner = (void *)&u->options->run.is_verbose },
		why);
	if (r == 0)
		say_done("all packages are those of Debian 13");
	return r;
}

static int step_run(const struct upgrade *u, struct buf *why UNUSED)
{
	return remote_run(&u->options->run);
}

static bool has_fact(
	const struct ssh_host *ssh, const char *name, const char *value)
{
	AUTO_BUF struct buf is = BUF_INIT(OUTPUT_MAX_BYTES);

	return host_fact(&ssh->host, name, &is, NULL) == 0 &&
		slice_eq_str(buf_slice(&is), value);
}

/*
 * After a run of this version the relay has files for both releases, and so is
 * away for less long. Where an upgrade has begun, its rest comes first: a run
 * might not succeed between the releases.
 */
static int step_prepare(const struct upgrade *u, struct buf *why)
{
	struct ssh_host ssh = { 0 };
	int r = ssh_open(u->where, &ssh, why);

	if (r < 0)
		return r;
	r = ssh_connect(&ssh, why);
	bool is_due = r == 0 && has_fact(&ssh, "upgrade", "none");
	ssh_close(&ssh);
	return is_due ? step_run(u, why) : r;
}

/* Asks it to restart, until it has. */
static int step_boot(const struct upgrade *u, struct buf *why)
{
	say_step("reboot");
	for (int i = 0; i < BOOT_TRIES; i++) {
		AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
		int r = on_server(u, PROC_WORDS("remote/upgrade-boot.sh"),
			&(struct proc){ .timeout_sec = LOOK_SEC, .out = &out },
			NULL);
		if (r == 0 &&
			slice_eq_str(slice_trim(buf_slice(&out)), "done")) {
			say_done("it has restarted");
			return 0;
		}
		if (signals_next(TRY_MSEC) == SIGNALS_STOP)
			return -EINTR;
	}
	return because(why, -ETIMEDOUT,
		"%s does not come back within ten minutes; look at it in the "
		"provider's panel, and run this again",
		u->where);
}

static int step_end(const struct upgrade *u, struct buf *why)
{
	int r = on_server(u, PROC_WORDS("remote/upgrade-end.sh"),
		&(struct proc){ .timeout_sec = LOOK_SEC }, why);

	if (r == 0)
		say("The server has Debian 13 now. Its former package sources "
		    "are in /var/lib/chatmail/sources-of-12.");
	return r;
}

/* The last run makes sure that all services answer after the restart. */
static int carry_out(const struct upgrade *u, struct buf *why)
{
	static int (*const steps[])(
		const struct upgrade *u, struct buf *why) = {
		step_check,
		step_prepare,
		step_packages,
		step_run,
		step_boot,
		step_run,
		step_end,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++) {
		r = steps[i](u, why);
		/* A run says so itself. */
		if (r <= 0 && signals_told_to_stop())
			r = -EINTR;
	}
	return r;
}

int upgrade_run(const struct upgrade_options *options)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(config_release))) struct config config = { 0 };
	struct upgrade u = { .options = options,
		.where = options->run.ssh_host };

	signals_hold();
	int r = config_load(
		options->run.ini_path, &config, say_settings_note, NULL, &why);
	if (r == 0 && !u.where)
		u.where = config.mail_domain;
	if (r == 0)
		r = carry_out(&u, &why);
	return remote_end(r, &why);
}
