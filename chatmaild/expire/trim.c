/* trim.c - an overfull mailbox, walked through and made smaller. */
#include "chatmaild/expire/trim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* Five million messages; of these some go. */
	ITEMS_MAX_BYTES = 1 << 28,
	/* Holds the longest address after "Return-Path: ". */
	HEAD_BYTES = 512,
	/* Under a flood that never ends, the next warning goes on. */
	ROUNDS_MAX = 100,
};

/*
 * Two walks, so that no name is kept: the first collects senders and sizes,
 * of which some are chosen, the second deletes. What arrives in between is
 * not among them.
 */
struct trim {
	struct task *task;
	struct buf items; /* struct shares_item each */
	size_t n_going;
	uint64_t n_gone;
	void (*on_message)(struct trim *trim, const struct dir *dir,
		const char *name, const struct dir_file *file);
};

static struct shares_item *items_of(struct trim *trim, size_t *ret_n)
{
	*ret_n = trim->items.len / sizeof(struct shares_item);
	return (void *)trim->items.ptr;
}

/* A message that cannot be read is one of the owner's. */
static size_t read_head(const struct dir *dir, const char *name, char *head)
{
	AUTO_CLOSE int fd =
		openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : read(fd, head, HEAD_BYTES);

	return n > 0 ? (size_t)n : 0;
}

static void collect(struct trim *trim, const struct dir *dir, const char *name,
	const struct dir_file *file)
{
	char head[HEAD_BYTES];
	size_t n = read_head(dir, name, head);
	struct shares_item item = {
		.ino = file->ino,
		.mtime_ns = file->mtime_ns,
		.bytes = rules_quota_bytes(name, file->size),
	};

	shares_set_sender(&item, (struct slice){ head, n },
		slice_of(trim->task->plan->rules.own_domain));
	buf_add(&trim->items, &item, sizeof(item));
}

static void cut(struct trim *trim, const struct dir *dir, const char *name,
	const struct dir_file *file)
{
	struct task *task = trim->task;

	if (!shares_is_going((const void *)trim->items.ptr, trim->n_going,
		    file->ino, file->mtime_ns) ||
		!task_unlink(task, dir, name))
		return;
	task_show(task, FATE_OVERFULL, name);
	task->counts.gone_messages++;
	task->counts.gone_bytes += file->size;
	trim->n_gone++;
}

/* On a dry run, messages that are too old are still there. */
static bool counts_as_there(const struct task *task,
	const struct dir_file *file, enum maildir_part part)
{
	return S_ISREG(file->mode) &&
		(!task->plan->is_dry || !task->plan->wants_mail ||
			rules_message(&task->plan->rules, file, part) ==
				FATE_KEEP);
}

static void walk_part(
	struct trim *trim, const struct dir *parent, const char *name)
{
	AUTO_DIR struct dir dir = DIR_NONE;
	struct dir_entry entry;
	struct dir_file file;
	enum maildir_part part = rules_part(name);

	/* What is odd was reported by the sweep. */
	if (dir_open(parent, name, &dir) < 0)
		return;
	size_t mark = task_enter(trim->task, name);
	while (task_next(trim->task, &dir, &entry))
		if (entry.type == DT_REG && entry.name[0] != '.' &&
			dir_stat(&dir, entry.name, &file) == 0 &&
			counts_as_there(trim->task, &file, part))
			trim->on_message(trim, &dir, entry.name, &file);
	task_leave(trim->task, mark);
}

static void walk_parts(struct trim *trim, const struct dir *folder)
{
	walk_part(trim, folder, "cur");
	walk_part(trim, folder, "new");
}

static void walk_folder(
	struct trim *trim, const struct dir *user, const char *name)
{
	AUTO_DIR struct dir dir = DIR_NONE;

	if (dir_open(user, name, &dir) < 0)
		return;
	size_t mark = task_enter(trim->task, name);
	walk_parts(trim, &dir);
	task_leave(trim->task, mark);
}

/* Opens the user's folder once more: `user` may be half read. */
static void walk(struct trim *trim, const struct dir *user)
{
	AUTO_DIR struct dir again = DIR_NONE;
	struct dir_entry entry;

	if (dir_open(user, ".", &again) < 0)
		return;
	walk_parts(trim, &again);
	while (task_next(trim->task, &again, &entry))
		if (entry.type == DT_DIR && entry.name[0] == '.')
			walk_folder(trim, &again, entry.name);
}

/* One round; true when something went. */
static bool trim_once(struct task *task, const struct dir *user,
	const struct shares_limit *limit)
{
	struct trim trim = {
		.task = task,
		.items = BUF_INIT(ITEMS_MAX_BYTES),
		.on_message = collect,
	};
	size_t n;

	walk(&trim, user);
	struct shares_item *items = items_of(&trim, &n);
	if (!shares_fits(items, n, limit)) {
		shares_choose(items, n, &task->plan->rules.enough);
		trim.n_going = shares_sort_going(items, n);
		trim.on_message = cut;
		walk(&trim, user);
	}
	buf_release(&trim.items);
	return trim.n_gone > 0;
}

void trim_forget_quota(struct task *task, const struct dir *user)
{
	if (!task->plan->is_dry)
		task_unlink(task, user, "maildirsize");
}

/*
 * Dovecot warns when a delivery crosses the limit by its own count. A
 * message that arrives while we delete is added to a count that is out of
 * date and may cross nothing. So the count goes first, then we look again.
 */
void trim_mailbox(struct task *task, const struct dir *user)
{
	const struct rules *rules = &task->plan->rules;
	const struct shares_limit *limit = &rules->enough;

	while (flock(user->fd, LOCK_EX) < 0 && errno == EINTR)
		;
	for (int i = 0; i < ROUNDS_MAX && trim_once(task, user, limit); i++) {
		trim_forget_quota(task, user);
		if (task->plan->is_dry)
			break;
		limit = &rules->overfull;
	}
	flock(user->fd, LOCK_UN);
}

static void count(struct trim *trim, const struct dir *dir UNUSED,
	const char *name UNUSED, const struct dir_file *file UNUSED)
{
	trim->n_gone++;
}

bool trim_has_messages(struct task *task, const struct dir *user)
{
	struct trim trim = { .task = task, .on_message = count };

	walk(&trim, user);
	return trim.n_gone > 0;
}
