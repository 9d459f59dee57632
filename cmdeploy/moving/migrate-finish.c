/* The end of a move: the old server is needed no more, and wiped. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmdeploy/moving/migrate.h"
#include "cmdeploy/moving/proxy.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/check.h"
#include "cmdeploy/signals.h"

enum {
	LINES_MAX_BYTES = 1 << 14,
};

/* A wipe that was cut at its very end has left nothing of a relay there. */
static bool is_wiped(const struct move *m)
{
	return !host_has_fact(&m->from.ssh.host, "relay") &&
		!move_has_mark(&m->from, "moved");
}

static int step_check(const struct move *m, struct buf *why)
{
	const char *from = m->from.name;
	const char *to = m->to.name;

	say_step("check");
	/* Once all is wiped, the marks go as well, one after the other. */
	if (!server_is_relay(&m->to.ssh.host, &m->config) ||
		(!move_has_mark(&m->to, "arrived") && !is_wiped(m)))
		return because(why, -EBUSY,
			"%s has not all of the relay yet; \"%s migrate\" first",
			to, say_program());
	if (!is_wiped(m) &&
		!(move_has_mark(&m->from, "moved") && move_is_same(m)))
		return because(why, -EBUSY,
			"%s is not the server that the relay has moved away "
			"from, so it is not wiped; if DNS leads that name to "
			"the new one by now, name the old one by its address",
			from);
	if (!move_is_serving(&m->to))
		return because(why, -EBUSY,
			"%s serves no mail; look at it with \"%s status "
			"--ssh-host %s\"",
			to, say_program(), to);
	say_done("%s serves mail, and has all", to);
	return 0;
}

static int step_dns(const struct move *m, struct buf *why)
{
	AUTO_BUF struct buf lines = BUF_INIT(LINES_MAX_BYTES);

	if (m->options->is_forced)
		return 0;
	say_step("dns");
	if (move_has_proxies(m))
		return because(why, -EBUSY,
			"the relay has proxies; when all of them forward to "
			"%s, wipe the old server with --force",
			m->to.ssh.target.name);
	int r = move_check_dns(m, &lines, why);
	if (r < 0)
		return r;
	if (r == 0)
		return because(why, -EBUSY,
			"DNS does not point to %s alone yet; change these "
			"records, and wait for their time to live:\n"
			"%s--force goes on without them.",
			m->to.name, buf_str(&lines));
	say_done("%s points to %s", m->config.mail_domain, m->to.name);
	return 0;
}

/* The old server's address means nothing to the relay any more. */
static int step_run(const struct move *m, struct buf *why)
{
	AUTO_WORDS struct words proxies = { 0 };
	const struct remote_options run = {
		.ssh_host = m->to.name,
		.ini_path = m->options->ini_path,
		.skips_dns = true,
		.is_verbose = m->options->is_verbose,
	};

	move_add_proxies(m, &proxies);
	int r = proxy_write_settings(m->options->ini_path, &proxies, why);
	return r < 0 ? r : remote_run(&run);
}

static int step_wipe(const struct move *m, struct buf *why)
{
	say_step("wipe");
	int r = 0;
	if (!is_wiped(m)) {
		r = proxy_stop(&m->from.ssh, why);
		if (r == 0)
			r = move_tell(&m->from,
				PROC_WORDS("wipe", m->config.mailboxes_dir),
				NULL, why);
	}
	if (r == 0)
		r = move_tell(&m->to, PROC_WORDS("forget"), NULL, why);
	if (r < 0)
		return r;
	unlink(m->note_path);
	say_done("%s has no account, mail or key any more", m->from.name);
	return 0;
}

int migrate_finish(const struct move_options *options, struct buf *why)
{
	static int (*const steps[])(const struct move *m, struct buf *why) = {
		step_check,
		step_dns,
		step_run,
		step_wipe,
	};
	AUTO_MOVE struct move m = { 0 };

	signals_hold();
	int r = move_open(options, &m, why);
	if (r < 0)
		return r;
	say_bold("The move of %s from %s ends", m.config.mail_domain,
		m.from.ssh.target.where);
	r = move_connect(&m, why);
	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++) {
		r = steps[i](&m, why);
		if (r <= 0 && signals_told_to_stop())
			r = -EINTR;
	}
	return r;
}
