/* This machine, and the two ways of struct host. */
#include "cmdeploy/host/host.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "lib/die.h"
#include "lib/num.h"

enum {
	FACTS_MAX_BYTES = 65536,
	FACTS_SEC = 120,
};

static int run(const struct host *host UNUSED, const struct proc *proc,
	struct buf *why)
{
	return proc_run_ok(proc, why);
}

int facts_find(struct slice lines, const char *name, struct buf *out)
{
	struct slice line, key, value;

	while (slice_next_line(&lines, &line))
		if (slice_cut(line, '=', &key, &value) &&
			slice_eq_str(key, name)) {
			buf_add_slice(out, slice_trim(value));
			return 1;
		}
	return 0;
}

/* The value of one key of os-release(5), without its quotes. */
static int os_release(const char *key, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(FACTS_MAX_BYTES);
	AUTO_BUF struct buf value = BUF_INIT(FACTS_MAX_BYTES);
	int r = file_read("/etc/os-release", &text, why);

	if (r < 0)
		return r;
	if (facts_find(buf_slice(&text), key, &value) == 0)
		return because(why, -ENOENT, "/etc/os-release: no %s", key);
	struct slice bare = buf_slice(&value);
	if (bare.len >= 2 && bare.ptr[0] == '"')
		bare = slice_head(slice_from(bare, 1), bare.len - 2);
	buf_add_slice(out, bare);
	return 0;
}

/* Of this machine; asked for once. */
static int local_facts(struct slice *ret_lines, struct buf *why)
{
	static struct buf lines = BUF_INIT(FACTS_MAX_BYTES);
	struct slice script;

	if (!embed_find("host/facts.sh", &script))
		bug("no host/facts.sh");
	AUTO_FREE char *text = slice_dup(script);
	const char *const argv[] = { "sh", "-c", text, NULL };
	const struct proc proc = {
		.argv = argv,
		.timeout_sec = FACTS_SEC,
		.out = &lines,
	};
	int r = lines.len > 0 ? 0 : proc_run_ok(&proc, why);
	*ret_lines = buf_slice(&lines);
	return r;
}

/* Those of the system are wanted often, and are quicker to be had. */
static int fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why)
{
	struct slice lines;

	if (strcmp(name, "os") == 0)
		return os_release("ID", out, why);
	if (strcmp(name, "os_version") == 0)
		return os_release("VERSION_ID", out, why);
	int r = local_facts(&lines, why);
	if (r < 0 || facts_find(lines, name, out) == 1)
		return r;
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

bool host_has_fact(const struct host *host, const char *name)
{
	AUTO_BUF struct buf value = BUF_INIT(FACTS_MAX_BYTES);

	return host_fact(host, name, &value, NULL) == 0 && value.len > 0;
}

uint64_t host_number(const struct host *host, const char *name)
{
	AUTO_BUF struct buf value = BUF_INIT(FACTS_MAX_BYTES);
	uint64_t n;

	if (host_fact(host, name, &value, NULL) < 0 ||
		num_parse_u64(buf_slice(&value), &n) < 0)
		return 0;
	return n;
}

int host_has_release(const struct host *host, struct buf *why)
{
	AUTO_BUF struct buf os = BUF_INIT(FACTS_MAX_BYTES);
	AUTO_BUF struct buf version = BUF_INIT(FACTS_MAX_BYTES);
	int r = host_fact(host, "os", &os, why);

	if (r == 0)
		r = host_fact(host, "os_version", &version, why);
	if (r < 0)
		return r;
	return slice_eq_str(buf_slice(&os), "debian") &&
		(slice_eq_str(buf_slice(&version), "12") ||
			slice_eq_str(buf_slice(&version), "13"));
}
