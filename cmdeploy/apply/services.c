/* Finds the services that must be restarted or reloaded (services.h). */
#include "cmdeploy/apply/services.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chatmaild/common/config.h"
#include "lib/digest.h"

enum {
	MARK_MAX_BYTES = 64,
};

/* With an end, so that "ab" "c" is not "a" "bc". */
static void add(uint64_t *digest, struct slice bytes)
{
	*digest = digest_byte(digest_add(*digest, bytes), 256);
}

/* `path` may end in "/": all that lies below. */
static bool is_covered(const char *path, const char *file)
{
	size_t len = strlen(path);

	if (len > 0 && path[len - 1] == '/')
		return strncmp(path, file, len) == 0;
	return strcmp(path, file) == 0;
}

/* What a service depends on in one way. */
struct dependence {
	uint64_t digest;
	bool is_changed; /* one of its files is not what it was on disk */
	bool is_new;     /* what starts it is not there yet */
};

static void depend_on(struct dependence *d, const struct plan_file *f)
{
	add(&d->digest, slice_of(f->path));
	add(&d->digest, buf_slice(&f->content));
	d->is_changed |= f->change == CHANGE_NEW || f->change == CHANGE_CONTENT;
	d->is_new |= f->change == CHANGE_NEW && f->starts;
}

/* `starts` counts what starts it; NULL: nothing does. */
static int dependence_of(const struct apply *apply, const struct plan *plan,
	const struct service *starts, const char *const *paths,
	struct dependence *ret, struct buf *why)
{
	struct dependence d = { .digest = DIGEST_START };

	for (size_t i = 0; starts && i < plan->n_files; i++)
		if (plan->files[i].starts == starts)
			depend_on(&d, &plan->files[i]);
	for (; paths && *paths; paths++) {
		AUTO_FREE char *path = NULL;
		int r = apply_text(apply, *paths, &path, why);
		if (r < 0)
			return r;
		for (size_t i = 0; i < plan->n_files; i++)
			if (is_covered(path, plan->files[i].path))
				depend_on(&d, &plan->files[i]);
	}
	*ret = d;
	return 0;
}

/* The file of all settings changes with any of them; these it minds. */
static void depend_on_settings(
	const struct apply *apply, unsigned reader, struct dependence *d)
{
	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		struct slice key = slice_of(row->key);
		const char *value = template_vars_get(&apply->vars, key);
		if (!(row->readers & reader))
			continue;
		add(&d->digest, key);
		add(&d->digest, slice_of(value ? value : ""));
	}
}

static int mark_path(const struct apply *apply, const struct service *decl,
	char **ret_path, struct buf *why)
{
	AUTO_FREE char *text =
		xasprintf("{{own_state_dir}}/services/%s", decl->name);

	return apply_text(apply, text, ret_path, why);
}

static void mark_read(const char *path, uint64_t *restart, uint64_t *reload)
{
	AUTO_BUF struct buf text = BUF_INIT(MARK_MAX_BYTES);

	if (file_read(path, &text, NULL) < 0 ||
		sscanf(buf_str(&text), "%" SCNx64 " %" SCNx64, restart,
			reload) != 2)
		*restart = *reload = 0;
}

static int state_make(const struct apply *apply, const struct plan *plan,
	struct service_state *s, struct buf *why)
{
	AUTO_FREE char *path = NULL;
	struct dependence restart, reload;
	uint64_t restart_before, reload_before;
	int r = dependence_of(
		apply, plan, s->decl, s->decl->restart_on, &restart, why);

	if (r == 0)
		r = dependence_of(
			apply, plan, NULL, s->decl->reload_on, &reload, why);
	if (r == 0)
		r = mark_path(apply, s->decl, &path, why);
	if (r < 0)
		return r;
	depend_on_settings(apply, s->decl->reader, &restart);
	mark_read(path, &restart_before, &reload_before);
	if (restart.is_changed || restart.digest != restart_before)
		s->need = SERVICE_RESTART;
	else if (reload.is_changed || reload.digest != reload_before)
		s->need = SERVICE_RELOAD;
	s->is_new = restart.is_new;
	s->restart_digest = restart.digest;
	s->reload_digest = reload.digest;
	return 0;
}

int services_compare(const struct apply *apply, const struct plan *plan,
	struct service_states *ret_states, struct buf *why)
{
	struct service_states states = { 0 };

	for (size_t i = 0; apply->components[i]; i++) {
		const struct service *decl = apply->components[i]->services;
		for (; decl && decl->name; decl++) {
			if (!apply_counts(apply, decl->when))
				continue;
			struct service_state s = { .decl = decl };
			int r = state_make(apply, plan, &s, why);
			if (r < 0) {
				services_release(&states);
				return r;
			}
			states.v = xreallocarray(
				states.v, states.n + 1, sizeof(s));
			states.v[states.n++] = s;
		}
	}
	*ret_states = states;
	return 0;
}

void services_release(struct service_states *states)
{
	if (!states)
		return;
	free(states->v);
	*states = (struct service_states){ 0 };
}

int service_mark(const struct apply *apply, const struct service_state *state,
	struct buf *why)
{
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf text = BUF_INIT(MARK_MAX_BYTES);
	int r = mark_path(apply, state->decl, &path, why);

	if (r < 0)
		return r;
	buf_addf(&text, "%016" PRIx64 " %016" PRIx64 "\n",
		state->restart_digest, state->reload_digest);
	return file_write(
		path, buf_slice(&text), (struct file_owner){ 0644, 0, 0 }, why);
}

size_t services_count(
	const struct service_states *states, enum service_need need)
{
	size_t n = 0;

	for (size_t i = 0; i < states->n; i++)
		n += states->v[i].need == need;
	return n;
}
