/* Counts fsyncs by process, in a trace of the kernel of its own (fsyncs.h). */
#include "bench/fsyncs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/own-folder.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	CALLS_MAX = 1 << 20,
	LINE_BYTES = 512,
};

static const char *const events[] = { "sys_enter_fsync",
	"sys_enter_fdatasync" };

struct fsyncs {
	char *mount_point;
	char *instance;
	pid_t *pids; /* one for each call */
	size_t n;
};

static bool write_to(const struct fsyncs *f, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", f->instance, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd >= 0 && fd_write_all(fd, slice_of(text)) == 0;
}

static bool set_up(struct fsyncs *f)
{
	if (mount("none", f->mount_point, "tracefs", 0, NULL) < 0)
		return false;
	f->instance = xasprintf(
		"%s/instances/bench-%d", f->mount_point, (int)getpid());
	if (mkdir(f->instance, 0700) < 0 ||
		!write_to(f, "buffer_size_kb", "16384"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		AUTO_FREE char *name =
			xasprintf("events/syscalls/%s/enable", events[i]);
		if (!write_to(f, name, "1"))
			return false;
	}
	return true;
}

struct fsyncs *fsyncs_new(void)
{
	struct fsyncs *f = xcalloc(1, sizeof(*f));

	f->mount_point = own_folder_make("bench-trace");
	f->pids = xcalloc(CALLS_MAX, sizeof(*f->pids));
	if (set_up(f))
		return f;
	fsyncs_free(f);
	return NULL;
}

void fsyncs_free(struct fsyncs *f)
{
	if (!f)
		return;
	if (f->instance)
		rmdir(f->instance);
	umount(f->mount_point);
	rmdir(f->mount_point);
	free(f->instance);
	free(f->mount_point);
	free(f->pids);
	free(f);
}

void fsyncs_begin(struct fsyncs *f)
{
	if (!f)
		return;
	write_to(f, "trace", "");
	f->n = 0;
}

/* "  lmtp-1234  [001] ..... 12.3: sys_fsync(fd: 5)", 0 for a heading. */
static pid_t pid_in(char *line)
{
	char *cpu = strstr(line, " [");
	struct slice name, word;
	uint64_t pid;

	if (line[0] == '#' || !cpu)
		return 0;
	struct slice before =
		slice_trim(slice_make(line, (size_t)(cpu - line)));
	if (!slice_cut_last(before, '-', &name, &word) ||
		num_parse_u64(word, &pid) < 0)
		return 0;
	return (pid_t)pid;
}

void fsyncs_read(struct fsyncs *f)
{
	char line[LINE_BYTES];

	if (!f)
		return;
	AUTO_FREE char *path = xasprintf("%s/trace", f->instance);
	FILE *trace = fopen(path, "re");
	while (trace && fgets(line, sizeof(line), trace)) {
		pid_t pid = pid_in(line);
		if (pid && f->n < CALLS_MAX)
			f->pids[f->n++] = pid;
	}
	if (trace)
		fclose(trace);
	write_to(f, "trace", "");
}

uint64_t fsyncs_of(const struct fsyncs *f, pid_t pid)
{
	uint64_t n = 0;

	for (size_t i = 0; f && i < f->n; i++)
		n += f->pids[i] == pid;
	return n;
}
