#include "cmdeploy/relay/predecessor.h"

#include <dirent.h>
#include <string.h>

#define ITS_FOLDER "/usr/local/lib/chatmaild"
#define ITS_INI    ITS_FOLDER "/chatmail.ini"
#define CRON       "/etc/cron.d"

enum {
	UNIT_MAX_BYTES = 65536,
};

bool predecessor_is_there(void)
{
	return file_exists(ITS_INI);
}

/* Ours never speak of its folder. */
static bool is_its(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(UNIT_MAX_BYTES);

	return file_read(path, &text, NULL) == 0 &&
		memmem(buf_str(&text), text.len, ITS_FOLDER,
			strlen(ITS_FOLDER));
}

/* A service, and the timer that starts it. */
static int retire(const struct relay *relay, const char *folder,
	struct slice name, struct buf *why)
{
	AUTO_FREE char *service = xasprintf("%.*s.service", SLICE_FMT(name));
	AUTO_FREE char *timer = xasprintf("%.*s.timer", SLICE_FMT(name));
	AUTO_FREE char *service_path = xasprintf("%s/%s", folder, service);
	AUTO_FREE char *timer_path = xasprintf("%s/%s", folder, timer);
	const char *units[] = { service, timer };
	int r = supervisor_disable(&relay->supervisor,
		(struct unit_list){ units, file_exists(timer_path) ? 2 : 1 },
		why);

	if (r < 0)
		return r;
	unlink(timer_path);
	unlink(service_path);
	return 0;
}

static int retire_units(
	const struct relay *relay, struct buf *out, struct buf *why)
{
	const char *folder = relay_place(relay, "unit_dir");
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct slice name, kind;
	int r = 0;

	while (dir && r == 0 && (entry = readdir(dir))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", folder, entry->d_name);
		if (!slice_cut_last(
			    slice_of(entry->d_name), '.', &name, &kind) ||
			!slice_eq_str(kind, "service") || !is_its(path))
			continue;
		r = retire(relay, folder, name, why);
		buf_addf(out, "%s%.*s", out->len ? ", " : "stopped ",
			SLICE_FMT(name));
	}
	if (dir)
		closedir(dir);
	return r;
}

static void remove_cron_jobs(void)
{
	DIR *dir = opendir(CRON);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = xasprintf(CRON "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && is_its(path))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

int predecessor_retire(
	const struct relay *relay, struct buf *out, struct buf *why)
{
	if (!predecessor_is_there())
		return 0;
	remove_cron_jobs();
	return retire_units(relay, out, why);
}
