/* The steps of a run on the server itself. */
#include "cmdeploy/run/deploy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cmdeploy/certificate/certificate.h"
#include "cmdeploy/certificate/fetching.h"
#include "cmdeploy/components/components.h"
#include "cmdeploy/dns/check.h"
#include "cmdeploy/folder/processes.h"
#include "cmdeploy/host/lock.h"
#include "cmdeploy/host/resolver.h"
#include "cmdeploy/relay/backups.h"
#include "cmdeploy/relay/moves.h"
#include "cmdeploy/relay/readiness.h"
#include "cmdeploy/relay/setup.h"
#include "cmdeploy/relay/update.h"
#include "cmdeploy/run/ending.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/check.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/signals.h"
#include "cmdeploy/takeover/takeover.h"

#define KEEPER_PATH "/run/cmdeploy-keeper.lock"

enum {
	PASSES_MAX = 4,
	LOCK_MSEC = 200,
};

static void tell_holder(int fd)
{
	pid_t pid = lock_holder(fd);

	if (pid <= 0)
		return;
	AUTO_FREE char *text =
		xasprintf("waiting for another run (pid %d) to end", (int)pid);
	say_note(text);
}

/* One run at a time; the lock goes with the process. */
static int lock(int *ret_fd, struct buf *why)
{
	bool is_told = false;
	int r = lock_open(DEPLOY_LOCK, ret_fd, why);

	if (r < 0)
		return r;
	while ((r = lock_try(*ret_fd)) == 0) {
		if (!is_told)
			tell_holder(*ret_fd);
		is_told = true;
		if (signals_next(LOCK_MSEC) == SIGNALS_STOP)
			return -EINTR;
	}
	return r < 0 ? because(why, r, DEPLOY_LOCK ": %s", strerror(-r)) : 0;
}

/* A forwarder that unbound was told of while it ran is in no file. */
static int mend_resolver(struct buf *told, struct buf *why)
{
	AUTO_BUF struct buf forwarders = BUF_INIT(BUF_WHY_MAX_BYTES);

	resolver_add_forwarders(&forwarders);
	/* A file of the operator's is what they want. */
	if (forwarders.len == 0 || resolver_forwards_by_file())
		return 0;
	buf_addf(told, "%sunbound does not pass questions on to %s any more",
		told->len ? "; " : "", buf_str(&forwarders));
	return resolver_end_forwarding(why);
}

/* Under runit those of a relay that was down start all at once. */
static int start_services(const struct relay *relay,
	const struct service_states *states, struct buf *told, struct buf *why)
{
	if (!relay->is_keeper || signals_watched() > 0)
		return update_services(relay, states, told, why);
	int r = processes_start(relay, why);
	return r < 0 ? r : update_mark(relay, states, why);
}

/* The services do what the files say, and answer. */
static int settle_services(const struct relay *relay,
	const struct service_states *states, struct buf *told, struct buf *why)
{
	say_step("services");
	int r = takeover_retire(relay, told, why);

	if (r == 0)
		r = update_forget_others(relay, states, told, why);
	if (r == 0)
		r = start_services(relay, states, told, why);
	if (r == 0)
		r = readiness_wait(relay, why);
	if (r == 0)
		r = mend_resolver(told, why);
	if (r == 0)
		say_done("%s",
			told->len ? buf_str(told)
				  : "all run with what they need");
	return r;
}

static void add_told(struct report *report, const char *text)
{
	buf_addf(&report->told, "%s%s", report->told.len ? "; " : "", text);
}

/* Files, and the services that depend on them. */
static int pass(struct relay *relay, struct report *report, struct buf *why)
{
	AUTO_BUF struct buf told = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct service_states states = { 0 };
	int r = setup_files(relay, report, &states, why);

	if (r == 0) {
		if (relay->apply.components != components_website)
			report->n_changed += certificate_drop_wishes(relay);
		r = settle_services(relay, &states, &told, why);
	}
	services_release(&states);
	if (told.len > 0)
		add_told(report, buf_str(&told));
	return r;
}

/* Not with --website-only, which makes nothing but pages. */
static bool has_all_parts(const struct relay *relay)
{
	return relay->apply.components == components_server;
}

/* What is there by now; true when that has changed. */
static bool look_again(struct relay *relay)
{
	bool is_changed = server_look_again(relay);

	return certificate_look(relay) || is_changed;
}

static bool wants_certificate(const struct relay *relay)
{
	return certificate_kind(relay) == CERTIFICATE_ACME &&
		has_all_parts(relay) && !certificate_is_there(relay);
}

static void list_removals(
	const struct relay *relay, const struct plan *plan, struct buf *out)
{
	takeover_list(relay, plan, out);
	certificate_list_wishes(relay, plan, out);
}

static const struct setup_extra extra = {
	.add_packages = takeover_packages,
	.make_way = takeover_make_way,
	.list = list_removals,
};

/* Passes until what is there is what was reckoned with. */
static int settle(struct relay *relay, struct report *report, struct buf *why)
{
	int r = pass(relay, report, why);

	for (int i = 0; r == 0 && i < PASSES_MAX && look_again(relay); i++)
		r = pass(relay, report, why);
	return r;
}

static int install_and_settle(
	struct relay *relay, struct report *report, struct buf *why)
{
	int r = setup_packages(relay, &extra, report, why);

	if (r < 0)
		return r;
	/* That took its time, and a certificate may have come. */
	look_again(relay);
	return settle(relay, report, why);
}

/*
 * What a certificate needs is set up by itself: names are resolved, nginx
 * answers, acmetool has the key. The authority then takes its time while
 * the rest is installed.
 */
static int begin_certificate(struct relay *relay, struct fetching *fetching,
	struct report *report, struct buf *why)
{
	const struct component *const *all = relay->apply.components;

	relay->apply.components = components_web;
	int r = install_and_settle(relay, report, why);
	if (r == 0)
		r = certificate_bring_key(relay, why);
	if (r == 0 && look_again(relay))
		r = settle(relay, report, why);
	relay->apply.components = all;
	return r < 0 ? r : fetching_begin(relay, fetching, why);
}

static int end_certificate(struct relay *relay, struct fetching *fetching,
	struct report *report, struct buf *why)
{
	say_step("tls");
	int r = fetching_end(fetching, why);
	if (r < 0 && r != -EINTR && relay->is_keeper) {
		say_done("%s; meanwhile the certificate is self-signed, and "
			 "the next try is in an hour",
			buf_str(why));
		buf_reset(why);
		return 0;
	}
	if (r < 0)
		return r;
	say_done("certificate fetched for %s", relay->config.mail_domain);
	return look_again(relay) ? settle(relay, report, why) : 0;
}

static int tell_autoconfig(
	struct relay *relay, bool value, struct report *report, struct buf *why)
{
	return autoconfig_set(relay, value) ? settle(relay, report, why) : 0;
}

/* What is not given now is not asked for in the next renewal either. */
static int certify_autoconfig(
	struct relay *relay, struct report *report, struct buf *why)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *domain = relay->config.mail_domain;

	say_step("tls");
	int r = certificate_fetch(relay, &reason);
	if (r == -EINTR)
		return r;
	if (r < 0) {
		say_done("the authority does not give one for autoconfig.%s "
			 "yet, which the next run asks for again; all else "
			 "works. It said: %s",
			domain, buf_str(&reason));
		return tell_autoconfig(relay, false, report, why);
	}
	if (!autoconfig_is_certified(relay)) {
		say_done("the certificate that came is not for autoconfig.%s; "
			 "the next run asks again",
			domain);
		return tell_autoconfig(relay, false, report, why);
	}
	say_done("certificate fetched for autoconfig.%s, too", domain);
	add_told(report, "certificate fetched");
	return 0;
}

/* Not to have that name is a pity; everything else works. */
static int add_autoconfig(
	struct relay *relay, struct report *report, struct buf *why)
{
	int points =
		has_all_parts(relay) ? autoconfig_points_here(relay) : -ENOENT;

	if (points < 0)
		return 0;
	int r = tell_autoconfig(relay, points > 0, report, why);
	if (r < 0 || points == 0 || autoconfig_is_certified(relay))
		return r;
	return certify_autoconfig(relay, report, why);
}

static int show_changes(struct relay *relay, struct buf *why)
{
	int points =
		has_all_parts(relay) ? autoconfig_points_here(relay) : -ENOENT;

	if (points >= 0)
		autoconfig_set(relay, points > 0);
	return setup_show(relay, &extra, why);
}

/*
 * What a server is to be depends on what it is already: the machine asks
 * unbound once that answers, the servers use the authority's certificate
 * once there is one, and that needs a server to be had.
 */
static int deploy(struct relay *relay, struct report *report, struct buf *why)
{
	__attribute__((
		cleanup(fetching_drop))) struct fetching fetching = { 0 };
	int r = 0;

	if (wants_certificate(relay))
		r = begin_certificate(relay, &fetching, report, why);
	if (r == 0)
		r = install_and_settle(relay, report, why);
	if (r == 0 && fetching.task.pid != 0)
		r = end_certificate(relay, &fetching, report, why);
	return r < 0 ? r : add_autoconfig(relay, report, why);
}

/* Where people get in, and what the operator does next. */
static void show_start(const struct relay *relay)
{
	const char *domain = relay->config.mail_domain;

	say("Its page, with the invitation: https://%s/", domain);
	if (!relay->config.is_ip_literal)
		say("Next: \"%s dns\" shows which DNS records it needs.",
			say_program());
}

static void show_end(
	const struct relay *relay, const struct report *report, bool is_new)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct ending ending = {
		.domain = relay->config.mail_domain,
		.settings = server_settings_name(relay),
		.package = server_package_news(),
		.is_changed = report->told.len > 0 || report->n_changed > 0,
		.is_new = is_new,
		.is_without_mail = relay->is_without_mail,
	};

	ending_add(&ending, &text);
	say_bold("%s", buf_str(&text));
	if (relay->is_without_mail)
		say("Mail is disabled; \"%s run\" without --disable-mail "
		    "brings it back.",
			say_program());
	else if (is_new)
		show_start(relay);
}

static int deploy_locked(struct relay *relay, bool is_restore,
	struct report *report, struct buf *why)
{
	AUTO_FREE char *claimed = server_claimed_by(relay);
	AUTO_CLOSE int fd = -1;
	int r = lock(&fd, why);

	if (r < 0)
		return r;
	/* Another run may have changed it meanwhile. */
	look_again(relay);
	bool is_new = !claimed || wants_certificate(relay);
	r = server_claim(relay, why);
	if (r == 0)
		r = deploy(relay, report, why);
	if (r == 0 && !is_restore)
		show_end(relay, report, is_new);
	return r;
}

/*
 * Without systemd the first run keeps the services running until it is told to
 * stop; others change what runs, and end.
 */
static int become_keeper(struct relay *relay, int *ret_fd, struct buf *why)
{
	if (relay->has_systemd || !has_all_parts(relay))
		return 0;
	if (relay->is_without_mail)
		return because(why, -ENOTSUP,
			"mail cannot be switched off without systemd; end the "
			"relay in place of that");
	int r = lock_open(KEEPER_PATH, ret_fd, why);
	if (r == 0) {
		r = lock_try(*ret_fd);
		if (r < 0)
			return because(
				why, r, KEEPER_PATH ": %s", strerror(-r));
	}
	relay->is_keeper = r > 0;
	if (r > 0)
		processes_prepare();
	return r < 0 ? r : 0;
}

/* What deploy_locked() has come to, until the relay is told to stop. */
static int keep(int r, struct buf *why)
{
	if (r == 0) {
		say("It runs as long as this process does; SIGTERM ends both.");
		r = processes_watch(why);
	}
	say_step("stop");
	processes_stop();
	say_done("every process has ended");
	return r;
}

/* The DNS of a server that is the relay already is not checked again. */
static bool wants_dns(const struct deploy_options *o, const struct relay *relay)
{
	AUTO_FREE char *claimed = server_claimed_by(relay);

	return !claimed && !o->skips_dns && !o->website_only;
}

int deploy_open(const char *ini, struct relay *ret_relay, struct buf *why)
{
	int r = server_open(ini, ret_relay, why);

	if (r < 0)
		return r;
	takeover_look(ret_relay);
	autoconfig_recall(ret_relay);
	certificate_look(ret_relay);
	return 0;
}

static int check(const struct relay *relay, bool website_only, struct buf *why)
{
	const struct server_legacy legacy = {
		.is_there = takeover_is_there(),
		.is_due = takeover_is_due(relay),
	};
	int r = server_check(relay, &legacy, why);

	if (r == 0)
		r = certificate_check_external(
			relay, server_settings_name(relay), why);
	if (r == 0 && website_only)
		r = server_check_there(relay, why);
	return r;
}

int deploy_run(const struct deploy_options *o, struct buf *why)
{
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	AUTO_CLOSE int keeper = -1;
	struct report report = REPORT_INIT;
	int r = deploy_open(o->ini, &relay, why);

	if (r < 0)
		return r;
	report.is_verbose = o->is_verbose;
	relay.is_without_mail = o->disable_mail;
	if (o->website_only)
		relay.apply.components = components_website;
	signals_hold();
	r = check(&relay, o->website_only, why);
	if (r == 0 && !o->is_restore)
		r = backups_check(&relay, why);
	if (r == 0 && !o->disable_mail && !o->website_only)
		r = moves_check(&relay, why);
	if (r < 0)
		return r;
	if (o->is_dry_run)
		return show_changes(&relay, why);
	if (!server_is_driven())
		say_bold("A relay for %s on this server",
			relay.config.mail_domain);
	if (wants_dns(o, &relay))
		r = dns_step(&host_local, &relay.config, why);
	if (r == 0)
		r = become_keeper(&relay, &keeper, why);
	if (r == 0)
		r = deploy_locked(&relay, o->is_restore, &report, why);
	if (relay.is_keeper)
		r = keep(r, why);
	buf_release(&report.told);
	return r;
}
