/*
 * recipients.c - connections of Postfix that ask for recipients
 * (recipients.h).
 */
#include "chatmaild/doveauth/recipients.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "chatmaild/common/socketmap.h"
#include "lib/conn.h"
#include "lib/log.h"

enum {
	OUT_MAX_BYTES = 1 << 16,
};

struct asker {
	struct asker *next, **at;
	const struct users *users;
	struct conn *conn;
};

struct recipients {
	sd_event *event;
	const struct users *users;
	struct asker *first;
};

static void asker_close(struct asker *a)
{
	*a->at = a->next;
	if (a->next)
		a->next->at = a->at;
	conn_close(a->conn);
	free(a);
}

/* The address without a tag, in lower case. */
static void add_address(struct buf *address, struct slice key)
{
	struct slice local_part, domain, name, tag;

	if (!slice_cut_last(key, '@', &local_part, &domain))
		return;
	if (!slice_cut(local_part, '+', &name, &tag))
		name = local_part;
	buf_addf(
		address, "%.*s@%.*s", SLICE_FMT(name), SLICE_FMT(domain));
	for (size_t i = 0; i < address->len; i++)
		address->ptr[i] = ascii_lower(address->ptr[i]);
}

static const char *find_user(const struct users *users, struct slice address)
{
	struct buf password = BUF_INIT(PASSWORD_FILE_MAX_BYTES);

	int r = user_read_password(users, address, &password, NULL);
	buf_release_secret(&password);
	if (r < 0) {
		log_err("cannot read a password file: %s", strerror(-r));
		return "TEMP cannot tell now";
	}
	if (r == 0 || user_takes_no_mail(users, address))
		return "NOTFOUND ";
	return "OK here";
}

static const char *answer_of(
	const struct users *users, struct slice map, struct slice key)
{
	AUTO_BUF struct buf address = BUF_INIT(SOCKETMAP_MAX_BYTES);

	add_address(&address, key);
	if (!slice_eq_str(map, USER_MAP_DEMANDS))
		return find_user(users, buf_slice(&address));
	int r = user_demands_encryption(users, buf_slice(&address));
	if (r >= 0)
		return r ? "OK only" : "NOTFOUND ";
	log_err("cannot look into an account: %s", strerror(-r));
	return "TEMP cannot tell now";
}

static size_t on_input(struct conn *c, struct slice in)
{
	struct asker *a = conn_owner(c);
	struct slice rest = in, request, map, key;
	int r;

	while ((r = socketmap_next(&rest, &request)) > 0) {
		const char *answer = "PERM no key";
		if (slice_cut(request, ' ', &map, &key))
			answer = answer_of(a->users, map, key);
		socketmap_add(conn_out(c), slice_of(answer));
	}
	if (r < 0) {
		log_warning("connection ended: reason=not a netstring");
		asker_close(a);
		return 0;
	}
	return in.len - rest.len;
}

static void on_end(struct conn *c, int error)
{
	if (error < 0 && error != -ECONNRESET && error != -EPIPE)
		log_warning("connection ended: reason=%s", strerror(-error));
	asker_close(conn_owner(c));
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_end = on_end,
};
static const struct conn_limits limits = {
	.in_max = SOCKETMAP_IN_MAX_BYTES,
	.out_max = OUT_MAX_BYTES,
};

struct recipients *recipients_new(sd_event *event, const struct users *users)
{
	struct recipients *recipients = xcalloc(1, sizeof(*recipients));

	recipients->event = event;
	recipients->users = users;
	return recipients;
}

void recipients_free(struct recipients *recipients)
{
	if (!recipients)
		return;
	while (recipients->first)
		asker_close(recipients->first);
	free(recipients);
}

void recipients_accept(struct recipients *recipients, int fd)
{
	struct asker *a = xcalloc(1, sizeof(*a));
	int r = conn_new(
		recipients->event, fd, &conn_ops, &limits, a, &a->conn);

	if (r < 0) {
		log_err("cannot serve a connection: %s", strerror(-r));
		free(a);
		return;
	}
	a->users = recipients->users;
	a->next = recipients->first;
	a->at = &recipients->first;
	if (a->next)
		a->next->at = &a->next;
	recipients->first = a;
}
