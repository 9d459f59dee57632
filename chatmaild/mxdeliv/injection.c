/* The client's side of SMTP towards the filter (injection.h). */
#include "chatmaild/mxdeliv/injection.h"

#include <string.h>

#include "lib/conn.h"
#include "lib/log.h"
#include "mail/smtp-reply.h"

enum {
	OUT_MAX_BYTES = 524288,
	/* Beyond, no piece is taken until the filter has read. */
	OUT_FULL_BYTES = 65536,
	USEC_PER_SEC = 1000000,
};

#define DOWN "451 4.3.0 Temporary trouble; try again later\r\n"

struct injection {
	struct conn *conn;
	struct buf envelope; /* what is yet to be said */
	const struct injection_ops *ops;
	void *owner;
	char last; /* byte of the message */
	bool is_data;
	bool is_over;
};

static void settle(struct injection *i, struct slice reply)
{
	if (i->is_over)
		return;
	i->is_over = true;
	i->is_data = false;
	i->ops->on_outcome(i->owner, reply);
}

static void say_next(struct injection *i)
{
	struct slice all = buf_slice(&i->envelope), line;
	struct slice rest = all;

	if (slice_next_line(&rest, &line)) {
		size_t len = all.len - rest.len;
		buf_add_slice(conn_out(i->conn), slice_head(all, len));
		buf_consume(&i->envelope, len);
		return;
	}
	i->is_data = true;
	conn_set_timeout(i->conn, 0);
	i->ops->on_room(i->owner);
}

static size_t on_input(struct conn *conn, struct slice in)
{
	struct injection *i = conn_owner(conn);
	struct smtp_reply reply;
	ssize_t len = smtp_reply_parse(in, &reply);

	if (len < 0) {
		settle(i, SLICE(DOWN));
		return in.len;
	}
	if (len == 0)
		return 0;
	/* After the last line of the envelope, only a 3xx goes on. */
	bool is_yes =
		i->envelope.len > 0 ? reply.code < 400 : reply.code / 100 == 3;
	if (i->is_data || !is_yes)
		settle(i, reply.text);
	else
		say_next(i);
	return (size_t)len;
}

static void on_drained(struct conn *conn)
{
	struct injection *i = conn_owner(conn);

	if (i->is_data)
		i->ops->on_room(i->owner);
}

static void on_end(struct conn *conn, int error)
{
	struct injection *i = conn_owner(conn);

	if (!i->is_over)
		log_warning("the filter is not there: error=%s",
			error < 0 ? strerrordesc_np(-error) : "end");
	conn_close(conn);
	i->conn = NULL;
	settle(i, SLICE(DOWN));
}

static const struct conn_ops ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = SMTP_REPLY_MAX_BYTES,
	.out_max = OUT_MAX_BYTES,
};

int injection_new(sd_event *event, const struct addr *filter,
	struct buf *envelope, const struct injection_ops *injection_ops,
	void *owner, struct injection **ret_injection)
{
	struct injection *i = xcalloc(1, sizeof(*i));

	int r = conn_connect(event, filter, &ops, &limits, i, &i->conn);
	if (r < 0) {
		free(i);
		return r;
	}
	conn_set_timeout(i->conn, (uint64_t)INJECTION_REPLY_SEC * USEC_PER_SEC);
	i->envelope = *envelope;
	*envelope = BUF_INIT(envelope->max);
	i->ops = injection_ops;
	i->owner = owner;
	i->last = '\n';
	*ret_injection = i;
	return 0;
}

void injection_free(struct injection *i)
{
	if (!i)
		return;
	conn_close(i->conn);
	buf_release(&i->envelope);
	free(i);
}

bool injection_has_room(const struct injection *i)
{
	return i->is_data && conn_pending(i->conn) < OUT_FULL_BYTES;
}

/* `line` is a line, or a piece of one; its LF is not part of it. */
static void add_line_piece(struct injection *i, struct slice line)
{
	if (line.len == 0)
		return;
	if (i->last == '\n' && line.ptr[0] == '.')
		buf_add_char(conn_out(i->conn), '.');
	buf_add_slice(conn_out(i->conn), line);
	i->last = line.ptr[line.len - 1];
}

static void add_line_end(struct injection *i)
{
	if (i->last != '\r')
		buf_add_char(conn_out(i->conn), '\r');
	buf_add_char(conn_out(i->conn), '\n');
	i->last = '\n';
}

void injection_add(struct injection *i, struct slice piece)
{
	while (piece.len > 0 && !i->is_over) {
		const char *lf = memchr(piece.ptr, '\n', piece.len);
		size_t len = lf ? (size_t)(lf - piece.ptr) : piece.len;

		add_line_piece(i, slice_head(piece, len));
		if (lf)
			add_line_end(i);
		piece = slice_from(piece, len + (lf != NULL));
	}
	conn_send(i->conn, SLICE_NONE);
}

void injection_end(struct injection *i)
{
	if (i->is_over)
		return;
	if (i->last != '\n')
		add_line_end(i);
	buf_add_str(conn_out(i->conn), ".\r\n");
	conn_set_timeout(i->conn, (uint64_t)INJECTION_REPLY_SEC * USEC_PER_SEC);
	conn_send(i->conn, SLICE_NONE);
}
