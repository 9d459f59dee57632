/* Compares the declared folders and files with the disk (plan.h). */
#include "cmdeploy/apply/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/apply/launch.h"

enum {
	CONTENT_MAX_BYTES = 256 << 20,
};

static const uid_t NOBODY_YET = (uid_t)-1;

/* Names of users into numbers; in a dry run they may be missing. */
static int owner_find(const struct apply *apply, const char *user,
	const char *group, struct file_owner *ret_owner, struct buf *why)
{
	const struct passwd *u = getpwnam(user ? user : "root");
	const struct group *g = getgrnam(group ? group : "root");

	if ((!u || !g) && !apply->is_dry_run)
		return because(why, -ENOENT,
			"the system has no %s called \"%s\"",
			u ? "group" : "user", u ? group : user);
	ret_owner->uid = u ? u->pw_uid : NOBODY_YET;
	ret_owner->gid = g ? g->gr_gid : NOBODY_YET;
	return 0;
}

static enum change compare_owner(
	const struct stat *st, const struct file_owner *owner)
{
	if ((st->st_mode & 07777) != owner->mode || st->st_uid != owner->uid ||
		st->st_gid != owner->gid)
		return CHANGE_OWNER;
	return CHANGE_NONE;
}

/* A link of root's counts as the folder that it leads to. */
static int look_at_folder(const char *path, struct stat *ret_st)
{
	int r = lstat(path, ret_st);

	if (r == 0 && S_ISLNK(ret_st->st_mode) && ret_st->st_uid == 0)
		r = stat(path, ret_st);
	return r;
}

/* Takes f->path. */
static int folder_push(struct plan *plan, struct plan_folder f, struct buf *why)
{
	struct stat st;
	int r = 0;

	if (look_at_folder(f.path, &st) < 0)
		f.change = CHANGE_NEW;
	else if (S_ISDIR(st.st_mode))
		f.change = compare_owner(&st, &f.owner);
	else
		r = because(why, -ENOTDIR,
			"%s: a folder must stand here; move it away", f.path);
	plan->folders = xreallocarray(
		plan->folders, plan->n_folders + 1, sizeof(*plan->folders));
	plan->folders[plan->n_folders++] = f;
	return r;
}

static int folder_add(const struct apply *apply, struct plan *plan,
	const struct folder *decl, struct buf *why)
{
	struct plan_folder f = { .owner.mode = decl->mode };
	int r = owner_find(apply, decl->user, decl->group, &f.owner, why);

	if (r == 0)
		r = apply_text(apply, decl->path, &f.path, why);
	return r < 0 ? r : folder_push(plan, f, why);
}

static int read_program(const struct apply *apply, const char *name,
	struct buf *out, struct buf *why)
{
	AUTO_FREE char *path = NULL;
	int r = apply->find_program(name, &path, why);

	return r < 0 ? r : file_read(path, out, why);
}

static int render(const struct apply *apply, const char *name, struct buf *out,
	struct buf *why)
{
	struct slice text;

	if (!apply->find_template(name, &text))
		return because(why, -ENOENT, "%s: no such template", name);
	return template_render(name, text, &apply->vars, out, why);
}

/* What the file shall hold, where that is known before it exists. */
static int content_make(
	const struct apply *apply, struct plan_file *f, struct buf *why)
{
	const struct file *decl = f->decl;

	if (decl->from)
		return render(apply, decl->from, &f->content, why);
	if (decl->program)
		return read_program(apply, decl->program, &f->content, why);
	if (decl->make)
		return decl->make(apply, &f->content, why);
	return 0;
}

/* Content that stays as it is once it is there. */
static bool is_kept(const struct plan *plan, const struct apply *apply,
	const struct file *decl)
{
	AUTO_FREE char *path = NULL;

	if (decl->is_operators)
		return true;
	if (!decl->create)
		return false;
	if (!decl->follows || apply_text(apply, decl->follows, &path, NULL) < 0)
		return true;
	const struct plan_file *other = plan_find(plan, path);
	return !other ||
		(other->change != CHANGE_NEW &&
			other->change != CHANGE_CONTENT);
}

static int compare(const struct apply *apply, const struct plan *plan,
	struct plan_file *f, struct buf *why)
{
	AUTO_BUF struct buf there = BUF_INIT(CONTENT_MAX_BYTES);
	struct stat st;

	if (lstat(f->path, &st) < 0) {
		f->change = CHANGE_NEW;
		return 0;
	}
	if (S_ISLNK(st.st_mode) && f->decl->may_be_link) {
		f->change = CHANGE_CONTENT;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return because(why, -EINVAL,
			"%s: a plain file must stand here; move it away",
			f->path);
	int r = file_read(f->path, &there, why);
	if (r < 0)
		return r;
	if (is_kept(plan, apply, f->decl)) {
		buf_reset(&f->content);
		buf_add_slice(&f->content, buf_slice(&there));
	}
	if (slice_eq(buf_slice(&there), buf_slice(&f->content)))
		f->change = compare_owner(&st, &f->owner);
	else
		f->change = CHANGE_CONTENT;
	return 0;
}

/* Takes path and content. */
static void file_push(struct plan *plan, struct plan_file f)
{
	plan->files = xreallocarray(
		plan->files, plan->n_files + 1, sizeof(*plan->files));
	plan->files[plan->n_files++] = f;
}

/* Takes the file; `r` tells whether path and content are there. */
static int file_finish(const struct apply *apply, struct plan *plan,
	struct plan_file f, int r, struct buf *why)
{
	if (r == 0)
		r = compare(apply, plan, &f, why);
	if (r == 0) {
		file_push(plan, f);
		return 0;
	}
	free(f.path);
	buf_release(&f.content);
	return r;
}

static int file_add(const struct apply *apply, struct plan *plan,
	const struct file *decl, struct buf *why)
{
	struct plan_file f = {
		.decl = decl,
		.owner.mode = decl->mode,
		.content = BUF_INIT(CONTENT_MAX_BYTES),
	};
	int r = owner_find(apply, decl->user, decl->group, &f.owner, why);

	if (r == 0)
		r = apply_text(apply, decl->path, &f.path, why);
	if (r == 0)
		r = content_make(apply, &f, why);
	return file_finish(apply, plan, f, r, why);
}

static int launch_file_add(const struct apply *apply, struct plan *plan,
	const struct service *service, const struct launch_file *file,
	struct buf *why)
{
	static const struct file decl = { 0 };
	struct plan_file f = {
		.decl = &decl,
		.starts = file->is_aside ? NULL : service,
		.owner.mode = file->mode,
		.content = BUF_INIT(CONTENT_MAX_BYTES),
	};
	int r = apply_text(apply, file->path, &f.path, why);

	if (r == 0)
		r = template_render(f.path, buf_slice(&file->text),
			&apply->vars, &f.content, why);
	return file_finish(apply, plan, f, r, why);
}

/* Where runit's service logs, and where it puts its socket. */
static int runit_folders_add(const struct apply *apply, struct plan *plan,
	const struct service *s, struct buf *why)
{
	AUTO_FREE char *log = xasprintf("{{log_dir}}/%s", s->name);
	AUTO_FREE char *run = xasprintf("{{run_dir}}/%s", s->name);
	const struct folder folders[] = {
		{ log, 0750, "_runit-log", "_runit-log", NULL },
		{ run, 0700, s->user, s->user, NULL },
	};
	int r = folder_add(apply, plan, &folders[0], why);

	if (r == 0 && s->has_run_dir)
		r = folder_add(apply, plan, &folders[1], why);
	return r;
}

/* What starts the service, and is made from its declaration. */
static int service_add(const struct apply *apply, struct plan *plan,
	const struct service *s, struct buf *why)
{
	struct launch_file files[LAUNCH_FILES_MAX];
	bool is_runit = apply_counts(apply, "is_runit");
	size_t n = launch_files(s, is_runit, files);
	int r = is_runit && n > 0 ? runit_folders_add(apply, plan, s, why) : 0;

	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = launch_file_add(apply, plan, s, &files[i], why);
		free(files[i].path);
		buf_release(&files[i].text);
	}
	return r;
}

static bool has_folder(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_folders; i++)
		if (strcmp(plan->folders[i].path, path) == 0)
			return true;
	return false;
}

/* The folders between `dir` and a file below it. */
static int set_add_folders(struct plan *plan, const char *dir, const char *name,
	const struct file_owner *owner, struct buf *why)
{
	struct plan_folder f = { .owner = *owner };

	f.owner.mode = 0755;
	for (const char *end = name; (end = strchr(end, '/')); end++) {
		f.path = xasprintf("%s/%.*s", dir, (int)(end - name), name);
		if (has_folder(plan, f.path)) {
			free(f.path);
			continue;
		}
		int r = folder_push(plan, f, why);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_add_file(const struct apply *apply, struct plan *plan,
	struct plan_file f, const struct file_bytes *bytes, struct buf *why)
{
	AUTO_FREE char *dir = TAKE(f.path);
	int r = set_add_folders(plan, dir, bytes->name, &f.owner, why);

	if (r < 0)
		return r;
	f.path = xasprintf("%s/%s", dir, bytes->name);
	f.content = BUF_INIT(CONTENT_MAX_BYTES);
	buf_add_slice(&f.content, file_bytes_slice(bytes));
	r = compare(apply, plan, &f, why);
	file_push(plan, f);
	return r;
}

/* What lies in the folder without being wanted. */
static int set_add_gone(struct plan *plan, const struct plan_file *like,
	const struct file_set *wanted, struct buf *why)
{
	struct file_set there = { 0 };
	int r = file_set_list(like->path, &there, why);

	for (size_t i = 0; r == 0 && i < there.n; i++) {
		if (file_set_find(wanted, there.v[i].name))
			continue;
		struct plan_file f = *like;
		f.path = xasprintf("%s/%s", like->path, there.v[i].name);
		f.content = BUF_INIT(CONTENT_MAX_BYTES);
		f.change = CHANGE_GONE;
		file_push(plan, f);
	}
	file_set_release(&there);
	return r;
}

static int set_fill(const struct apply *apply, struct plan *plan,
	const struct plan_file *like, struct buf *why)
{
	struct file_set wanted = { 0 };
	int r = like->decl->make_all(apply, &wanted, why);

	for (size_t i = 0; r == 0 && i < wanted.n; i++) {
		struct plan_file f = *like;
		f.path = xstrdup(like->path);
		r = set_add_file(apply, plan, f, &wanted.v[i], why);
	}
	if (r == 0)
		r = set_add_gone(plan, like, &wanted, why);
	file_set_release(&wanted);
	return r;
}

static int set_add(const struct apply *apply, struct plan *plan,
	const struct file *decl, struct buf *why)
{
	struct plan_file like = { .decl = decl, .owner.mode = decl->mode };
	AUTO_FREE char *path = NULL;
	int r = owner_find(apply, decl->user, decl->group, &like.owner, why);

	if (r == 0)
		r = apply_text(apply, decl->path, &path, why);
	like.path = path;
	return r < 0 ? r : set_fill(apply, plan, &like, why);
}

static int component_add(const struct apply *apply, struct plan *plan,
	const struct component *c, struct buf *why)
{
	for (const struct folder *f = c->folders; f && f->path; f++) {
		if (!apply_counts(apply, f->when))
			continue;
		int r = folder_add(apply, plan, f, why);
		if (r < 0)
			return r;
	}
	for (const struct file *f = c->files; f && f->path; f++) {
		if (!apply_counts(apply, f->when))
			continue;
		int r = f->make_all ? set_add(apply, plan, f, why)
				    : file_add(apply, plan, f, why);
		if (r < 0)
			return r;
	}
	for (const struct service *s = c->services; s && s->name; s++) {
		int r = 0;
		if (apply_counts(apply, s->when))
			r = service_add(apply, plan, s, why);
		if (r < 0)
			return r;
	}
	return 0;
}

int plan_make(
	const struct apply *apply, struct plan **ret_plan, struct buf *why)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));

	for (size_t i = 0; apply->components[i]; i++) {
		int r = component_add(apply, plan, apply->components[i], why);
		if (r < 0) {
			plan_free(plan);
			return r;
		}
	}
	*ret_plan = plan;
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_folders; i++)
		free(plan->folders[i].path);
	for (size_t i = 0; i < plan->n_files; i++) {
		free(plan->files[i].path);
		buf_release_secret(&plan->files[i].content);
	}
	free(plan->folders);
	free(plan->files);
	free(plan);
}

size_t plan_count_folders(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_folders; i++)
		n += plan->folders[i].change != CHANGE_NONE;
	return n;
}

size_t plan_count_files(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_files; i++)
		n += plan->files[i].change != CHANGE_NONE;
	return n;
}

const struct plan_file *plan_find(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}
