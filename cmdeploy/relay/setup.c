/* Packages, users and files of a relay, step by step. */
#include "cmdeploy/relay/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/relay/vars.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"

enum {
	LIST_MAX_BYTES = 16384,
	APT_LOG_MAX_BYTES = 4 << 20,
	SHOW_MAX_BYTES = 64 << 20,
	PATHS_MAX = 6,
};

static void on_line(struct slice line, void *owner UNUSED)
{
	say_progress(signals_told_to_stop()
			? SLICE("will stop when dpkg has finished its work")
			: slice_trim(line));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int install(struct relay *relay, const char *names, struct buf *why)
{
	AUTO_BUF struct buf log = BUF_INIT(APT_LOG_MAX_BYTES);
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *dir = relay->places.log_dir;
	AUTO_FREE char *path = xasprintf("%s/apt.log", dir);
	const struct proc listen = {
		.out = &log,
		.on_line = on_line,
		.is_unwanted = signals_unwanted,
	};
	int r = relay->is_server ? packages_add(names, &listen, &reason)
				 : packages_install(names, &listen, &reason);

	if (dir_make(dir, 0755, &ignored) == 0 &&
		file_write(path, buf_slice(&log),
			(struct file_owner){ 0644, 0, 0 }, &ignored) < 0)
		say_note(buf_str(&ignored));
	if (signals_told_to_stop())
		return -EINTR;
	if (r < 0)
		return because(why, r,
			"the packages %s cannot be installed: %s (all that "
			"apt-get said is in %s)",
			names, buf_str(&reason), path);
	return 0;
}

/* What is to be installed, separated by blanks, and how many that are. */
static int list_packages(const struct relay *relay,
	const struct setup_extra *extra, struct buf *names, struct buf *why)
{
	int n = apply_missing_packages(&relay->apply, names, why);

	if (n < 0 || !extra->add_packages)
		return n;
	int n_others = extra->add_packages(relay, names, why);
	return n_others < 0 ? n_others : n + n_others;
}

/* Appends "; " and what was done, if anything. */
static int make_way(const struct relay *relay, const struct setup_extra *extra,
	const struct buf *names, struct report *report, struct buf *told,
	struct buf *why)
{
	AUTO_BUF struct buf done = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = extra->make_way
		? extra->make_way(relay, buf_str(names), &done, why)
		: 0;

	if (done.len == 0)
		return r;
	report->n_changed++;
	buf_addf(told, "; %s", buf_str(&done));
	return r;
}

static int step_packages(struct relay *relay, const struct setup_extra *extra,
	struct report *report, struct buf *why)
{
	AUTO_BUF struct buf missing = BUF_INIT(LIST_MAX_BYTES);
	AUTO_BUF struct buf told = BUF_INIT(BUF_WHY_MAX_BYTES);

	say_step("packages");
	int n = list_packages(relay, extra, &missing, why);
	if (n < 0)
		return n;
	int r = make_way(relay, extra, &missing, report, &told, why);
	if (r < 0)
		return r;
	if (n == 0) {
		packages_clean_up();
		say_done("all installed%s", buf_str(&told));
		return 0;
	}
	report->n_changed += (size_t)n;
	r = install(relay, buf_str(&missing), why);
	if (r == 0)
		say_done("%d installed: %s%s", n, buf_str(&missing),
			buf_str(&told));
	return r;
}

static int step_users(
	struct relay *relay, struct report *report, struct buf *why)
{
	AUTO_BUF struct buf missing = BUF_INIT(LIST_MAX_BYTES);
	int n = apply_missing_users(&relay->apply, &missing);

	say_step("users");
	int r = n > 0 ? apply_create_users(&relay->apply, why) : 0;
	if (r < 0)
		return r;
	report->n_changed += (size_t)n;
	if (n == 0)
		say_done("all there");
	else
		say_done("%d created: %s", n, buf_str(&missing));
	apply_set_ids(&relay->apply);
	vars_set_packages(relay);
	return 0;
}

/* "1 of 3 files" */
static void add_count(struct buf *out, size_t n, size_t n_all, const char *what)
{
	if (n > 0)
		buf_addf(out, "%s%zu of %zu %s%s", out->len ? ", " : "", n,
			n_all, what, plural(n_all));
}

/* On a server a few are named, and all when asked to be talkative. */
static void add_paths(
	const struct report *report, const struct plan *plan, struct buf *out)
{
	size_t n = plan_count_files(plan);

	if (n == 0 || (n > PATHS_MAX && !report->is_verbose))
		return;
	for (size_t i = 0; i < plan->n_files; i++)
		if (plan->files[i].change != CHANGE_NONE)
			buf_addf(out, "            %s\n", plan->files[i].path);
}

static int carry_out(struct relay *relay, struct plan *plan,
	struct report *report, struct buf *why)
{
	AUTO_BUF struct buf told = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf paths = BUF_INIT(SHOW_MAX_BYTES);
	report->n_changed += plan_count_folders(plan) + plan_count_files(plan);
	int r = plan_carry_out(&relay->apply, plan, why);

	if (r < 0)
		return r;
	add_count(&told, plan_count_folders(plan), plan->n_folders, "folder");
	add_count(&told, plan_count_files(plan), plan->n_files, "file");
	if (told.len == 0)
		say_done("nothing to change");
	else
		say_done("%s renewed", buf_str(&told));
	if (relay->is_server)
		add_paths(report, plan, &paths);
	fputs(buf_str(&paths), stdout);
	fflush(stdout);
	return 0;
}

/* A plan, and after it what it has to tell. */
static int make_plan(struct relay *relay, struct plan **ret_plan,
	struct buf *notes, struct buf *why)
{
	relay->apply.notes = notes;
	int r = plan_make(&relay->apply, ret_plan, why);
	relay->apply.notes = NULL;
	return r;
}

static void tell_notes(const struct buf *notes)
{
	struct slice rest = buf_slice(notes), line;

	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *note = slice_dup(line);
		say_note(note);
	}
}

int setup_files(struct relay *relay, struct report *report,
	struct service_states *ret_states, struct buf *why)
{
	AUTO_BUF struct buf notes = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct plan *plan;

	say_step("files");
	int r = make_plan(relay, &plan, &notes, why);
	if (r < 0)
		return r;
	r = carry_out(relay, plan, report, why);
	if (!report->has_told_notes)
		tell_notes(&notes);
	report->has_told_notes = true;
	if (r == 0)
		r = services_compare(&relay->apply, plan, ret_states, why);
	plan_free(plan);
	return r;
}

int setup_packages(struct relay *relay, const struct setup_extra *extra,
	struct report *report, struct buf *why)
{
	int r = step_packages(relay, extra, report, why);

	if (r == 0)
		r = step_users(relay, report, why);
	if (r == 0 && signals_told_to_stop())
		r = -EINTR;
	return r;
}

int setup_apply(struct relay *relay, struct report *report,
	struct service_states *ret_states, struct buf *why)
{
	static const struct setup_extra none;
	int r = setup_packages(relay, &none, report, why);

	return r < 0 ? r : setup_files(relay, report, ret_states, why);
}

static void show_services(const struct service_states *states)
{
	for (size_t i = 0; i < states->n; i++) {
		const struct service_state *s = &states->v[i];
		if (s->need == SERVICE_RESTART)
			say("(re)start %s", s->decl->name);
		else if (s->need == SERVICE_RELOAD)
			say("reload %s", s->decl->name);
	}
}

static int show_plan(struct relay *relay, const struct setup_extra *extra,
	bool is_all_there, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(SHOW_MAX_BYTES);
	AUTO_BUF struct buf notes = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct service_states states = { 0 };
	struct plan *plan;
	int r = make_plan(relay, &plan, &notes, why);

	if (r < 0)
		return r;
	tell_notes(&notes);
	plan_show(plan, &text);
	if (extra->list)
		extra->list(relay, plan, &text);
	r = services_compare(&relay->apply, plan, &states, why);
	fwrite(buf_str(&text), 1, text.len, stdout);
	show_services(&states);
	if (is_all_there && text.len == 0 &&
		services_count(&states, SERVICE_KEEP) == states.n)
		say("Nothing would change.");
	services_release(&states);
	plan_free(plan);
	return r;
}

int setup_show(
	struct relay *relay, const struct setup_extra *extra, struct buf *why)
{
	AUTO_BUF struct buf packages = BUF_INIT(LIST_MAX_BYTES);
	AUTO_BUF struct buf users = BUF_INIT(LIST_MAX_BYTES);
	int n_packages = list_packages(relay, extra, &packages, why);

	if (n_packages < 0)
		return n_packages;
	if (n_packages > 0)
		say("install %s", buf_str(&packages));
	int n_users = apply_missing_users(&relay->apply, &users);
	if (n_users > 0)
		say("create users %s", buf_str(&users));
	relay->apply.is_dry_run = true;
	apply_set_ids(&relay->apply);
	return show_plan(relay, extra, n_packages + n_users == 0, why);
}
