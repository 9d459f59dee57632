/* The relay tests: what people do with their apps (stories.h). */
#include "tests/relay/stories.h"

#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "tests/relay/smtp.h"

enum {
	FILE_BYTES = 5 << 20,
	GROUP_N = 5,
	QUEUED_MS = 90000,
	LOG_MAX_BYTES = 16 << 20,
};

/* For what a story finds wrong itself. */
static int wrong(struct bed *bed, const char *what, const char *got)
{
	return because(bed->why, -EBADMSG, "%s: \"%s\"", what, got);
}

/* Two people, online and befriended, and the chats between them. */
struct pair {
	struct chat_user alice, bob;
	uint32_t alice_chat, bob_chat;
};

/* Alice on the first relay, Bob on the last. */
static int make_pair(struct bed *bed, struct pair *p)
{
	int r = bed_new_user(bed, 0, &p->alice);

	if (r == 0)
		r = bed_new_user(bed, bed->n_relays - 1, &p->bob);
	if (r == 0)
		r = bed_befriend(
			bed, &p->alice, &p->bob, &p->alice_chat, &p->bob_chat);
	return r;
}

static int exchange_texts(struct bed *bed, const struct pair *p)
{
	uint32_t msg;
	int r = chat_send_text(
		&p->alice, p->alice_chat, "hello", &msg, bed->why);

	if (r == 0)
		r = chat_wait_text(&p->bob, "hello", NULL, bed->why);
	if (r == 0)
		r = chat_wait_state(
			&p->alice, msg, CHAT_OUT_DELIVERED, bed->why);
	if (r == 0)
		r = chat_send_text(&p->bob, p->bob_chat,
			"gr\xc3\xbc\xc3\x9f "
			"dich",
			NULL, bed->why);
	if (r == 0)
		r = chat_wait_text(
			&p->alice, "gr\xc3\xbc\xc3\x9f dich", NULL, bed->why);
	if (r == 0)
		bed_tell("texts went both ways");
	return r;
}

static int same_file(struct bed *bed, const char *path, struct slice want)
{
	AUTO_BUF struct buf got = BUF_INIT(FILE_BYTES + 1);
	int r = file_read(path, &got, bed->why);

	if (r < 0)
		return r;
	if (!slice_eq(buf_slice(&got), want))
		return because(bed->why, -EBADMSG,
			"%s: not the bytes that were sent (%zu of %zu)", path,
			got.len, want.len);
	return 0;
}

/* Random bytes, which no compression makes smaller. */
static int send_big_file(struct bed *bed, const struct pair *p)
{
	AUTO_BUF struct buf data = BUF_INIT(FILE_BYTES);
	AUTO_FREE char *path = xasprintf("%s/photo.bin", bed->dir);
	AUTO_FREE char *got = NULL;
	uint32_t sent, received;

	arc4random_buf(buf_room(&data, FILE_BYTES), FILE_BYTES);
	buf_added(&data, FILE_BYTES);
	int r = file_write(path, buf_slice(&data),
		(struct file_owner){ 0600, -1, -1 }, bed->why);
	if (r == 0)
		r = chat_send_file(
			&p->alice, p->alice_chat, path, &sent, bed->why);
	if (r == 0)
		r = chat_wait_file(&p->bob, &got, &received, bed->why);
	if (r == 0)
		r = same_file(bed, got, buf_slice(&data));
	if (r == 0)
		r = chat_wait_state(
			&p->alice, sent, CHAT_OUT_DELIVERED, bed->why);
	if (r == 0)
		bed_tell("a file of 5 MB came whole");
	return r;
}

static int read_receipt(struct bed *bed, const struct pair *p)
{
	uint32_t sent, received;
	int r = chat_send_text(
		&p->alice, p->alice_chat, "seen this?", &sent, bed->why);

	if (r == 0)
		r = chat_wait_text(&p->bob, "seen this?", &received, bed->why);
	if (r == 0 && chat_state_of(&p->alice, sent, bed->why) == CHAT_OUT_READ)
		return wrong(bed, "read before it was", "seen this?");
	if (r == 0)
		r = chat_mark_seen(&p->bob, received, bed->why);
	if (r == 0)
		r = chat_wait_state(&p->alice, sent, CHAT_OUT_READ, bed->why);
	if (r == 0)
		bed_tell("the read receipt came");
	return r;
}

/* On one relay or across two, as the bed is. */
static int story_chat(struct bed *bed)
{
	struct pair p;
	int r = make_pair(bed, &p);

	if (r == 0)
		r = exchange_texts(bed, &p);
	if (r == 0)
		r = send_big_file(bed, &p);
	if (r == 0)
		r = read_receipt(bed, &p);
	return r;
}

/* With port 25 closed, as far as the relays know. */
static int story_https(struct bed *bed)
{
	int r = story_chat(bed);

	for (size_t i = 0; r == 0 && i < bed->n_relays; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/log/postfix/current", bed->relays[i].dir);
		AUTO_BUF struct buf text = BUF_INIT(LOG_MAX_BYTES);
		r = file_read(path, &text, bed->why);
		if (r == 0 && !strstr(buf_str(&text), "taken over HTTPS"))
			r = wrong(bed, "nothing went over HTTPS from",
				bed->relays[i].domain);
	}
	return r;
}

/* The account has an address of the relay and can talk to itself. */
static int check_account(struct bed *bed, const struct chat_user *user)
{
	AUTO_FREE char *address = NULL;
	AUTO_FREE char *ending = xasprintf("@%s", bed->relays[0].domain);
	int r = chat_get_config(user, "configured_addr", &address, bed->why);

	if (r < 0)
		return r;
	if (!slice_ends(slice_of(address), slice_of(ending)))
		return wrong(bed, "address of another relay", address);
	bed_tell("signed up as %s", address);
	return 0;
}

static int sign_up_by(struct bed *bed, const char *link, struct chat_user *user)
{
	bed_tell("signing up by %s", link);
	int r = chat_add_user(bed->rpc, user, bed->why);

	if (r == 0)
		r = chat_sign_up(user, link, bed->why);
	if (r == 0)
		r = check_account(bed, user);
	return r;
}

/* Both of the ways of a name, and that the two accounts work. */
static int story_dcaccount(struct bed *bed)
{
	AUTO_FREE char *name = xasprintf("dcaccount:%s", bed->relays[0].domain);
	AUTO_FREE char *web =
		xasprintf("DCACCOUNT:https://%s/new", bed->relays[0].domain);
	struct pair p;
	int r = sign_up_by(bed, name, &p.alice);

	if (r == 0)
		r = sign_up_by(bed, web, &p.bob);
	if (r == 0)
		r = bed_befriend(
			bed, &p.alice, &p.bob, &p.alice_chat, &p.bob_chat);
	if (r == 0)
		r = exchange_texts(bed, &p);
	return r;
}

/* The plain link, and the other ports of FACTS: STARTTLS, and all on 443. */
static int story_dclogin(struct bed *bed)
{
	static const char *const ports[] = {
		"",
		"&ip=143&is=starttls&sp=587&ss=starttls",
		"&ip=443&is=ssl&sp=443&ss=ssl",
	};
	struct chat_user users[ARRAY_LEN(ports)];
	uint32_t chat;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(ports); i++) {
		struct bed_login login;
		bed_invent(&login);
		AUTO_FREE char *link = bed_login_link(bed, 0, &login);
		AUTO_FREE char *full = xasprintf("%s%s", link, ports[i]);
		r = sign_up_by(bed, full, &users[i]);
	}
	for (size_t i = 1; r == 0 && i < ARRAY_LEN(ports); i++)
		r = bed_befriend(bed, &users[0], &users[i], NULL, &chat);
	return r;
}

/* A second device tries the address with another password. */
static int story_wrong_password(struct bed *bed)
{
	struct bed_login login, thief;
	struct chat_user owner, other, again;

	bed_invent(&login);
	bed_invent(&thief);
	memcpy(thief.user, login.user, sizeof(thief.user));
	AUTO_FREE char *right = bed_login_link(bed, 0, &login);
	AUTO_FREE char *link = bed_login_link(bed, 0, &thief);
	/* One port each: a refusal takes seconds. */
	AUTO_FREE char *bad = xasprintf("%s&ip=993&is=ssl&sp=465&ss=ssl", link);
	int r = sign_up_by(bed, right, &owner);
	if (r == 0)
		r = chat_add_user(bed->rpc, &other, bed->why);
	if (r < 0)
		return r;
	r = chat_sign_up(&other, bad, bed->why);
	if (r == 0)
		return wrong(bed, "the wrong password was accepted", bad);
	if (r != -EREMOTEIO)
		return r;
	bed_tell("refused: %s", buf_str(bed->why));
	if (!strstr(buf_str(bed->why), "uthentication failed"))
		return wrong(bed, "refused otherwise", buf_str(bed->why));
	return sign_up_by(bed, right, &again);
}

/* Members count and everybody's text reaches everybody else. */
static int talk_in_group(
	struct bed *bed, const struct chat_user *users, const uint32_t *chats)
{
	int r = 0;

	for (int i = 0; r == 0 && i < GROUP_N; i++) {
		AUTO_FREE char *text = xasprintf("I am number %d", i);
		r = chat_send_text(&users[i], chats[i], text, NULL, bed->why);
		for (int k = 0; r == 0 && k < GROUP_N; k++)
			if (k != i)
				r = chat_wait_text(
					&users[k], text, NULL, bed->why);
		if (r == 0)
			bed_tell("all heard number %d", i);
	}
	for (int i = 0; r == 0 && i < GROUP_N; i++) {
		r = chat_count_members(&users[i], chats[i], bed->why);
		if (r >= 0 && r != GROUP_N)
			return because(bed->why, -EBADMSG,
				"number %d sees %d members, not %d", i, r,
				GROUP_N);
		r = r > 0 ? 0 : r;
	}
	return r;
}

/* Three on the first relay, two on the second; all scan one code. */
static int story_group(struct bed *bed)
{
	struct chat_user users[GROUP_N];
	uint32_t chats[GROUP_N], contact;
	AUTO_FREE char *invitation = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < GROUP_N; i++)
		r = bed_new_user(bed, i % bed->n_relays, &users[i]);
	if (r == 0)
		r = chat_make_group(&users[0], "five", &chats[0], bed->why);
	if (r == 0)
		r = chat_invite(&users[0], chats[0], &invitation, bed->why);
	for (int i = 1; r == 0 && i < GROUP_N; i++)
		r = chat_join(&users[i], invitation, &chats[i], bed->why);
	for (int i = 1; r == 0 && i < GROUP_N; i++)
		r = chat_wait_joined(&users[i], bed->why);
	for (int i = 1; r == 0 && i < GROUP_N; i++)
		r = chat_wait_guest(&users[0], &contact, bed->why);
	if (r == 0)
		bed_tell("all have joined the group");
	return r < 0 ? r : talk_in_group(bed, users, chats);
}

/* Bob's relay is away while Alice writes, and comes back. */
static int story_dead_relay(struct bed *bed)
{
	struct pair p;
	uint32_t msg;
	int r = make_pair(bed, &p);

	if (r == 0)
		r = bed_down(bed, 1);
	if (r == 0)
		r = chat_send_text(&p.alice, p.alice_chat, "are you there?",
			&msg, bed->why);
	if (r == 0)
		r = chat_wait_state(
			&p.alice, msg, CHAT_OUT_DELIVERED, bed->why);
	if (r == 0)
		r = bed_wait_deferred(bed, 0);
	if (r == 0)
		r = bed_up(bed, 1);
	if (r < 0)
		return r;
	rpc_set_timeout(bed->rpc, QUEUED_MS);
	r = chat_wait_text(&p.bob, "are you there?", NULL, bed->why);
	if (r == 0)
		bed_tell("it came late");
	if (r == 0 && chat_state_of(&p.alice, msg, bed->why) == CHAT_OUT_FAILED)
		return wrong(bed, "came, but failed for", "alice");
	return r;
}

/* By an ordinary mail program: the reply goes to whoever wrote. */
static int try_cleartext(struct bed *bed, const struct bed_login *login,
	const char *recipient, const char *want)
{
	AUTO_BUF struct buf reply = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *address =
		xasprintf("%s@%s", login->user, bed->relays[0].domain);
	AUTO_FREE char *log = xasprintf("%s/openssl.log", bed->dir);
	AUTO_FREE char *mail = xasprintf("From: <%s>\nTo: <%s>\n"
					 "Subject: lunch\n"
					 "Message-ID: <1@plain.test>\n"
					 "Date: Sat, 1 Mar 2025 12:00:00 "
					 "+0000\n\n"
					 "Shall we meet at noon?\n",
		address, recipient);
	struct smtp_login smtp = { bed->relays[0].address, address,
		login->password, log };
	int r = smtp_send(&smtp, recipient, mail, &reply, bed->why);

	if (r < 0)
		return r;
	bed_tell("to %s: %s", recipient, buf_str(&reply));
	if (!slice_starts(buf_slice(&reply), slice_of(want)))
		return because(bed->why, -EBADMSG,
			"to %s: got \"%s\", not "
			"\"%s\"",
			recipient, buf_str(&reply), want);
	return 0;
}

static int story_cleartext(struct bed *bed)
{
	struct bed_login login;
	struct chat_user user;

	bed_invent(&login);
	AUTO_FREE char *link = bed_login_link(bed, 0, &login);
	AUTO_FREE char *self =
		xasprintf("%s@%s", login.user, bed->relays[0].domain);
	static const char refusal[] =
		"523 Encryption Needed: Invalid Unencrypted Mail to <";
	AUTO_FREE char *want = xasprintf("%soutside@example.org>", refusal);
	int r = sign_up_by(bed, link, &user);

	if (r == 0)
		r = try_cleartext(bed, &login, "outside@example.org", want);
	if (r == 0)
		r = try_cleartext(bed, &login, "outside@[127.1.2.3]", refusal);
	if (r == 0)
		r = try_cleartext(bed, &login, self, refusal);
	return r;
}

const struct story stories[] = {
	{ "dclogin", 1, .tell = story_dclogin },
	{ "dcaccount", 1, "_c.test", .tell = story_dcaccount },
	{ "wrong-password", 1, .tell = story_wrong_password },
	{ "chat-on-one-relay", 1, .tell = story_chat },
	{ "chat-across-relays", 2, .tell = story_chat },
	{ "chat-over-https", 2, .tell = story_https,
		.settings = "delivery = https\n" },
	{ "group-of-five", 2, .tell = story_group },
	{ "dead-relay", 2, .tell = story_dead_relay },
	{ "cleartext", 1, .tell = story_cleartext },
	{ "flood", 1, .tell = story_flood, .settings = story_flood_settings },
	{ "push", 1, .tell = story_push, .prepare = story_push_prepare },
	{ "privacy", 2, .tell = story_privacy },
};
const size_t stories_n = ARRAY_LEN(stories);
