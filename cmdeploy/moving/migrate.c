/* A move, step by step. What was done already is not done again. */
#include "cmdeploy/moving/migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/moving/proxy.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/check.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/signals.h"
#include "lib/clock.h"
#include "lib/random.h"

enum {
	FACT_MAX_BYTES = 4096,
	LINES_MAX_BYTES = 1 << 14,
	COPY_SEC = 7 * 86400,
	ASK_AGAIN_MSEC = 10000,
	KB_PER_GB = 1 << 20,
	KB_PER_MB = 1 << 10,
	ID_CHARS = 16,
};

/* Who serves mail. */
enum phase {
	OLD_SERVES,
	NOBODY_SERVES,
	NEW_SERVES, /* or is about to: it has all, and the old one has not */
};

struct migration {
	struct move m;
	enum phase phase;
	uint64_t stopped_at; /* clock_msec() of this call; 0: not in it */
};

/* Nobody's mail is there, and it is not where the relay came from. */
static int check_target(const struct move *m, struct buf *why)
{
	const char *to = m->to.name;
	AUTO_FREE char *moved = move_mark(&m->from, "moved");
	bool goes_on = moved[0] && move_is_same(m);

	if (move_has_mark(&m->to, "moved"))
		return because(why, -EBUSY,
			"%s is the server that the relay has moved away from; "
			"\"%s migrate --finish\" ends that move first",
			to, say_program());
	if (moved[0] && !goes_on)
		return because(why, -EBUSY,
			"%s is stopped for a move to %s, and this is another "
			"one; to give that up, remove "
			"/var/lib/chatmail/moved-to on %s, and run \"%s run "
			"--ssh-host %s\"",
			m->from.name, moved, m->from.name, say_program(),
			m->from.name);
	if (move_is_serving(&m->to) && !goes_on)
		return because(why, -EBUSY,
			"%s serves mail already; a relay moves to a server "
			"that serves none",
			to);
	if (move_has_mark(&m->to, "arrived") && !goes_on)
		return because(why, -EBUSY,
			"%s holds a whole relay from another move, not from "
			"%s; to begin again, stop mail with \"%s run "
			"--ssh-host %s --disable-mail\" and remove "
			"/var/lib/chatmail/arrived there",
			to, m->from.name, say_program(), to);
	return 0;
}

/* The old one is the relay, and the new one another server. */
static int check_who(const struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	const char *from = m->from.name;
	const char *to = m->to.name;
	AUTO_FREE char *old = move_mark(&m->from, "machine");
	AUTO_FREE char *new = move_mark(&m->to, "machine");

	if (strcmp(old, new) == 0)
		return because(why, -EEXIST,
			"%s and %s are the same server; name another one by "
			"--to",
			from, to);
	if (!server_is_relay(&m->from.ssh.host, &m->config))
		return because(why, -ENOENT,
			"%s is not the relay %s; name the server that is by "
			"--from",
			from, m->config.mail_domain);
	if (!host_has_fact(&m->from.ssh.host, "package") ||
		!host_has_fact(&m->from.ssh.host, "ini"))
		return because(why, -ENOENT,
			"%s has not our package and its settings in "
			"/etc/chatmail; \"%s run --ssh-host %s\" brings them",
			from, say_program(), from);
	int r = check_target(m, why);
	return r < 0 ? r : server_check_host(&m->to.ssh.host, &m->config, why);
}

/* What was copied already is there twice meanwhile. */
static int check_room(const struct move *m, struct buf *why)
{
	uint64_t mail = move_number(&m->from, "mail_kb");
	uint64_t room =
		move_number(&m->to, "mail_kb") + move_number(&m->to, "free_kb");

	if (mail < room)
		return 0;
	return because(why, -ENOSPC,
		"%s: %.1f GB free for mail, %.1f GB needed; make room first",
		m->to.name, (double)room / KB_PER_GB, (double)mail / KB_PER_GB);
}

static int step_check(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	AUTO_BUF struct buf version = BUF_INIT(FACT_MAX_BYTES);

	say_step("check");
	int r = check_who(g, why);
	if (r == 0)
		r = host_fact(&m->from.ssh.host, "package", &version, why);
	if (r < 0)
		return r;
	if (move_has_mark(&m->from, "moved"))
		g->phase = move_has_mark(&m->to, "arrived") ? NEW_SERVES
							    : NOBODY_SERVES;
	if (g->phase == OLD_SERVES)
		r = check_room(m, why);
	if (r == 0)
		say_done("chatmail %s, %" PRIu64 " MB of mail",
			buf_str(&version),
			move_number(&m->from, "mail_kb") / KB_PER_MB);
	return r;
}

/* Of a move that is new to one of them, it is the beginning. */
static int step_begin(struct migration *g, struct buf *why)
{
	struct move *m = &g->m;
	AUTO_BUF struct buf id = BUF_INIT(FACT_MAX_BYTES);

	int r = move_write_note(m, why);
	if (r < 0 || move_is_same(m))
		return r;
	random_add_text(&id, "abcdefghijkmnpqrstuvwxyz23456789", ID_CHARS);
	r = move_tell(&m->to, PROC_WORDS("arrive", buf_str(&id)), NULL, why);
	return r < 0 ? r
		     : move_tell(&m->from, PROC_WORDS("leave", buf_str(&id)),
			       NULL, why);
}

/* The new server is to know who forwards to it. */
static int step_settings(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	AUTO_WORDS struct words addresses = { 0 };

	say_step("settings");
	move_add_proxies(m, &addresses);
	if (addresses.n == 0)
		words_add_all(&addresses, words_list(&m->to.addresses));
	words_add_all(&addresses, words_list(&m->from.addresses));
	int r = proxy_write_settings(m->options->ini_path, &addresses, why);
	if (r == 0)
		say_done("public_addresses in %s are those of both servers",
			m->options->ini_path);
	return r;
}

static int pipe_copy(const struct move *m, const char *const *out_args,
	const char *const *in_args, struct buf *why)
{
	return ssh_pipe(&m->from.ssh, out_args, &m->to.ssh, in_args,
		"moving/copy.sh", &(struct proc){ .timeout_sec = COPY_SEC },
		why);
}

static int step_keys(struct migration *g, struct buf *why)
{
	const struct text_list *own = &g->m.config.tls_external_cert_and_key;
	AUTO_WORDS struct words args = { 0 };

	say_step("keys");
	words_add(&args, "keys-out");
	for (size_t i = 0; i < own->n; i++)
		words_add(&args, own->items[i]);
	int r = pipe_copy(&g->m, words_list(&args), PROC_WORDS("keys-in"), why);
	if (r == 0)
		say_done("keys, certificates and secrets are there");
	return r;
}

static int step_prepare(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	const struct remote_options run = {
		.ssh_host = m->to.name,
		.ini_path = m->options->ini_path,
		.is_disable_mail = true,
		.skips_dns = true,
		.is_verbose = m->options->is_verbose,
	};
	int r = remote_run(&run);

	if (r == 0)
		r = move_tell(&m->to, PROC_WORDS("check_postfix"), NULL, why);
	return r != 0 ? r : proxy_prepare(&m->from.ssh, why);
}

/* Only when all of it is there, it is noted. */
static int copy_mail(struct migration *g, const char *how, struct buf *why)
{
	const struct move *m = &g->m;
	const char *dir = m->config.mailboxes_dir;
	AUTO_BUF struct buf n = BUF_INIT(FACT_MAX_BYTES);
	int r = pipe_copy(m, PROC_WORDS("mail-out", how, dir),
		PROC_WORDS("mail-in", dir), why);

	if (r == 0)
		r = pipe_copy(m, PROC_WORDS("names-out", how),
			PROC_WORDS("names-in", how, dir), why);
	if (r == 0)
		r = move_tell(&m->from, PROC_WORDS("copied"), &n, why);
	if (r == 0)
		say_done("%.*s files and folders",
			SLICE_FMT(slice_trim(buf_slice(&n))));
	return r;
}

static int step_copy(struct migration *g, struct buf *why)
{
	say_step("copy");
	return copy_mail(g, "serving", why);
}

/* What serves mail, by the names that systemd enables it by. */
static void add_units(struct words *out)
{
	for (size_t i = 0; components_server[i]; i++) {
		const struct service *s = components_server[i]->services;
		for (; s && s->name; s++) {
			AUTO_FREE char *unit = xasprintf("%s.service", s->name);
			const char *name = s->enable ? s->enable : s->unit;
			if (s->is_mail)
				words_add(out, name ? name : unit);
		}
	}
}

static int step_stop(struct migration *g, struct buf *why)
{
	struct move *m = &g->m;
	AUTO_WORDS struct words args = { 0 };

	say("Mail stops on %s now; others try again, and apps, too.",
		m->from.name);
	say_step("stop");
	g->stopped_at = clock_msec();
	g->phase = NOBODY_SERVES;
	words_add_all(&args, PROC_WORDS("stop", m->to.name));
	add_units(&args);
	int r = move_tell(&m->from, words_list(&args), NULL, why);
	if (r == 0)
		say_done("%s serves no mail", m->from.name);
	return r;
}

static int step_last_copy(struct migration *g, struct buf *why)
{
	say_step("copy");
	return copy_mail(g, "still", why);
}

/* From here on the new server has mail that the old one has not. */
static int step_queue(struct migration *g, struct buf *why)
{
	say_step("queue");
	int r = pipe_copy(
		&g->m, PROC_WORDS("rest-out"), PROC_WORDS("rest-in"), why);
	if (r == 0)
		r = move_tell(&g->m.to, PROC_WORDS("complete"), NULL, why);
	if (r < 0)
		return r;
	g->phase = NEW_SERVES;
	say_done("mail that waits to be sent is there");
	return 0;
}

static int step_start(struct migration *g, struct buf *why)
{
	AUTO_WORDS struct words args = { 0 };

	say_step("start");
	words_add(&args, "start");
	add_units(&args);
	int r = move_tell(&g->m.to, words_list(&args), NULL, why);
	if (r < 0)
		return r;
	say_done("%s serves mail", g->m.to.name);
	if (g->stopped_at)
		say_bold("Mail was stopped for %.1f s.",
			(double)(clock_msec() - g->stopped_at) / 1000);
	return 0;
}

/* What runs goes on, and starts with the machine from now on. */
static int step_run(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	AUTO_FREE char *called = xasprintf("CMDEPLOY_CALLED=%s", say_program());
	AUTO_FREE char *name =
		xasprintf(SERVER_ENV_SETTINGS "=%s", m->options->ini_path);

	int r = ssh_attach(&m->to.ssh,
		PROC_WORDS("cmdeploy", "run", "--ssh-host", "@local",
			"--skip-dns-check"),
		PROC_WORDS(called, name), why);
	return r != 0 ? r
		      : move_tell(&m->from, PROC_WORDS("retire"), NULL, why);
}

static int step_forward(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	AUTO_WORDS struct words ports = { 0 };

	say_step("forward");
	proxy_add_ports(&ports);
	int r = proxy_forward(&m->from.ssh, &ports, &m->from.addresses,
		&m->to.addresses, why);
	if (r < 0)
		return r;
	say_done("what comes to %s goes to %s", m->from.name, m->to.name);
	return 0;
}

static int wait_for_dns(const struct move *m, struct buf *why)
{
	say_step("wait");
	for (;;) {
		int r = move_check_dns(m, &(struct buf){ 0 }, why);
		if (r == 1) {
			say_done("%s points to %s", m->config.mail_domain,
				m->to.name);
			return 0;
		}
		say_progress(SLICE("DNS does not point to it yet"));
		if (signals_next(ASK_AGAIN_MSEC) == SIGNALS_STOP)
			return -EINTR;
	}
}

static int step_dns(struct migration *g, struct buf *why)
{
	const struct move *m = &g->m;
	AUTO_BUF struct buf lines = BUF_INIT(LINES_MAX_BYTES);

	if (move_has_proxies(m)) {
		say("Next: for each of its proxies, \"%s proxy --ssh-host "
		    "PROXY --to %s\".",
			say_program(), m->to.ssh.target.name);
		return 0;
	}
	int r = move_check_dns(m, &lines, why);
	if (r == 0)
		say("Next: change these records:\n%s", buf_str(&lines));
	if (r < 0)
		say_note(buf_str(why));
	return r != 1 && m->options->waits ? wait_for_dns(m, why) : 0;
}

static int (*const moving_steps[])(struct migration *g, struct buf *why) = {
	step_begin,
	step_settings,
	step_keys,
	step_prepare,
	step_copy,
	/* What has changed while that took its time. */
	step_copy,
	step_stop,
	step_last_copy,
	step_queue,
};

/* The authority, which may be asked for a certificate, knows the old one. */
static int (*const serving_steps[])(struct migration *g, struct buf *why) = {
	step_forward,
	step_start,
	step_run,
	step_dns,
};

typedef int step_fn(struct migration *g, struct buf *why);

static int take(
	struct migration *g, step_fn *const *steps, size_t n, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = steps[i](g, why);
		if (r <= 0 && signals_told_to_stop())
			r = -EINTR;
	}
	return r;
}

/* Where the old server is stopped and the new one knows it, it is the rest. */
static int carry_out(struct migration *g, struct buf *why)
{
	size_t begin = 0;
	int r = 0;

	if (g->phase == NOBODY_SERVES && move_is_same(&g->m))
		begin = ARRAY_LEN(moving_steps) - 3;
	if (g->phase != NEW_SERVES)
		r = take(g, moving_steps + begin,
			ARRAY_LEN(moving_steps) - begin, why);
	return r != 0 ? r
		      : take(g, serving_steps, ARRAY_LEN(serving_steps), why);
}

/* Says who serves mail now, and how to go on or back. */
static void show_stand(const struct migration *g)
{
	const struct move *m = &g->m;
	const char *from = m->from.name;
	const char *to = m->to.name;
	AUTO_FREE char *text = NULL;

	if (g->phase == OLD_SERVES)
		text = xasprintf("%s goes on serving; \"%s migrate\" goes on "
				 "with the move",
			from, say_program());
	else if (g->phase == NOBODY_SERVES)
		text = xasprintf("NO MAIL IS SERVED: %s is stopped, and %s "
				 "has not all yet. Go on: \"%s migrate\". Or "
				 "back: \"ssh %s rm /var/lib/chatmail/moved-to"
				 "\", then \"%s run --ssh-host %s\"",
			from, to, say_program(), from, say_program(), from);
	else
		text = xasprintf("%s has all mail, and %s serves none; "
				 "\"%s migrate\" goes on, and sees to it that "
				 "%s serves",
			to, from, say_program(), to);
	say_failed();
	say_note(text);
}

static void show_plan(const struct migration *g)
{
	const struct move *m = &g->m;
	const char *from = m->from.name;
	const char *to = m->to.name;

	say("What would be done:");
	if (g->phase == OLD_SERVES)
		say("  copy keys and certificates to %s, set it up without "
		    "mail, and copy accounts\n  and mail, while %s serves",
			to, from);
	if (g->phase != NEW_SERVES)
		say("  stop mail on %s, and copy the rest and Postfix's queue",
			from);
	say("  start mail on %s, and have %s forward the relay's ports to it",
		to, from);
}

int migrate_run(const struct move_options *options, struct buf *why)
{
	struct migration g = { .phase = OLD_SERVES };

	signals_hold();
	int r = move_open(options, &g.m, why);
	if (r < 0)
		return r;
	say_bold("The relay %s moves from %s to %s", g.m.config.mail_domain,
		g.m.from.name, g.m.to.name);
	r = move_connect(&g.m, why);
	if (r == 0)
		r = step_check(&g, why);
	if (r == 0 && options->is_dry_run) {
		show_plan(&g);
	} else if (r == 0) {
		r = carry_out(&g, why);
		if (r != 0)
			show_stand(&g);
		else
			say("When DNS has pointed to %s for as long as the "
			    "records' time to live: \"%s migrate --finish\".",
				g.m.to.name, say_program());
	}
	move_release(&g.m);
	return r;
}
