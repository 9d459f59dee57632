/* A plan for a person to read: plan_show(). */
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "cmdeploy/apply/plan.h"
#include "lib/proc.h"

enum {
	CONTENT_MAX_BYTES = 256 << 20,
	BINARY_LOOK_BYTES = 8192,
	DIFF_SEC = 30,
};

static const char *name_of_user(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? user->pw_name : "(new user)";
}

static const char *name_of_group(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? group->gr_name : "(new group)";
}

static void show_owner(const char *what, const char *path,
	const struct file_owner *owner, struct buf *out)
{
	buf_addf(out, "%s %s (%s:%s %04o)\n", what, path,
		name_of_user(owner->uid), name_of_group(owner->gid),
		owner->mode);
}

static bool is_binary(struct slice text)
{
	return memchr(text.ptr, '\0',
		       text.len < BINARY_LOOK_BYTES
			       ? text.len
			       : BINARY_LOOK_BYTES) != NULL;
}

/* What diff(1) says of the file on disk (or of none) and its new text. */
static void show_diff(const struct plan_file *f, struct buf *out)
{
	const char *before = f->change == CHANGE_NEW ? "/dev/null" : f->path;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct proc diff = {
		.argv = PROC_WORDS("diff", "--unified", "--text", "--label",
			before, "--label", f->path, "--", before, "-"),
		.input = buf_slice(&f->content),
		.timeout_sec = DIFF_SEC,
		.out = out,
		.err = &(struct buf){ .max = BUF_WHY_MAX_BYTES },
	};
	int ignored;

	if (proc_run(&diff, &ignored, &why) < 0)
		buf_addf(out, "(not shown: %s)\n", buf_str(&why));
}

static void show_content(const struct plan_file *f, struct buf *out)
{
	AUTO_BUF struct buf there = BUF_INIT(CONTENT_MAX_BYTES);

	if (f->change == CHANGE_CONTENT && file_read(f->path, &there, NULL) < 0)
		buf_reset(&there);
	if (is_binary(buf_slice(&f->content)) || is_binary(buf_slice(&there)))
		buf_addf(out, "program %s: %zu bytes, was %zu\n", f->path,
			f->content.len, there.len);
	else
		show_diff(f, out);
}

static void file_show(const struct plan_file *f, struct buf *out)
{
	bool is_owner_new = f->change == CHANGE_OWNER;

	if (f->change == CHANGE_GONE)
		buf_addf(out, "remove file %s\n", f->path);
	if (f->change == CHANGE_NONE || f->change == CHANGE_GONE)
		return;
	show_owner(is_owner_new                   ? "owner of"
			: f->change == CHANGE_NEW ? "new file"
						  : "file",
		f->path, &f->owner, out);
	/* Keys are not for showing, and do not exist yet. */
	if (!is_owner_new && !f->decl->create)
		show_content(f, out);
}

void plan_show(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->n_folders; i++) {
		const struct plan_folder *f = &plan->folders[i];
		if (f->change != CHANGE_NONE)
			show_owner(f->change == CHANGE_NEW ? "new folder"
							   : "owner of",
				f->path, &f->owner, out);
	}
	for (size_t i = 0; i < plan->n_files; i++)
		file_show(&plan->files[i], out);
}
