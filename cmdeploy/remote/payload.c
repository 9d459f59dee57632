/* What is shipped to a host: compared, packed, sent. */
#include "cmdeploy/remote/payload.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/say.h"

enum {
	PACK_SEC = 120,
	SEND_SEC = 3600,
	ARCHIVE_MAX_BYTES = 256 << 20,
	FACTS_MAX_BYTES = 4096,
};

/* The host tells these of its own by the same script. */
static int read_own(
	const struct payload *payload, struct buf *facts, struct buf *why)
{
	struct slice text;

	if (!embed_find("host/facts.sh", &text))
		return because(why, -ENOENT, "host/facts.sh: not in here");
	AUTO_FREE char *script = slice_dup(text);
	const char *www = payload->www_path ? payload->www_path : "";

	return proc_run_ok(
		&(struct proc){
			.argv = PROC_WORDS("sh", "-c", script, "sh",
				payload->ini_path, www),
			.timeout_sec = PACK_SEC,
			.out = facts,
		},
		why);
}

static int differs(const struct host *host, const struct buf *own,
	const char *name, bool *ret_differs, struct buf *why)
{
	AUTO_BUF struct buf ours = BUF_INIT(FACTS_MAX_BYTES);
	AUTO_BUF struct buf theirs = BUF_INIT(FACTS_MAX_BYTES);
	int r = host_fact(host, name, &theirs, why);

	if (r == 0)
		*ret_differs = facts_find(buf_slice(own), name, &ours) == 0 ||
			!slice_eq(buf_slice(&theirs), buf_slice(&ours));
	return r;
}

int payload_compare(
	struct payload *payload, const struct host *host, struct buf *why)
{
	AUTO_BUF struct buf own = BUF_INIT(FACTS_MAX_BYTES);
	int r = read_own(payload, &own, why);

	buf_addf(&own, "package=%s\n", payload->package->version);
	if (r == 0)
		r = differs(host, &own, "ini", &payload->has_ini, why);
	if (r == 0)
		r = differs(host, &own, "www", &payload->has_www, why);
	if (r == 0)
		r = differs(host, &own, "package", &payload->has_package, why);
	return r;
}

bool payload_is_empty(const struct payload *payload)
{
	return !payload->has_ini && !payload->has_www && !payload->has_package;
}

void payload_describe(const struct payload *payload, struct buf *out)
{
	const struct {
		bool is_there;
		const char *text;
	} parts[] = {
		{ payload->has_package,
			payload->package->deb ? "the package" : "the sources" },
		{ payload->has_ini, "chatmail.ini" },
		{ payload->has_www && payload->www_path, "your pages" },
		{ payload->has_www && !payload->www_path,
			"that you have no own pages" },
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].is_there)
			buf_addf(out, "%s%s", out->len ? ", " : "",
				parts[i].text);
}

/* A link in `dir` for tar to follow. */
static int add_link(
	const char *dir, const char *name, const char *path, struct buf *why)
{
	AUTO_FREE char *link = xasprintf("%s/%s", dir, name);
	AUTO_FREE char *target = realpath(path, NULL);

	if (!target || symlink(target, link) < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int add_mark(const char *dir, const char *name, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);

	return file_write(path, SLICE(""),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}

static int add_package(
	const struct package *package, const char *dir, struct buf *why)
{
	if (package->deb)
		return add_link(dir, "chatmail.deb", package->deb, why);
	if (package->archive)
		return add_link(dir, "source.tar", package->archive, why);
	return 0;
}

static int lay_out(
	const struct payload *payload, const char *dir, struct buf *why)
{
	int r = add_mark(dir, "end", why);

	if (r == 0 && payload->has_package)
		r = add_package(payload->package, dir, why);
	if (r == 0 && payload->has_ini)
		r = add_link(dir, "chatmail.ini", payload->ini_path, why);
	if (r == 0 && payload->has_www && payload->www_path)
		r = add_link(dir, "www", payload->www_path, why);
	else if (r == 0 && payload->has_www)
		r = add_mark(dir, "no-www", why);
	return r;
}

/* Packs the folder; "end" comes last and says that all has come. */
static int pack(const char *dir, struct buf *out, struct buf *why)
{
	return proc_run_ok(
		&(struct proc){
			.argv = PROC_WORDS("sh", "-ec",
				"cd \"$1\"; set -- *; cp=; for name; do "
				"[ \"$name\" = end ] || cp=\"$cp $name\"; "
				"done; "
				"exec tar -ch --owner=0 --group=0 "
				"--numeric-owner --mode=u=rwX,go=rX $cp end",
				"sh", dir),
			.timeout_sec = PACK_SEC,
			.out = out,
		},
		why);
}

int payload_pack(const struct payload *payload, const char *dir,
	struct buf *out, struct buf *why)
{
	AUTO_FREE char *payload_dir = xasprintf("%s/payload", dir);
	int r = dir_make(payload_dir, 0700, why);

	if (r == 0)
		r = lay_out(payload, payload_dir, why);
	if (r == 0)
		r = pack(payload_dir, out, why);
	if (r == 0 && out->len >= out->max)
		return because(why, -EFBIG,
			"more than %d MB to ship; is the right folder named as "
			"www_folder?",
			ARCHIVE_MAX_BYTES >> 20);
	return r;
}

int payload_send(const struct payload *payload, const struct ssh_host *ssh,
	const char *dir, struct buf *why)
{
	AUTO_BUF struct buf archive = BUF_INIT(ARCHIVE_MAX_BYTES);
	int r = payload_pack(payload, dir, &archive, why);

	if (r < 0)
		return r;
	return ssh_script(ssh, PROC_WORDS("remote/alone.sh", "remote/place.sh"),
		PROC_WORDS(NULL),
		&(struct proc){
			.input = buf_slice(&archive),
			.timeout_sec = SEND_SEC,
			.on_line = say_progress_line,
		},
		why);
}
