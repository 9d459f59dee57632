#include "cmdeploy/relay/predecessor.h"

#include <dirent.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/relay/former.h"

#define ITS_INI     FORMER_FOLDER "/chatmail.ini"
#define ITS_KEY     "/etc/ssl/private/mailserver.key"
#define ITS_PIN     "/etc/apt/preferences.d/pin-dovecot"
#define ITS_EXPUNGE "expunge"
#define CRON        "/etc/cron.d"

enum {
	LIST_MAX_BYTES = 65536,
};

/* Units of its that do not speak of its folder; some of old versions. */
static const char *const its_units[] = {
	"acmetool-reconcile",  /* ours is Debian's own timer */
	"acmetool-redirector", /* has port 80, or did once */
	"doveauth-dictproxy",
	"filtermail-transport",
	"iroh-relay",
	"mta-sts-daemon",
	"mtail",
	"tls-cert-reload",
	"turnserver",
};

bool predecessor_is_there(void)
{
	return file_exists(ITS_INI);
}

const char *predecessor_key_path(void)
{
	return predecessor_is_there() && file_exists(ITS_KEY) ? ITS_KEY : "";
}

/* Ours never speak of its folder, but may have the names of others. */
static bool is_its(const char *path, struct slice name)
{
	if (file_has_text(path, FORMER_FOLDER))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(its_units); i++)
		if (slice_eq_str(name, its_units[i]))
			return !file_has_text(path, EMBED_RENDERED);
	return false;
}

/* A service, and what starts it. */
static int retire(const struct relay *relay, const char *folder,
	struct slice name, struct buf *why)
{
	static const char *const kinds[] = { "timer", "path", "service" };
	char *units[ARRAY_LEN(kinds)], *paths[ARRAY_LEN(kinds)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE char *unit =
			xasprintf("%.*s.%s", SLICE_FMT(name), kinds[i]);
		AUTO_FREE char *path = xasprintf("%s/%s", folder, unit);
		if (!file_exists(path))
			continue;
		units[n] = TAKE(unit);
		paths[n++] = TAKE(path);
	}
	int r = supervisor_disable(&relay->supervisor,
		(struct unit_list){ (const char *const *)units, n }, why);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			unlink(paths[i]);
		free(units[i]);
		free(paths[i]);
	}
	return r;
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
			!slice_eq_str(kind, "service") || !is_its(path, name))
			continue;
		r = retire(relay, folder, name, why);
		buf_addf(out, "%s%.*s", out->len ? ", " : "stopped ",
			SLICE_FMT(name));
	}
	if (dir)
		closedir(dir);
	return r;
}

/* An old one of them deletes mail by itself. */
static bool is_its_job(const char *path, const char *name)
{
	return file_has_text(path, FORMER_FOLDER) ||
		(strcmp(name, ITS_EXPUNGE) == 0 &&
			file_has_text(path, "/home/vmail/"));
}

static void remove_cron_jobs(void)
{
	DIR *dir = opendir(CRON);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path = xasprintf(CRON "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && is_its_job(path, entry->d_name))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

int predecessor_packages(
	const struct relay *relay, struct buf *names, struct buf *why)
{
	AUTO_BUF struct buf list = BUF_INIT(LIST_MAX_BYTES);

	if (!predecessor_is_there())
		return 0;
	int r = packages_of_source(relay->apply.host, "dovecot", &list, why);
	return r < 0 ? r : former_pick_packages(buf_slice(&list), names);
}

void predecessor_make_way(const struct relay *relay, const char *names)
{
	AUTO_FREE char *mark = xasprintf(
		"%s/services/dovecot", relay_place(relay, "own_state_dir"));

	if (!predecessor_is_there())
		return;
	if (file_has_text(ITS_PIN, "dovecot"))
		unlink(ITS_PIN);
	if (strstr(names, "dovecot-core="))
		unlink(mark);
}

int predecessor_retire(
	const struct relay *relay, struct buf *out, struct buf *why)
{
	if (!predecessor_is_there())
		return 0;
	remove_cron_jobs();
	return retire_units(relay, out, why);
}
