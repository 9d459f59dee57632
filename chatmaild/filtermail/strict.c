/* Asks doveauth who takes encrypted mail only (strict.h). */
#include "chatmaild/filtermail/strict.h"

#include <errno.h>

#include "chatmaild/common/socketmap.h"
#include "chatmaild/common/user.h"
#include "lib/conn.h"
#include "lib/log.h"

enum {
	USEC_PER_SEC = 1000000,
};

struct strict {
	void (*on_ready)(void *owner);
	void *owner;
	struct conn *conn;     /* NULL: there is none any more */
	struct buf recipients; /* lines: those whose answers are to come */
	struct buf first;      /* the one who was found */
	bool is_unknown;
};

static void lose(struct strict *s, const char *why)
{
	conn_close(s->conn);
	s->conn = NULL;
	if (s->recipients.len == 0)
		return;
	log_warning("cannot ask doveauth about recipients: error=%s", why);
	s->is_unknown = true;
	buf_reset(&s->recipients);
	s->on_ready(s->owner);
}

static void take_answer(struct strict *s, struct slice answer)
{
	struct slice all = buf_slice(&s->recipients), rest = all, line;

	if (!slice_next_line(&rest, &line))
		return;
	if (slice_starts(answer, SLICE("OK ")) && s->first.len == 0)
		buf_add_slice(&s->first, line);
	else if (slice_starts(answer, SLICE("TEMP ")))
		s->is_unknown = true;
	buf_consume(&s->recipients, all.len - rest.len);
	if (s->recipients.len == 0)
		conn_set_timeout(s->conn, 0);
}

static size_t on_input(struct conn *conn, struct slice in)
{
	struct strict *s = conn_owner(conn);
	struct slice rest = in, answer;
	int r;

	while ((r = socketmap_next(&rest, &answer)) > 0)
		take_answer(s, answer);
	if (r < 0)
		lose(s, "not a netstring");
	else if (s->recipients.len == 0 && rest.len < in.len)
		s->on_ready(s->owner);
	return in.len - rest.len;
}

static void on_end(struct conn *conn, int error)
{
	lose(conn_owner(conn), error ? strerrordesc_np(-error) : "closed");
}

static const struct conn_ops ops = {
	.on_input = on_input,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = SOCKETMAP_IN_MAX_BYTES,
	.out_max = STRICT_MAX_BYTES,
};

struct strict *strict_new(sd_event *event, const struct addr *accounts,
	void (*on_ready)(void *owner), void *owner)
{
	struct strict *s = xcalloc(1, sizeof(*s));

	s->on_ready = on_ready;
	s->owner = owner;
	buf_init(&s->recipients, STRICT_MAX_BYTES);
	buf_init(&s->first, SOCKETMAP_MAX_BYTES);
	int r = conn_connect(event, accounts, &ops, &limits, s, &s->conn);
	if (r < 0)
		log_warning("cannot ask doveauth about recipients: error=%s",
			strerrordesc_np(-r));
	return s;
}

void strict_free(struct strict *s)
{
	if (!s)
		return;
	conn_close(s->conn);
	buf_release(&s->recipients);
	buf_release(&s->first);
	free(s);
}

void strict_ask(struct strict *s, struct slice recipient)
{
	AUTO_BUF struct buf request = BUF_INIT(SOCKETMAP_MAX_BYTES);

	if (!s->conn) {
		s->is_unknown = true;
		return;
	}
	buf_addf(&request, USER_MAP_ENCRYPTED " %.*s", SLICE_FMT(recipient));
	socketmap_add(conn_out(s->conn), buf_slice(&request));
	buf_addf(&s->recipients, "%.*s\n", SLICE_FMT(recipient));
	conn_set_timeout(s->conn, (uint64_t)STRICT_SEC * USEC_PER_SEC);
	conn_send(s->conn, SLICE_NONE);
}

bool strict_is_waiting(const struct strict *s)
{
	return s->recipients.len > 0;
}

int strict_answer(const struct strict *s, struct slice *ret_recipient)
{
	if (s->first.len == 0)
		return s->is_unknown ? -EAGAIN : 0;
	*ret_recipient = buf_slice(&s->first);
	return 1;
}
