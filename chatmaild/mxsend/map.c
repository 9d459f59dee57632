/* The answers to Postfix's questions for a transport (map.h). */
#include "chatmaild/mxsend/map.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "chatmaild/common/socketmap.h"
#include "lib/conn.h"
#include "lib/digest.h"
#include "lib/log.h"

/* Two domains of one digest share a queue. */
static int make_link(const struct map *map, struct slice domain, char **ret)
{
	char *path = xasprintf("%s/to/%016llx", map->dir,
		(unsigned long long)digest_add(DIGEST_START, domain));

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
	socketmap_add(conn_out(conn), slice_of(text));
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
	struct slice request, rest = in;
	int r;

	while ((r = socketmap_next(&rest, &request)) > 0)
		reply(conn_owner(conn), conn, request);
	if (r == 0)
		return in.len - rest.len;
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
	.in_max = SOCKETMAP_IN_MAX_BYTES,
	.out_max = MAP_OUT_MAX_BYTES,
};

void map_accept(struct map *map, int fd)
{
	struct conn *conn;

	if (conn_new(map->event, fd, &ops, &limits, map, &conn) < 0)
		log_warning("accept failed");
}
