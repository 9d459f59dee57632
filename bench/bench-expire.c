/*
 * bench-expire: chatmail-expire against the six passes of find(1) that
 * it replaces, alternately, on a warm cache.
 *
 *   bench-expire PROGRAM FOLDER [USERS [MESSAGES [ROUNDS]]]
 *
 * Both run at the lowest priority (chatmail-expire sets it by itself), so
 * that other work on the machine slows them down alike. Where that is much,
 * the processor time tells more than the clock.
 *
 * FOLDER is made, filled with a mail folder, and removed at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/argument.h"
#include "bench/figures.h"
#include "lib/die.h"
#include "lib/file.h"

extern char **environ;

enum {
	USERS = 20000,
	MESSAGES = 1000000,
	ROUNDS = 3,
	ROUNDS_MAX = 100,
	/* One user in so many has a second folder for half of the mail. */
	FOLDER_EVERY = 4,
	NEW_EVERY = 10,
	AGED_EVERY = 10,
	DAY_SEC = 86400,
	AGED_DAYS = 30,
	PATH_BYTES = 4096,
	NICENESS = 19,
	/* linux/ioprio.h: IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE << 13 */
	IO_WHO_PROCESS = 1,
	IO_PRIORITY_IDLE = 3 << 13,
};

static uint64_t n_users = USERS, n_messages = MESSAGES, n_rounds = ROUNDS;
static const char *folder;
static int mail_fd = -1;
static time_t now;

static void make_dir(const char *path)
{
	if (mkdirat(mail_fd, path, 0700) < 0 && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

/* Sizes without data: what lies on the disk is not what is measured. */
static void make_file(const char *path, off_t size, time_t mtime)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = mtime },
	};
	AUTO_CLOSE int fd =
		openat(mail_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, size) < 0 || futimens(fd, times) < 0)
		die("%s: %s", path, strerror(errno));
}

static void make_maildir(const char *path)
{
	static const char *const parts[] = { "", "/cur", "/new", "/tmp" };
	char part[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		snprintf(part, sizeof(part), "%s%s", path, parts[i]);
		make_dir(part);
	}
}

static void make_user(uint64_t user)
{
	static const char *const files[] = {
		"password",
		"maildirsize",
		"subscriptions",
		"dovecot-uidlist",
		"dovecot.index.log",
		"dovecot.index.cache",
		"dovecot.list.index.log",
	};
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "u%08lu@bench.test", user);
	make_maildir(path);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "u%08lu@bench.test/%s", user,
			files[i]);
		make_file(path, 120, now - DAY_SEC);
	}
	if (user % FOLDER_EVERY > 0)
		return;
	snprintf(path, sizeof(path), "u%08lu@bench.test/.DeltaChat", user);
	make_maildir(path);
}

static void make_message(uint64_t i, time_t age)
{
	uint64_t user = i % n_users, turn = i / n_users;
	bool is_new = turn % NEW_EVERY == 0;
	uint64_t size = 2000 + i * 7919 % 60000;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path),
		"u%08lu@bench.test/%s%s/%ld.M%06luP%lu.mail,S=%lu,W=%lu%s",
		user, user % FOLDER_EVERY == 0 && turn % 2 ? ".DeltaChat/" : "",
		is_new ? "new" : "cur", (long)now - DAY_SEC, i % 1000000,
		1000 + i / 1000000, size, size + 100, is_new ? "" : ":2,S");
	make_file(path, (off_t)size, now - age);
}

static void make_tree(void)
{
	for (uint64_t i = 0; i < n_users; i++)
		make_user(i);
	for (uint64_t i = 0; i < n_messages; i++)
		make_message(i, DAY_SEC);
}

/* Makes every tenth message old; those that are gone come again. */
static void age_some(void)
{
	for (uint64_t i = 0; i < n_messages; i += AGED_EVERY)
		make_message(i, AGED_DAYS * DAY_SEC);
}

struct result {
	double sec;
	double cpu_sec;
	long rss_kb; /* peak */
};

static double timeval_sec(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* Ends by die() unless it did all; adds to *result. */
static void run(char *const *argv, struct result *result)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status;
	pid_t pid;
	double start = figures_sec();

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
		&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		die("%s: %s", argv[0], strerror(r));
	if (wait4(pid, &status, 0, &usage) < 0 || status != 0)
		die("%s: failed", argv[0]);
	result->sec += figures_sec() - start;
	result->cpu_sec +=
		timeval_sec(usage.ru_utime) + timeval_sec(usage.ru_stime);
	if (usage.ru_maxrss > result->rss_kb)
		result->rss_kb = usage.ru_maxrss;
}

static struct result run_ours(const char *program)
{
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", folder);
	AUTO_FREE char *copy = xstrdup(program);
	char *argv[] = { copy, ini, NULL };
	struct result result = { 0 };

	run(argv, &result);
	return result;
}

static struct result run_find(void)
{
	static const char *const patterns[] = { "*/cur/*", "*/.*/cur/*",
		"*/new/*", "*/.*/new/*", "*/tmp/*", "*/.*/tmp/*" };
	AUTO_FREE char *mail = xasprintf("%s/mail", folder);
	struct result result = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		char pattern[16], find[] = "find", path[] = "-path",
				  mtime[] = "-mtime", days[] = "+20",
				  type[] = "-type", f[] = "f",
				  delete[] = "-delete";
		char *argv[] = { find, mail, path, pattern, mtime, days, type,
			f, delete, NULL };
		snprintf(pattern, sizeof(pattern), "%s", patterns[i]);
		run(argv, &result);
	}
	return result;
}

static void print_pair(
	const char *what, struct result ours, struct result theirs)
{
	printf("%-20s ours %7.3f s, cpu %7.3f s, %5ld KB; "
	       "find %7.3f s, cpu %7.3f s, %5ld KB; "
	       "ratio %4.1f, cpu %4.1f\n",
		what, ours.sec, ours.cpu_sec, ours.rss_kb, theirs.sec,
		theirs.cpu_sec, theirs.rss_kb, theirs.sec / ours.sec,
		theirs.cpu_sec / ours.cpu_sec);
	fflush(stdout);
}

static void bench_nothing_old(const char *program)
{
	double ratios[ROUNDS_MAX];

	run_ours(program);
	run_find();
	for (uint64_t i = 0; i < n_rounds; i++) {
		struct result ours = run_ours(program), theirs = run_find();
		ratios[i] = theirs.sec / ours.sec;
		print_pair("nothing to delete", ours, theirs);
	}
	printf("%-20s %.1f\n", "median ratio",
		figures_median(ratios, n_rounds));
}

static uint64_t n_left;

static int count_message(const char *path, const struct stat *st UNUSED,
	int type, struct FTW *ftw UNUSED)
{
	n_left += type == FTW_F && strstr(path, ",S=");
	return 0;
}

/* Both have to have done the same work. */
static void check_left(const char *who)
{
	uint64_t want = n_messages - (n_messages + AGED_EVERY - 1) / AGED_EVERY;

	n_left = 0;
	nftw(folder, count_message, 64, FTW_PHYS);
	if (n_left != want)
		die("%s left %lu messages, not %lu", who, n_left, want);
}

static void bench_deletion(const char *program)
{
	age_some();
	struct result ours = run_ours(program);
	check_left("chatmail-expire");
	age_some();
	struct result theirs = run_find();
	check_left("find");
	print_pair("every tenth deleted", ours, theirs);
}

static void make_root(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *mail = xasprintf("%s/mail", folder);
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", folder);
	AUTO_FREE char *text = xasprintf("[params]\nmail_domain = bench.test\n"
					 "mailboxes_dir = %s\n",
		mail);

	if (mkdir(folder, 0700) < 0)
		die("%s: %s; name a folder that is yet to be made", folder,
			strerror(errno));
	if (mkdir(mail, 0700) < 0 ||
		file_write(ini, slice_of(text),
			(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 },
			&why) < 0)
		die("%s: cannot be filled: %s", folder, buf_str(&why));
	mail_fd = open(mail, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mail_fd < 0)
		die("%s: %s", mail, strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 6)
		die("usage: bench-expire PROGRAM FOLDER [USERS [MESSAGES "
		    "[ROUNDS]]]");
	if (argc > 3)
		n_users = argument_number(argv[3], 1, 1000000);
	if (argc > 4)
		n_messages = argument_number(argv[4], 1, 100000000);
	if (argc > 5)
		n_rounds = argument_number(argv[5], 1, ROUNDS_MAX);
	folder = argv[2];
	now = time(NULL);
	make_root();
	double start = figures_sec();
	make_tree();
	printf("%lu users, %lu messages, made in %.0f s\n", n_users, n_messages,
		figures_sec() - start);
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	(void)syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, IO_PRIORITY_IDLE);
	bench_nothing_old(argv[1]);
	bench_deletion(argv[1]);
	fd_close(&mail_fd);
	dir_remove(folder);
	return file_exists(folder) ? 1 : 0;
}
