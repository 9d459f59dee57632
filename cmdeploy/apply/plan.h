/*
 * plan.h - the folders and files that the components want, next to what
 * is on disk; to be shown, or to be carried out.
 */
#ifndef CMDEPLOY_APPLY_PLAN_H
#define CMDEPLOY_APPLY_PLAN_H

#include "cmdeploy/apply/apply.h"
#include "lib/file.h"

enum change {
	CHANGE_NONE,
	CHANGE_NEW,     /* is not there */
	CHANGE_CONTENT, /* holds something else */
	CHANGE_OWNER,   /* only owner or mode differ */
	CHANGE_GONE,    /* is there, and must not be */
};

struct plan_folder {
	char *path;
	struct file_owner owner;
	enum change change;
};

struct plan_file {
	const struct file *decl;
	const struct service *starts; /* this one, by it; NULL: none */
	char *path;
	struct file_owner owner;
	enum change change;
	/* What it shall hold; of a `create` file, what it holds once there. */
	struct buf content;
};

struct plan {
	struct plan_folder *folders;
	size_t n_folders;
	struct plan_file *files;
	size_t n_files;
};

/* Reads the disk and writes nothing. */
int plan_make(const struct apply *apply, struct plan **ret_plan,
	struct buf *why) MUST_CHECK;
void plan_free(struct plan *plan);

/* How many folders and how many files differ. */
size_t plan_count_folders(const struct plan *plan);
size_t plan_count_files(const struct plan *plan);

/* Appends what would change: one line a folder, a diff a file. */
void plan_show(const struct plan *plan, struct buf *out);

/* Makes folders and files so. Each is whole or as it was. */
int plan_carry_out(const struct apply *apply, struct plan *plan,
	struct buf *why) MUST_CHECK;

/* The file at that path, or NULL. */
const struct plan_file *plan_find(const struct plan *plan, const char *path);

#endif
