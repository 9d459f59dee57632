/* Parses the output of systemctl(1) (systemd.h). */
#include "cmdeploy/supervise/systemd.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/num.h"
#include "lib/proc.h"

enum {
	ASK_SEC = 30,
	ACT_SEC = 180,
	UNITS_MAX = 64,
	VERBS_MAX = 8,
	LOG_LINES = 8,
	TEXT_MAX_BYTES = 1 << 20,
	USEC = 1000000,
};

static bool is_yes(struct slice value)
{
	return slice_eq_str(value, "yes");
}

static void set_load(struct service_status *s, struct slice value)
{
	s->is_known = slice_eq_str(value, "loaded");
}

static void set_active(struct service_status *s, struct slice value)
{
	s->is_up = slice_eq_str(value, "active") ||
		slice_eq_str(value, "reloading");
	s->is_failed = slice_eq_str(value, "failed");
}

/* What has nothing to enable starts when others want it. */
static void set_enabled(struct service_status *s, struct slice value)
{
	s->is_enabled = slice_starts(value, SLICE("enabled")) ||
		slice_eq_str(value, "static") ||
		slice_eq_str(value, "generated");
}

static void set_stale(struct service_status *s, struct slice value)
{
	s->is_stale = is_yes(value);
}

static uint64_t number_of(struct slice value)
{
	uint64_t n = 0;

	return num_parse_u64(value, &n) < 0 ? 0 : n;
}

static void set_pid(struct service_status *s, struct slice value)
{
	s->pid = (pid_t)number_of(value);
}

static void set_restarts(struct service_status *s, struct slice value)
{
	s->n_restarts = (unsigned)number_of(value);
}

/* Microseconds for now; systemd_parse_show() makes a time of it. */
static void set_since(struct service_status *s, struct slice value)
{
	s->since = (time_t)number_of(value);
}

static void set_end(struct service_status *s, struct slice value)
{
	s->end_stamp = number_of(value);
}

static const struct {
	const char *name;
	void (*set)(struct service_status *s, struct slice value);
} properties[] = {
	{ "LoadState", set_load },
	{ "ActiveState", set_active },
	{ "UnitFileState", set_enabled },
	{ "NeedDaemonReload", set_stale },
	{ "MainPID", set_pid },
	{ "NRestarts", set_restarts },
	{ "StateChangeTimestampMonotonic", set_since },
	{ "ExecMainExitTimestampMonotonic", set_end },
};

static void take_line(struct service_status *s, struct slice line)
{
	struct slice name, value;

	if (!slice_cut(line, '=', &name, &value))
		return;
	for (size_t i = 0; i < ARRAY_LEN(properties); i++)
		if (slice_eq_str(name, properties[i].name))
			properties[i].set(s, value);
}

int systemd_parse_show(struct slice text, uint64_t now_usec, time_t now,
	size_t n, struct service_status *ret_statuses)
{
	struct slice line;
	bool is_inside = false;
	size_t n_seen = 0;

	memset(ret_statuses, 0, n * sizeof(*ret_statuses));
	while (slice_next_line(&text, &line)) {
		if (line.len == 0) {
			is_inside = false;
			continue;
		}
		if (!is_inside && n_seen++ == n)
			return -EBADMSG;
		is_inside = true;
		take_line(&ret_statuses[n_seen - 1], line);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t at = (uint64_t)ret_statuses[i].since;
		ret_statuses[i].since = at == 0 || at > now_usec
			? 0
			: now - (time_t)((now_usec - at) / USEC);
	}
	return n_seen == n ? 0 : -EBADMSG;
}

static int systemctl(
	const char *const *argv, struct buf *out, unsigned sec, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(BUF_WHY_MAX_BYTES);

	return proc_run_ok(
		&(struct proc){
			.argv = argv,
			/* Links for SysV would cost a reload each. */
			.env = (const char *const[]){ "LC_ALL=C.UTF-8",
				"SYSTEMD_PAGER=", "SYSTEMD_COLORS=0",
				"SYSTEMCTL_SKIP_SYSV=1", NULL },
			.timeout_sec = sec,
			.out = out,
			.err = &said,
		},
		why);
}

/* `systemctl VERBS... UNITS...`; `verbs` is ended by NULL. */
static int systemctl_units(const char *const *verbs, struct unit_list units,
	struct buf *out, struct buf *why)
{
	const char *argv[VERBS_MAX + UNITS_MAX + 1] = { "systemctl" };
	size_t n = 1;

	if (units.n > UNITS_MAX)
		return because(why, -E2BIG, "more than %d units", UNITS_MAX);
	while (*verbs)
		argv[n++] = *verbs++;
	for (size_t i = 0; i < units.n; i++)
		argv[n++] = units.names[i];
	return systemctl(argv, out, ACT_SEC, why);
}

#define VERBS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int status(const struct supervisor *s UNUSED, struct unit_list units,
	struct service_status *ret_statuses, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	int r = 0;

	if (units.n == 0)
		return 0;
	r = systemctl_units(VERBS("show", "--property=" SYSTEMD_PROPERTIES),
		units, &text, why);
	if (r < 0)
		return r;
	r = systemd_parse_show(buf_slice(&text), clock_msec() * 1000,
		time(NULL), units.n, ret_statuses);
	if (r < 0)
		return because(why, r,
			"what systemctl says of the services cannot be read");
	return 0;
}

static int refresh(const struct supervisor *s UNUSED, struct buf *why)
{
	return systemctl_units(
		VERBS("daemon-reload"), (struct unit_list){ 0 }, NULL, why);
}

static int enable(const struct supervisor *s UNUSED, struct unit_list units,
	struct buf *why)
{
	return systemctl_units(
		VERBS("--quiet", "--now", "enable"), units, NULL, why);
}

static int disable(const struct supervisor *s UNUSED, struct unit_list units,
	struct buf *why)
{
	return systemctl_units(
		VERBS("--quiet", "--now", "disable"), units, NULL, why);
}

/* The journal's lines, without control bytes. */
static void add_log_tail(const char *unit, size_t n, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_FREE char *lines = xasprintf("--lines=%zu", n);
	const struct proc proc = {
		.argv = (const char *const[]){ "journalctl", "--quiet",
			"--no-pager", "--output=cat", lines, "--unit", unit,
			NULL },
		.timeout_sec = ASK_SEC,
		.out = &text,
	};
	struct slice rest, line;
	int ignored;

	if (proc_run(&proc, &ignored, NULL) < 0)
		return;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		buf_add_str(out, "    ");
		buf_add_plain(out, line);
		buf_add_char(out, '\n');
	}
}

static int tell_unit(
	const char *unit, const char *what, int error, struct buf *why)
{
	AUTO_BUF struct buf lines = BUF_INIT(BUF_WHY_MAX_BYTES / 2);

	add_log_tail(unit, LOG_LINES, &lines);
	if (lines.len == 0)
		return because(why, error, "%s could not be %s", unit, what);
	return because(why, error,
		"%s could not be %s; the end of its log:\n%.*s", unit, what,
		(int)(lines.len - 1), buf_str(&lines));
}

/* systemctl itself says only where to look; better to look there. */
static int tell_failure(const struct supervisor *s, struct unit_list units,
	const char *what, int error, struct buf *why)
{
	struct service_status statuses[UNITS_MAX];

	if (status(s, units, statuses, NULL) < 0)
		return error;
	for (size_t i = 0; i < units.n; i++)
		if (statuses[i].is_failed)
			return tell_unit(units.names[i], what, error, why);
	for (size_t i = 0; i < units.n; i++)
		if (!statuses[i].is_up)
			return tell_unit(units.names[i], what, error, why);
	return error;
}

static int restart(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	/* A unit that was given up counts its starts from the beginning. */
	int r = systemctl_units(
		VERBS("--quiet", "reset-failed"), units, NULL, &ignored);

	r = systemctl_units(VERBS("--quiet", "restart"), units, NULL, why);
	return r < 0 ? tell_failure(s, units, "started", r, why) : 0;
}

/* One that cannot be reloaded goes on running: so each is tried again. */
static int reload(const struct supervisor *s UNUSED, struct unit_list units,
	struct buf *why)
{
	static const char *const verbs[] = { "--quiet", "reload-or-restart",
		NULL };
	int r = systemctl_units(verbs, units, NULL, why);

	if (r == 0)
		return 0;
	for (size_t i = 0; i < units.n; i++) {
		struct unit_list one = { &units.names[i], 1 };
		r = systemctl_units(verbs, one, NULL, why);
		if (r < 0)
			return tell_unit(units.names[i], "reloaded", r, why);
	}
	return 0;
}

static void log_tail(const struct supervisor *s UNUSED, const char *unit,
	size_t n, struct buf *out)
{
	add_log_tail(unit, n, out);
}

static const struct supervisor_ops ops = {
	.status = status,
	.refresh = refresh,
	.enable = enable,
	.disable = disable,
	.restart = restart,
	.reload = reload,
	.log_tail = log_tail,
};

void supervisor_init_systemd(struct supervisor *s)
{
	*s = (struct supervisor){ .ops = &ops };
}
