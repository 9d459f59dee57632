/* The command `cmdeploy webdev`: builds, watches, serves, tells. */
#include "cmdeploy/webdev/webdev.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "cmdeploy/site/source.h"
#include "cmdeploy/webdev/project.h"
#include "cmdeploy/webdev/serve.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	CLOCK_MAX_BYTES = 16,
	/* How often the sources are looked at. */
	LOOK_MSEC = 50,
};

struct webdev {
	struct project project;
	struct serve *serve;
};

static void say_built(const struct webdev *w, uint64_t usec)
{
	time_t now = time(NULL);
	char clock[CLOCK_MAX_BYTES] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%T", &tm);
	if (w->project.error)
		say_error("%s", w->project.error);
	else
		say("  %s  %zu files built in %.1f ms", clock,
			w->project.pages.n, (double)usec / 1000);
}

/* Those that were told after the last build are not told again. */
static void say_notes(const char *before, const char *notes)
{
	struct slice rest = slice_of(notes ? notes : ""), line;

	if (before && notes && strcmp(before, notes) == 0)
		return;
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *note = slice_dup(line);
		say_note(note);
	}
}

static void rebuild(struct webdev *w)
{
	AUTO_FREE char *notes =
		w->project.notes ? xstrdup(w->project.notes) : NULL;
	uint64_t start = clock_usec();

	if (!project_build(&w->project))
		return;
	say_built(w, clock_usec() - start);
	say_notes(notes, w->project.notes);
	serve_tell_change(w->serve);
}

/* Where there is a desktop. The browser outlives us and our Ctrl-C. */
static void open_browser(const char *url)
{
	const struct child child = {
		.argv = PROC_WORDS("xdg-open", url),
		.place = CHILD_IN_SESSION,
	};
	pid_t pid;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return;
	if (child_spawn(&child, &pid, NULL) < 0)
		say_note("no browser could be opened; xdg-open is missing");
}

static int listen_somewhere(
	struct webdev *w, const struct webdev_options *options, struct buf *why)
{
	int r = serve_new(&w->project, options->port, &w->serve, why);

	if (r == -EADDRINUSE && options->is_port_usual)
		r = serve_new(&w->project, 0, &w->serve, why);
	if (r == -EADDRINUSE)
		return because(why, r,
			"port %u of 127.0.0.1 is in use; choose another "
			"with --port",
			options->port);
	return r;
}

static void say_where(const struct webdev *w, const char *url)
{
	const struct project *p = &w->project;

	say_bold("The pages of %s: %s",
		p->config.mail_domain ? p->config.mail_domain : p->ini, url);
	if (p->is_ours)
		say("  They are ours. \"%s webdev --copy\" puts their sources "
		    "into %s,\n  to be changed.",
			say_program(), p->dir);
	else if (p->dir)
		say("  Change what is in %s, and see. Ctrl-C ends this.",
			p->dir);
}

int webdev_run(const struct webdev_options *options, struct buf *why)
{
	struct webdev w = { .project.ini = options->ini };
	int r = listen_somewhere(&w, options, why);

	if (r < 0)
		return r;
	AUTO_FREE char *url =
		xasprintf("http://127.0.0.1:%u/", serve_port(w.serve));
	signals_hold();
	rebuild(&w);
	say_where(&w, url);
	if (options->has_browser)
		open_browser(url);
	while (signals_next(0) != SIGNALS_STOP) {
		serve_run(w.serve, LOOK_MSEC);
		if (project_has_changed(&w.project))
			rebuild(&w);
	}
	serve_free(w.serve);
	project_release(&w.project);
	return 0;
}

static int write_source(
	const char *dir, const struct file_bytes *file, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file->name);

	return file_write(path, file_bytes_slice(file),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}

int webdev_copy(const char *ini, char **ret_dir, struct buf *why)
{
	struct project project = { .ini = ini };
	struct site_source source = { 0 };
	int r = project_open(&project, why);

	if (r == 0 && file_exists(project.dir))
		r = because(why, -EEXIST,
			"%s is there already and stays as it is", project.dir);
	if (r == 0)
		r = site_source_read(NULL, &source, why);
	if (r == 0)
		r = dir_make(project.dir, 0755, why);
	for (size_t i = 0; r == 0 && i < source.files.n; i++)
		r = write_source(project.dir, &source.files.v[i], why);
	if (r == 0)
		*ret_dir = TAKE(project.dir);
	site_source_release(&source);
	project_release(&project);
	return r;
}
