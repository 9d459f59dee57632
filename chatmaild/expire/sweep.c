/* sweep.c - the folders of one mailbox, and what of them goes. */
#include "chatmaild/expire/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/expire/tree.h"
#include "chatmaild/expire/trim.h"

/* What a pass over one mailbox learns. */
struct sweep {
	struct task *task;
	struct shares_limit staying; /* what stays of the quota */
	bool has_deleted; /* a message: the quota must be counted again */
};

static void sweep_message(struct sweep *sweep, const struct dir *dir,
	const char *name, enum maildir_part part)
{
	struct task *task = sweep->task;
	struct dir_file file;
	int r = dir_stat(dir, name, &file);

	if (r == -ENOENT)
		return;
	if (r < 0) {
		task_failed(task, name, r);
		return;
	}
	if (!S_ISREG(file.mode)) {
		task_odd(task, name);
		return;
	}
	task->counts.messages++;
	task->counts.bytes += file.size;
	enum fate fate = rules_message(&task->plan->rules, &file, part);
	if (fate != FATE_KEEP && task_unlink(task, dir, name)) {
		task_show(task, fate, name);
		task->counts.gone_messages++;
		task->counts.gone_bytes += file.size;
		sweep->has_deleted = true;
	} else if (part != PART_TMP) {
		sweep->staying.bytes += rules_quota_bytes(name, file.size);
		sweep->staying.messages++;
	}
}

static void sweep_messages(
	struct sweep *sweep, const struct dir *parent, const char *name)
{
	AUTO_DIR struct dir dir = DIR_NONE;
	struct dir_entry entry;
	enum maildir_part part = rules_part(name);

	if (!task_open(sweep->task, parent, name, &dir))
		return;
	size_t mark = task_enter(sweep->task, name);
	while (task_next(sweep->task, &dir, &entry)) {
		if (entry.type == DT_REG && entry.name[0] != '.')
			sweep_message(sweep, &dir, entry.name, part);
		else
			task_odd(sweep->task, entry.name);
	}
	task_leave(sweep->task, mark);
}

static void sweep_file(
	struct sweep *sweep, const struct dir *dir, const char *name)
{
	struct task *task = sweep->task;
	enum file_kind kind = rules_file(name);
	int64_t limit = rules_file_limit(&task->plan->rules, kind);
	struct dir_file file;

	if (kind == FILE_ODD)
		task_odd(task, name);
	if (limit == 0 || dir_stat(dir, name, &file) < 0 ||
		file.mtime >= limit || !task_unlink(task, dir, name))
		return;
	task_show(task, FATE_LEFTOVER, name);
	task->counts.leftovers++;
	task->counts.gone_bytes += file.size;
}

/* What `cur` and its like are not: true for one that is a maildir's. */
static bool sweep_entry(struct sweep *sweep, const struct dir *dir,
	const struct dir_entry *entry)
{
	bool is_part =
		entry->type == DT_DIR && tree_is_maildir_part(entry->name);

	if (is_part)
		sweep_messages(sweep, dir, entry->name);
	else if (entry->type == DT_REG)
		sweep_file(sweep, dir, entry->name);
	else
		task_odd(sweep->task, entry->name);
	return is_part;
}

/* A folder that Dovecot gave this name is being deleted by it. */
static bool is_trashed(const char *name)
{
	return strcmp(name, "..DOVECOT-TRASHED") == 0;
}

static void remove_leftover(
	struct task *task, const struct dir *user, const char *name)
{
	if (is_trashed(name))
		tree_remove(task, user, name);
	else if (!tree_remove_remains(task, user, name))
		return;
	task_show(task, FATE_LEFTOVER, name);
	task->counts.leftovers++;
}

/* One folder of Maildir++, ".Name". */
static void sweep_folder(
	struct sweep *sweep, const struct dir *user, const char *name)
{
	struct task *task = sweep->task;
	AUTO_DIR struct dir dir = DIR_NONE;
	struct dir_entry entry;
	bool is_mailbox = false;

	if (!task_open(task, user, name, &dir))
		return;
	bool is_stale = dir.mtime < task->plan->rules.stale;
	uint64_t odd = task->counts.odd;
	size_t mark = task_enter(task, name);
	while (task_next(task, &dir, &entry))
		if (sweep_entry(sweep, &dir, &entry))
			is_mailbox = true;
	task_leave(task, mark);
	dir_close(&dir);
	bool is_remains = !is_mailbox && task->counts.odd == odd;
	if (is_stale && (is_remains || is_trashed(name)))
		remove_leftover(task, user, name);
}

void sweep_user(struct task *task, struct dir *user)
{
	struct sweep sweep = { .task = task };
	struct dir_entry entry;

	while (task_next(task, user, &entry)) {
		bool is_folder = entry.type == DT_DIR && entry.name[0] == '.';
		if (is_folder)
			sweep_folder(&sweep, user, entry.name);
		else
			sweep_entry(&sweep, user, &entry);
	}
	if (sweep.has_deleted)
		trim_forget_quota(task, user);
	const struct shares_limit *most = &task->plan->rules.overfull;
	if (sweep.staying.bytes > most->bytes ||
		sweep.staying.messages > most->messages)
		trim_mailbox(task, user);
}
