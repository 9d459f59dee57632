#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmdeploy/host/host.h"

enum {
	OS_RELEASE_MAX_BYTES = 65536,
};

static int run(const struct host *host UNUSED, const struct proc *proc,
	struct buf *why)
{
	return proc_run_ok(proc, why);
}

static int put(const struct host *host UNUSED, const char *path,
	struct slice data, struct file_owner owner, struct buf *why)
{
	return file_write(path, data, owner, why);
}

/* The value of one key of os-release(5), without its quotes. */
static int os_release(const char *wanted, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(OS_RELEASE_MAX_BYTES);
	int r = file_read("/etc/os-release", &text, why);
	struct slice rest, line, key, value;

	if (r < 0)
		return r;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		if (!slice_cut(line, '=', &key, &value) ||
			!slice_eq_str(key, wanted))
			continue;
		if (value.len >= 2 && value.ptr[0] == '"')
			value = slice_head(slice_from(value, 1), value.len - 2);
		buf_add_slice(out, value);
		return 0;
	}
	return because(why, -ENOENT, "/etc/os-release: no %s", wanted);
}

static int fact_os(struct buf *out, struct buf *why)
{
	return os_release("ID", out, why);
}

static int fact_os_version(struct buf *out, struct buf *why)
{
	return os_release("VERSION_ID", out, why);
}

static int fact_arch(struct buf *out, struct buf *why UNUSED)
{
	struct utsname name;

	uname(&name);
	buf_add_str(out, name.machine);
	return 0;
}

static int fact_kernel(struct buf *out, struct buf *why UNUSED)
{
	struct utsname name;

	uname(&name);
	buf_addf(out, "%s %s", name.sysname, name.release);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct buf *out, struct buf *why);
} facts[] = {
	{ "os", fact_os },
	{ "os_version", fact_os_version },
	{ "arch", fact_arch },
	{ "kernel", fact_kernel },
};

static int fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (strcmp(facts[i].name, name) == 0)
			return facts[i].read(out, why);
	return because(why, -ENOENT, "%s: nobody knows the fact \"%s\"",
		host->name, name);
}

const struct host host_local = {
	.name = "this machine",
	.run = run,
	.put = put,
	.fact = fact,
};
