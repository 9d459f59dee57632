/* Adds up what the processes of a relay use, by program (usage.h). */
#include "cmdeploy/usage/usage.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/usage/gauge.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PROCESSES_MAX = 1 << 16,
	FILE_MAX_BYTES = 1 << 14,
	NAMED_MAX = 3,
	HERE_MSEC = 200,
	ELSEWHERE_MSEC = 1000,
	COMM_CHARS = 16,
	/* Fields of /proc/<pid>/stat, counted from the one after the name. */
	FIELD_PARENT = 1,
	FIELD_REAPED_USER = 13,
	FIELD_REAPED_SYSTEM = 14,
	FIELDS = 15,
};

struct process {
	pid_t pid, parent;
	char label[USAGE_LABEL_BYTES];
	double sec, sec_at_begin;       /* of CPU */
	double reaped, reaped_at_begin; /* of ended children */
	uint64_t n_runs, n_runs_at_begin;
	/* To disks; when it has ended, its parent has that as well. */
	uint64_t n_written, n_written_at_begin;
	uint64_t pss_kb;
	unsigned n_named;
	bool is_there;
};

struct usage {
	pid_t root;
	usage_look_fn look; /* of another machine; NULL: /proc */
	void *owner;
	struct process *processes;
	size_t n;
};

static struct process *find(const struct usage *u, pid_t pid)
{
	for (size_t i = u->n; i-- > 0;)
		if (u->processes[i].pid == pid)
			return &u->processes[i];
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
	struct slice name = slice_trim(buf_slice(&comm));
	const char *service = has_service ? service_of(&command) : "";
	snprintf(p->label, sizeof(p->label), "%s%.*s%s%.20s", house,
		SLICE_FMT(slice_head(name, COMM_CHARS)), service[0] ? " " : "",
		service);
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

/* NULL when the table is full. */
static struct process *place(struct usage *u, pid_t pid)
{
	struct process *p = find(u, pid);

	if (p || u->n == PROCESSES_MAX)
		return p;
	p = &u->processes[u->n++];
	*p = (struct process){ .pid = pid };
	return p;
}

/* What is counted never becomes less, in whichever order it was read. */
static void take(struct process *p, const struct usage_seen *seen)
{
	p->is_there = true;
	p->parent = seen->parent;
	p->sec = seen->sec > p->sec ? seen->sec : p->sec;
	p->reaped = seen->reaped_sec;
	p->n_runs = seen->n_runs > p->n_runs ? seen->n_runs : p->n_runs;
	if (seen->n_written_bytes > p->n_written)
		p->n_written = seen->n_written_bytes;
}

static void look_at(struct usage *u, pid_t pid)
{
	uint64_t fields[FIELDS];

	if (!read_fields(pid, fields))
		return;
	pid_t parent = (pid_t)fields[FIELD_PARENT];
	if (pid != u->root && !find(u, pid) && !find(u, parent))
		return;
	struct process *p = place(u, pid);
	if (!p)
		return;
	/* A process has another name before its exec(). */
	if (p->n_named++ < NAMED_MAX)
		name_process(p);
	take(p,
		&(struct usage_seen){
			.parent = parent,
			.sec = gauge_cpu_sec(pid),
			.reaped_sec = (double)(fields[FIELD_REAPED_USER] +
					      fields[FIELD_REAPED_SYSTEM]) /
				(double)sysconf(_SC_CLK_TCK),
			.n_runs = count_runs(pid),
			.n_written_bytes =
				gauge_number(pid, "io", "write_bytes:"),
		});
}

void usage_saw(struct usage *u, const struct usage_seen *seen)
{
	struct process *p = place(u, seen->pid);

	if (!p)
		return;
	snprintf(p->label, sizeof(p->label), "%.*s", SLICE_FMT(seen->label));
	p->pss_kb = seen->pss_kb;
	take(p, seen);
}

static void look_at_all(struct usage *u)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	if (!dir)
		return;
	/* In the order of their ids, so nearly always parents first. */
	while ((entry = readdir(dir)))
		if (num_parse_u64(slice_of(entry->d_name), &pid) == 0)
			look_at(u, (pid_t)pid);
	closedir(dir);
}

static void look(struct usage *u, bool is_weighing)
{
	for (size_t i = 0; i < u->n; i++)
		u->processes[i].is_there = false;
	if (u->look)
		u->look(u, u->owner, is_weighing);
	else
		look_at_all(u);
}

void usage_look(struct usage *u)
{
	look(u, false);
}

int usage_pause_msec(const struct usage *u)
{
	return u->look ? ELSEWHERE_MSEC : HERE_MSEC;
}

static struct usage *make(struct usage as)
{
	struct usage *u = xcalloc(1, sizeof(*u));

	*u = as;
	u->processes = xcalloc(PROCESSES_MAX, sizeof(*u->processes));
	usage_look(u);
	return u;
}

struct usage *usage_new(pid_t root)
{
	return make((struct usage){ .root = root });
}

struct usage *usage_new_elsewhere(usage_look_fn look_there, void *owner)
{
	return make((struct usage){ .look = look_there, .owner = owner });
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	free(u->processes);
	free(u);
}

void usage_weigh(struct usage *u)
{
	look(u, true);
	for (size_t i = 0; !u->look && i < u->n; i++) {
		struct process *p = &u->processes[i];
		p->pss_kb = p->is_there
			? gauge_number(p->pid, "smaps_rollup", "Pss:")
			: 0;
	}
}

void usage_begin(struct usage *u)
{
	size_t n = 0;

	usage_look(u);
	for (size_t i = 0; i < u->n; i++) {
		struct process p = u->processes[i];
		if (!p.is_there)
			continue;
		p.sec_at_begin = p.sec;
		p.reaped_at_begin = p.reaped;
		p.n_runs_at_begin = p.n_runs;
		p.n_written_at_begin = p.n_written;
		u->processes[n++] = p;
	}
	u->n = n;
}

static double own_sec(const struct usage *u)
{
	double sec = 0;

	for (size_t i = 0; i < u->n; i++)
		sec += u->processes[i].sec - u->processes[i].sec_at_begin;
	return sec;
}

/* What parents have reaped, without what was seen of those children. */
static double ended_sec(const struct usage *u)
{
	double sec = 0;

	for (size_t i = 0; i < u->n; i++) {
		const struct process *p = &u->processes[i];
		sec += p->reaped - p->reaped_at_begin;
		if (!p->is_there)
			sec -= p->sec + p->reaped;
	}
	return sec > 0 ? sec : 0;
}

double usage_cpu_sec(const struct usage *u)
{
	return own_sec(u) + ended_sec(u);
}

/* The last row stands for all that found no room. */
static struct usage_program *program_of(
	struct usage_program *programs, size_t *n, const char *label)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(programs[i].label, label) == 0)
			return &programs[i];
	if (*n == USAGE_PROGRAMS_MAX)
		return &programs[*n - 1];
	bool is_last = *n == USAGE_PROGRAMS_MAX - 1;
	programs[*n] = (struct usage_program){
		.label = is_last ? "others" : label,
	};
	return &programs[(*n)++];
}

static int by_sec(const void *a, const void *b)
{
	double x = ((const struct usage_program *)a)->sec;
	double y = ((const struct usage_program *)b)->sec;

	return (x < y) - (x > y);
}

/* What a process wrote, without what it inherited from ended children. */
static uint64_t written_by(const struct usage *u, const struct process *p)
{
	uint64_t n = p->n_written - p->n_written_at_begin, n_inherited = 0;

	for (size_t i = 0; p->is_there && i < u->n; i++) {
		const struct process *child = &u->processes[i];
		if (!child->is_there && child->parent == p->pid)
			n_inherited += child->n_written;
	}
	return n > n_inherited ? n - n_inherited : 0;
}

size_t usage_programs(const struct usage *u,
	uint64_t (*count_of)(void *owner, pid_t pid), void *owner,
	struct usage_program ret_programs[USAGE_PROGRAMS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		const struct process *p = &u->processes[i];
		struct usage_program *program =
			program_of(ret_programs, &n, p->label);
		program->sec += p->sec - p->sec_at_begin;
		program->n_runs += p->n_runs - p->n_runs_at_begin;
		program->n_written_bytes += written_by(u, p);
		program->n_counted += count_of ? count_of(owner, p->pid) : 0;
		program->pss_kb += p->pss_kb;
		program->n += p->is_there;
	}
	program_of(ret_programs, &n, "ended")->sec += ended_sec(u);
	qsort(ret_programs, n, sizeof(*ret_programs), by_sec);
	return n;
}

struct usage_program usage_sum(const struct usage_program *programs, size_t n)
{
	struct usage_program all = { .label = "all" };

	for (size_t i = 0; i < n; i++) {
		all.sec += programs[i].sec;
		all.n_runs += programs[i].n_runs;
		all.n_written_bytes += programs[i].n_written_bytes;
		all.n_counted += programs[i].n_counted;
		all.pss_kb += programs[i].pss_kb;
		all.n += programs[i].n;
	}
	return all;
}
