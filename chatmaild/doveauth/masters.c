/*
 * masters.c - connections of imap, lmtp and doveadm (masters.h).
 */
#include "chatmaild/doveauth/masters.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/conn.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/path.h"
#include "mail/auth/protocol.h"
#include "mail/auth/sasl.h"

struct master {
	struct master *next, **at;
	struct masters *all;
	struct conn *conn;
	struct auth_session session;
	struct buf scratch; /* unescaped fields of the line at hand */
	struct user_list list;
	uint64_t list_id;
	sd_event_source *turn; /* of the list; NULL: there is none */
};

struct masters {
	sd_event *event;
	const struct users *users;
	struct clients *clients;
	struct master *first;
};

static void end_list(struct master *m)
{
	user_list_close(&m->list);
	m->turn = sd_event_source_disable_unref(m->turn);
}

static void master_close(struct master *m)
{
	*m->at = m->next;
	if (m->next)
		m->next->at = m->at;
	end_list(m);
	conn_close(m->conn);
	buf_release(&m->scratch);
	free(m);
}

static void add_user(struct master *m, uint64_t id, struct slice user)
{
	AUTO_BUF struct buf home = BUF_INIT(PATH_MAX_BYTES);

	user_add_home(m->all->users, user, &home);
	struct auth_user found = {
		.user = user,
		.home = buf_slice(&home),
		.uid = geteuid(),
		.gid = getegid(),
	};
	auth_add_user(conn_out(m->conn), id, &found);
}

static void do_request(struct master *m, const struct auth_command *command)
{
	AUTO_BUF struct buf user = BUF_INIT(SASL_TEXT_MAX_BYTES);

	if (clients_pick_up(m->all->clients, command->pid, command->login_id,
		    command->cookie, &user))
		add_user(m, command->id, buf_slice(&user));
	else
		auth_add_failed(conn_out(m->conn), command->id);
}

/* 1, 0 or negative, as of user_read_password(). */
static int find_user(
	struct master *m, const struct auth_command *command, struct buf *user)
{
	struct buf password = BUF_INIT(PASSWORD_FILE_MAX_BYTES);

	for (size_t i = 0; i < command->user.len; i++)
		buf_add_char(user, ascii_lower(command->user.ptr[i]));
	int r = user_read_password(
		m->all->users, buf_slice(user), &password, NULL);
	buf_release_secret(&password);
	if (r < 0)
		log_err("cannot read a password file: %s", strerror(-r));
	bool is_delivery = slice_eq_str(command->service, "lmtp");
	if (r > 0 && is_delivery &&
		user_takes_no_mail(m->all->users, buf_slice(user)))
		return 0;
	return r;
}

static void do_user(struct master *m, const struct auth_command *command)
{
	AUTO_BUF struct buf user = BUF_INIT(AUTH_LINE_MAX_BYTES);
	struct buf *out = conn_out(m->conn);
	int r = find_user(m, command, &user);

	if (r < 0)
		auth_add_failed(out, command->id);
	else if (r == 0)
		auth_add_not_found(out, command->id);
	else if (command->verb == AUTH_PASS)
		auth_add_pass(out, command->id, buf_slice(&user));
	else
		add_user(m, command->id, buf_slice(&user));
}

static void set_turn(struct master *m, int enabled)
{
	if (sd_event_source_set_enabled(m->turn, enabled) < 0)
		bug("cannot switch a list");
}

/* Some rows; then everybody else is served, then some more. */
static int on_turn(sd_event_source *s UNUSED, void *userdata)
{
	struct master *m = userdata;
	struct buf *out = conn_out(m->conn);
	struct slice user;
	int r = 1;

	if (conn_pending(m->conn) > AUTH_LIST_AHEAD_BYTES) {
		set_turn(m, SD_EVENT_OFF);
		return 0;
	}
	for (int i = 0; i < AUTH_LIST_ROWS_A_TURN && r > 0; i++) {
		r = user_list_next(&m->list, &user);
		if (r > 0)
			auth_add_row(out, m->list_id, user);
	}
	if (r <= 0) {
		auth_add_rows_end(out, m->list_id, r == 0);
		end_list(m);
	}
	conn_flush(m->conn);
	return 0;
}

static void on_drained(struct conn *c)
{
	struct master *m = conn_owner(c);

	if (m->turn)
		set_turn(m, SD_EVENT_ON);
}

static void do_list(struct master *m, const struct auth_command *command)
{
	/* One at a time. */
	int r = m->turn ? -EBUSY
			: user_list_open(m->all->users, &m->list, NULL);

	if (r < 0) {
		log_err("cannot list users: %s", strerror(-r));
		auth_add_rows_end(conn_out(m->conn), command->id, false);
		return;
	}
	m->list_id = command->id;
	if (sd_event_add_defer(m->all->event, &m->turn, on_turn, m) < 0)
		bug("cannot defer");
	set_turn(m, SD_EVENT_ON);
}

/* What is remembered of passwords ends with the files that hold them. */
static void do_flush(struct master *m, const struct auth_command *command)
{
	auth_add_flushed(conn_out(m->conn), command->id);
}

static const struct {
	enum auth_verb verb;
	void (*handler)(
		struct master *master, const struct auth_command *command);
} verbs[] = {
	{ AUTH_REQUEST, do_request },
	{ AUTH_USER, do_user },
	{ AUTH_PASS, do_user },
	{ AUTH_LIST, do_list },
	{ AUTH_CACHE_FLUSH, do_flush },
};

static void do_command(struct master *m, const struct auth_command *command)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (verbs[i].verb != command->verb)
			continue;
		verbs[i].handler(m, command);
		return;
	}
	bug("a verb of masters without a handler");
}

static size_t on_input(struct conn *c, struct slice in)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct master *m = conn_owner(c);
	struct auth_command command;
	struct slice rest = in;
	int r;

	while ((r = auth_session_next(
			&m->session, &rest, &m->scratch, &command, &why)) > 0)
		do_command(m, &command);
	if (r < 0) {
		log_warning("connection ended: reason=%s", buf_str(&why));
		master_close(m);
		return 0;
	}
	return in.len - rest.len;
}

static void on_end(struct conn *c, int error)
{
	if (error < 0 && error != -ECONNRESET && error != -EPIPE)
		log_warning("connection ended: reason=%s", strerror(-error));
	master_close(conn_owner(c));
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};
static const struct conn_limits limits = {
	.in_max = AUTH_LINE_MAX_BYTES,
	.out_max = AUTH_OUT_MAX_BYTES,
};

struct masters *masters_new(
	sd_event *event, const struct users *users, struct clients *clients)
{
	struct masters *masters = xcalloc(1, sizeof(*masters));

	masters->event = event;
	masters->users = users;
	masters->clients = clients;
	return masters;
}

void masters_free(struct masters *masters)
{
	if (!masters)
		return;
	while (masters->first)
		master_close(masters->first);
	free(masters);
}

void masters_accept(struct masters *masters, int fd)
{
	struct master *m = xcalloc(1, sizeof(*m));
	int r = conn_new(masters->event, fd, &conn_ops, &limits, m, &m->conn);

	if (r < 0) {
		log_err("cannot serve a connection: %s", strerror(-r));
		free(m);
		return;
	}
	m->all = masters;
	m->session.role = AUTH_MASTER;
	m->scratch = BUF_INIT(AUTH_LINE_MAX_BYTES + 1);
	m->next = masters->first;
	m->at = &masters->first;
	if (m->next)
		m->next->at = &m->next;
	masters->first = m;
	auth_add_greeting(conn_out(m->conn), AUTH_MASTER, getpid(), 0, NULL);
	conn_flush(m->conn);
}
