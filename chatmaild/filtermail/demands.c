/* Asks doveauth who demands encryption (demands.h). */
#include "chatmaild/filtermail/demands.h"

#include <errno.h>

#include "chatmaild/common/socketmap.h"
#include "chatmaild/common/user.h"
#include "lib/conn.h"
#include "lib/log.h"

enum {
	USEC_PER_SEC = 1000000,
};

struct demands {
	void (*on_ready)(void *owner);
	void *owner;
	struct conn *conn;     /* NULL: there is none any more */
	struct buf recipients; /* lines: those whose answers are to come */
	struct buf first;      /* the one who was found */
	bool is_unknown;
};

static void lose(struct demands *d, const char *why)
{
	conn_close(d->conn);
	d->conn = NULL;
	if (d->recipients.len == 0)
		return;
	log_warning("cannot ask doveauth about recipients: error=%s", why);
	d->is_unknown = true;
	buf_reset(&d->recipients);
	d->on_ready(d->owner);
}

static void take_answer(struct demands *d, struct slice answer)
{
	struct slice all = buf_slice(&d->recipients), rest = all, line;

	if (!slice_next_line(&rest, &line))
		return;
	if (slice_starts(answer, SLICE("OK ")) && d->first.len == 0)
		buf_add_slice(&d->first, line);
	else if (slice_starts(answer, SLICE("TEMP ")))
		d->is_unknown = true;
	buf_consume(&d->recipients, all.len - rest.len);
	if (d->recipients.len == 0)
		conn_set_timeout(d->conn, 0);
}

static size_t on_input(struct conn *conn, struct slice in)
{
	struct demands *d = conn_owner(conn);
	struct slice rest = in, answer;
	int r;

	while ((r = socketmap_next(&rest, &answer)) > 0)
		take_answer(d, answer);
	if (r < 0)
		lose(d, "not a netstring");
	else if (d->recipients.len == 0 && rest.len < in.len)
		d->on_ready(d->owner);
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
	.out_max = DEMANDS_MAX_BYTES,
};

struct demands *demands_new(sd_event *event, const struct addr *accounts,
	void (*on_ready)(void *owner), void *owner)
{
	struct demands *d = xcalloc(1, sizeof(*d));

	d->on_ready = on_ready;
	d->owner = owner;
	buf_init(&d->recipients, DEMANDS_MAX_BYTES);
	buf_init(&d->first, SOCKETMAP_MAX_BYTES);
	int r = conn_connect(event, accounts, &ops, &limits, d, &d->conn);
	if (r < 0)
		log_warning("cannot ask doveauth about recipients: error=%s",
			strerrordesc_np(-r));
	return d;
}

void demands_free(struct demands *d)
{
	if (!d)
		return;
	conn_close(d->conn);
	buf_release(&d->recipients);
	buf_release(&d->first);
	free(d);
}

void demands_ask(struct demands *d, struct slice recipient)
{
	AUTO_BUF struct buf request = BUF_INIT(SOCKETMAP_MAX_BYTES);

	if (!d->conn) {
		d->is_unknown = true;
		return;
	}
	buf_addf(&request, USER_MAP_DEMANDS " %.*s", SLICE_FMT(recipient));
	socketmap_add(conn_out(d->conn), buf_slice(&request));
	buf_addf(&d->recipients, "%.*s\n", SLICE_FMT(recipient));
	conn_set_timeout(d->conn, (uint64_t)DEMANDS_SEC * USEC_PER_SEC);
	conn_send(d->conn, SLICE_NONE);
}

bool demands_is_waiting(const struct demands *d)
{
	return d->recipients.len > 0;
}

int demands_answer(const struct demands *d, struct slice *ret_recipient)
{
	if (d->first.len == 0)
		return d->is_unknown ? -EAGAIN : 0;
	*ret_recipient = buf_slice(&d->first);
	return 1;
}
