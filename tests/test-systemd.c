/* What systemctl prints of units, read. */
#include "cmdeploy/supervise/systemd.h"

#include <errno.h>

#include "tests/test.h"

#define NOW_USEC 5000000000
#define NOW      1700000000

static const struct {
	const char *name, *text;
	struct service_status want;
} cases[] = {
	{ "runs",
		"MainPID=812\nNRestarts=2\nId=dovecot.service\n"
		"LoadState=loaded\nActiveState=active\n"
		"StateChangeTimestampMonotonic=4990000000\n"
		"UnitFileState=enabled\nNeedDaemonReload=no\n",
		{ .is_known = true,
			.is_up = true,
			.is_enabled = true,
			.pid = 812,
			.since = NOW - 10,
			.n_restarts = 2 } },
	{ "a timer has no process",
		"Id=x.timer\nLoadState=loaded\nActiveState=active\n"
		"StateChangeTimestampMonotonic=0\nUnitFileState=enabled\n",
		{ .is_known = true, .is_up = true, .is_enabled = true } },
	{ "given up",
		"LoadState=loaded\nActiveState=failed\n"
		"UnitFileState=disabled\n",
		{ .is_known = true, .is_failed = true } },
	{ "has ended, and will start again",
		"LoadState=loaded\nActiveState=activating\nMainPID=0\n"
		"ExecMainExitTimestampMonotonic=4999999999\n",
		{ .is_known = true, .end_stamp = 4999999999 } },
	{ "on its way", "LoadState=loaded\nActiveState=activating\n",
		{ .is_known = true } },
	{ "reads its files again", "LoadState=loaded\nActiveState=reloading\n",
		{ .is_known = true, .is_up = true } },
	{ "not there",
		"Id=no.service\nLoadState=not-found\nActiveState=inactive\n"
		"UnitFileState=\n",
		{ 0 } },
	{ "stale",
		"LoadState=loaded\nActiveState=active\nNeedDaemonReload=yes\n",
		{ .is_known = true, .is_up = true, .is_stale = true } },
	{ "of an instance",
		"LoadState=loaded\nActiveState=active\n"
		"UnitFileState=enabled-runtime\n",
		{ .is_known = true, .is_up = true, .is_enabled = true } },
	{ "odd lines do not count",
		"no sign\nMainPID=many\n=\nLoadState=loaded\n",
		{ .is_known = true } },
	{ "a moment that is yet to come",
		"LoadState=loaded\n"
		"StateChangeTimestampMonotonic=6000000000\n",
		{ .is_known = true } },
};

static void check_status(const char *name, const struct service_status *got,
	const struct service_status *want)
{
	check_int(name, got->is_known, want->is_known);
	check_int(name, got->is_up, want->is_up);
	check_int(name, got->is_failed, want->is_failed);
	check_int(name, got->is_enabled, want->is_enabled);
	check_int(name, got->is_stale, want->is_stale);
	check_int(name, got->pid, want->pid);
	check_int(name, got->since, want->since);
	check_int(name, got->n_restarts, want->n_restarts);
	check_int(name, (long long)got->end_stamp, (long long)want->end_stamp);
}

static void test_blocks(void)
{
	struct service_status got[2];
	struct slice two = SLICE("MainPID=1\n\nMainPID=2\n");

	check_int("two", systemd_parse_show(two, NOW_USEC, NOW, 2, got), 0);
	check_int("first", got[0].pid, 1);
	check_int("second", got[1].pid, 2);
	check_int("more than asked for",
		systemd_parse_show(two, NOW_USEC, NOW, 1, got), -EBADMSG);
	check_int("fewer",
		systemd_parse_show(SLICE("MainPID=1\n"), NOW_USEC, NOW, 2, got),
		-EBADMSG);
	check_int("none", systemd_parse_show(SLICE(""), NOW_USEC, NOW, 1, got),
		-EBADMSG);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct service_status got;
		check_int(cases[i].name,
			systemd_parse_show(slice_of(cases[i].text), NOW_USEC,
				NOW, 1, &got),
			0);
		check_status(cases[i].name, &got, &cases[i].want);
	}
	test_blocks();
	return test_end();
}
