/*
 * clients.c - connections of imap-login and Postfix, and the attempts to
 * log in on them (clients.h).
 */
#include "chatmaild/doveauth/clients.h"

#include <errno.h>
#include <search.h>
#include <sodium/utils.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/conn.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/random.h"
#include "mail/auth/protocol.h"
#include "mail/auth/sasl.h"

enum {
	/* How late a wrong password is told. */
	LATE_USEC = 2000000,
	/* How long somebody may take to answer, and a master to pick up. */
	PATIENCE_USEC = 180000000,
	SLACK_USEC = 100000,
};

struct client {
	struct client *next, **at;
	struct clients *all;
	struct conn *conn;
	struct auth_session session;
	struct buf scratch; /* unescaped fields of the line at hand */
	void *attempts;     /* tree of struct attempt, by id: tsearch(3) */
	uint64_t pid;
	char cookie[AUTH_COOKIE_CHARS + 1];
	bool is_in_input; /* conn sends when on_input returns */
	bool is_to_end;
};

enum state {
	IS_ASKED,  /* the client's answer is waited for */
	IS_JUDGED, /* the verdict is */
	IS_GOOD,   /* a master is */
	IS_LATE,   /* the time to tell a refusal is */
};

struct attempt {
	struct client *client; /* NULL: nobody waits any more */
	struct clients *all;
	uint64_t id;
	enum state state;
	bool is_smtp;
	bool is_nologin;
	struct sasl sasl;
	struct login login;
	char *address;
	sd_event_source *timer;
};

struct clients {
	sd_event *event;
	struct logins *logins;
	struct client *first;
	uint64_t next_cuid;
	size_t n_attempts;
	size_t n_late;
};

static int compare(const void *a, const void *b)
{
	const struct attempt *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct attempt *find(const struct client *client, uint64_t id)
{
	struct attempt key = { .id = id };
	struct attempt **found = tfind(&key, &client->attempts, compare);

	return found ? *found : NULL;
}

static void leave_client(struct attempt *a)
{
	if (!a->client)
		return;
	tdelete(a, &a->client->attempts, compare);
	a->client = NULL;
}

static void attempt_free(struct attempt *a)
{
	leave_client(a);
	a->all->n_attempts--;
	a->all->n_late -= a->state == IS_LATE;
	sd_event_source_disable_unref(a->timer);
	sasl_release(&a->sasl);
	free(a->address);
	free(a);
}

/* Nobody wants to know any more. */
static void drop(struct attempt *a)
{
	leave_client(a);
	atomic_store(&a->login.is_dropped, true);
	if (a->state != IS_JUDGED)
		attempt_free(a);
}

static void client_close(struct client *client)
{
	while (client->attempts)
		drop(*(struct attempt **)client->attempts);
	*client->at = client->next;
	if (client->next)
		client->next->at = client->at;
	conn_close(client->conn);
	buf_release_secret(&client->scratch);
	free(client);
}

/* What was written in answer leaves; may end the client. */
static void send_out(struct client *client)
{
	if (client->is_in_input)
		return;
	if (client->is_to_end)
		client_close(client);
	else
		conn_flush(client->conn);
}

static void refuse(struct attempt *a)
{
	struct client *client = a->client;

	auth_add_refused(
		conn_out(client->conn), a->id, buf_slice(&a->sasl.user));
	attempt_free(a);
	send_out(client);
}

static void tell_not_now(struct attempt *a, const char *reason)
{
	struct client *client = a->client;

	if (a->is_smtp)
		client->is_to_end = true;
	else
		auth_add_not_now(conn_out(client->conn), a->id,
			buf_slice(&a->sasl.user), reason);
	attempt_free(a);
	send_out(client);
}

static int on_time(
	sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct attempt *a = userdata;

	if (a->state == IS_GOOD)
		attempt_free(a);
	else
		refuse(a);
	return 0;
}

static void set_timer(struct attempt *a, uint64_t usec)
{
	int r;

	if (loop_is_over(a->all->event))
		return;
	if (a->timer) {
		r = sd_event_source_set_time_relative(a->timer, usec);
		if (r >= 0)
			r = sd_event_source_set_enabled(
				a->timer, SD_EVENT_ONESHOT);
	} else {
		r = sd_event_add_time_relative(a->all->event, &a->timer,
			CLOCK_MONOTONIC, usec, SLACK_USEC, on_time, a);
	}
	if (r < 0)
		bug("cannot set a timer");
}

static void refuse_late(struct attempt *a)
{
	if (a->all->n_late >= LATE_REFUSALS_MAX) {
		refuse(a);
		return;
	}
	a->state = IS_LATE;
	a->all->n_late++;
	buf_release_secret(&a->sasl.password);
	set_timer(a, LATE_USEC);
}

static void accept_login(struct attempt *a)
{
	struct client *client = a->client;

	auth_add_ok(conn_out(client->conn), a->id, buf_slice(&a->sasl.user));
	if (a->is_nologin) {
		attempt_free(a);
	} else {
		a->state = IS_GOOD;
		buf_release_secret(&a->sasl.password);
		set_timer(a, PATIENCE_USEC);
	}
	send_out(client);
}

static void on_verdict(
	struct login *login, enum login_verdict verdict, const char *reason)
{
	struct attempt *a = CONTAINER_OF(login, struct attempt, login);

	a->state = IS_ASKED;
	if (!a->client)
		attempt_free(a);
	else if (verdict == LOGIN_GOOD)
		accept_login(a);
	else if (verdict == LOGIN_WRONG)
		refuse_late(a);
	else
		tell_not_now(a, reason);
}

static void begin_login(struct attempt *a)
{
	struct buf *user = &a->sasl.user;

	for (size_t i = 0; i < user->len; i++)
		user->ptr[i] = ascii_lower(user->ptr[i]);
	if (a->timer && sd_event_source_set_enabled(a->timer, SD_EVENT_OFF) < 0)
		bug("cannot stop a timer");
	a->state = IS_JUDGED;
	a->login.user = buf_str(user);
	a->login.password = buf_str(&a->sasl.password);
	a->login.address = slice_of(a->address);
	a->login.done = on_verdict;
	logins_begin(a->all->logins, &a->login);
}

static void ask(struct attempt *a)
{
	auth_add_challenge(
		conn_out(a->client->conn), a->id, sasl_challenge(&a->sasl));
	set_timer(a, PATIENCE_USEC);
}

static void respond(struct attempt *a, struct slice response)
{
	int r = sasl_respond(&a->sasl, response);

	if (r > 0)
		begin_login(a);
	else if (r == 0)
		ask(a);
	else
		refuse_late(a);
}

static struct attempt *attempt_new(
	struct client *client, const struct auth_command *command)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	a->client = client;
	a->all = client->all;
	a->id = command->id;
	a->is_smtp = slice_eq_str(command->service, "smtp");
	/* A client without a process, to a master, is none. */
	a->is_nologin = command->is_nologin || client->pid == 0;
	a->address = slice_dup(command->address);
	a->all->n_attempts++;
	if (!tsearch(a, &client->attempts, compare))
		oom();
	return a;
}

static int do_begin(struct client *client, const struct auth_command *command,
	struct buf *why)
{
	if (find(client, command->id))
		return because(why, -EPROTO, "AUTH with an id in use");
	struct attempt *a = attempt_new(client, command);
	if (sasl_init(&a->sasl, command->mechanism) < 0) {
		refuse_late(a);
	} else if (a->all->n_attempts > LOGINS_MAX) {
		log_warning("not now: reason=too-many-at-once");
		tell_not_now(a, "too many logins");
	} else if (command->has_response) {
		respond(a, command->response);
	} else {
		ask(a);
	}
	return 0;
}

static int do_continue(struct client *client,
	const struct auth_command *command, struct buf *why UNUSED)
{
	struct attempt *a = find(client, command->id);

	if (a && a->state == IS_ASKED)
		respond(a, command->response);
	return 0;
}

static int do_cancel(struct client *client, const struct auth_command *command,
	struct buf *why UNUSED)
{
	struct attempt *a = find(client, command->id);

	if (a)
		drop(a);
	return 0;
}

static int do_pid(struct client *client, const struct auth_command *command,
	struct buf *why)
{
	if (client->pid != 0)
		return because(why, -EPROTO, "CPID twice");
	client->pid = command->pid;
	return 0;
}

static const struct {
	enum auth_verb verb;
	int (*handler)(struct client *client,
		const struct auth_command *command, struct buf *why);
} verbs[] = {
	{ AUTH_CPID, do_pid },
	{ AUTH_BEGIN, do_begin },
	{ AUTH_CONTINUE, do_continue },
	{ AUTH_CANCEL, do_cancel },
};

static int do_command(struct client *client, const struct auth_command *command,
	struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i].verb == command->verb)
			return verbs[i].handler(client, command, why);
	bug("a verb of clients without a handler");
}

static size_t on_input(struct conn *c, struct slice in)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct client *client = conn_owner(c);
	struct auth_command command;
	struct slice rest = in;
	int r;

	client->is_in_input = true;
	while ((r = auth_session_next(&client->session, &rest, &client->scratch,
			&command, &why)) > 0) {
		r = do_command(client, &command, &why);
		if (r < 0 || client->is_to_end)
			break;
	}
	client->is_in_input = false;
	if (r < 0)
		log_warning("connection ended: reason=%s", buf_str(&why));
	if (r < 0 || client->is_to_end) {
		client_close(client);
		return 0;
	}
	return in.len - rest.len;
}

static void on_end(struct conn *c, int error)
{
	if (error < 0 && error != -ECONNRESET && error != -EPIPE)
		log_warning("connection ended: reason=%s", strerror(-error));
	client_close(conn_owner(c));
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_end = on_end,
};
static const struct conn_limits limits = {
	.in_max = AUTH_LINE_MAX_BYTES,
	.out_max = AUTH_OUT_MAX_BYTES,
};

struct clients *clients_new(sd_event *event, struct logins *logins)
{
	struct clients *clients = xcalloc(1, sizeof(*clients));

	clients->event = event;
	clients->logins = logins;
	return clients;
}

/* Dovecot takes a connection that ends for a refusal of all under way. */
static void say_goodbye(struct client *client)
{
	while (client->attempts) {
		struct attempt *a = *(struct attempt **)client->attempts;
		if (a->state == IS_ASKED)
			auth_add_not_now(conn_out(client->conn), a->id,
				SLICE_NONE, "the service restarts");
		drop(a);
	}
	conn_send(client->conn, SLICE_NONE);
	client_close(client);
}

void clients_free(struct clients *clients)
{
	if (!clients)
		return;
	while (clients->first)
		say_goodbye(clients->first);
	free(clients);
}

void clients_accept(struct clients *clients, int fd)
{
	struct client *client = xcalloc(1, sizeof(*client));
	AUTO_BUF struct buf cookie = BUF_INIT(sizeof(client->cookie));
	int r = conn_new(
		clients->event, fd, &conn_ops, &limits, client, &client->conn);

	if (r < 0) {
		log_err("cannot serve a connection: %s", strerror(-r));
		free(client);
		return;
	}
	client->all = clients;
	client->session.role = AUTH_CLIENT;
	client->scratch = BUF_INIT(AUTH_LINE_MAX_BYTES + 1);
	random_add_text(&cookie, "0123456789abcdef", AUTH_COOKIE_CHARS);
	memcpy(client->cookie, buf_str(&cookie), AUTH_COOKIE_CHARS);
	client->next = clients->first;
	client->at = &clients->first;
	if (client->next)
		client->next->at = &client->next;
	clients->first = client;
	auth_add_greeting(conn_out(client->conn), AUTH_CLIENT, getpid(),
		++clients->next_cuid, client->cookie);
	conn_flush(client->conn);
}

static bool has_cookie(const struct client *client, struct slice cookie)
{
	return cookie.len == AUTH_COOKIE_CHARS &&
		sodium_memcmp(client->cookie, cookie.ptr, cookie.len) == 0;
}

bool clients_pick_up(struct clients *clients, uint64_t pid, uint64_t id,
	struct slice cookie, struct buf *ret_user)
{
	for (struct client *c = clients->first; c; c = c->next) {
		if (c->pid != pid || pid == 0 || !has_cookie(c, cookie))
			continue;
		struct attempt *a = find(c, id);
		if (!a || a->state != IS_GOOD)
			return false;
		buf_add_slice(ret_user, buf_slice(&a->sasl.user));
		attempt_free(a);
		return true;
	}
	return false;
}
