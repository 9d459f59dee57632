/*
 * task.h - what one worker knows while it walks: the rules, where it is,
 * what it counted, and how a file goes (or is shown, on a dry run).
 *
 * People's addresses stay out of the log: a failure names the inode of
 * the user's folder and the path within it. A dry run prints paths in
 * full, on standard output.
 */
#ifndef CHATMAILD_EXPIRE_TASK_H
#define CHATMAILD_EXPIRE_TASK_H

#include <stdbool.h>

#include "chatmaild/expire/dir.h"
#include "chatmaild/expire/rules.h"
#include "lib/buf.h"

struct counts {
	uint64_t users, messages, bytes; /* that were there */
	uint64_t gone_users, gone_messages, gone_bytes;
	uint64_t leftovers; /* files and folders that went */
	uint64_t odd;       /* left alone */
	uint64_t failed;
};

void counts_add(struct counts *to, const struct counts *from);

/* The same for all workers. */
struct plan {
	struct rules rules;
	const char *root; /* the mail folder */
	bool is_dry;
	bool wants_users;
	bool wants_mail;
};

struct task {
	const struct plan *plan;
	struct counts counts;
	struct buf path; /* where we are, from below the root */
	ino_t user_ino;  /* of the user's folder; 0: at the top */
};

void task_init(struct task *task, const struct plan *plan);
void task_release(struct task *task);

/* Steps into `name`; task_leave() takes what this returned. */
size_t task_enter(struct task *task, const char *name);
void task_leave(struct task *task, size_t mark);

/* `name`, in the folder where we are, is none of our business. */
void task_odd(struct task *task, const char *name);
/* Something could not be done; `name` "" is the folder where we are. */
void task_failed(struct task *task, const char *name, int error);
/* On a dry run, prints what would go. */
void task_show(struct task *task, enum fate fate, const char *name);

/*
 * Opens a folder that lies in `parent`: 1; 0 when it is gone or is no
 * folder after all (then it was counted as odd), or could not be opened.
 */
int task_open(struct task *task, const struct dir *parent, const char *name,
	struct dir *ret_dir) MUST_CHECK;
/* The next entry; a failure is reported and ends the folder. */
bool task_next(struct task *task, struct dir *dir, struct dir_entry *ret_entry);

/* True when it is gone by our hand (on a dry run: would be). */
bool task_unlink(struct task *task, const struct dir *dir, const char *name);
/* The same for an empty folder; one that is not empty just stays. */
bool task_rmdir(struct task *task, const struct dir *dir, const char *name);

#endif
