/*
 * chatmail-metrics - how a relay fares, for Prometheus. See
 * chatmail-metrics(8).
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chatmaild/common/config.h"
#include "chatmaild/metrics/mailboxes.h"
#include "chatmaild/metrics/page.h"
#include "chatmaild/metrics/postfix.h"
#include "lib/cmd.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"

enum {
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	PAGE_MAX_BYTES = 1 << 20,
	PAGE_MODE = 0644,
};

struct options {
	struct config_overrides overrides;
	const char *ini;
	const char *output; /* NULL: standard output */
	const char *queue_dir;
	bool wants_help;
	bool wants_version;
};

static void print_usage(FILE *out)
{
	fputs("usage: chatmail-metrics [-o KEY=VALUE]... INI "
	      "[--output FILE] [--postfix QUEUE_DIRECTORY]\n",
		out);
}

static int parse(
	int argc, char **argv, struct options *options, struct buf *why)
{
	const struct cmd_option table[] = {
		{ "--output", &options->output, NULL },
		{ "--postfix", &options->queue_dir, NULL },
		{ "--help", NULL, &options->wants_help },
		{ "--version", NULL, &options->wants_version },
	};
	int n = cmd_parse(argc, argv, table, ARRAY_LEN(table), 1, why);

	if (n < 0 || options->wants_help || options->wants_version)
		return n < 0 ? n : 0;
	if (n == 0)
		return because(why, -EINVAL,
			"INI is missing: the path of chatmail.ini");
	options->ini = argv[1];
	if (!options->queue_dir)
		options->queue_dir = "/var/spool/postfix";
	return 0;
}

static int add_mailboxes(
	struct page *page, const struct users *users, struct buf *why)
{
	struct mailboxes m;
	time_t now = time(NULL);
	int r = mailboxes_count(users, now, &m, why);

	if (r < 0)
		return r;
	page_add(page, "accounts", "kind=\"user\"", m.n_accounts);
	page_add(page, "accounts", "kind=\"test\"", m.n_test_accounts);
	for (size_t i = 0; i < LOGIN_AGES_N; i++) {
		AUTO_FREE char *label = xasprintf("days=\"%u\"", login_ages[i]);
		page_add(page, "accounts_logged_in", label, m.n_logged_in[i]);
	}
	page_add(page, "mailbox_bytes", NULL, m.bytes);
	page_add(page, "mailbox_messages", NULL, m.n_messages);
	page_add(page, "notifier_queue_notifications", NULL, m.n_notifications);
	page_add(page, "collected_timestamp_seconds", NULL, (uint64_t)now);
	return 0;
}

static int add_queues(struct page *page, const char *queue_dir, struct buf *why)
{
	uint64_t n[POSTFIX_QUEUES_N];
	int r = postfix_count(queue_dir, n, why);

	for (size_t i = 0; r == 0 && i < POSTFIX_QUEUES_N; i++) {
		AUTO_FREE char *label =
			xasprintf("queue=\"%s\"", postfix_queues[i]);
		page_add(page, "postfix_queue_messages", label, n[i]);
	}
	return r;
}

static int add_service(
	struct page *page, const char *dir, struct slice name, struct buf *why)
{
	AUTO_FREE char *service = slice_dup(name);
	AUTO_FREE char *path = xasprintf("%s/%s" COUNTERS_SUFFIX, dir, service);
	AUTO_FREE struct counter_row *rows = NULL;
	size_t n = 0;
	int r = counters_read(path, &rows, &n, why);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!page_add_counter(page, service, &rows[i]))
			r = because(why, -EINVAL,
				"%s: row %zu: not a name of a counter", path,
				i + 1);
	return r;
}

/* What one service has not written, the others have. */
static int add_counters(struct page *page, const char *dir_name)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	static const struct slice suffix = SLICE(COUNTERS_SUFFIX);
	struct dirent **names = NULL;
	int n = scandir(dir_name, &names, NULL, alphasort), n_failed = n < 0;

	if (n < 0)
		log_err("%s: %s; see counters_dir", dir_name, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct slice name = slice_of(names[i]->d_name);
		if (slice_ends(name, suffix) &&
			add_service(page, dir_name,
				slice_head(name, name.len - suffix.len),
				&why) < 0) {
			log_err("%s", buf_str(&why));
			n_failed++;
		}
		free(names[i]);
	}
	free(names);
	return n_failed ? -EIO : 0;
}

/* Shows all that could be had; a failure is told and counts. */
static int collect(const struct options *options, const struct config *config,
	struct page *page)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct users users;
	int status = 0;

	users_init(&users, config, options->ini);
	if (add_mailboxes(page, &users, &why) < 0) {
		log_err("%s", buf_str(&why));
		status = STATUS_FAILED;
	}
	if (add_queues(page, options->queue_dir, &why) < 0) {
		log_err("%s", buf_str(&why));
		status = STATUS_FAILED;
	}
	if (add_counters(page, config->counters_dir) < 0)
		status = STATUS_FAILED;
	users_release(&users);
	return status;
}

static int publish(const struct options *options, const struct page *page)
{
	AUTO_BUF struct buf text = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	page_write(page, &text);
	if (!options->output) {
		fputs(buf_str(&text), stdout);
		return fflush(stdout) == 0 ? 0 : STATUS_FAILED;
	}
	if (file_write(options->output, buf_slice(&text),
		    (struct file_owner){ PAGE_MODE, -1, -1 }, &why) == 0)
		return 0;
	log_err("%s", buf_str(&why));
	return STATUS_FAILED;
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct options options = { 0 };
	struct page page = { 0 };
	struct config config;

	config_take_overrides(&argc, argv, &options.overrides);
	if (parse(argc, argv, &options, &why) < 0) {
		fprintf(stderr, "chatmail-metrics: %s\n", buf_str(&why));
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (options.wants_help || options.wants_version) {
		if (options.wants_help)
			print_usage(stdout);
		else
			puts("chatmail-metrics " CHATMAIL_VERSION);
		return 0;
	}
	config_load_or_die(
		options.ini, &options.overrides, READ_METRICS, &config);
	int status = collect(&options, &config, &page);
	if (publish(&options, &page))
		status = STATUS_FAILED;
	page_release(&page);
	config_release(&config);
	return status;
}
