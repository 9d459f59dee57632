/* People with real apps, in one core (apps.h), and what they try. */
#include "cmdeploy/probe/apps.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmdeploy/host/core.h"
#include "cmdeploy/host/temp.h"
#include "cmdeploy/probe/mail.h"
#include "cmdeploy/probe/web.h"
#include "lib/file.h"

enum {
	LINK_MAX_BYTES = 4096,
	FILE_MAX_BYTES = 64 << 20,
	FILE_BYTES = 5 << 20,
	ECHO_FILE_BYTES = 100000,
	/* After five, Dovecot lets an idle connection sleep. */
	SILENCE_SEC = 8,
};

/* One for the process, like the relay that it looks at. */
static struct {
	struct rpc *rpc;
	char *dir;
	struct chat_user users[APPS_N];
	const struct probe_account *accounts[APPS_N];
	size_t n;
	uint32_t chats[2]; /* of the first two with each other; 0: not yet */
	uint32_t echo_chat;
} apps;

static int start_core(struct probe_relay *p)
{
	AUTO_FREE char *core = NULL;

	if (core_fetch(&core, &p->why) < 0)
		return PROBE_SKIP;
	int r = temp_make(&apps.dir, &p->why);
	if (r < 0)
		return r;
	AUTO_FREE char *accounts = xasprintf("%s/core", apps.dir);
	AUTO_FREE char *log = xasprintf("%s/core.log", apps.dir);
	const struct rpc_options options = {
		.server = core,
		.accounts_dir = accounts,
		.log_path = log,
		.timeout_ms = 2000 * p->answer_sec,
	};
	return rpc_open(&options, &apps.rpc, &p->why);
}

/* Where no name server or authority helps, the app is told where to go. */
static void add_link(
	const struct probe_account *account, const char *host, struct buf *out)
{
	buf_addf(out, "dclogin:%s?p=%s&v=1", account->address,
		account->password);
	if (host)
		buf_addf(out, "&ih=%s&sh=%s&ic=3", host, host);
}

static int sign_up(struct probe_relay *p, struct chat_user *user,
	const struct probe_account *account, const char *host)
{
	__attribute__((cleanup(buf_release_secret))) struct buf link =
		BUF_INIT(LINK_MAX_BYTES);
	int r = chat_add_user(apps.rpc, user, &p->why);

	add_link(account, host, &link);
	return r < 0 ? r : chat_sign_up(user, buf_str(&link), &p->why);
}

static int empty(struct probe_relay *p, const struct probe_account *account)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = mail_imap_login(p, &m, account, &p->why);

	return r < 0 ? r : mail_empty(&m, "INBOX", &p->why);
}

static int add_person(struct probe_relay *p)
{
	bool is_nameless = p->is_in_folder || p->config.is_ip_literal;
	AUTO_FREE char *role = xasprintf("app%zu", apps.n + 1);
	const struct probe_account **account = &apps.accounts[apps.n];
	int r = mail_account(p, role, account);

	if (r == 0)
		r = empty(p, *account);
	if (r == 0)
		r = sign_up(p, &apps.users[apps.n], *account,
			is_nameless ? p->hosts[0] : NULL);
	if (r == 0)
		apps.n++;
	return r;
}

static int open_people(
	struct probe_relay *p, size_t n, const struct chat_user **ret_users)
{
	int r = apps.rpc ? 0 : start_core(p);

	while (r == 0 && apps.n < n)
		r = add_person(p);
	*ret_users = apps.users;
	return r;
}

static int make_file(struct probe_relay *p, size_t n_bytes, char **ret_path)
{
	AUTO_BUF struct buf bytes = BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *path = xasprintf("%s/file.bin", apps.dir);

	arc4random_buf(buf_room(&bytes, n_bytes), n_bytes);
	buf_added(&bytes, n_bytes);
	int r = file_write(path, buf_slice(&bytes),
		(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, &p->why);
	if (r == 0)
		*ret_path = TAKE(path);
	return r;
}

static int find_invite(struct probe_relay *p, char **ret_invite)
{
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	int r = web_ask(p, "", "/echobot/invite", NULL, &a);

	if (r == 0 && a.status != 200)
		r = because(&p->why, -ENOENT,
			"/echobot/invite: status %ld, not 200", a.status);
	if (r == 0)
		*ret_invite = slice_dup(slice_trim(buf_slice(&a.body)));
	return r;
}

int apps_meet_echo(struct probe_relay *p)
{
	AUTO_FREE char *invite = NULL;
	const struct chat_user *users;
	int r = open_people(p, 1, &users);

	if (r != 0 || apps.echo_chat)
		return r;
	r = find_invite(p, &invite);
	if (r == 0)
		r = chat_join(users, invite, &apps.echo_chat, &p->why);
	if (r == 0)
		r = chat_wait_joined(users, &p->why);
	if (r < 0)
		apps.echo_chat = 0;
	return r;
}

int apps_ask_echo(struct probe_relay *p, const char *text, const char *want,
	uint32_t *ret_msg)
{
	int r = apps_meet_echo(p);

	if (r == 0)
		r = chat_send_text(
			apps.users, apps.echo_chat, text, NULL, &p->why);
	return r == 0 ? chat_wait_text(apps.users, want, ret_msg, &p->why) : r;
}

void apps_end(struct probe_relay *p)
{
	rpc_close(apps.rpc);
	for (size_t i = 0; i < apps.n; i++)
		if (empty(p, apps.accounts[i]) < 0)
			break;
	temp_remove(apps.dir);
	memset(&apps, 0, sizeof(apps));
}

static int meet(struct probe_relay *p, const struct chat_user **ret_users)
{
	AUTO_FREE char *invite = NULL;
	uint32_t contact = 0;
	int r = open_people(p, 2, ret_users);

	if (r != 0 || apps.chats[0])
		return r;
	const struct chat_user *users = *ret_users;
	r = chat_invite(&users[0], 0, &invite, &p->why);
	if (r == 0)
		r = chat_join(&users[1], invite, &apps.chats[1], &p->why);
	if (r == 0)
		r = chat_wait_joined(&users[1], &p->why);
	if (r == 0)
		r = chat_wait_guest(&users[0], &contact, &p->why);
	return r < 0 ? r
		     : chat_with(&users[0], contact, &apps.chats[0], &p->why);
}

static int try_securejoin(struct probe_relay *p)
{
	const struct chat_user *users;

	return meet(p, &users);
}

static int pass_text(struct probe_relay *p, const struct chat_user *from,
	uint32_t chat, const struct chat_user *to, const char *text)
{
	int r = chat_send_text(from, chat, text, NULL, &p->why);

	return r < 0 ? r : chat_wait_text(to, text, NULL, &p->why);
}

static int try_one_on_one(struct probe_relay *p)
{
	const struct chat_user *users;
	int r = meet(p, &users);

	if (r == 0)
		r = pass_text(p, &users[0], apps.chats[0], &users[1], "ping");
	return r == 0
		? pass_text(p, &users[1], apps.chats[1], &users[0], "pong")
		: r;
}

/* To whose connection sleeps. */
static int try_silence(struct probe_relay *p)
{
	const struct timespec silence = { .tv_sec = SILENCE_SEC };
	const struct chat_user *users;
	int r = meet(p, &users);

	if (r != 0)
		return r;
	nanosleep(&silence, NULL);
	return pass_text(
		p, &users[0], apps.chats[0], &users[1], "still there?");
}

/* The first person scans the code of a user of the second relay. */
static int try_second(struct probe_relay *p)
{
	AUTO_FREE char *invite = NULL;
	const struct chat_user *users;
	struct chat_user guest;
	uint32_t contact = 0, there = 0, back = 0;

	if (!p->second)
		return because(&p->why, PROBE_SKIP,
			"--second DOMAIN names a relay for it");
	AUTO_FREE char *domain = probe_second_domain(p);
	AUTO_ACCOUNT struct probe_account account =
		probe_account_invent(domain, "guest");
	int r = open_people(p, 1, &users);
	if (r == 0)
		r = sign_up(p, &guest, &account,
			domain[0] == '[' ? p->second : NULL);
	if (r == 0)
		r = chat_invite(&guest, 0, &invite, &p->why);
	if (r == 0)
		r = chat_join(&users[0], invite, &there, &p->why);
	if (r == 0)
		r = chat_wait_joined(&users[0], &p->why);
	if (r == 0)
		r = chat_wait_guest(&guest, &contact, &p->why);
	if (r == 0)
		r = chat_with(&guest, contact, &back, &p->why);
	if (r == 0)
		r = pass_text(p, &users[0], there, &guest, "hello there");
	return r == 0 ? pass_text(p, &guest, back, &users[0], "hello") : r;
}

static int try_receipt(struct probe_relay *p)
{
	const struct chat_user *users;
	uint32_t sent = 0, got = 0;
	int r = meet(p, &users);

	if (r == 0)
		r = chat_send_text(
			&users[0], apps.chats[0], "seen?", &sent, &p->why);
	if (r == 0)
		r = chat_wait_text(&users[1], "seen?", &got, &p->why);
	if (r == 0)
		r = chat_mark_seen(&users[1], got, &p->why);
	return r == 0 ? chat_wait_state(&users[0], sent, CHAT_OUT_READ, &p->why)
		      : r;
}

static int must_be_same(
	struct probe_relay *p, const char *path, const char *other)
{
	AUTO_BUF struct buf a = BUF_INIT(FILE_MAX_BYTES);
	AUTO_BUF struct buf b = BUF_INIT(FILE_MAX_BYTES);
	int r = file_read(path, &a, &p->why);

	if (r == 0)
		r = file_read(other, &b, &p->why);
	if (r == 0 && !slice_eq(buf_slice(&a), buf_slice(&b)))
		r = because(&p->why, -EPROTO, "another file has come");
	return r;
}

/* From one to somebody else, or back from the echo bot. */
static int pass_file(struct probe_relay *p, const struct chat_user *from,
	uint32_t chat, const struct chat_user *to, size_t n_bytes)
{
	AUTO_FREE char *path = NULL, *other = NULL;
	uint32_t msg;
	int r = make_file(p, n_bytes, &path);

	if (r == 0)
		r = chat_send_file(from, chat, path, NULL, &p->why);
	if (r == 0)
		r = chat_wait_file(to, &other, &msg, &p->why);
	return r < 0 ? r : must_be_same(p, path, other);
}

static int try_file(struct probe_relay *p)
{
	const struct chat_user *users;
	int r = meet(p, &users);

	return r != 0
		? r
		: pass_file(p, &users[0], apps.chats[0], &users[1], FILE_BYTES);
}

static int try_group(struct probe_relay *p)
{
	AUTO_FREE char *invite = NULL;
	const struct chat_user *users;
	uint32_t group = 0, joined;
	int r = open_people(p, APPS_N, &users);

	if (r == 0)
		r = chat_make_group(&users[0], "five", &group, &p->why);
	if (r == 0)
		r = chat_invite(&users[0], group, &invite, &p->why);
	for (size_t i = 1; r == 0 && i < APPS_N; i++) {
		r = chat_join(&users[i], invite, &joined, &p->why);
		if (r == 0)
			r = chat_wait_joined(&users[i], &p->why);
	}
	if (r == 0)
		r = chat_send_text(&users[0], group, "to all", NULL, &p->why);
	for (size_t i = 1; r == 0 && i < APPS_N; i++)
		r = chat_wait_text(&users[i], "to all", NULL, &p->why);
	return r;
}

/* Not of who sent it themselves, whom core gives the number 1. */
static bool is_of_other(const json_t *event, void *ctx UNUSED)
{
	return json_integer_value(json_object_get(event, "contactId")) > 1;
}

/* The bot reacts to the same message in the same way. */
static int pass_reaction(
	struct probe_relay *p, const struct chat_user *user, uint32_t msg)
{
	int r = chat_call(user, "send_reaction",
		json_pack("[I[s]]", (json_int_t)msg, "\xf0\x9f\x91\x8d"), NULL,
		&p->why);

	return r < 0
		? r
		: rpc_wait_event(user->rpc, user->account, "ReactionsChanged",
			  is_of_other, NULL, NULL, &p->why);
}

static int try_echo(struct probe_relay *p)
{
	const struct chat_user *user = &apps.users[0];
	uint32_t msg;

	if (!p->is_echo)
		return because(&p->why, PROBE_SKIP, "--echo asks for it");
	int r = apps_ask_echo(p, "How are you?", "How are you?", &msg);
	if (r == 0)
		r = pass_reaction(p, user, msg);
	if (r == 0)
		r = pass_file(p, user, apps.echo_chat, user, ECHO_FILE_BYTES);
	return r;
}

static const struct probe_try tries[] = {
	{ .name = "securejoin",
		.what = "one person scans another one's code",
		.advice = "read what the log of filtermail says about it",
		.run = try_securejoin },
	{ .name = "one-on-one",
		.what = "they write to each other",
		.advice = "run \"-k 'sending/*'\" and \"-k 'imap/*'\"",
		.run = try_one_on_one,
		.needs = "apps/securejoin" },
	{ .name = "receipt",
		.what = "a read receipt comes back",
		.advice = "run \"-k 'sending/*'\"",
		.run = try_receipt,
		.needs = "apps/one-on-one" },
	{ .name = "file",
		.what = "a file of 5 MB arrives as it was",
		.advice = "look at max_message_size, and at free space",
		.run = try_file,
		.needs = "apps/securejoin" },
	{ .name = "group",
		.what = "a message to all in a group of five",
		.advice = "run \"-k sending/recipients\"",
		.run = try_group,
		.needs = "apps/securejoin" },
	{ .name = "silence",
		.what = "a message to an app that was long idle",
		.advice = "see what the log of Dovecot says of imap-hibernate",
		.run = try_silence,
		.needs = "apps/one-on-one" },
	{ .name = "second",
		.what = "a chat with a user of the second relay",
		.advice = "see the mail logs of both relays: the queue, DKIM, "
			  "and DNS",
		.run = try_second,
		.needs = "apps/securejoin" },
	{ .name = "echo",
		.what = "the echo bot sends back what it gets",
		.advice = "set echobot = true in chatmail.ini, and read the "
			  "log of echobot",
		.run = try_echo,
		.is_more = true },
	{ 0 },
};

const struct probe_group probe_apps = { "apps", tries };
