#include "cmdeploy/webdev/webdev.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <time.h>

#include "cmdeploy/say.h"
#include "cmdeploy/site/source.h"
#include "cmdeploy/webdev/answer.h"
#include "cmdeploy/webdev/project.h"
#include "cmdeploy/webdev/serve.h"
#include "cmdeploy/webdev/watch.h"
#include "lib/file.h"

enum {
	CLOCK_MAX_BYTES = 16,
};

struct webdev {
	sd_event *event;
	struct project project;
	struct watch *watch;
	struct serve *serve;
};

static void on_request(const struct serve_request *request,
	struct serve_answer *answer, void *owner)
{
	const struct webdev *w = owner;

	answer_request(&w->project, request, answer);
}

static void say_built(const struct webdev *w, uint64_t usec)
{
	time_t now = time(NULL);
	char clock[CLOCK_MAX_BYTES] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%T", &tm);
	if (w->project.trouble)
		say_error("%s", w->project.trouble);
	else
		say("  %s  %zu files built in %.1f ms", clock,
			w->project.pages.n, (double)usec / 1000);
}

static int watch_all(struct webdev *w, struct buf *why)
{
	int r = watch_file(w->watch, w->project.ini, why);

	if (r == 0 && w->project.dir)
		r = watch_below(w->watch, w->project.dir, why);
	return r;
}

static uint64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Once for as long as it is so. */
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

static void rebuild(void *owner)
{
	struct webdev *w = owner;
	AUTO_FREE char *notes =
		w->project.notes ? xstrdup(w->project.notes) : NULL;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	uint64_t start = now_usec();
	int is_changed = project_build(&w->project);
	uint64_t took = now_usec() - start;

	if (watch_all(w, &why) < 0)
		say_error("%s", buf_str(&why));
	if (!is_changed)
		return;
	say_built(w, took);
	say_notes(notes, w->project.notes);
	if (w->serve)
		serve_tell_change(w->serve);
}

extern char **environ;

/* Where there is a desktop; it need not work. */
static void open_browser(const char *url)
{
	char *const argv[] = { (char *)"xdg-open", (char *)url, NULL };
	const struct sigaction action = {
		.sa_handler = SIG_DFL,
		.sa_flags = SA_NOCLDWAIT,
	};
	posix_spawnattr_t apart;
	sigset_t none;
	pid_t pid;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return;
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&none);
	/* It outlives our Ctrl-C, and knows its own. */
	posix_spawnattr_init(&apart);
	posix_spawnattr_setflags(
		&apart, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&apart, &none);
	if (posix_spawnp(&pid, argv[0], NULL, &apart, argv, environ) != 0)
		say_note("no browser could be opened; xdg-open is missing");
	posix_spawnattr_destroy(&apart);
}

static int listen_somewhere(
	struct webdev *w, const struct webdev_options *options, struct buf *why)
{
	int r = serve_new(
		w->event, options->port, on_request, w, &w->serve, why);

	if (r == -EADDRINUSE && options->is_port_usual)
		r = serve_new(w->event, 0, on_request, w, &w->serve, why);
	if (r == -EADDRINUSE)
		return because(why, r,
			"port %u of 127.0.0.1 is in use; name another by "
			"--port",
			options->port);
	return r;
}

static int stop_on_signals(sd_event *event)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Without a handler it ends the loop. */
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(signals); i++)
		r = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
	return r < 0 ? r : 0;
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

static int run(
	struct webdev *w, const struct webdev_options *options, struct buf *why)
{
	int r = stop_on_signals(w->event);

	if (r == 0)
		r = watch_new(w->event, rebuild, w, &w->watch, why);
	if (r == 0)
		r = listen_somewhere(w, options, why);
	if (r < 0)
		return r;
	rebuild(w);
	AUTO_FREE char *url =
		xasprintf("http://127.0.0.1:%u/", serve_port(w->serve));
	say_where(w, url);
	if (options->has_browser)
		open_browser(url);
	r = sd_event_loop(w->event);
	return r < 0 ? because(why, r, "the event loop: %s", strerror(-r)) : 0;
}

int webdev_run(const struct webdev_options *options, struct buf *why)
{
	struct webdev w = { .project.ini = options->ini };
	int r = sd_event_new(&w.event);

	if (r >= 0)
		r = run(&w, options, why);
	serve_free(w.serve);
	watch_free(w.watch);
	project_release(&w.project);
	sd_event_unref(w.event);
	return r;
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
