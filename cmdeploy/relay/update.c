#include "cmdeploy/relay/update.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/say.h"

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
		u->enables[u->n] = xstrdup(relay->is_server && decl->enable
				? decl->enable
				: u->names[u->n]);
	}
	return 0;
}

static int units_look(
	const struct relay *relay, struct units *u, struct buf *why)
{
	const char *const *names = (const char *const *)u->names;
	const char *const *enables = (const char *const *)u->enables;
	int r = supervisor_status(
		&relay->supervisor, names, u->n, u->statuses, why);

	if (r == 0)
		r = supervisor_status(
			&relay->supervisor, enables, u->n, u->enabled, why);
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
	if (!is_stale || !relay->is_server)
		return 0;
	int r = supervisor_refresh(&relay->supervisor, why);
	return r < 0 ? r : units_look(relay, u, why);
}

/* What was done to which services, in this order. */
struct told {
	struct buf *started, *restarted, *reloaded, *stopped;
};

static void tell(struct buf *list, const char *name)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", name);
}

static enum service_need need_of(const struct relay *relay,
	const struct service_state *state, const struct service_status *status)
{
	/* runit starts again by itself what has ended. */
	if (relay->is_server && !status->is_up && !state->decl->is_oneshot)
		return SERVICE_RESTART;
	return state->need;
}

static int update_one(const struct relay *relay,
	const struct service_state *state, const char *unit,
	const struct service_status *status, struct told *told, struct buf *why)
{
	const char *name = state->decl->name;
	enum service_need need = need_of(relay, state, status);
	int r = 0;

	if (need == SERVICE_KEEP)
		return 0;
	say_progress(slice_of(name));
	if (need == SERVICE_RELOAD) {
		r = supervisor_reload(&relay->supervisor, unit, why);
		if (r == 0)
			tell(told->reloaded, name);
	} else {
		r = supervisor_restart(&relay->supervisor, unit, why);
		if (r >= 0)
			tell(r == 0 || state->is_new ? told->started
						     : told->restarted,
				name);
	}
	return r < 0 ? r : service_mark(&relay->apply, state, why);
}

static int enable_one(const struct relay *relay, const char *unit,
	const struct service_status *status, struct buf *why)
{
	if (status->is_enabled && status->is_up)
		return 0;
	return supervisor_enable(&relay->supervisor, unit, true, why);
}

static bool is_unwanted(const struct relay *relay, const struct service *decl)
{
	return relay->is_without_mail && decl->is_mail;
}

static int retire(const struct relay *relay, const struct service *decl,
	const char *unit, struct buf *why)
{
	AUTO_FREE char *mark = xasprintf("%s/services/%s",
		relay_place(relay, "own_state_dir"), decl->name);
	const char *enable = decl->enable ? decl->enable : unit;
	int r = supervisor_enable(&relay->supervisor, enable, false, why);

	if (r == 0 && decl->enable)
		r = supervisor_stop(&relay->supervisor, enable, why);
	if (r == 0)
		r = supervisor_stop(&relay->supervisor, unit, why);
	/* It is started afresh when it is wanted again. */
	if (r == 0)
		unlink(mark);
	return r;
}

/* With --disable-mail: what is up, or would be after the next boot, ends. */
static int retire_one(const struct relay *relay, const struct units *u,
	size_t i, const struct service *decl, struct told *told,
	struct buf *why)
{
	if (!u->statuses[i].is_up && !u->enabled[i].is_enabled)
		return 0;
	if (!u->statuses[i].is_known)
		return 0;
	say_progress(slice_of(decl->name));
	tell(told->stopped, decl->name);
	return retire(relay, decl, u->names[i], why);
}

static int update_all(const struct relay *relay,
	const struct service_states *states, struct units *u, struct told *told,
	struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < u->n; i++) {
		const struct service *decl = states->v[i].decl;
		if (is_unwanted(relay, decl)) {
			r = retire_one(relay, u, i, decl, told, why);
			continue;
		}
		r = update_one(relay, &states->v[i], u->names[i],
			&u->statuses[i], told, why);
		if (r >= 0 && relay->is_server && !decl->is_oneshot)
			r = enable_one(
				relay, u->enables[i], &u->enabled[i], why);
	}
	return r;
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
	AUTO_BUF struct buf started = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf restarted = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf reloaded = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf stopped = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct told told = { &started, &restarted, &reloaded, &stopped };
	AUTO_UNITS struct units units = { 0 };
	int r = units_name(relay, states, &units, why);

	if (r == 0)
		r = units_look(relay, &units, why);
	if (r == 0)
		r = units_refresh(relay, &units, why);
	if (r == 0)
		r = update_all(relay, states, &units, &told, why);
	add_told(out, "started", &started);
	add_told(out, "restarted", &restarted);
	add_told(out, "reloaded", &reloaded);
	add_told(out, "stopped", &stopped);
	return r < 0 ? r : 0;
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
		int ignored = supervisor_stop(
			&relay->supervisor, entry->d_name, NULL);
		(void)ignored;
	}
	if (dir)
		closedir(dir);
}

/* One that was started once and is no longer asked for. */
static int forget_unit(
	const struct relay *relay, const struct service *decl, struct buf *why)
{
	AUTO_FREE char *mark = xasprintf("%s/services/%s",
		relay_place(relay, "own_state_dir"), decl->name);
	AUTO_FREE char *unit = NULL;

	if (apply_counts(&relay->apply, decl->when) || !file_exists(mark))
		return 0;
	int r = relay_unit(relay, decl, &unit, why);
	if (r == 0)
		r = retire(relay, decl, unit, why);
	if (r < 0)
		return r;
	AUTO_FREE char *path =
		xasprintf("%s/%s", relay_place(relay, "unit_dir"), unit);
	unlink(path);
	return 0;
}

int update_forget_others(const struct relay *relay,
	const struct service_states *states, struct buf *why)
{
	int r = 0;

	if (!relay->is_server) {
		forget_folders(relay, states);
		return 0;
	}
	for (size_t i = 0; r == 0 && relay->apply.components[i]; i++) {
		const struct service *s = relay->apply.components[i]->services;
		for (; r == 0 && s && s->name; s++)
			r = forget_unit(relay, s, why);
	}
	return r;
}
