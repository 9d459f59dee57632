/* Adds up what the processes of a relay use, by program (tree.h). */
#include "bench/tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/fsyncs.h"
#include "bench/gauge.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PROCESSES_MAX = 1 << 16,
	PROGRAMS_MAX = 256,
	FILE_MAX_BYTES = 1 << 14,
	LABEL_BYTES = 48,
	NAMED_MAX = 3,
	/* Fields of /proc/<pid>/stat, counted from the one after the name. */
	FIELD_PARENT = 1,
	FIELD_REAPED_USER = 13,
	FIELD_REAPED_SYSTEM = 14,
	FIELDS = 15,
};

struct process {
	pid_t pid;
	char label[LABEL_BYTES];
	double sec, sec_at_begin;       /* of CPU */
	double reaped, reaped_at_begin; /* of ended children */
	uint64_t n_runs, n_runs_at_begin;
	unsigned n_named;
	bool is_there;
};

struct program {
	const char *label;
	double sec;
	uint64_t n_runs, n_fsyncs;
};

struct tree {
	pid_t root;
	struct fsyncs *fsyncs;
	struct process *processes;
	size_t n;
};

static struct process *find(const struct tree *t, pid_t pid)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->processes[i].pid == pid)
			return &t->processes[i];
	return NULL;
}

static bool read_file(pid_t pid, const char *name, struct buf *out)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, name);

	return file_read(path, out, NULL) == 0;
}

static bool read_fields(pid_t pid, uint64_t *fields)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct slice before, rest, word;

	if (!read_file(pid, "stat", &text) ||
		!slice_cut_last(buf_slice(&text), ')', &before, &rest))
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		if (!slice_next_word(&rest, &word))
			return false;
		/* Some fields are not numbers. */
		fields[i] = 0;
		if (num_parse_u64(word, &fields[i]) < 0)
			fields[i] = 0;
	}
	return true;
}

/* What Postfix calls the service that it is: the word after "-n". */
static const char *service_of(const struct buf *command)
{
	const char *end = command->ptr + command->len;

	for (const char *p = command->ptr; p < end; p += strlen(p) + 1) {
		if (strcmp(p, "-n") != 0 || p + sizeof("-n") >= end)
			continue;
		const char *name = p + sizeof("-n");
		const char *port = strrchr(name, ':');
		return port ? port + 1 : name;
	}
	return "";
}

/* "postfix smtpd submissions", "dovecot lmtp", "filtermail". */
static void name_process(struct process *p)
{
	AUTO_BUF struct buf comm = BUF_INIT(FILE_MAX_BYTES);
	AUTO_BUF struct buf command = BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *link = xasprintf("/proc/%d/exe", (int)p->pid);
	char exe[PATH_MAX] = "";
	const char *house = "";

	if (!read_file(p->pid, "comm", &comm) ||
		readlink(link, exe, sizeof(exe) - 1) < 0)
		return;
	bool is_postfix = strstr(exe, "/postfix/") != NULL;
	if (is_postfix)
		house = "postfix ";
	else if (strstr(exe, "dovecot"))
		house = "dovecot ";
	bool has_service = is_postfix && read_file(p->pid, "cmdline", &command);
	buf_add_char(&command, '\0');
	snprintf(p->label, sizeof(p->label), "%s%.16s %.20s", house,
		buf_str(&comm), has_service ? service_of(&command) : "");
	char *lf = strchr(p->label, '\n');
	if (lf)
		memmove(lf, lf + 1, strlen(lf));
}

static uint64_t count_runs(pid_t pid)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct slice rest, word;
	uint64_t n = 0;

	if (!read_file(pid, "schedstat", &text))
		return 0;
	rest = buf_slice(&text);
	for (int i = 0; i < 3; i++)
		if (!slice_next_word(&rest, &word))
			return 0;
	return num_parse_u64(word, &n) == 0 ? n : 0;
}

static void look_at(struct tree *t, pid_t pid)
{
	struct process *p = find(t, pid);
	uint64_t fields[FIELDS];

	if (!read_fields(pid, fields))
		return;
	if (!p) {
		if (pid != t->root && !find(t, (pid_t)fields[FIELD_PARENT]))
			return;
		if (t->n == PROCESSES_MAX)
			die("more than %d processes", PROCESSES_MAX);
		p = &t->processes[t->n++];
		*p = (struct process){ .pid = pid };
	}
	/* A process has another name before its exec(). */
	if (p->n_named++ < NAMED_MAX)
		name_process(p);
	p->is_there = true;
	double sec = gauge_cpu_sec(pid);
	p->sec = sec > p->sec ? sec : p->sec;
	p->reaped = (double)(fields[FIELD_REAPED_USER] +
			    fields[FIELD_REAPED_SYSTEM]) /
		(double)sysconf(_SC_CLK_TCK);
	uint64_t n_runs = count_runs(pid);
	p->n_runs = n_runs > p->n_runs ? n_runs : p->n_runs;
}

void tree_look(struct tree *t)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	if (!dir)
		die("/proc: %s", strerror(errno));
	for (size_t i = 0; i < t->n; i++)
		t->processes[i].is_there = false;
	/* In the order of their ids, so nearly always parents first. */
	while ((entry = readdir(dir)))
		if (num_parse_u64(slice_of(entry->d_name), &pid) == 0)
			look_at(t, (pid_t)pid);
	closedir(dir);
}

struct tree *tree_new(pid_t root)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->root = root;
	t->processes = xcalloc(PROCESSES_MAX, sizeof(*t->processes));
	t->fsyncs = fsyncs_new();
	tree_look(t);
	if (!t->n)
		die("process %d does not exist", (int)root);
	return t;
}

void tree_close(struct tree *t)
{
	fsyncs_free(t->fsyncs);
	t->fsyncs = NULL;
}

void tree_begin(struct tree *t)
{
	size_t n = 0;

	tree_look(t);
	for (size_t i = 0; i < t->n; i++) {
		struct process p = t->processes[i];
		if (!p.is_there)
			continue;
		p.sec_at_begin = p.sec;
		p.reaped_at_begin = p.reaped;
		p.n_runs_at_begin = p.n_runs;
		t->processes[n++] = p;
	}
	t->n = n;
	fsyncs_begin(t->fsyncs);
}

static double own_sec(const struct tree *t)
{
	double sec = 0;

	for (size_t i = 0; i < t->n; i++)
		sec += t->processes[i].sec - t->processes[i].sec_at_begin;
	return sec;
}

/* What parents have reaped, without what was seen of those children. */
static double ended_sec(const struct tree *t)
{
	double sec = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct process *p = &t->processes[i];
		sec += p->reaped - p->reaped_at_begin;
		if (!p->is_there)
			sec -= p->sec + p->reaped;
	}
	return sec > 0 ? sec : 0;
}

double tree_cpu_sec(const struct tree *t)
{
	return own_sec(t) + ended_sec(t);
}

static struct program *program_of(
	struct program *programs, size_t *n, const char *label)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(programs[i].label, label) == 0)
			return &programs[i];
	if (*n == PROGRAMS_MAX)
		die("more than %d programs", PROGRAMS_MAX);
	programs[*n] = (struct program){ .label = label };
	return &programs[(*n)++];
}

static int by_sec(const void *a, const void *b)
{
	double x = ((const struct program *)a)->sec;
	double y = ((const struct program *)b)->sec;

	return (x < y) - (x > y);
}

static void print_line(const struct tree *t, const struct program *p, double n)
{
	printf("  %-34s %8.3f ms  %7.2f runs", p->label, p->sec * 1e3 / n,
		(double)p->n_runs / n);
	if (t->fsyncs && p->n_fsyncs)
		printf("  %6.2f fsyncs", (double)p->n_fsyncs / n);
	putchar('\n');
}

void tree_print(struct tree *t, uint64_t n)
{
	struct program programs[PROGRAMS_MAX], all = { .label = "all" };
	size_t n_programs = 0;

	fsyncs_read(t->fsyncs);
	for (size_t i = 0; i < t->n; i++) {
		const struct process *p = &t->processes[i];
		struct program *program =
			program_of(programs, &n_programs, p->label);
		program->sec += p->sec - p->sec_at_begin;
		program->n_runs += p->n_runs - p->n_runs_at_begin;
		program->n_fsyncs += fsyncs_of(t->fsyncs, p->pid);
	}
	program_of(programs, &n_programs, "ended")->sec += ended_sec(t);
	qsort(programs, n_programs, sizeof(*programs), by_sec);
	for (size_t i = 0; i < n_programs; i++) {
		if (programs[i].sec * 1e6 / (double)n >= 1)
			print_line(t, &programs[i], (double)n);
		all.sec += programs[i].sec;
		all.n_runs += programs[i].n_runs;
		all.n_fsyncs += programs[i].n_fsyncs;
	}
	print_line(t, &all, (double)n);
	fflush(stdout);
}
