/* What starts a service: run scripts, units, drop-ins, timers. */
#include "cmdeploy/apply/launch.h"

#include "tests/test.h"

static const struct {
	const char *name;
	bool is_runit;
	struct service service;
	const char *want[LAUNCH_FILES_MAX * 2]; /* path, text */
} cases[] = {
	{ "daemon, runit", true,
		{ .name = "d",
			.title = "D",
			.command = "/d {{x}}",
			.user = "u",
			.groups = "g h",
			.n_files = 99,
			.run_lines = "touch y\n" },
		{ "{{service_dir}}/d/log/run",
			"#!/bin/sh\n"
			"exec chpst -u _runit-log {{libexec_dir}}/chatmail-log "
			"--own {{listen_address}} {{log_dir}}/d\n",
			"{{service_dir}}/d/run",
			"#!/bin/sh\nexec 2>&1\n"
			"ulimit -n 99 2>/dev/null || "
			"ulimit -n \"$(ulimit -Hn)\"\n"
			"touch y\n"
			"exec chpst -u u:u:g:h /d {{x}}\n" } },
	{ "group, runit", true,
		{ .name = "g", .command = "/g", .is_group = true },
		{ "{{service_dir}}/g/log/run",
			"#!/bin/sh\n"
			"exec chpst -u _runit-log {{libexec_dir}}/chatmail-log "
			"--own {{listen_address}} {{log_dir}}/g\n",
			"{{service_dir}}/g/run",
			"#!/bin/sh\nexec 2>&1\n"
			"echo $$ >{{run_dir}}/g.pgid\n"
			"exec chpst -P /g\n",
			"{{service_dir}}/g/finish",
			"#!/bin/sh\n"
			"kill -s TERM -- -\"$(cat {{run_dir}}/g.pgid)\" "
			"2>/dev/null\nexit 0\n" } },
	{ "daemon, systemd", false,
		{ .name = "d",
			.title = "D",
			.man = "d(8)",
			.before = "e.service",
			.wants = "w.target",
			.after = "w.target x.service",
			.command = "/d {{x}}",
			.user = "u",
			.groups = "g h",
			.n_files = 99,
			.restart = "always",
			.is_notify = true,
			.is_sandboxed = true,
			.has_run_dir = true,
			.unit_lines = "Nice=1\n" },
		{ "{{unit_dir}}/d.service",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nDescription=D\nDocumentation=man:d(8)\n"
			"Before=e.service\nWants=w.target\n"
			"After=w.target x.service\nStartLimitIntervalSec=0\n\n"
			"[Service]\nType=notify\nUser=u\nGroup=u\n"
			"SupplementaryGroups=g h\nExecStart=/d {{x}}\n"
			"RuntimeDirectory=d\nRuntimeDirectoryMode=0700\n"
			"NoExecPaths=-{{run_dir}}/d\n"
			"{{sandbox}}\nNice=1\nRestart=always\nRestartSec=1s\n"
			"LimitNOFILE=99\n\n"
			"[Install]\nWantedBy=multi-user.target\n" } },
	{ "job, runit", true,
		{ .name = "j",
			.title = "J",
			.unit = "j.timer",
			.command = "/j",
			.user = "u",
			.every_sec = 60,
			.trigger_lines = "OnCalendar=daily\n" },
		{ "{{service_dir}}/j/log/run",
			"#!/bin/sh\n"
			"exec chpst -u _runit-log {{libexec_dir}}/chatmail-log "
			"--own {{listen_address}} {{log_dir}}/j\n",
			"{{service_dir}}/j/run",
			"#!/bin/sh\nexec 2>&1\n"
			"exec {{libexec_dir}}/every 60 chpst -u u /j\n" } },
	{ "job, systemd", false,
		{ .name = "j",
			.title = "J",
			.unit = "j.timer",
			.command = "/j",
			.trigger_title = "J, daily",
			.trigger_lines = "OnCalendar=daily\n" },
		{ "{{unit_dir}}/j.service",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nDescription=J\n\n"
			"[Service]\nType=oneshot\nExecStart=/j\n",
			"{{unit_dir}}/j.timer",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nDescription=J, daily\n\n"
			"[Timer]\nOnCalendar=daily\n\n"
			"[Install]\nWantedBy=timers.target\n" } },
	{ "path, systemd", false,
		{ .name = "p",
			.title = "P",
			.unit = "p.path",
			.command = "/p",
			.trigger_title = "Q",
			.trigger_lines = "PathChanged=/q\n" },
		{ "{{unit_dir}}/p.service",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nDescription=P\n\n"
			"[Service]\nType=oneshot\nExecStart=/p\n",
			"{{unit_dir}}/p.path",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nDescription=Q\n\n"
			"[Path]\nPathChanged=/q\n\n"
			"[Install]\nWantedBy=multi-user.target\n" } },
	{ "Debian's, systemd", false,
		{ .name = "n",
			.command = "/n",
			.n_files = 9,
			.restart = "on-failure",
			.is_walled = true,
			.restart_sec = 5 },
		{ "{{unit_dir}}/n.service.d/chatmail.conf",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Unit]\nStartLimitIntervalSec=0\n\n"
			"[Service]\n{{walls}}\n"
			"Restart=on-failure\nRestartSec=5s\n"
			"LimitNOFILE=9\n" } },
	{ "Debian's under another name", false,
		{ .name = "n", .unit = "{{n_unit}}", .unit_lines = "Nice=1\n" },
		{ "{{unit_dir}}/{{n_unit}}.d/chatmail.conf",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Service]\nNice=1\n" } },
	{ "Debian's timer", false,
		{ .name = "n", .unit = "n.timer", .unit_lines = "Nice=1\n" },
		{ "{{unit_dir}}/n.service.d/chatmail.conf",
			"# Rendered by cmdeploy: edit the template.\n"
			"[Service]\nNice=1\n" } },
	{ "Debian's as it is", false, { .name = "n" }, { NULL } },
	{ "server's only", true, { .name = "n", .restart = "always" },
		{ NULL } },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct launch_file files[LAUNCH_FILES_MAX];
		size_t n = launch_files(
			&cases[i].service, cases[i].is_runit, files);
		size_t n_want = 0;
		while (n_want < LAUNCH_FILES_MAX && cases[i].want[2 * n_want])
			n_want++;
		check_int(cases[i].name, n, n_want);
		for (size_t k = 0; k < n && k < n_want; k++) {
			check_str(cases[i].name, files[k].path,
				cases[i].want[2 * k]);
			check_str(cases[i].name, buf_str(&files[k].text),
				cases[i].want[2 * k + 1]);
			check_int(cases[i].name, files[k].mode,
				cases[i].is_runit ? 0755 : 0644);
		}
		for (size_t k = 0; k < n; k++) {
			free(files[k].path);
			buf_release(&files[k].text);
		}
	}
	return test_end();
}
