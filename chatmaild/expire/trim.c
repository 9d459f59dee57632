/* trim.c - choosing the oldest messages of an overfull mailbox. */
#include "chatmaild/expire/trim.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
	/* Sixteen million messages; the oldest of these go. */
	ITEMS_MAX_BYTES = 1 << 28,
	/* Under a flood that never ends, the next warning goes on. */
	ROUNDS_MAX = 100,
};

/*
 * Two walks, so that no name is kept: the first collects times and sizes
 * and finds the time before which messages go, the second deletes. What
 * arrives in between is newer.
 */
struct trim {
	struct task *task;
	struct buf items; /* struct rules_item each */
	struct rules_cut cut;
	uint64_t n_gone;
	void (*on_message)(struct trim *trim, const struct dir *dir,
		const char *name, const struct dir_file *file);
};

static void collect(struct trim *trim, const struct dir *dir UNUSED,
	const char *name, const struct dir_file *file)
{
	const struct rules_item item = {
		.mtime_ns = file->mtime_ns,
		.bytes = rules_quota_bytes(name, file->size),
	};

	buf_add(&trim->items, &item, sizeof(item));
}

static void cut(struct trim *trim, const struct dir *dir, const char *name,
	const struct dir_file *file)
{
	struct task *task = trim->task;
	bool is_at_time = file->mtime_ns == trim->cut.mtime_ns;

	if (file->mtime_ns > trim->cut.mtime_ns ||
		(is_at_time && trim->cut.n_at_time == 0))
		return;
	if (!task_unlink(task, dir, name))
		return;
	task_show(task, FATE_OVERFULL, name);
	task->counts.gone_messages++;
	task->counts.gone_bytes += file->size;
	trim->n_gone++;
	trim->cut.n_at_time -= is_at_time;
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

static bool find_cut(struct trim *trim, uint64_t enough)
{
	void *items = trim->items.ptr;
	size_t n = trim->items.len / sizeof(struct rules_item);

	return rules_cut_oldest(items, n, enough, &trim->cut);
}

static uint64_t quota_bytes(const struct trim *trim)
{
	const struct rules_item *items = (const void *)trim->items.ptr;
	size_t n = trim->items.len / sizeof(*items);
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += items[i].bytes;
	return total;
}

/* One round; true when something went. */
static bool trim_once(struct task *task, const struct dir *user, uint64_t limit)
{
	struct trim trim = {
		.task = task,
		.items = BUF_INIT(ITEMS_MAX_BYTES),
		.on_message = collect,
	};

	walk(&trim, user);
	trim.on_message = cut;
	if (quota_bytes(&trim) > limit &&
		find_cut(&trim, task->plan->rules.enough))
		walk(&trim, user);
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
	uint64_t limit = rules->enough;

	while (flock(user->fd, LOCK_EX) < 0 && errno == EINTR)
		;
	for (int i = 0; i < ROUNDS_MAX && trim_once(task, user, limit); i++) {
		trim_forget_quota(task, user);
		if (task->plan->is_dry)
			break;
		limit = rules->overfull;
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
