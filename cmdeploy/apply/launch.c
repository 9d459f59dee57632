/* Run scripts, units, drop-ins and timers of the declared services. */
#include "cmdeploy/apply/launch.h"

#include <string.h>

enum {
	TEXT_MAX_BYTES = 8192,
	RESTART_SEC = 1,
};

#define HEAD "# Rendered by cmdeploy: edit the template.\n"

static void add(struct buf *out, const char *key, const char *value)
{
	if (value)
		buf_addf(out, "%s=%s\n", key, value);
}

static void add_user(const struct service *s, struct buf *out)
{
	struct slice rest = slice_of(s->groups ? s->groups : ""), group;

	if (!s->user && !s->is_group)
		return;
	buf_add_str(out, s->is_group ? "chpst -P" : "chpst");
	if (s->user)
		buf_addf(out, " -u %s", s->user);
	if (s->user && s->groups)
		buf_addf(out, ":%s", s->user);
	while (slice_next_word(&rest, &group)) {
		buf_add_char(out, ':');
		buf_add_slice(out, group);
	}
	buf_add_char(out, ' ');
}

static void add_run(const struct service *s, struct buf *out)
{
	buf_add_str(out, "#!/bin/sh\nexec 2>&1\n");
	if (s->n_files > 0)
		buf_addf(out,
			"ulimit -n %u 2>/dev/null || "
			"ulimit -n \"$(ulimit -Hn)\"\n",
			s->n_files);
	if (s->is_group)
		buf_addf(out, "echo $$ >{{run_dir}}/%s.pgid\n", s->name);
	if (s->run_lines)
		buf_add_str(out, s->run_lines);
	buf_add_str(out, "exec ");
	if (s->every_sec > 0)
		buf_addf(out, "{{libexec_dir}}/every %u ", s->every_sec);
	add_user(s, out);
	buf_addf(out, "%s\n", s->command);
}

static void add_finish(const struct service *s, struct buf *out)
{
	buf_addf(out,
		"#!/bin/sh\n"
		"kill -s TERM -- -\"$(cat {{run_dir}}/%s.pgid)\" 2>/dev/null\n"
		"exit 0\n",
		s->name);
}

/* log/NAME, without people in it, and nothing older than three days. */
static void add_log_run(const struct service *s, struct buf *out)
{
	buf_addf(out,
		"#!/bin/sh\n"
		"exec chpst -u _runit-log {{libexec_dir}}/chatmail-log "
		"--own {{listen_address}} {{log_dir}}/%s\n",
		s->name);
}

static void add_order(const struct service *s, struct buf *out)
{
	if (!s->title && !s->wants && !s->after && !s->restart)
		return;
	buf_add_str(out, "[Unit]\n");
	add(out, "Description", s->title);
	if (s->man)
		buf_addf(out, "Documentation=man:%s\n", s->man);
	add(out, "Before", s->before);
	add(out, "Wants", s->wants);
	add(out, "After", s->after);
	if (s->restart)
		buf_add_str(out, "StartLimitIntervalSec=0\n");
	buf_add_char(out, '\n');
}

/* Of a unit of our own: Debian's say this themselves. */
static void add_command(const struct service *s, struct buf *out)
{
	add(out, "Type",
		s->trigger_lines       ? "oneshot"
			: s->is_notify ? "notify"
				       : NULL);
	add(out, "User", s->user);
	add(out, "Group", s->user);
	add(out, "SupplementaryGroups", s->groups);
	add(out, "ExecStart", s->command);
	if (s->has_run_dir)
		buf_addf(out,
			"RuntimeDirectory=%s\nRuntimeDirectoryMode=0700\n"
			"NoExecPaths=-{{run_dir}}/%s\n",
			s->name, s->name);
}

/* What the service needs comes after the sandbox, which it may widen. */
static void add_service(const struct service *s, struct buf *out)
{
	buf_add_str(out, "[Service]\n");
	if (s->title)
		add_command(s, out);
	if (s->is_sandboxed)
		buf_add_str(out, "{{sandbox}}\n");
	if (s->is_walled)
		buf_add_str(out, "{{walls}}\n");
	if (s->unit_lines)
		buf_add_str(out, s->unit_lines);
	if (s->restart)
		buf_addf(out, "Restart=%s\nRestartSec=%us\n", s->restart,
			s->restart_sec ? s->restart_sec : RESTART_SEC);
	if (s->n_files > 0)
		buf_addf(out, "LimitNOFILE=%u\n", s->n_files);
}

static void add_unit(const struct service *s, struct buf *out)
{
	buf_add_str(out, HEAD);
	add_order(s, out);
	add_service(s, out);
	if (s->title && !s->trigger_lines)
		buf_add_str(out, "\n[Install]\nWantedBy=multi-user.target\n");
}

static void add_trigger(const struct service *s, struct buf *out)
{
	bool is_timer = slice_ends(slice_of(s->unit), SLICE(".timer"));

	buf_addf(out,
		HEAD "[Unit]\nDescription=%s\n\n[%s]\n%s\n"
		     "[Install]\nWantedBy=%s.target\n",
		s->trigger_title, is_timer ? "Timer" : "Path", s->trigger_lines,
		is_timer ? "timers" : "multi-user");
}

/* Where a timer stands for the service, the rest is still the service's. */
static char *drop_in_path(const struct service *s)
{
	if (s->unit && !slice_ends(slice_of(s->unit), SLICE(".timer")))
		return xasprintf("{{unit_dir}}/%s.d/chatmail.conf", s->unit);
	return xasprintf("{{unit_dir}}/%s.service.d/chatmail.conf", s->name);
}

static struct launch_file make(char *path, const struct service *s,
	void (*write)(const struct service *s, struct buf *out), mode_t mode)
{
	struct launch_file f = { .path = path, .mode = mode };

	f.text = BUF_INIT(TEXT_MAX_BYTES);
	write(s, &f.text);
	return f;
}

static size_t runit_files(const struct service *s, struct launch_file *files)
{
	if (!s->command)
		return 0;
	files[0] = make(xasprintf("{{service_dir}}/%s/log/run", s->name), s,
		add_log_run, 0755);
	files[0].is_aside = true;
	files[1] = make(
		xasprintf("{{service_dir}}/%s/run", s->name), s, add_run, 0755);
	if (!s->is_group)
		return 2;
	files[2] = make(xasprintf("{{service_dir}}/%s/finish", s->name), s,
		add_finish, 0755);
	files[2].is_aside = true;
	return 3;
}

static size_t systemd_files(const struct service *s, struct launch_file *files)
{
	size_t n = 0;

	if (s->title)
		files[n++] = make(xasprintf("{{unit_dir}}/%s.service", s->name),
			s, add_unit, 0644);
	else if (s->unit_lines || s->restart)
		files[n++] = make(drop_in_path(s), s, add_unit, 0644);
	if (s->trigger_lines)
		files[n++] = make(xasprintf("{{unit_dir}}/%s", s->unit), s,
			add_trigger, 0644);
	return n;
}

size_t launch_files(const struct service *service, bool is_runit,
	struct launch_file ret_files[LAUNCH_FILES_MAX])
{
	return is_runit ? runit_files(service, ret_files)
			: systemd_files(service, ret_files);
}
