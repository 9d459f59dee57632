/* Finds the relay that a command names (target.h). */
#include "cmdeploy/target/target.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmdeploy/folder/folder.h"
#include "cmdeploy/probe/wire.h"
#include "cmdeploy/say.h"
#include "lib/file.h"
#include "lib/num.h"

int target_check(struct target *t, struct buf *why)
{
	if (t->dir && (t->domain || t->ini))
		return because(why, -EINVAL,
			"--dir names a relay of \"up\"; give it alone");
	if (t->timeout &&
		(num_parse_max(slice_of(t->timeout), WIRE_SEC_MAX,
			 &t->answer_sec) < 0 ||
			t->answer_sec == 0))
		return because(why, -EINVAL,
			"--timeout: give seconds, from 1 to %d", WIRE_SEC_MAX);
	return 0;
}

/* A relay of `up`: its settings, and its address, which no name server has. */
static int take_folder(const char *dir, struct probe_relay *p, struct buf *why)
{
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	int r = folder_open_existing(dir, &relay, why);

	if (r < 0)
		return -ESRCH;
	p->pid = folder_runner(&relay);
	if (p->pid <= 0)
		return because(why, -ESRCH,
			"the relay in %s does not run; \"%s up --dir %s\" "
			"starts it",
			dir, say_program(), dir);
	p->is_ours = true;
	p->is_in_folder = true;
	p->hosts[p->n_hosts++] = xstrdup(relay.address_text);
	p->config = relay.config;
	relay.config = (struct config){ 0 };
	return 0;
}

/* A relay of which only the name is known: the defaults stand for its own. */
static int take_stranger(
	const char *domain, struct probe_relay *p, struct buf *why)
{
	AUTO_FREE char *text =
		xasprintf("[params]\nmail_domain = %s\n", domain);

	if (!config_is_domain(slice_of(domain)))
		return because(why, -EINVAL,
			"\"%s\" is neither a DNS name nor an IP address",
			domain);
	return config_parse(
		slice_of(text), "defaults", &p->config, NULL, NULL, why);
}

/*
 * The settings that lie here, when they are of the relay that was named or
 * none was.
 */
static int take_settings(
	const struct target *t, struct probe_relay *p, struct buf *why)
{
	const char *ini = t->ini ? t->ini : t->here.ini;

	if (t->domain && !t->ini && !t->here.has_ini)
		return take_stranger(t->domain, p, why);
	int r = config_load(ini, &p->config, NULL, NULL, why);
	if (r < 0)
		return r;
	p->is_ours = !t->domain ||
		slice_eq_str_nocase(slice_of(t->domain), p->config.mail_domain);
	if (p->is_ours)
		return 0;
	config_release(&p->config);
	return take_stranger(t->domain, p, why);
}

/* Nothing was named: the folder of `up` when there is one. */
static const char *folder_of(const struct target *t)
{
	AUTO_FREE char *state = xasprintf("%s/state", t->here.dir);

	if (t->dir || t->domain || t->ini)
		return t->dir;
	return file_exists(state) ? t->here.dir : NULL;
}

int target_open(const struct target *t, struct probe_relay *p, struct buf *why)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const char *dir = folder_of(t);
	int r = dir ? take_folder(dir, p, why) : take_settings(t, p, why);

	/* Servers hang up; OpenSSL cannot be told to leave that unsignalled. */
	sigaction(SIGPIPE, &ignore, NULL);
	if (r < 0)
		return r;
	p->answer_sec = t->answer_sec ? (int)t->answer_sec : WIRE_SEC;
	return probe_accounts_open(&p->accounts, p->config.mail_domain,
		p->config.address_domain, why);
}
