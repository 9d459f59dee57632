#include <stdbool.h>

#include "cmdeploy/supervise/tree.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	STAT_MAX_BYTES = 1024,
};

struct process {
	pid_t pid;
	pid_t parent;
	bool is_ours;
};

struct table {
	struct process *v;
	size_t n;
};

void tree_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* "12 (name with ) in it) S 1 ..." */
static bool read_parent(const char *pid, pid_t *ret_parent)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/stat", pid);
	AUTO_BUF struct buf text = BUF_INIT(STAT_MAX_BYTES);
	struct slice before, after, state, parent;
	uint64_t number;

	if (file_read(path, &text, NULL) < 0 ||
		!slice_cut_last(buf_slice(&text), ')', &before, &after) ||
		!slice_next_word(&after, &state) ||
		!slice_next_word(&after, &parent) ||
		num_parse_max(parent, INT32_MAX, &number) < 0)
		return false;
	*ret_parent = (pid_t)number;
	return true;
}

static struct table read_table(void)
{
	struct table t = { 0 };
	size_t cap = 0;
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct process p = { 0 };
		uint64_t pid;
		if (num_parse_max(slice_of(entry->d_name), INT32_MAX, &pid) <
				0 ||
			!read_parent(entry->d_name, &p.parent))
			continue;
		p.pid = (pid_t)pid;
		if (t.n == cap) {
			cap = cap ? cap * 2 : 256;
			t.v = xreallocarray(t.v, cap, sizeof(*t.v));
		}
		t.v[t.n++] = p;
	}
	if (dir)
		closedir(dir);
	return t;
}

static bool is_ours(const struct table *t, pid_t pid, pid_t self)
{
	if (pid == self)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].pid == pid)
			return t->v[i].is_ours;
	return false;
}

/* Marks from the root down, until a round finds no more. */
static void mark_ours(struct table *t)
{
	pid_t self = getpid();
	bool is_growing = true;

	while (is_growing) {
		is_growing = false;
		for (size_t i = 0; i < t->n; i++) {
			struct process *p = &t->v[i];
			if (p->is_ours || !is_ours(t, p->parent, self))
				continue;
			p->is_ours = is_growing = true;
		}
	}
}

size_t tree_signal(int signal_number)
{
	struct table t = read_table();
	size_t n = 0;

	mark_ours(&t);
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].is_ours && kill(t.v[i].pid, signal_number) == 0)
			n++;
	free(t.v);
	return n;
}

bool tree_wait(uint64_t msec)
{
	uint64_t end = clock_msec() + msec;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			continue;
		if (pid < 0 && errno == ECHILD)
			return true;
		uint64_t now = clock_msec();
		if (now >= end)
			return false;
		uint64_t left = end - now;
		const struct timespec time = {
			.tv_sec = (time_t)(left / 1000),
			.tv_nsec = (long)(left % 1000) * 1000000,
		};
		sigtimedwait(&set, NULL, &time);
	}
}
