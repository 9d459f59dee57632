/* Accounts, and messages on their way. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/user.h"
#include "cmdeploy/status/status.h"
#include "lib/file.h"

enum {
	WALK_FDS = 8,
	DEFERRED_MANY = 100,
	PUSH_OLD_SEC = 3600,
};

static void add_accounts(const struct relay *relay, struct findings *list)
{
	struct users users;
	struct user_list all;
	struct slice address;
	unsigned n = 0, n_blocked = 0;

	users_init(&users, &relay->config, relay->places.ini_path);
	if (user_list_open(&users, &all, NULL) == 0) {
		while (user_list_next(&all, &address) == 1) {
			n++;
			n_blocked += user_is_blocked(&users, address);
		}
		user_list_close(&all);
	}
	users_release(&users);
	AUTO_FREE char *blocked = xasprintf(", %u of them blocked", n_blocked);
	findings_add(list, STATUS_FINE, "accounts", "%u%s", n,
		n_blocked > 0 ? blocked : "");
	findings_number(list, "accounts", n);
}

/* Why nobody gets an account just now, if so. */
static void add_creation(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf words = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct account_shortage shortage;
	struct account_rules rules;

	account_rules_init(&rules, &relay->config, relay->places.ini_path);
	const char *file = account_nocreate(&rules);
	if (file)
		findings_add(list, STATUS_DOUBT, "new accounts",
			"none, while %s is there; remove it to take some",
			file);
	else if (account_find_shortage(&relay->config, &shortage)) {
		status_add_shortage(&words, &shortage);
		findings_add(list, STATUS_DOUBT, "new accounts", "%s",
			buf_str(&words));
	}
	account_rules_release(&rules);
}

static unsigned n_queued;

static int count_file(const char *path UNUSED, const struct stat *st UNUSED,
	int type, struct FTW *ftw UNUSED)
{
	n_queued += type == FTW_F;
	return 0;
}

static unsigned count_queue(const struct relay *relay, const char *name)
{
	AUTO_FREE char *path =
		xasprintf("%s/postfix/%s", relay->places.spool_dir, name);

	n_queued = 0;
	nftw(path, count_file, WALK_FDS, FTW_PHYS);
	return n_queued;
}

/* The queues that hold messages, as Postfix names them. */
static void add_queue(const struct relay *relay, struct findings *list)
{
	static const char *const others[] = { "active", "hold", "incoming",
		"maildrop" };
	unsigned deferred = count_queue(relay, "deferred");
	unsigned n = deferred;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		n += count_queue(relay, others[i]);
	bool is_many = deferred >= DEFERRED_MANY;
	AUTO_FREE char *wait = xasprintf(", %u of them deferred%s", deferred,
		is_many ? "; \"postqueue -p\" says why" : "");
	findings_add(list, is_many ? STATUS_DOUBT : STATUS_FINE, "mail queue",
		"%u message%s%s", n, n == 1 ? "" : "s",
		deferred > 0 ? wait : "");
	findings_number(list, "messages", n);
}

/* Which way mail leaves, as mxsend has found out. */
static void add_delivery(const struct relay *relay, struct findings *list)
{
	AUTO_FREE char *path =
		xasprintf("%s/mxsend/state", relay->places.run_dir);
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	unsigned n_open = 0, n_closed = 0;
	char first[16] = "";

	if (strcmp(relay->config.delivery, "smtp") == 0) {
		findings_add(list, STATUS_FINE, "delivery", "by SMTP");
		return;
	}
	if (file_read(path, &text, NULL) < 0 ||
		sscanf(buf_str(&text), "%15s open %u closed %u", first, &n_open,
			&n_closed) != 3)
		return;
	bool is_https = strcmp(first, "https") == 0;
	AUTO_FREE char *others = xasprintf("; over HTTPS to %u relay%s",
		n_closed, n_closed == 1 ? "" : "s");
	findings_add(list, STATUS_FINE, "delivery", "%s%s",
		!is_https ? "by SMTP"
			: strcmp(relay->config.delivery, "https") == 0
			? "over HTTPS first"
			: "over HTTPS, since port 25 does not answer",
		is_https || n_closed == 0 ? "" : others);
}

/* How many wait, and since when the oldest. */
static unsigned count_pushes(const char *path, time_t *io_oldest)
{
	const struct dirent *entry;
	unsigned n = 0;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		struct stat st;
		if (slice_has_char(slice_of(entry->d_name), '.') ||
			fstatat(dirfd(dir), entry->d_name, &st, 0) < 0)
			continue;
		n++;
		if (st.st_mtime < *io_oldest)
			*io_oldest = st.st_mtime;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Notifications that could not be handed over yet. */
static void add_pushes(const struct relay *relay, struct findings *list)
{
	AUTO_FREE char *path = xasprintf(
		"%s/pending_notifications", relay->config.mailboxes_dir);
	AUTO_BUF struct buf age = BUF_INIT(BUF_WHY_MAX_BYTES);
	time_t now = time(NULL), oldest = now;
	unsigned n = count_pushes(path, &oldest);
	bool is_old = now - oldest > PUSH_OLD_SEC;

	if (n > 0) {
		buf_add_str(&age, ", the oldest for ");
		status_add_duration(&age, now - oldest);
	}
	findings_add(list, is_old ? STATUS_DOUBT : STATUS_FINE, "push queue",
		"%u notification%s%s", n, n == 1 ? "" : "s", buf_str(&age));
	findings_number(list, "notifications", n);
}

/* Its invitation, which it makes when it has logged in. */
static void add_echobot(const struct relay *relay, struct findings *list)
{
	AUTO_FREE char *path = xasprintf(
		"%s/echobot/public/invite", relay->places.own_state_dir);
	AUTO_BUF struct buf link = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!relay->config.echobot)
		return;
	if (file_read(path, &link, NULL) == 0)
		findings_add(
			list, STATUS_FINE, "echo bot", "%s", buf_str(&link));
	else
		findings_add(list, STATUS_DOUBT, "echo bot",
			"has not logged in yet; %s says why",
			relay->is_server ? "\"journalctl -u echobot\""
					 : "log/echobot/current");
}

void status_mail(struct relay *relay, struct findings *list)
{
	add_accounts(relay, list);
	add_creation(relay, list);
	if (relay->is_without_mail)
		return;
	add_queue(relay, list);
	add_delivery(relay, list);
	add_pushes(relay, list);
	add_echobot(relay, list);
}
