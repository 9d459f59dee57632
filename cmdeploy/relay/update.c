/* Starts, restarts, reloads and ends services after a change. */
#include "cmdeploy/relay/update.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/apply/launch.h"
#include "cmdeploy/say.h"
#include "lib/proc.h"
#include "lib/words.h"

enum {
	TEST_SEC = 30,
};

/* The services of a relay as its supervisor knows them. */
struct units {
	char **names;
	char **enables; /* what is enabled for it */
	struct service_status *statuses;
	struct service_status *enabled;
	size_t n;
};

static void units_release(struct units *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->names[i]);
		free(u->enables[i]);
	}
	free(u->names);
	free(u->enables);
	free(u->statuses);
	free(u->enabled);
}

#define AUTO_UNITS __attribute__((cleanup(units_release)))

static int units_name(const struct relay *relay,
	const struct service_states *states, struct units *u, struct buf *why)
{
	u->names = xcalloc(states->n + 1, sizeof(*u->names));
	u->enables = xcalloc(states->n + 1, sizeof(*u->enables));
	u->statuses = xcalloc(states->n + 1, sizeof(*u->statuses));
	u->enabled = xcalloc(states->n + 1, sizeof(*u->enabled));
	for (u->n = 0; u->n < states->n; u->n++) {
		const struct service *decl = states->v[u->n].decl;
		int r = relay_unit(relay, decl, &u->names[u->n], why);
		if (r < 0)
			return r;
		u->enables[u->n] = xstrdup(relay->has_systemd && decl->enable
				? decl->enable
				: u->names[u->n]);
	}
	return 0;
}

static int units_look(
	const struct relay *relay, struct units *u, struct buf *why)
{
	const struct unit_list names = { (const char *const *)u->names, u->n };
	const struct unit_list enables = { (const char *const *)u->enables,
		u->n };
	int r = supervisor_status(&relay->supervisor, names, u->statuses, why);

	if (r == 0)
		r = supervisor_status(
			&relay->supervisor, enables, u->enabled, why);
	return r;
}

/* systemd has read all of their files as they are now. */
static int units_refresh(
	const struct relay *relay, struct units *u, struct buf *why)
{
	bool is_stale = false;

	for (size_t i = 0; i < u->n; i++)
		is_stale |= u->statuses[i].is_stale || u->enabled[i].is_stale ||
			!u->statuses[i].is_known;
	if (!is_stale || !relay->has_systemd)
		return 0;
	int r = supervisor_refresh(&relay->supervisor, why);
	return r < 0 ? r : units_look(relay, u, why);
}

/* Units for one call of the supervisor. */
struct batch {
	const char **names;
	size_t n;
};

/* What is to be done to which services, and to be told of them. */
struct work {
	struct batch restart, reload, enable, disable;
	struct buf started, restarted, reloaded, stopped;
};

#define WORK_INIT                                                              \
	{                                                                      \
		.started = BUF_INIT(BUF_WHY_MAX_BYTES),                        \
		.restarted = BUF_INIT(BUF_WHY_MAX_BYTES),                      \
		.reloaded = BUF_INIT(BUF_WHY_MAX_BYTES),                       \
		.stopped = BUF_INIT(BUF_WHY_MAX_BYTES),                        \
	}

static void work_release(struct work *w)
{
	free(w->restart.names);
	free(w->reload.names);
	free(w->enable.names);
	free(w->disable.names);
	buf_release(&w->started);
	buf_release(&w->restarted);
	buf_release(&w->reloaded);
	buf_release(&w->stopped);
}

#define AUTO_WORK __attribute__((cleanup(work_release)))

static void batch_add(struct batch *batch, const char *name)
{
	batch->names = xreallocarray(
		batch->names, batch->n + 1, sizeof(*batch->names));
	batch->names[batch->n++] = name;
}

static struct unit_list batch_list(const struct batch *batch)
{
	return (struct unit_list){ batch->names, batch->n };
}

static void tell(struct buf *list, const char *name)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", name);
}

/* runit starts again by itself what has ended. */
static bool is_down(const struct relay *relay, const struct service *decl,
	const struct service_status *status)
{
	return relay->has_systemd && !status->is_up && !decl->is_oneshot &&
		!decl->is_on_demand;
}

/* A service that runs is not told to load files that it would refuse. */
static int test_files(
	const struct relay *relay, const struct service *decl, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(BUF_WHY_MAX_BYTES / 2);
	AUTO_WORDS struct words argv = { 0 };
	AUTO_FREE char *command = NULL;
	int status = 0;

	if (!decl->test_args)
		return 0;
	int r = apply_text(&relay->apply, decl->command, &command, why);
	if (r < 0)
		return r;
	words_add_split(&argv, slice_of(command));
	words_add_split(&argv, slice_of(decl->test_args));
	r = proc_run(
		&(struct proc){
			.argv = words_list(&argv),
			.timeout_sec = TEST_SEC,
			.out = &said,
		},
		&status, why);
	if (r < 0 || status == 0)
		return r;
	return because(why, -EINVAL,
		"%s would refuse its new configuration, so it keeps serving "
		"with the old one; fix what it says here, and run this again: "
		"%.*s",
		decl->name, SLICE_FMT(slice_trim(buf_slice(&said))));
}

static int plan_wanted(const struct relay *relay, const struct units *u,
	size_t i, const struct service_state *state, struct work *w,
	struct buf *why)
{
	const struct service *decl = state->decl;
	const struct service_status *status = &u->statuses[i];
	const struct service_status *enabled = &u->enabled[i];
	bool is_start = relay->has_systemd ? !status->is_up
					   : state->is_new || !status->is_known;
	int r = 0;

	if (state->need == SERVICE_RESTART || is_down(relay, decl, status)) {
		batch_add(&w->restart, u->names[i]);
		tell(is_start ? &w->started : &w->restarted, decl->name);
	} else if (state->need == SERVICE_RELOAD) {
		r = test_files(relay, decl, why);
		batch_add(&w->reload, u->names[i]);
		tell(&w->reloaded, decl->name);
	}
	if (relay->has_systemd && !decl->is_oneshot &&
		(!enabled->is_enabled || !enabled->is_up))
		batch_add(&w->enable, u->enables[i]);
	return r;
}

/* With --disable-mail: what is up, or would be after the next boot, ends. */
static void plan_unwanted(const struct units *u, size_t i,
	const struct service_state *state, struct work *w)
{
	if (!u->statuses[i].is_known ||
		(!u->statuses[i].is_up && !u->enabled[i].is_enabled))
		return;
	batch_add(&w->disable, u->enables[i]);
	if (strcmp(u->enables[i], u->names[i]) != 0)
		batch_add(&w->disable, u->names[i]);
	tell(&w->stopped, state->decl->name);
}

static bool is_unwanted(const struct relay *relay, const struct service *decl)
{
	return relay->is_without_mail && decl->is_mail;
}

int update_mark(const struct relay *relay, const struct service_states *states,
	struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < states->n; i++)
		if (states->v[i].need != SERVICE_KEEP)
			r = service_mark(&relay->apply, &states->v[i], why);
	return r;
}

static void unmark(const struct relay *relay, const struct service *decl)
{
	AUTO_FREE char *mark = xasprintf(
		"%s/services/%s", relay->places.own_state_dir, decl->name);

	unlink(mark);
}

static int carry_out(const struct relay *relay, struct work *w, struct buf *why)
{
	const struct supervisor *s = &relay->supervisor;
	int r = supervisor_disable(s, batch_list(&w->disable), why);

	if (r == 0)
		r = supervisor_restart(s, batch_list(&w->restart), why);
	if (r == 0)
		r = supervisor_reload(s, batch_list(&w->reload), why);
	if (r == 0)
		r = supervisor_enable(s, batch_list(&w->enable), why);
	return r;
}

static int update_all(const struct relay *relay,
	const struct service_states *states, struct units *u, struct work *w,
	struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->n; i++) {
		const struct service_state *state = &states->v[i];
		if (is_unwanted(relay, state->decl))
			plan_unwanted(u, i, state, w);
		else
			r = plan_wanted(relay, u, i, state, w, why);
	}
	if (r == 0)
		r = carry_out(relay, w, why);
	return r < 0 ? r : update_mark(relay, states, why);
}

static void add_told(struct buf *out, const char *verb, const struct buf *list)
{
	if (list->len > 0)
		buf_addf(out, "%s%s %s", out->len ? "; " : "", verb,
			buf_str(list));
}

int update_services(const struct relay *relay,
	const struct service_states *states, struct buf *out, struct buf *why)
{
	AUTO_WORK struct work work = WORK_INIT;
	AUTO_UNITS struct units units = { 0 };
	int r = units_name(relay, states, &units, why);

	if (r == 0)
		r = units_look(relay, &units, why);
	if (r == 0)
		r = units_refresh(relay, &units, why);
	if (r == 0)
		r = update_all(relay, states, &units, &work, why);
	add_told(out, "started", &work.started);
	add_told(out, "restarted", &work.restarted);
	add_told(out, "reloaded", &work.reloaded);
	add_told(out, "stopped", &work.stopped);
	return r;
}

static bool is_known(const struct service_states *states, const char *name)
{
	for (size_t i = 0; i < states->n; i++)
		if (strcmp(states->v[i].decl->name, name) == 0)
			return true;
	return false;
}

/* Service folders that no service has. */
static void forget_folders(
	const struct relay *relay, const struct service_states *states)
{
	DIR *dir = opendir(relay->supervisor.dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_known(states, entry->d_name))
			continue;
		const char *name = entry->d_name;
		int ignored = supervisor_disable(&relay->supervisor,
			(struct unit_list){ &name, 1 }, NULL);
		(void)ignored;
	}
	if (dir)
		closedir(dir);
}

/* Its units, timer, and what was added to Debian's. */
static int forget_files(
	const struct relay *relay, const struct service *decl, struct buf *why)
{
	struct launch_file files[LAUNCH_FILES_MAX];
	size_t n = launch_files(decl, false, files);
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = NULL;
		if (r == 0)
			r = apply_text(
				&relay->apply, files[i].path, &path, why);
		if (path)
			unlink(path);
		free(files[i].path);
		buf_release(&files[i].text);
	}
	return r;
}

static bool was_started(const struct relay *relay, const struct service *s)
{
	AUTO_FREE char *mark = xasprintf(
		"%s/services/%s", relay->places.own_state_dir, s->name);

	return file_exists(mark);
}

static int forget_unit(const struct relay *relay, const struct service *decl,
	struct buf *stopped, struct buf *why)
{
	AUTO_FREE char *unit = NULL;
	int r = relay_unit(relay, decl, &unit, why);

	if (r < 0)
		return r;
	const char *units[] = { unit, decl->enable };
	r = supervisor_disable(&relay->supervisor,
		(struct unit_list){ units, decl->enable ? 2 : 1 }, why);
	if (r < 0)
		return r;
	r = forget_files(relay, decl, why);
	unmark(relay, decl);
	tell(stopped, decl->name);
	return r;
}

/* While the relay is there: what it asks for, and what never ran. */
static bool stays_now(const struct relay *relay, const struct service *s)
{
	return apply_counts(&relay->apply, s->when) || !was_started(relay, s);
}

/* When the relay has gone: what the machine needs, and what never ran. */
static bool stays_behind(const struct relay *relay, const struct service *s)
{
	return s->is_oneshot || strcmp(s->name, "unbound") == 0 ||
		!was_started(relay, s);
}

static int forget_units(const struct relay *relay,
	bool (*stays)(const struct relay *relay, const struct service *s),
	struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf stopped = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = 0;

	for (size_t i = 0; r == 0 && relay->apply.components[i]; i++) {
		const struct service *s = relay->apply.components[i]->services;
		for (; r == 0 && s && s->name; s++)
			if (!stays(relay, s))
				r = forget_unit(relay, s, &stopped, why);
	}
	add_told(out, "stopped", &stopped);
	return r;
}

int update_forget_others(const struct relay *relay,
	const struct service_states *states, struct buf *out, struct buf *why)
{
	if (relay->has_systemd)
		return forget_units(relay, stays_now, out, why);
	forget_folders(relay, states);
	return 0;
}

int update_forget_all(
	const struct relay *relay, struct buf *out, struct buf *why)
{
	int r = forget_units(relay, stays_behind, out, why);

	return r < 0 ? r : supervisor_refresh(&relay->supervisor, why);
}
