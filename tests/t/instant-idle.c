/*
 * instant-idle - the plugin of that name in a real Dovecot.
 *
 * Usage: instant-idle PLUGINS CASE, with the folder of the plugins
 *
 * In the lab what a connection's watch misses is never found later, so a
 * message that was not told ends the test by its client's patience. None
 * of the cases measures time.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"
#include "tests/client/dovecot-lab.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	LOG_MAX_BYTES = 1 << 26,
	PLUGIN_MAX_BYTES = 1 << 24,
	STAT_MAX_BYTES = 4096,
	RACES = 5,
	PAIRS = 100,
	LOOPS = 50,
	SWEEP_CLIENTS = 10,
	SWEEP_ROUNDS = 3,
	SWEEP_STEP_USEC = 500,
	HIBERNATE_SEC = 1,
	USEC_PER_SEC = 1000000,
};

static const char user[] = "alice@lab";
#define LETTER "Subject: [...]\r\n\r\nHello.\r\n"

struct bed {
	const char *plugin;
	const char *dir;
	struct dovecot_lab lab;
	struct mail_client lmtp;
	uint64_t n_files;
};

static void open_bed(
	struct bed *bed, unsigned hibernate_sec, const char *plugin)
{
	struct dovecot_lab_options options = {
		.dir = bed->dir,
		.plugin = plugin,
		.hibernate_sec = hibernate_sec,
	};

	MUST(dovecot_lab_start(&bed->lab, &options, why));
	MUST(mail_client_open(&bed->lmtp, bed->lab.lmtp, false, why));
	MUST(mail_client_smtp(&bed->lmtp, '2', NULL, why));
	MUST(mail_client_smtp(&bed->lmtp, '2', "LHLO test", why));
}

/* The bed is clean when Dovecot had nothing to complain about. */
static int close_bed(struct bed *bed)
{
	static const char *const bad[] = { "Error:", "Fatal:", "Panic:" };
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	int status = 0;

	MUST(dovecot_lab_log(&bed->lab, &log, why));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (!strstr(buf_str(&log), bad[i]))
			continue;
		fprintf(stderr, "%s\ndovecot logged %s\n", buf_str(&log),
			bad[i]);
		status = 1;
	}
	mail_client_close(&bed->lmtp);
	dovecot_lab_stop(&bed->lab);
	return status;
}

static void deliver(struct bed *bed, const char *recipient)
{
	struct mail_client_letter letter = {
		.sender = "bob@lab",
		.recipient = recipient,
		.text = SLICE(LETTER),
	};

	MUST(mail_client_deliver(&bed->lmtp, &letter, why));
}

static void log_in(struct bed *bed, struct mail_client *c, const char *name)
{
	MUST(mail_client_open(c, bed->lab.imap, false, why));
	MUST(mail_client_imap_login(c, name, DOVECOT_LAB_PASSWORD, why));
	MUST(mail_client_idle(c, why));
}

/* Puts a message where LMTP would, but without its time. */
static void put_file(struct bed *bed)
{
	AUTO_FREE char *dir = xasprintf("%s/mail/%s", bed->dir, user);
	AUTO_FREE char *name = xasprintf(
		"1000000000.%llu.lab", (unsigned long long)++bed->n_files);
	AUTO_FREE char *tmp = xasprintf("%s/tmp/%s", dir, name);
	AUTO_FREE char *new = xasprintf("%s/new/%s", dir, name);
	struct file_owner owner = { 0666, (uid_t)-1, (gid_t)-1 };

	MUST(file_write(tmp, SLICE(LETTER), owner, why));
	if (rename(tmp, new) < 0)
		die("%s: %s", new, strerror(errno));
}

/* Which of the two is told first: 0 or 1. */
static int first_told(struct mail_client *clients, uint64_t n)
{
	struct pollfd fds[2] = {
		{ .fd = clients[0].fd, .events = POLLIN },
		{ .fd = clients[1].fd, .events = POLLIN },
	};

	if (poll(fds, 2, MAIL_CLIENT_WAIT_MSEC) <= 0)
		die("nobody was told of message %llu", (unsigned long long)n);
	return fds[0].revents ? 0 : 1;
}

/*
 * One mailbox, two Dovecots: the one with the plugin is always first. The
 * other one waits for half a second at least.
 */
static int before_stock(struct bed *bed)
{
	struct mail_client clients[2];
	AUTO_FREE char *stock_dir = xasprintf("%s/stock", bed->dir);
	struct bed stock = { .dir = stock_dir };
	AUTO_FREE char *mail = xasprintf("%s/mail", bed->dir);
	AUTO_FREE char *link = xasprintf("%s/mail", stock.dir);

	MUST(dir_make(mail, 0755, why));
	MUST(dir_make(stock.dir, 0755, why));
	if (symlink(mail, link) < 0)
		die("%s: %s", link, strerror(errno));
	open_bed(bed, 0, bed->plugin);
	open_bed(&stock, 0, NULL);
	log_in(bed, &clients[0], user);
	log_in(&stock, &clients[1], user);
	int lost = 0;
	for (uint64_t i = 1; i <= RACES; i++) {
		deliver(bed, user);
		lost += first_told(clients, i);
		MUST(mail_client_exists(&clients[0], i, why));
		MUST(mail_client_exists(&clients[1], i, why));
	}
	if (lost)
		fprintf(stderr, "the plugin lost %d races of %d\n", lost,
			RACES);
	mail_client_close(&clients[0]);
	mail_client_close(&clients[1]);
	lost += close_bed(&stock);
	return close_bed(bed) || lost;
}

/*
 * Two messages within the granularity of the folder's mtime: at once, or
 * the second one just after the look that found the first.
 */
static int pairs(struct bed *bed)
{
	struct mail_client c;

	open_bed(bed, 0, bed->plugin);
	log_in(bed, &c, user);
	for (uint64_t i = 0; i < PAIRS; i++) {
		put_file(bed);
		if (i % 2)
			MUST(mail_client_exists(&c, 2 * i + 1, why));
		put_file(bed);
		MUST(mail_client_exists(&c, 2 * i + 2, why));
	}
	mail_client_close(&c);
	return close_bed(bed);
}

/* Whether process `pid` is an imap process of this Dovecot. */
static bool is_imap_of(pid_t master, const char *pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/stat", pid);
	AUTO_BUF struct buf text = BUF_INIT(STAT_MAX_BYTES);
	AUTO_FREE char *parent = xasprintf(" %d ", (int)master);

	if (file_read(path, &text, NULL) < 0)
		return false;
	const char *after = strstr(buf_str(&text), " (imap) ");
	return after &&
		strncmp(after + strlen(" (imap) ") + 1, parent,
			strlen(parent)) == 0;
}

static int count_imap(const struct bed *bed)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	if (!dir)
		die("/proc: %s", strerror(errno));
	while ((entry = readdir(dir)))
		n += is_imap_of(bed->lab.pid, entry->d_name);
	closedir(dir);
	return n;
}

static void nap_usec(long usec)
{
	struct timespec ts = {
		.tv_sec = usec / USEC_PER_SEC,
		.tv_nsec = usec % USEC_PER_SEC * 1000,
	};

	nanosleep(&ts, NULL);
}

/* No imap process is left, and the client is still there. */
static void wait_for_hibernation(const struct bed *bed)
{
	for (int i = 0; count_imap(bed) > 0; i++) {
		if (i == MAIL_CLIENT_WAIT_MSEC / 10)
			die("the connection does not hibernate; is "
			    "fs.inotify.max_user_instances reached?");
		nap_usec(10000);
	}
}

static int hibernated(struct bed *bed)
{
	struct mail_client c;

	open_bed(bed, HIBERNATE_SEC, bed->plugin);
	log_in(bed, &c, user);
	for (uint64_t i = 1; i <= 3; i++) {
		wait_for_hibernation(bed);
		deliver(bed, user);
		MUST(mail_client_exists(&c, i, why));
	}
	wait_for_hibernation(bed);
	MUST(mail_client_done(&c, why));
	mail_client_close(&c);
	return close_bed(bed);
}

/*
 * Messages around the moment in which connections hibernate: each client
 * gets one a little later after its last.
 */
static int while_hibernating(struct bed *bed)
{
	struct mail_client clients[SWEEP_CLIENTS];
	char names[SWEEP_CLIENTS][32];

	open_bed(bed, HIBERNATE_SEC, bed->plugin);
	for (int i = 0; i < SWEEP_CLIENTS; i++) {
		snprintf(names[i], sizeof(names[i]), "user%d@lab", i);
		log_in(bed, &clients[i], names[i]);
	}
	for (uint64_t n = 1; n <= SWEEP_ROUNDS; n++) {
		for (int i = 0; i < SWEEP_CLIENTS; i++) {
			deliver(bed, names[i]);
			nap_usec(SWEEP_STEP_USEC);
		}
		for (int i = 0; i < SWEEP_CLIENTS; i++)
			MUST(mail_client_exists(&clients[i], n, why));
		nap_usec(HIBERNATE_SEC * USEC_PER_SEC -
			SWEEP_CLIENTS * SWEEP_STEP_USEC);
	}
	for (int i = 0; i < SWEEP_CLIENTS; i++)
		mail_client_close(&clients[i]);
	return close_bed(bed);
}

static int after_reload(struct bed *bed)
{
	struct mail_client old, fresh;

	open_bed(bed, 0, bed->plugin);
	log_in(bed, &old, user);
	MUST(dovecot_lab_reload(&bed->lab, why));
	put_file(bed);
	MUST(mail_client_exists(&old, 1, why));
	log_in(bed, &fresh, user);
	put_file(bed);
	MUST(mail_client_exists(&old, 2, why));
	MUST(mail_client_exists(&fresh, 2, why));
	mail_client_close(&old);
	mail_client_close(&fresh);
	return close_bed(bed);
}

static int two_connections(struct bed *bed)
{
	struct mail_client clients[2];

	open_bed(bed, 0, bed->plugin);
	log_in(bed, &clients[0], user);
	log_in(bed, &clients[1], user);
	for (uint64_t i = 1; i <= LOOPS; i++) {
		deliver(bed, user);
		MUST(mail_client_exists(&clients[i % 2], i, why));
		MUST(mail_client_exists(&clients[(i + 1) % 2], i, why));
	}
	/* One ends IDLE and deletes; the other is told. */
	struct slice line;
	MUST(mail_client_done(&clients[0], why));
	MUST(mail_client_imap(
		&clients[0], why, "STORE 1 +FLAGS.SILENT (\\Deleted)"));
	MUST(mail_client_imap(&clients[0], why, "EXPUNGE"));
	MUST(mail_client_until(&clients[1], "* 1 EXPUNGE", &line, why));
	mail_client_close(&clients[0]);
	mail_client_close(&clients[1]);
	return close_bed(bed);
}

/* IDLE begins and ends with messages on their way, mailboxes change. */
static int idle_loops(struct bed *bed)
{
	struct mail_client c;

	open_bed(bed, 0, bed->plugin);
	log_in(bed, &c, user);
	for (int i = 1; i <= LOOPS; i++) {
		put_file(bed);
		MUST(mail_client_done(&c, why));
		if (i % 5 == 0) {
			MUST(mail_client_imap(&c, why, "CREATE Box%d", i));
			MUST(mail_client_imap(&c, why, "SELECT Box%d", i));
			MUST(mail_client_idle(&c, why));
			MUST(mail_client_done(&c, why));
			MUST(mail_client_imap(&c, why, "SELECT INBOX"));
			MUST(mail_client_imap(&c, why, "DELETE Box%d", i));
		}
		put_file(bed);
		MUST(mail_client_idle(&c, why));
	}
	put_file(bed);
	MUST(mail_client_exists(&c, 2 * LOOPS + 1, why));
	mail_client_close(&c);
	return close_bed(bed);
}

/* Dovecot's own way of telling still works. */
static int runs_without(struct bed *bed, const char *plugin)
{
	struct mail_client c;

	open_bed(bed, 0, plugin);
	AUTO_FREE char *conf = xasprintf("%s/instant-idle.conf", bed->dir);
	AUTO_BUF struct buf text = BUF_INIT(STAT_MAX_BYTES);
	MUST(file_read(conf, &text, why));
	if (text.len)
		fprintf(stderr, "got  %s\nwant an empty %s\n", buf_str(&text),
			conf);
	log_in(bed, &c, user);
	deliver(bed, user);
	MUST(mail_client_exists(&c, 1, why));
	mail_client_close(&c);
	return close_bed(bed) || text.len;
}

static int without_plugin(struct bed *bed)
{
	return runs_without(bed, "/nowhere/instant-idle-2.3.so");
}

/* The same plugins, with another byte somewhere in ".ABIv". */
static int changed_abi(struct bed *bed, ptrdiff_t at, char byte)
{
	static const char *const names[] = { "2.3.so", "2.4.so" };
	AUTO_FREE char *dir = xasprintf("%s/plugins", bed->dir);
	struct file_owner owner = { 0755, (uid_t)-1, (gid_t)-1 };
	int n = 0;

	MUST(dir_make(dir, 0755, why));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(PLUGIN_MAX_BYTES);
		AUTO_FREE char *from = xasprintf(
			"%s/instant-idle-%s", bed->plugin, names[i]);
		AUTO_FREE char *to =
			xasprintf("%s/instant-idle-%s", dir, names[i]);
		if (!file_exists(from))
			continue;
		MUST(file_read(from, &bytes, why));
		char *abi = memmem(
			bytes.ptr, bytes.len, ".ABIv", strlen(".ABIv"));
		if (!abi)
			die("%s names no Dovecot version", from);
		abi[at] = byte;
		MUST(file_write(to, buf_slice(&bytes), owner, why));
		n++;
	}
	if (n == 0)
		die("%s: no plugin", bed->plugin);
	return runs_without(bed, dir);
}

/* As if built for another Dovecot. */
static int other_abi(struct bed *bed)
{
	return changed_abi(bed, -1, '9');
}

/* What it was built for cannot be told. */
static int no_abi(struct bed *bed)
{
	return changed_abi(bed, 1, 'X');
}

static const struct test_entry {
	const char *name;
	int (*run)(struct bed *bed);
} entries[] = {
	{ "instant-idle-before-stock", before_stock },
	{ "instant-idle-pairs", pairs },
	{ "instant-idle-hibernated", hibernated },
	{ "instant-idle-while-hibernating", while_hibernating },
	{ "instant-idle-reload", after_reload },
	{ "instant-idle-two-connections", two_connections },
	{ "instant-idle-loops", idle_loops },
	{ "instant-idle-without-plugin", without_plugin },
	{ "instant-idle-other-abi", other_abi },
	{ "instant-idle-no-abi", no_abi },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: instant-idle PLUGINS CASE");
	const char *dir = getenv("TEST_DIR");
	struct bed bed = { .plugin = argv[1], .dir = dir ? dir : "." };
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (strcmp(argv[2], entries[i].name) == 0)
			return entries[i].run(&bed);
	die("no case %s", argv[2]);
}
