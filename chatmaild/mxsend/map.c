/* The answers to Postfix's questions for a transport (map.h). */
#include "chatmaild/mxsend/map.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/log.h"
#include "lib/num.h"

enum {
	LENGTH_MAX_BYTES = 5,
	HASH_START = 5381,
	HASH_FACTOR = 33,
};

/* "12:hello world!,": how many bytes it takes, 0: more, or -EPROTO. */
static ssize_t take_netstring(struct slice in, struct slice *ret_text)
{
	struct slice digits, rest;
	uint64_t len;

	if (!slice_cut(in, ':', &digits, &rest))
		return in.len > LENGTH_MAX_BYTES ? -EPROTO : 0;
	if (num_parse_max(digits, MAP_REQUEST_MAX_BYTES, &len) < 0)
		return -EPROTO;
	if (rest.len <= len)
		return 0;
	if (rest.ptr[len] != ',')
		return -EPROTO;
	*ret_text = slice_head(rest, len);
	return (ssize_t)(digits.len + 1 + len + 1);
}

/* Any spread will do: two domains of one digest share a queue. */
static uint64_t digest(struct slice domain)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < domain.len; i++)
		hash = hash * HASH_FACTOR + (unsigned char)domain.ptr[i];
	return hash;
}

static int make_link(const struct map *map, struct slice domain, char **ret)
{
	char *path = xasprintf(
		"%s/to/%016llx", map->dir, (unsigned long long)digest(domain));

	if (symlink("../lmtp", path) < 0 && errno != EEXIST) {
		log_err("no socket for a relay: error=%s",
			strerrordesc_np(errno));
		free(path);
		return -EIO;
	}
	*ret = path;
	return 0;
}

static void say(struct conn *conn, const char *text)
{
	buf_addf(conn_out(conn), "%zu:%s,", strlen(text), text);
}

/* "transport user@domain"; a domain alone has no answer. */
static void reply(struct map *map, struct conn *conn, struct slice request)
{
	AUTO_FREE char *path = NULL;
	struct slice name, domain;
	enum peer_way way = PEER_BY_SMTP;

	if (slice_cut_last(request, '@', &name, &domain) && domain.len > 0 &&
		domain.len <= PEER_NAME_MAX_BYTES)
		way = peers_ask(map->peers, domain);
	if (way == PEER_BY_SMTP_FIRST) {
		say(conn, "OK smtp-first:");
	} else if (way == PEER_BY_HTTPS && make_link(map, domain, &path) == 0) {
		AUTO_FREE char *text = xasprintf("OK https:unix:%s", path);
		say(conn, text);
	} else {
		say(conn, "NOTFOUND ");
	}
}

static size_t on_input(struct conn *conn, struct slice in)
{
	struct slice request;
	size_t used = 0;
	ssize_t len;

	while ((len = take_netstring(slice_from(in, used), &request)) > 0) {
		reply(conn_owner(conn), conn, request);
		used += (size_t)len;
	}
	if (len == 0)
		return used;
	conn_close(conn);
	return in.len;
}

static void on_end(struct conn *conn, int error UNUSED)
{
	conn_close(conn);
}

static const struct conn_ops ops = {
	.on_input = on_input,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = 2 * MAP_REQUEST_MAX_BYTES,
	.out_max = MAP_OUT_MAX_BYTES,
};

void map_accept(struct map *map, int fd)
{
	struct conn *conn;

	if (conn_new(map->event, fd, &ops, &limits, map, &conn) < 0)
		log_warning("accept failed");
}
