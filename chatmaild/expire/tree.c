/* tree.c - removing a folder with all that is in it. */
#include "chatmaild/expire/tree.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/common/user.h"

enum {
	/* Folders of folders: no mail program makes that many. */
	DEPTH_MAX = 32,
};

bool tree_is_maildir_part(const char *name)
{
	return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 ||
		strcmp(name, "tmp") == 0;
}

static void remove_file(struct task *task, const struct dir *dir,
	const char *name, bool is_message)
{
	struct dir_file file = { 0 };
	int r = dir_stat(dir, name, &file);

	if (r < 0 && r != -ENOENT)
		task_failed(task, name, r);
	if (r < 0 || !task_unlink(task, dir, name))
		return;
	if (S_ISREG(file.mode))
		task->counts.gone_bytes += file.size;
	task->counts.gone_messages += is_message;
}

static void remove_below(struct task *task, const struct dir *parent,
	const char *name, int depth)
{
	AUTO_DIR struct dir dir = DIR_NONE;
	struct dir_entry entry;
	bool is_part = tree_is_maildir_part(name);

	if (depth > DEPTH_MAX) {
		task_failed(task, name, -ELOOP);
		return;
	}
	if (!task_open(task, parent, name, &dir))
		return;
	size_t mark = task_enter(task, name);
	while (task_next(task, &dir, &entry)) {
		if (entry.type == DT_DIR)
			remove_below(task, &dir, entry.name, depth + 1);
		else
			remove_file(task, &dir, entry.name, is_part);
	}
	task_leave(task, mark);
	dir_close(&dir);
	task_rmdir(task, parent, name);
}

void tree_remove(struct task *task, const struct dir *parent, const char *name)
{
	remove_below(task, parent, name, 0);
}

static bool remove_known(
	struct task *task, const struct dir *dir, const struct dir_entry *entry)
{
	bool may_go = entry->type == DT_REG &&
		rules_file(entry->name) != FILE_ODD &&
		strcmp(entry->name, "password") != 0 &&
		strcmp(entry->name, USER_BLOCKED) != 0 &&
		strcmp(entry->name, USER_DISABLED) != 0;

	return may_go && task_unlink(task, dir, entry->name);
}

static bool remains_below(struct task *task, const struct dir *parent,
	const char *name, bool is_top)
{
	AUTO_DIR struct dir dir = DIR_NONE;
	struct dir_entry entry;
	bool is_clear = true;

	if (!task_open(task, parent, name, &dir))
		return false;
	size_t mark = task_enter(task, name);
	while (task_next(task, &dir, &entry)) {
		if (entry.type != DT_DIR)
			is_clear &= remove_known(task, &dir, &entry);
		else if (tree_is_maildir_part(entry.name))
			is_clear &= task_rmdir(task, &dir, entry.name);
		else
			is_clear &= is_top && entry.name[0] == '.' &&
				remains_below(task, &dir, entry.name, false);
	}
	task_leave(task, mark);
	return is_clear && task_rmdir(task, parent, name);
}

bool tree_remove_remains(
	struct task *task, const struct dir *parent, const char *name)
{
	return remains_below(task, parent, name, true);
}
