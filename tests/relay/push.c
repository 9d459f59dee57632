/*
 * A phone that sleeps is woken: the device token of an account goes to the
 * notification server, which is played here, when a message arrives.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/file.h"
#include "lib/num.h"
#include "tests/client/mail-client.h"
#include "tests/relay/stories.h"

enum {
	WAIT_MSEC = 30000,
	/* So long, nothing more may come. */
	SILENCE_MSEC = 500,
	REQUEST_MAX_BYTES = 16384,
	READ_BYTES = 4096,
};

#define TOKEN "openpgp:a-token-of-a-phone+/=" /* as apps send them */

int story_push_prepare(struct bed *bed)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sa);

	bed->notified_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(bed->notified_fd, (struct sockaddr *)&sa, len) < 0 ||
		getsockname(bed->notified_fd, (struct sockaddr *)&sa, &len) <
			0 ||
		listen(bed->notified_fd, SOMAXCONN) < 0)
		return because(
			bed->why, -errno, "127.0.0.1: %s", strerror(errno));
	bed->settings =
		xasprintf("notification_url = http://127.0.0.1:%u/notify\n",
			ntohs(sa.sin_port));
	return 0;
}

/* As an app does after its login, in the name of the core's account. */
static int set_token(struct bed *bed, const struct bed_login *login)
{
	AUTO_FREE char *server = xasprintf("%s:993", bed->relays[0].address);
	AUTO_FREE char *address =
		xasprintf("%s@%s", login->user, bed->relays[0].domain);
	struct mail_client c = { 0 };
	int r = mail_client_open(&c, server, true, bed->why);

	if (r == 0)
		r = mail_client_imap_login(
			&c, address, login->password, bed->why);
	if (r == 0)
		r = mail_client_imap(&c, bed->why,
			"SETMETADATA INBOX (/private/devicetoken \"%s\")",
			TOKEN);
	mail_client_close(&c);
	return r;
}

static bool is_readable(int fd, int msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, msec) == 1;
}

/* The body when the request is whole. */
static bool has_body(struct slice rest, struct slice *ret_body)
{
	static const char key[] = "content-length:";
	struct slice line;
	uint64_t len = 0;

	while (slice_next_line(&rest, &line) && slice_trim(line).len > 0)
		if (slice_starts_nocase(line, slice_of(key)) &&
			num_parse_u64(slice_trim(slice_from(line, strlen(key))),
				&len) < 0)
			return false;
	if (len == 0 || rest.len < len)
		return false;
	*ret_body = slice_head(rest, len);
	return true;
}

static int read_request(struct bed *bed, int peer)
{
	AUTO_BUF struct buf in = BUF_INIT(REQUEST_MAX_BYTES);
	struct slice body;

	while (!has_body(buf_slice(&in), &body)) {
		char *room = buf_room(&in, READ_BYTES);
		ssize_t n = room && is_readable(peer, WAIT_MSEC)
			? recv(peer, room, READ_BYTES, 0)
			: -1;
		if (n <= 0)
			return because(bed->why, -EBADMSG,
				"no whole request: \"%s\"", buf_str(&in));
		buf_added(&in, (size_t)n);
	}
	if (!slice_starts(buf_slice(&in), SLICE("POST /notify ")) ||
		!slice_eq_str(body, TOKEN))
		return because(bed->why, -EBADMSG,
			"not a POST of the token: \"%s\"", buf_str(&in));
	return 0;
}

static int take_notification(struct bed *bed)
{
	if (!is_readable(bed->notified_fd, WAIT_MSEC))
		return because(bed->why, -ETIMEDOUT, "no notification");
	AUTO_CLOSE int peer =
		accept4(bed->notified_fd, NULL, NULL, SOCK_CLOEXEC);
	int r = read_request(bed, peer);
	if (r == 0)
		r = fd_write_all(peer,
			SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	if (r == 0)
		bed_tell("the notification server got the token");
	if (r == 0 && is_readable(bed->notified_fd, SILENCE_MSEC))
		return because(bed->why, -EBADMSG, "a second notification");
	return r;
}

/* Bob's phone sleeps; Alice's has no token. */
static int write_to_sleeper(struct bed *bed, const struct chat_user *alice,
	uint32_t alice_chat, const struct chat_user *bob)
{
	int r = chat_stop_io(bob, bed->why);

	if (r == 0)
		r = chat_send_text(
			alice, alice_chat, "wake up", NULL, bed->why);
	if (r == 0)
		r = take_notification(bed);
	if (r == 0)
		r = chat_start_io(bob, bed->why);
	if (r == 0)
		r = chat_wait_text(bob, "wake up", NULL, bed->why);
	return r;
}

int story_push(struct bed *bed)
{
	struct chat_user alice, bob;
	struct bed_login login;
	uint32_t chat, ignored;

	bed_invent(&login);
	AUTO_FREE char *link = bed_login_link(bed, 0, &login);
	int r = bed_new_user(bed, 0, &alice);
	if (r == 0)
		r = chat_add_user(bed->rpc, &bob, bed->why);
	if (r == 0)
		r = chat_sign_up(&bob, link, bed->why);
	if (r == 0)
		r = bed_befriend(bed, &alice, &bob, &chat, &ignored);
	/* When this has come, so has all of the handshake. */
	if (r == 0)
		r = chat_send_text(&alice, chat, "awake", NULL, bed->why);
	if (r == 0)
		r = chat_wait_text(&bob, "awake", NULL, bed->why);
	if (r == 0)
		r = set_token(bed, &login);
	return r < 0 ? r : write_to_sleeper(bed, &alice, chat, &bob);
}
