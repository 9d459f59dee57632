/* Takes over a server from the chatmail software in Python. */
#include "cmdeploy/takeover/takeover.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/takeover/legacy.h"
#include "lib/words.h"

#define ITS_INI    LEGACY_FOLDER "/chatmail.ini"
#define ITS_KEY    "/etc/ssl/private/mailserver.key"
#define ITS_PIN    "/etc/apt/preferences.d/pin-dovecot"
#define ITS_FILTER "filtermail"
#define CRON       "/etc/cron.d"

enum {
	FILE_MAX_BYTES = 65536,
	LIST_MAX_BYTES = 65536,
	BATCH_UNITS = 32,
};

bool takeover_is_there(void)
{
	return file_exists(ITS_INI);
}

void takeover_look(struct relay *relay)
{
	bool has_key = takeover_is_there() && file_exists(ITS_KEY);

	template_vars_set(
		&relay->apply.vars, "legacy_key_path", has_key ? ITS_KEY : "");
}

static bool is_its_unit(const char *folder, struct slice name)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *path =
		xasprintf("%s/%.*s.service", folder, SLICE_FMT(name));

	return file_read(path, &text, NULL) == 0 &&
		legacy_owns_unit(name, buf_slice(&text));
}

static bool is_its_job(const char *path, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);

	return file_read(path, &text, NULL) == 0 &&
		legacy_owns_job(slice_of(name), buf_slice(&text));
}

static bool is_its_pin(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);

	return file_read(path, &text, NULL) == 0 &&
		legacy_owns_pin(buf_slice(&text));
}

/* It is there once nothing of its runs any more. */
char *takeover_mark_path(const struct relay *relay)
{
	return xasprintf("%s/taken-over", relay->places.own_state_dir);
}

bool takeover_is_due(const struct relay *relay)
{
	AUTO_FREE char *mark = takeover_mark_path(relay);

	if (!takeover_is_there() ||
		relay->apply.components == components_website)
		return false;
	/* Each version has that one, and no relay of ours: it came back. */
	return !file_exists(mark) ||
		is_its_unit(relay->places.unit_dir, SLICE(ITS_FILTER));
}

/* What is to go. */
struct remains {
	struct words names; /* of services */
	struct words units; /* these, and what starts them */
	struct words paths; /* of the units */
	struct words jobs;  /* paths, too */
};

static void remains_release(struct remains *r)
{
	words_release(&r->names);
	words_release(&r->units);
	words_release(&r->paths);
	words_release(&r->jobs);
}

#define AUTO_REMAINS __attribute__((cleanup(remains_release)))

/* Not of one that is masked. */
static bool is_plain_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* A service, and what starts it. */
static void add_units(struct remains *r, const char *folder, struct slice name)
{
	static const char *const kinds[] = { "timer", "path", "service" };
	AUTO_FREE char *service = slice_dup(name);

	words_add(&r->names, service);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE char *unit = xasprintf("%s.%s", service, kinds[i]);
		AUTO_FREE char *path = xasprintf("%s/%s", folder, unit);
		if (!is_plain_file(path))
			continue;
		words_add(&r->units, unit);
		words_add(&r->paths, path);
	}
}

static void find_units(struct remains *r, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct slice name, kind;

	while (dir && (entry = readdir(dir)))
		if (slice_cut_last(
			    slice_of(entry->d_name), '.', &name, &kind) &&
			slice_eq_str(kind, "service") &&
			is_its_unit(folder, name))
			add_units(r, folder, name);
	if (dir)
		closedir(dir);
}

static void find_jobs(struct remains *r)
{
	DIR *dir = opendir(CRON);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = xasprintf(CRON "/%s", entry->d_name);
		if (is_its_job(path, entry->d_name))
			words_add(&r->jobs, path);
	}
	if (dir)
		closedir(dir);
}

static int remove_file(const char *path, struct buf *why)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return because(
		why, -errno, "%s cannot be removed: %s", path, strerror(errno));
}

static int remove_files(const struct words *paths, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = remove_file(paths->v[i], why);
	return r;
}

static void tell(struct buf *out, const char *verb, const struct words *what)
{
	for (size_t i = 0; i < what->n; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		else
			buf_addf(out, "%s%s ", out->len ? "; " : "", verb);
		buf_add_str(out, what->v[i]);
	}
}

/* systemctl takes so many at once. */
static int disable(
	const struct relay *relay, const struct words *units, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < units->n; i += BATCH_UNITS) {
		size_t n = units->n - i;
		r = supervisor_disable(&relay->supervisor,
			(struct unit_list){ (const char *const *)units->v + i,
				n < BATCH_UNITS ? n : BATCH_UNITS },
			why);
	}
	return r;
}

static int retire(const struct relay *relay, const struct remains *remains,
	struct buf *out, struct buf *why)
{
	int r = remove_files(&remains->jobs, why);

	if (r < 0)
		return r;
	tell(out, "removed", &remains->jobs);
	r = disable(relay, &remains->units, why);
	if (r == 0)
		r = remove_files(&remains->paths, why);
	if (r == 0)
		tell(out, "stopped", &remains->names);
	return r;
}

int takeover_packages(
	const struct relay *relay, struct buf *names, struct buf *why)
{
	AUTO_BUF struct buf list = BUF_INIT(LIST_MAX_BYTES);

	if (!takeover_is_due(relay))
		return 0;
	int r = packages_of_source("dovecot", &list, why);
	return r < 0 ? r : legacy_pick_packages(buf_slice(&list), names);
}

int takeover_make_way(const struct relay *relay, const char *names,
	struct buf *out, struct buf *why)
{
	AUTO_FREE char *mark =
		xasprintf("%s/services/dovecot", relay->places.own_state_dir);

	if (!takeover_is_due(relay))
		return 0;
	if (is_its_pin(ITS_PIN)) {
		int r = remove_file(ITS_PIN, why);
		if (r < 0)
			return r;
		buf_add_str(out, "removed " ITS_PIN);
	}
	return strstr(names, "dovecot-core=") ? remove_file(mark, why) : 0;
}

int takeover_retire(const struct relay *relay, struct buf *out, struct buf *why)
{
	AUTO_REMAINS struct remains remains = { 0 };
	AUTO_FREE char *mark = takeover_mark_path(relay);

	if (!takeover_is_due(relay))
		return 0;
	/* One that is cut begins again. */
	int r = remove_file(mark, why);
	if (r < 0)
		return r;
	find_jobs(&remains);
	find_units(&remains, relay->places.unit_dir);
	r = retire(relay, &remains, out, why);
	return r < 0 ? r
		     : file_write(mark, SLICE_NONE,
			       (struct file_owner){ 0644, 0, 0 }, why);
}

static void list_files(
	const struct words *paths, const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!plan_find(plan, paths->v[i]))
			buf_addf(out, "remove file %s\n", paths->v[i]);
}

void takeover_list(
	const struct relay *relay, const struct plan *plan, struct buf *out)
{
	AUTO_REMAINS struct remains remains = { 0 };
	const char *folder = relay->places.unit_dir;

	if (!takeover_is_due(relay))
		return;
	if (is_its_pin(ITS_PIN))
		buf_add_str(out, "remove file " ITS_PIN "\n");
	find_jobs(&remains);
	find_units(&remains, folder);
	list_files(&remains.jobs, plan, out);
	for (size_t i = 0; i < remains.names.n; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/%s.service", folder, remains.names.v[i]);
		if (!plan_find(plan, path))
			buf_addf(out, "stop %s\n", remains.names.v[i]);
	}
	list_files(&remains.paths, plan, out);
}
