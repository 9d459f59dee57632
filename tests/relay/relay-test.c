/*
 * relay-test STORY: runs one story of stories.h on relays of its
 * own.
 *
 * One process owns the relays and one tells the story, so that a story
 * that crashes, hangs or is ended by a signal still has its relays taken
 * down.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/die.h"
#include "lib/file.h"
#include "tests/relay/stories.h"

enum {
	LOG_MAX_BYTES = 64 << 20,
	TROUBLES_N = 8,
};

static const struct story *find_story(const char *name)
{
	for (size_t i = 0; i < stories_n; i++)
		if (!strcmp(stories[i].name, name))
			return &stories[i];
	return NULL;
}

/* The last troubles that core had: often the cause lies there. */
static void print_troubles(const struct bed *bed)
{
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	AUTO_FREE char *path = xasprintf("%s/core.log", bed->dir);
	struct slice last[TROUBLES_N], line;
	size_t n = 0;

	if (file_read(path, &log, NULL) < 0)
		return;
	struct slice rest = buf_slice(&log);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *text = slice_dup(line);
		if (strstr(text, ": Warning: ") || strstr(text, ": Error: "))
			last[n++ % TROUBLES_N] = line;
	}
	for (size_t i = n < TROUBLES_N ? 0 : n - TROUBLES_N; i < n; i++)
		printf("core: %.*s\n", SLICE_FMT(last[i % TROUBLES_N]));
}

/* In the child: everything but the relays. */
static int tell(struct bed *bed, const struct story *story)
{
	int r = story->domain ? bed_enter_names(bed) : 0;

	if (r == 0)
		r = bed_open_core(bed);
	if (r == 0)
		r = story->tell(bed);
	if (r == 0)
		return 0;
	print_troubles(bed);
	bed_tell("FAILED: %s", buf_str(bed->why));
	return 1;
}

static volatile sig_atomic_t is_stopped;

static void on_signal(int sig UNUSED)
{
	is_stopped = 1;
}

static void handle_signals(void (*handler)(int))
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = handler };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static int wait_story(pid_t pid)
{
	int status;

	if (!is_stopped && waitpid(pid, &status, 0) == pid)
		return status == 0 ? 0 : 1;
	bed_tell("FAILED: interrupted");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 1;
}

static int run_child(struct bed *bed, const struct story *story)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		handle_signals(SIG_DFL);
		int status = tell(bed, story);
		bed_release(bed);
		exit(status);
	}
	return wait_story(pid);
}

static int run_story(const struct story *story)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct bed bed;
	size_t n_up = 0;
	int status = 0;

	bed_init(&bed, story->n_relays, story->domain, &why);
	if (story->settings)
		bed.settings = xstrdup(story->settings);
	handle_signals(on_signal);
	if (story->prepare)
		status = story->prepare(&bed) < 0;
	while (!status && !is_stopped && n_up < story->n_relays)
		status = bed_up(&bed, n_up++) < 0;
	if (status)
		bed_tell("FAILED: %s", buf_str(&why));
	else
		status = run_child(&bed, story);
	while (n_up > 0)
		if (bed_down(&bed, --n_up) < 0 ||
			bed_check_logs(&bed, n_up) < 0) {
			bed_tell("FAILED: %s", buf_str(&why));
			status = 1;
		}
	bed_release(&bed);
	return status;
}

int main(int argc, char **argv)
{
	const struct story *story = argc == 2 ? find_story(argv[1]) : NULL;

	if (!story)
		die("usage: relay-test STORY; the stories are in stories.c");
	return run_story(story);
}
