/* Disk, memory, load, and what the kernel allows. */
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cmdeploy/relay/backups.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/status.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/num.h"
#include "lib/proc.h"

enum {
	CHECK_SEC = 10,
	PROC_FILE_MAX_BYTES = 1 << 16,
	INODES_FEW_PERCENT = 5,
	LOAD_PER_CORE = 5, /* without max_load_1m */
	/* With less, Postfix takes no mail, whatever the settings. */
	DISK_BYTES = 64 << 20,
	BACKUP_LATE_SEC = 2 * 86400,
};

/* Below what new accounts need it is bad; below twice that, a doubt. */
static enum status_grade grade_rest(uint64_t rest, uint64_t needed)
{
	if (rest < needed)
		return STATUS_BAD;
	return rest < 2 * needed ? STATUS_DOUBT : STATUS_FINE;
}

static void add_disk(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *path = relay->places.mail_root;
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return;
	uint64_t rest = (uint64_t)fs.f_bavail * fs.f_frsize;
	status_add_size(&text, rest);
	buf_add_str(&text, " free of ");
	status_add_size(&text, (uint64_t)fs.f_blocks * fs.f_frsize);
	uint64_t needed = relay->config.min_free_disk_space;
	enum status_grade grade =
		grade_rest(rest, needed > DISK_BYTES ? needed : DISK_BYTES);
	if (fs.f_files > 0 &&
		fs.f_favail < fs.f_files / 100 * INODES_FEW_PERCENT) {
		buf_addf(&text, ", only %lu inodes free", fs.f_favail);
		grade = STATUS_BAD;
	}
	if (grade != STATUS_FINE)
		buf_add_str(&text,
			"; make room, or let mail go sooner "
			"(delete_mails_after)");
	findings_add(list, grade, "disk", "%s", buf_str(&text));
	findings_number(list, "bytes", (int64_t)rest);
}

static void add_memory(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf out = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct memory memory;

	if (!memory_read(&memory))
		return;
	status_add_size(&out, memory.available);
	buf_add_str(&out, " available of ");
	status_add_size(&out, memory.whole);
	findings_add(list,
		grade_rest(memory.available,
			relay->config.min_available_memory),
		"memory", "%s", buf_str(&out));
	findings_number(list, "bytes", (int64_t)memory.available);
}

static void add_load(const struct relay *relay, struct findings *list)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	double most = relay->config.max_load_1m > 0
		? (double)relay->config.max_load_1m / 100
		: (double)(LOAD_PER_CORE * cores);
	double load;

	if (getloadavg(&load, 1) != 1)
		return;
	findings_add(list, load > most ? STATUS_DOUBT : STATUS_FINE, "load",
		"%.2f on %ld processor%s", load, cores, cores == 1 ? "" : "s");
}

/* The last line of what the plugin's own check said. */
static void add_instant_idle(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *dir = relay->places.libexec_dir;
	AUTO_FREE char *check = xasprintf("%s/instant-idle-setup", dir);
	const char *const argv[] = { check, dir, NULL };
	struct slice before, said;
	int status;

	if (!file_exists(check) ||
		proc_run(&(struct proc){ .argv = argv,
				 .timeout_sec = CHECK_SEC,
				 .out = &text,
				 .err = &text },
			&status, NULL) < 0)
		return;
	said = slice_trim(buf_slice(&text));
	if (slice_cut(said, ':', &before, &said))
		said = slice_trim(said);
	findings_add(
		list, STATUS_FINE, "instant IDLE", "%.*s", SLICE_FMT(said));
}

/* Of one user, who here is vmail; as many as there can be if it is not told. */
static uint64_t inotify_limit(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(PROC_FILE_MAX_BYTES);
	uint64_t n;

	if (file_read(path, &text, NULL) < 0 ||
		num_parse_u64(slice_trim(buf_slice(&text)), &n) < 0)
		return UINT64_MAX;
	return n;
}

/* Each hibernated connection holds one inotify instance, with two watches. */
static void add_inotify(const struct relay *relay, struct findings *list)
{
	uint64_t n = inotify_limit("/proc/sys/fs/inotify/max_user_instances");
	uint64_t watched =
		inotify_limit("/proc/sys/fs/inotify/max_user_watches") / 2;

	if (watched < n)
		n = watched;
	if (n >= relay->config.max_imap_connections)
		return;
	findings_add(list, relay->is_server ? STATUS_DOUBT : STATUS_FINE,
		"idle connections",
		"%lu connections can sleep cheaply; for more: "
		"sysctl fs.inotify.max_user_instances=65535 "
		"fs.inotify.max_user_watches=262144",
		n);
	findings_number(list, "connections", (int64_t)n);
}

/* Without any, and without a wish for one, there is nothing to say. */
static void add_backup(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf target = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf age = BUF_INIT(BUF_WHY_MAX_BYTES);
	time_t last = backups_last(relay, &target);
	bool is_wanted = relay->config.backup_to[0];

	if (last == 0) {
		if (is_wanted)
			findings_add(list, STATUS_DOUBT, "backup",
				"none yet; one is made each night, \"%s "
				"backup\" makes one now",
				say_program());
		return;
	}
	int64_t sec = time(NULL) - last;
	bool is_late = is_wanted && sec > BACKUP_LATE_SEC;
	status_add_duration(&age, sec);
	findings_add(list, is_late ? STATUS_BAD : STATUS_FINE, "backup",
		"%s old, at %s%s", buf_str(&age), buf_str(&target),
		is_late ? "; \"journalctl -u chatmail-backup\" says why no "
			  "newer one was made"
			: "");
	findings_number(list, "seconds", sec);
}

void status_machine(struct relay *relay, struct findings *list)
{
	add_disk(relay, list);
	add_memory(relay, list);
	add_load(relay, list);
	add_instant_idle(relay, list);
	add_inotify(relay, list);
	add_backup(relay, list);
}
