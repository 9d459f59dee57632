/* inactive.c - an account that nobody uses: renamed, looked at, removed. */
#include "chatmaild/expire/inactive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "chatmaild/common/user.h"
#include "chatmaild/expire/tree.h"
#include "chatmaild/expire/trim.h"
#include "lib/random.h"

enum login {
	LOGIN_NEVER, /* there is no password */
	LOGIN_LAPSED,
	LOGIN_RECENT,
	LOGIN_ODD,     /* nobody can say: the account stays */
	LOGIN_BLOCKED, /* gone, the address could be had again */
};

/* A login that would let it go, unless the operator keeps it. */
static enum login unless_blocked(
	struct task *task, const struct dir *user, enum login login)
{
	struct dir_file file;
	int r = dir_stat(user, USER_BLOCKED, &file);

	if (r == -ENOENT)
		return login;
	if (r < 0)
		task_failed(task, USER_BLOCKED, r);
	return LOGIN_BLOCKED;
}

/*
 * Nobody has opened a mailbox of it, and no mail has come: such accounts are
 * made by the thousand, and who comes back makes it again by logging in.
 */
static bool is_unopened(struct task *task, const struct dir *user)
{
	struct dir_file file;

	return dir_stat(user, "cur", &file) == -ENOENT &&
		!trim_has_messages(task, user);
}

static enum login last_login(struct task *task, const struct dir *user)
{
	struct dir_file file;
	int r = dir_stat(user, "password", &file);

	if (r == -ENOENT)
		return unless_blocked(task, user, LOGIN_NEVER);
	if (r < 0) {
		task_failed(task, "password", r);
		return LOGIN_ODD;
	}
	if (!S_ISREG(file.mode))
		return LOGIN_ODD;
	const struct rules *rules = &task->plan->rules;
	if (file.mtime >= rules->unopened ||
		(file.mtime >= rules->login && !is_unopened(task, user)))
		return LOGIN_RECENT;
	return unless_blocked(task, user, LOGIN_LAPSED);
}

static int rename_new(const struct dir *top, const char *from, const char *to)
{
	if (renameat2(top->fd, from, top->fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	return -errno;
}

/* Has it lapsed still, now that nobody can find it by its name? */
static bool is_lapsed_aside(
	struct task *task, const struct dir *top, const char *aside)
{
	AUTO_DIR struct dir dir = DIR_NONE;

	return dir_open(top, aside, &dir) == 0 &&
		last_login(task, &dir) == LOGIN_LAPSED;
}

static bool condemn(struct task *task, const struct dir *top, const char *name,
	struct buf *aside)
{
	buf_add_str(aside, RULES_CONDEMNED_PREFIX);
	random_add_text(aside, "0123456789abcdef", 16);
	int r = rename_new(top, name, buf_str(aside));
	if (r < 0) {
		if (r != -ENOENT)
			task_failed(task, name, r);
		return false;
	}
	if (is_lapsed_aside(task, top, buf_str(aside)))
		return true;
	/* Somebody logged in. A new account of that name comes first. */
	r = rename_new(top, buf_str(aside), name);
	if (r < 0 && r != -EEXIST)
		task_failed(task, buf_str(aside), r);
	return r == -EEXIST;
}

bool inactive_remove(struct task *task, const struct dir *top, const char *name,
	const struct dir *user)
{
	AUTO_BUF struct buf aside = BUF_INIT(64);

	if (last_login(task, user) != LOGIN_LAPSED)
		return false;
	if (task->plan->is_dry)
		buf_add_str(&aside, name);
	else if (!condemn(task, top, name, &aside))
		return true;
	task_show(task, FATE_ACCOUNT, name);
	tree_remove(task, top, buf_str(&aside));
	task->counts.gone_users++;
	return true;
}

bool inactive_remove_remains(struct task *task, const struct dir *top,
	const char *name, const struct dir *user)
{
	bool is_remains = user->mtime < task->plan->rules.login &&
		last_login(task, user) == LOGIN_NEVER &&
		!trim_has_messages(task, user);

	if (!is_remains || !tree_remove_remains(task, top, name))
		return false;
	task_show(task, FATE_LEFTOVER, name);
	task->counts.leftovers++;
	return true;
}
