/*
 * chatmail-expire: what a relay keeps no longer. See chatmail-expire(8).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "chatmaild/common/config.h"
#include "chatmaild/expire/pass.h"
#include "chatmaild/expire/trim.h"
#include "lib/cmd.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	NICENESS = 19,
	/* linux/ioprio.h: IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE << 13 */
	IO_WHO_PROCESS = 1,
	IO_PRIORITY_IDLE = 3 << 13,
};

static const char users_name[] = "delete_inactive_users";

struct options {
	struct config_overrides overrides;
	const char *ini;
	const char *mailbox; /* NULL: all */
	bool is_dry;
	bool wants_users;
	bool wants_mail;
	bool wants_help;
	bool wants_version;
};

static void print_usage(FILE *out)
{
	if (strcmp(program_invocation_short_name, users_name) == 0)
		fprintf(out, "usage: %s INI [--dry-run]\n", users_name);
	else
		fputs("usage: chatmail-expire [-o KEY=VALUE]... INI "
		      "[--dry-run] [--users] [--mail]\n"
		      "       chatmail-expire [-o KEY=VALUE]... INI "
		      "[--dry-run] --mailbox USER\n",
			out);
}

static int check_together(const struct options *options, struct buf *why)
{
	if (!options->ini)
		return because(why, -EINVAL,
			"INI is missing: the path of "
			"chatmail.ini");
	if (!options->mailbox)
		return 0;
	if (options->wants_users || options->wants_mail)
		return because(why, -EINVAL,
			"--mailbox does not go with --users or --mail");
	if (!rules_is_user(options->mailbox))
		return because(why, -EINVAL, "--mailbox: not an address");
	return 0;
}

static int parse(
	int argc, char **argv, struct options *options, struct buf *why)
{
	const struct cmd_option table[] = {
		{ "--dry-run", NULL, &options->is_dry },
		{ "--users", NULL, &options->wants_users },
		{ "--mail", NULL, &options->wants_mail },
		{ "--mailbox", &options->mailbox, NULL },
		{ "--help", NULL, &options->wants_help },
		{ "--version", NULL, &options->wants_version },
	};
	int n = cmd_parse(argc, argv, table, ARRAY_LEN(table), 1, why);

	if (n < 0)
		return n;
	if (options->wants_help || options->wants_version)
		return 0;
	options->ini = n > 0 ? argv[1] : NULL;
	int r = check_together(options, why);
	if (strcmp(program_invocation_short_name, users_name) == 0)
		options->wants_users = true;
	else if (!options->wants_users && !options->wants_mail)
		options->wants_users = options->wants_mail = true;
	return r;
}

/*
 * Nobody waits for this run, and mail comes first. Where the priority cannot
 * be lowered, the run goes on with the usual one.
 */
static void lower_priority(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	(void)syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, IO_PRIORITY_IDLE);
}

/* Two runs would undo each other's renames. */
static void lock_or_wait(const struct dir *top)
{
	if (flock(top->fd, LOCK_EX | LOCK_NB) == 0)
		return;
	if (errno == EWOULDBLOCK)
		log_notice("waiting until another run has ended");
	while (flock(top->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			die("cannot lock the mail folder: %s", strerror(errno));
}

static void run_mailbox(const struct plan *plan, const struct dir *top,
	const char *name, struct counts *counts)
{
	AUTO_DIR struct dir user = DIR_NONE;
	struct task task;

	task_init(&task, plan);
	int r = dir_open(top, name, &user);
	if (r < 0)
		die("%s: no folder of the user that --mailbox names: %s",
			plan->root, strerror(-r));
	task.user_ino = user.ino;
	size_t mark = task_enter(&task, name);
	trim_mailbox(&task, &user);
	task_leave(&task, mark);
	*counts = task.counts;
	task_release(&task);
}

static void print_summary(const struct plan *plan, const struct counts *counts)
{
	printf("%susers=%lu messages=%lu bytes=%lu deleted_users=%lu "
	       "deleted_messages=%lu deleted_bytes=%lu leftovers=%lu odd=%lu "
	       "failed=%lu\n",
		plan->is_dry ? "dry run: " : "", (unsigned long)counts->users,
		(unsigned long)counts->messages, (unsigned long)counts->bytes,
		(unsigned long)counts->gone_users,
		(unsigned long)counts->gone_messages,
		(unsigned long)counts->gone_bytes,
		(unsigned long)counts->leftovers, (unsigned long)counts->odd,
		(unsigned long)counts->failed);
}

static int run(const struct options *options, const struct config *config)
{
	struct plan plan = {
		.rules = rules_make(config, time(NULL)),
		.root = config->mailboxes_dir,
		.is_dry = options->is_dry,
		.wants_users = options->wants_users,
		.wants_mail = options->wants_mail && !options->mailbox,
	};
	AUTO_DIR struct dir top = DIR_NONE;
	struct counts counts = { 0 };

	int r = dir_open_root(plan.root, &top);
	if (r < 0)
		die("%s: %s; see mailboxes_dir in %s", plan.root, strerror(-r),
			options->ini);
	if (options->mailbox) {
		run_mailbox(&plan, &top, options->mailbox, &counts);
	} else {
		lower_priority();
		if (!plan.is_dry)
			lock_or_wait(&top);
		pass_run(&plan, &top, &counts);
	}
	/* Dovecot reads what a quota warning prints, and waits for no more. */
	if (!options->mailbox || plan.is_dry)
		print_summary(&plan, &counts);
	return counts.failed ? STATUS_FAILED : 0;
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct options options = { 0 };
	struct config config;

	config_take_overrides(&argc, argv, &options.overrides);
	if (parse(argc, argv, &options, &why) < 0) {
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			buf_str(&why));
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (options.wants_help || options.wants_version) {
		if (options.wants_help)
			print_usage(stdout);
		else
			puts("chatmail-expire " CHATMAIL_VERSION);
		return 0;
	}
	config_load_or_die(
		options.ini, &options.overrides, READ_EXPIRE, &config);
	int status = run(&options, &config);
	config_release(&config);
	return fflush(stdout) == 0 ? status : STATUS_FAILED;
}
