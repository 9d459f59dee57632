/* This machine, and the two ways of struct host. */
#include "cmdeploy/host/host.h"

#include <errno.h>
#include <string.h>

enum {
	OS_RELEASE_MAX_BYTES = 65536,
};

static int run(const struct host *host UNUSED, const struct proc *proc,
	struct buf *why)
{
	return proc_run_ok(proc, why);
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

static const struct {
	const char *name, *key;
} facts[] = {
	{ "os", "ID" },
	{ "os_version", "VERSION_ID" },
};

static int fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (strcmp(facts[i].name, name) == 0)
			return os_release(facts[i].key, out, why);
	return because(
		why, -ENOENT, "%s: unknown fact \"%s\"", host->name, name);
}

const struct host host_local = {
	.name = "this machine",
	.run = run,
	.fact = fact,
};

int host_run(const struct host *host, const struct proc *proc, struct buf *why)
{
	return host->run(host, proc, why);
}

int host_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	return host->fact(host, name, out, why);
}
