/*
 * doveauth - has Dovecot and Postfix know who their users are, and creates
 * those who log in for the first time. See doveauth(8).
 */
#include <malloc.h>
#include <sodium/core.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/user.h"
#include "chatmaild/doveauth/clients.h"
#include "chatmaild/doveauth/creation.h"
#include "chatmaild/doveauth/login.h"
#include "chatmaild/doveauth/masters.h"
#include "chatmaild/doveauth/old-journal.h"
#include "chatmaild/doveauth/recipients.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/service.h"

static const char *const counter_names[] = {
	[COUNT_CREATED] = "accounts_created_total",
	[COUNT_REFUSED_RULES] = "accounts_refused_total{reason=\"rules\"}",
	[COUNT_REFUSED_MACHINE] = "accounts_refused_total{reason=\"machine\"}",
	[COUNT_REFUSED_NETWORK] = "accounts_refused_total{reason=\"network\"}",
	[COUNT_REFUSED_FAILED] = "accounts_refused_total{reason=\"failed\"}",
	NULL,
};

static struct doveauth {
	struct config_overrides overrides;
	struct config config;
	struct users users;
	struct account_rules rules;
	struct counters counters;
	struct logins *logins;
	struct clients *clients;
	struct masters *masters;
	struct recipients *recipients;
} doveauth;

/* Before anybody asks: what was promised has to be there. */
static void replay_old_journal(const struct users *users)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	size_t n_placed;
	int r = old_journal_replay(users, &n_placed, &why);

	if (r < 0)
		log_err("old journal of accounts is kept: %s", buf_str(&why));
	if (r > 0)
		log_notice("old journal of accounts removed: placed=%zu",
			n_placed);
}

static void on_client(void *clients, int fd)
{
	clients_accept(clients, fd);
}

static void on_master(void *masters, int fd)
{
	masters_accept(masters, fd);
}

static void on_asker(void *recipients, int fd)
{
	recipients_accept(recipients, fd);
}

/* Who may connect is decided by the folder that the socket is in. */
static void listen_at(struct service *service, const char *folder,
	const char *name, service_accept_fn fn, void *owner)
{
	AUTO_FREE char *address = xasprintf("unix:%s/%s", folder, name);

	service_listen(service, address, fn, owner);
}

static void open_mailboxes(struct doveauth *d, const char *ini_path)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	users_init(&d->users, &d->config, ini_path);
	account_rules_init(&d->rules, &d->config, ini_path);
	if (dir_make(d->users.dir, 0700, &why) < 0)
		die("%s; make it, or set mailboxes_dir in %s", buf_str(&why),
			ini_path);
	replay_old_journal(&d->users);
}

static void start(struct service *service, int argc UNUSED, char **argv)
{
	struct doveauth *d = &doveauth;
	struct login_options options = {
		.event = service->event,
		.config = &d->config,
		.users = &d->users,
		.rules = &d->rules,
		.counters = &d->counters,
	};

	/* Memory of threads in one place: they need little. */
	mallopt(M_ARENA_MAX, 1);
	if (sodium_init() < 0)
		die("libsodium cannot start; is /dev/urandom there?");
	config_load_or_die(argv[1], &d->overrides, READ_DOVEAUTH, &d->config);
	open_mailboxes(d, argv[1]);
	counters_open_or_warn(&d->counters, d->config.counters_dir, "doveauth",
		counter_names);
	if (logins_new(&options, &d->logins) < 0)
		die("cannot make threads; raise the limit of descriptors");
	d->clients = clients_new(service->event, d->logins);
	d->masters = masters_new(service->event, &d->users, d->clients);
	d->recipients = recipients_new(service->event, &d->users);
	listen_at(service, argv[0], "login/auth", on_client, d->clients);
	listen_at(service, argv[0], "smtp/auth", on_client, d->clients);
	listen_at(service, argv[0], "master/auth", on_master, d->masters);
	listen_at(service, argv[0], "smtp/recipients", on_asker,
		d->recipients);
	listen_at(service, argv[0], "filter/recipients", on_asker,
		d->recipients);
}

static void stop(struct service *service UNUSED)
{
	struct doveauth *d = &doveauth;

	logins_free(d->logins);
	clients_free(d->clients);
	masters_free(d->masters);
	recipients_free(d->recipients);
	counters_close(&d->counters);
	account_rules_release(&d->rules);
	users_release(&d->users);
	config_release(&d->config);
}

int main(int argc, char **argv)
{
	struct service service = {
		.name = "doveauth",
		.usage = "[-o KEY=VALUE]... FOLDER INI",
		.min_args = 2,
		.max_args = 2,
		.start = start,
		.stop = stop,
	};

	config_take_overrides(&argc, argv, &doveauth.overrides);
	return service_main(&service, argc, argv);
}
