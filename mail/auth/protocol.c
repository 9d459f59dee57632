/*
 * protocol.c - reading and writing the lines of Dovecot's
 * authentication protocol (mail/auth/protocol.h).
 */
#include "mail/auth/protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "lib/num.h"
#include "mail/dict.h"

#define MAJOR "1"
#define MINOR "2"

/* What stands behind the verb, in order; then named fields may follow. */
enum place {
	NO_PLACE,
	ID,
	PID,
	LOGIN_ID,
	COOKIE,
	MECHANISM,
	USER,
	RESPONSE,
	MAJOR_VERSION,
};

enum {
	PLACES_MAX = 4,
	CLIENTS = 1 << AUTH_CLIENT,
	MASTERS = 1 << AUTH_MASTER,
};

static const struct {
	const char *name;
	enum auth_verb verb;
	unsigned roles;
	enum place places[PLACES_MAX];
} shapes[] = {
	{ "VERSION", AUTH_VERSION, CLIENTS | MASTERS, { MAJOR_VERSION } },
	{ "CPID", AUTH_CPID, CLIENTS, { PID } },
	{ "AUTH", AUTH_BEGIN, CLIENTS, { ID, MECHANISM } },
	{ "CONT", AUTH_CONTINUE, CLIENTS, { ID, RESPONSE } },
	{ "CANCEL", AUTH_CANCEL, CLIENTS, { ID } },
	{ "REQUEST", AUTH_REQUEST, MASTERS, { ID, PID, LOGIN_ID, COOKIE } },
	{ "USER", AUTH_USER, MASTERS, { ID, USER } },
	{ "PASS", AUTH_PASS, MASTERS, { ID, USER } },
	{ "LIST", AUTH_LIST, MASTERS, { ID } },
	{ "CACHE-FLUSH", AUTH_CACHE_FLUSH, MASTERS, { ID } },
};

static const struct {
	struct slice name;
	size_t offset;
} named[] = {
	{ SLICE("service="), offsetof(struct auth_command, service) },
	{ SLICE("protocol="), offsetof(struct auth_command, service) },
	{ SLICE("rip="), offsetof(struct auth_command, address) },
	{ SLICE("resp="), offsetof(struct auth_command, response) },
};

/* The field up to the next TAB, unescaped; false when there is none. */
static int next_field(struct slice *rest, bool *is_last, struct buf *scratch,
	struct slice *ret_field)
{
	struct slice raw = *rest;
	size_t start = scratch->len;

	if (*is_last)
		return 0;
	*is_last = !slice_cut(*rest, '\t', &raw, rest);
	if (!slice_has_char(raw, '\001')) {
		*ret_field = raw;
		return 1;
	}
	if (dict_add_unescaped(scratch, raw) < 0)
		return -EPROTO;
	*ret_field = slice_from(buf_slice(scratch), start);
	return 1;
}

static int read_place(
	enum place place, struct slice field, struct auth_command *c)
{
	switch (place) {
	case ID:
		return num_parse_max(field, UINT32_MAX, &c->id);
	case PID:
		return num_parse_max(field, UINT32_MAX, &c->pid);
	case LOGIN_ID:
		return num_parse_max(field, UINT32_MAX, &c->login_id);
	case COOKIE:
		c->cookie = field;
		return 0;
	case MECHANISM:
		c->mechanism = field;
		return 0;
	case USER:
		c->user = field;
		return 0;
	case RESPONSE:
		c->response = field;
		c->has_response = true;
		return 0;
	default:
		return slice_eq_str(field, MAJOR) ? 0 : -EPROTO;
	}
}

static void read_named(struct slice field, struct auth_command *c)
{
	if (slice_eq_str(field, "nologin"))
		c->is_nologin = true;
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		if (!slice_starts(field, named[i].name))
			continue;
		*(struct slice *)((char *)c + named[i].offset) =
			slice_from(field, named[i].name.len);
		/* An empty response is one, too. */
		if (named[i].offset == offsetof(struct auth_command, response))
			c->has_response = true;
	}
}

static int read_fields(const enum place *places, struct slice rest,
	bool is_last, struct buf *scratch, struct auth_command *c)
{
	struct slice field;
	int r;

	for (size_t i = 0; i < PLACES_MAX && places[i] != NO_PLACE; i++) {
		r = next_field(&rest, &is_last, scratch, &field);
		if (r <= 0 || read_place(places[i], field, c) < 0)
			return -EPROTO;
	}
	while ((r = next_field(&rest, &is_last, scratch, &field)) > 0)
		read_named(field, c);
	return r;
}

/* 1 with a command; 0 when nobody needs to know it. */
static int read_line(struct auth_session *s, struct slice line,
	struct buf *scratch, struct auth_command *c, struct buf *why)
{
	struct slice verb = line, rest = SLICE_NONE;
	bool is_last = !slice_cut(line, '\t', &verb, &rest);

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		if (!slice_eq_str(verb, shapes[i].name) ||
			!(shapes[i].roles & 1u << s->role))
			continue;
		*c = (struct auth_command){ .verb = shapes[i].verb };
		if (s->has_version == (c->verb == AUTH_VERSION))
			return because(why, -EPROTO,
				"VERSION has to come first, and once");
		if (read_fields(shapes[i].places, rest, is_last, scratch, c) <
			0)
			return because(
				why, -EPROTO, "malformed %s", shapes[i].name);
		s->has_version = true;
		return c->verb != AUTH_VERSION;
	}
	return s->has_version
		? 0
		: because(why, -EPROTO, "VERSION has to come first, and once");
}

int auth_session_next(struct auth_session *session, struct slice *in,
	struct buf *scratch, struct auth_command *ret_command, struct buf *why)
{
	struct auth_command command;
	struct slice line, rest;
	int r = 0;

	while (r == 0 && slice_cut(*in, '\n', &line, &rest)) {
		/* Unescaping makes nothing longer: slices stay valid. */
		buf_reset(scratch);
		if (line.len > AUTH_LINE_MAX_BYTES ||
			!buf_room(scratch, line.len + 1))
			return because(why, -EPROTO, "line too long");
		r = read_line(session, line, scratch, &command, why);
		*in = rest;
	}
	if (r > 0)
		*ret_command = command;
	return r;
}

void auth_add_greeting(struct buf *out, enum auth_role role, pid_t pid,
	uint64_t cuid, const char *cookie)
{
	buf_add_str(out, "VERSION\t" MAJOR "\t" MINOR "\n");
	if (role == AUTH_MASTER) {
		buf_addf(out, "SPID\t%d\n", (int)pid);
		return;
	}
	buf_add_str(out, "MECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n");
	buf_addf(out, "SPID\t%d\nCUID\t%" PRIu64 "\nCOOKIE\t%s\nDONE\n",
		(int)pid, cuid, cookie);
}

static void add_verb(struct buf *out, const char *verb, uint64_t id)
{
	buf_addf(out, "%s\t%" PRIu64, verb, id);
}

static void add_named(struct buf *out, const char *name, struct slice value)
{
	buf_addf(out, "\t%s=", name);
	dict_add_escaped(out, value);
}

void auth_add_challenge(struct buf *out, uint64_t id, const char *challenge)
{
	add_verb(out, "CONT", id);
	buf_addf(out, "\t%s\n", challenge);
}

void auth_add_ok(struct buf *out, uint64_t id, struct slice user)
{
	add_verb(out, "OK", id);
	add_named(out, "user", user);
	buf_add_char(out, '\n');
}

static void add_fail(struct buf *out, uint64_t id, struct slice user)
{
	add_verb(out, "FAIL", id);
	if (user.len > 0)
		add_named(out, "user", user);
}

void auth_add_refused(struct buf *out, uint64_t id, struct slice user)
{
	add_fail(out, id, user);
	buf_add_char(out, '\n');
}

void auth_add_not_now(
	struct buf *out, uint64_t id, struct slice user, const char *reason)
{
	add_fail(out, id, user);
	buf_add_str(out, "\ttemp\tcode=temp_fail");
	add_named(out, "reason", slice_of(reason));
	buf_add_char(out, '\n');
}

void auth_add_user(struct buf *out, uint64_t id, const struct auth_user *user)
{
	add_verb(out, "USER", id);
	buf_add_char(out, '\t');
	dict_add_escaped(out, user->user);
	buf_addf(out, "\tuid=%u\tgid=%u", (unsigned)user->uid,
		(unsigned)user->gid);
	add_named(out, "home", user->home);
	buf_add_char(out, '\n');
}

void auth_add_pass(struct buf *out, uint64_t id, struct slice user)
{
	add_verb(out, "PASS", id);
	add_named(out, "user", user);
	buf_add_char(out, '\n');
}

void auth_add_not_found(struct buf *out, uint64_t id)
{
	add_verb(out, "NOTFOUND", id);
	buf_add_char(out, '\n');
}

void auth_add_failed(struct buf *out, uint64_t id)
{
	add_verb(out, "FAIL", id);
	buf_add_str(out, "\ttemp\tcode=temp_fail\n");
}

void auth_add_row(struct buf *out, uint64_t id, struct slice user)
{
	add_verb(out, "LIST", id);
	buf_add_char(out, '\t');
	dict_add_escaped(out, user);
	buf_add_char(out, '\n');
}

void auth_add_rows_end(struct buf *out, uint64_t id, bool is_whole)
{
	add_verb(out, "DONE", id);
	buf_add_str(out, is_whole ? "\t\n" : "\tfail\n");
}

void auth_add_flushed(struct buf *out, uint64_t id)
{
	add_verb(out, "OK", id);
	buf_add_str(out, "\t0\n");
}
