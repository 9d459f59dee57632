/* task.c - a worker: its path, its counts, its way to remove a file. */
#include "chatmaild/expire/task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

enum {
	WAY_MAX_BYTES = 1 << 16, /* of folders within folders */
	/* A disk that is read-only fails a million times alike. */
	FAILURES_NAMED = 20,
};

void counts_add(struct counts *to, const struct counts *from)
{
	to->users += from->users;
	to->messages += from->messages;
	to->bytes += from->bytes;
	to->gone_users += from->gone_users;
	to->gone_messages += from->gone_messages;
	to->gone_bytes += from->gone_bytes;
	to->leftovers += from->leftovers;
	to->odd += from->odd;
	to->failed += from->failed;
}

void task_init(struct task *task, const struct plan *plan)
{
	*task = (struct task){
		.plan = plan,
		.path = BUF_INIT(WAY_MAX_BYTES),
	};
}

void task_release(struct task *task)
{
	buf_release(&task->path);
}

size_t task_enter(struct task *task, const char *name)
{
	size_t mark = task->path.len;

	buf_add_str(&task->path, name);
	buf_add_char(&task->path, '/');
	return mark;
}

void task_leave(struct task *task, size_t mark)
{
	buf_truncate(&task->path, mark);
}

/* Control bytes of foreign names must not reach a terminal. */
static void print_name(const char *name)
{
	for (const char *at = name; *at; at++)
		putchar_unlocked(ascii_is_control(*at) ? '?' : *at);
}

static void print_path(
	const struct task *task, const char *what, const char *name)
{
	printf("%-8s %s/", what, task->plan->root);
	print_name(buf_str(&task->path));
	print_name(name);
	putchar_unlocked('\n');
}

void task_odd(struct task *task, const char *name)
{
	task->counts.odd++;
	if (task->plan->is_dry)
		print_path(task, "odd", name);
}

/* Below the user's folder, or below the root when we are in none. */
static void add_path(const struct task *task, const char *name, struct buf *out)
{
	AUTO_BUF struct buf path = BUF_INIT(WAY_MAX_BYTES);
	struct slice folder = SLICE_NONE, rest;

	buf_add_slice(&path, buf_slice(&task->path));
	buf_add_str(&path, name);
	rest = buf_slice(&path);
	if (task->user_ino && !slice_cut(rest, '/', &folder, &rest))
		rest = SLICE_NONE;
	buf_add_quoted(out, rest);
}

void task_failed(struct task *task, const char *name, int error)
{
	AUTO_BUF struct buf path = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (++task->counts.failed > FAILURES_NAMED)
		return;
	add_path(task, name, &path);
	if (task->user_ino)
		log_err("cannot expire: user_inode=%lu path=%s error=%s",
			(unsigned long)task->user_ino, buf_str(&path),
			strerror(-error));
	else
		log_err("cannot expire: path=%s error=%s", buf_str(&path),
			strerror(-error));
}

void task_show(struct task *task, enum fate fate, const char *name)
{
	if (task->plan->is_dry)
		print_path(task, fate_name(fate), name);
}

int task_open(struct task *task, const struct dir *parent, const char *name,
	struct dir *ret_dir)
{
	int r = dir_open(parent, name, ret_dir);

	switch (r) {
	case 0:
		return 1;
	case -ENOENT:
		return 0;
	case -ENOTDIR:
	case -ELOOP:
	case -EXDEV:
		task_odd(task, name);
		return 0;
	default:
		task_failed(task, name, r);
		return 0;
	}
}

bool task_next(struct task *task, struct dir *dir, struct dir_entry *ret_entry)
{
	int r = dir_next(dir, ret_entry);

	if (r < 0)
		task_failed(task, "", r);
	return r > 0;
}

bool task_unlink(struct task *task, const struct dir *dir, const char *name)
{
	if (task->plan->is_dry || unlinkat(dir->fd, name, 0) == 0)
		return true;
	if (errno != ENOENT)
		task_failed(task, name, -errno);
	return false;
}

bool task_rmdir(struct task *task, const struct dir *dir, const char *name)
{
	if (task->plan->is_dry || unlinkat(dir->fd, name, AT_REMOVEDIR) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		task_failed(task, name, -errno);
	return false;
}
