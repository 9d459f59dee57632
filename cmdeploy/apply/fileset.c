/* Files in memory, added one by one or read from a folder (fileset.h). */
#include "cmdeploy/apply/fileset.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

static struct file_bytes *find(const struct file_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i].name, name) == 0)
			return &set->v[i];
	return NULL;
}

void file_set_add(struct file_set *set, const char *name, struct slice bytes)
{
	struct file_bytes *file = find(set, name);

	if (!file) {
		set->v = xreallocarray(set->v, set->n + 1, sizeof(*set->v));
		file = &set->v[set->n++];
		*file = (struct file_bytes){ .name = xstrdup(name) };
	}
	char *copy = slice_dup(bytes);
	free(file->ptr);
	file->ptr = copy;
	file->len = bytes.len;
}

const struct file_bytes *file_set_find(
	const struct file_set *set, const char *name)
{
	return find(set, name);
}

struct slice file_bytes_slice(const struct file_bytes *file)
{
	return slice_make(file->ptr, file->len);
}

bool file_set_equals(const struct file_set *a, const struct file_set *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct file_bytes *other = file_set_find(b, a->v[i].name);
		if (!other ||
			!slice_eq(file_bytes_slice(&a->v[i]),
				file_bytes_slice(other)))
			return false;
	}
	return true;
}

void file_set_release(struct file_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++) {
		free(set->v[i].name);
		free(set->v[i].ptr);
	}
	free(set->v);
	*set = (struct file_set){ 0 };
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* 0, or why this entry cannot be read. */
static int take_entry(const FTSENT *entry, size_t dir_len, struct file_set *out,
	struct buf *why)
{
	switch (entry->fts_info) {
	case FTS_F:
	case FTS_SL:
	case FTS_SLNONE:
		file_set_add(out, entry->fts_path + dir_len + 1, SLICE_NONE);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return because(why, -entry->fts_errno, "%s: %s",
			entry->fts_path, strerror(entry->fts_errno));
	default:
		return 0;
	}
}

int file_set_list(const char *dir, struct file_set *out, struct buf *why)
{
	char *const paths[] = { (char *)dir, NULL };
	int r = 0;

	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	FTS *tree = fts_open(
		paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	if (!tree)
		return because(why, -errno, "%s: %s", dir, strerror(errno));
	for (FTSENT *e; r == 0 && (e = fts_read(tree));)
		r = take_entry(e, strlen(dir), out, why);
	fts_close(tree);
	return r;
}
