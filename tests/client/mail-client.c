/* An IMAP and SMTP client for tests (mail-client.h). */
#include "tests/client/mail-client.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/die.h"
#include "lib/num.h"

enum {
	READ_BYTES = 16384,
	REPLY_CODE_CHARS = 3,
};

static long long now_msec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* 1 when the descriptor is ready, 0 when it was not in `msec`. */
static int wait_for(const struct mail_client *c, short events, int msec)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int n = poll(&p, 1, msec);

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	return n;
}

/* Waits for what TLS wants after `error`; 0 when it did not come. */
static int wait_for_tls(struct mail_client *c, ssize_t error, int msec)
{
	if (error != GNUTLS_E_AGAIN && error != GNUTLS_E_INTERRUPTED)
		return -ECONNRESET;
	bool is_writing = gnutls_record_get_direction(c->tls);
	return wait_for(c, is_writing ? POLLOUT : POLLIN, msec);
}

/* One for all connections and threads, as long as the process lives. */
static gnutls_certificate_credentials_t everybody;

__attribute__((constructor)) static void trust_everybody(void)
{
	if (gnutls_certificate_allocate_credentials(&everybody) < 0)
		oom();
}

static int shake_hands(struct mail_client *c)
{
	if (gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0 ||
		gnutls_set_default_priority(c->tls) < 0 ||
		gnutls_credentials_set(
			c->tls, GNUTLS_CRD_CERTIFICATE, everybody) < 0)
		oom();
	gnutls_transport_set_int(c->tls, c->fd);
	for (;;) {
		int error = gnutls_handshake(c->tls);
		if (error == 0)
			return 0;
		int n = wait_for_tls(c, error, MAIL_CLIENT_WAIT_MSEC);
		if (n <= 0)
			return n ? n : -ETIMEDOUT;
	}
}

static int finish_connect(struct mail_client *c)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int n = wait_for(c, POLLOUT, MAIL_CLIENT_WAIT_MSEC);

	if (n <= 0)
		return n ? n : -ETIMEDOUT;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

int mail_client_open(struct mail_client *c, const char *address, bool is_tls,
	struct buf *why)
{
	struct addr addr;

	*c = (struct mail_client){
		.fd = -1,
		.in = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES),
	};
	snprintf(c->name, sizeof(c->name), "%s", address);
	int r = addr_parse(address, &addr, why);
	if (r < 0)
		return r;
	r = addr_connect(&addr, &c->fd);
	if (r == 0)
		r = finish_connect(c);
	if (r == 0 && is_tls)
		r = shake_hands(c);
	if (r == 0)
		return 0;
	mail_client_close(c);
	return because(why, r, "%s: connect%s: %s", address,
		is_tls ? " with TLS" : "", strerror(-r));
}

void mail_client_close(struct mail_client *c)
{
	if (!c->name[0])
		return;
	if (c->tls)
		gnutls_deinit(c->tls);
	fd_close(&c->fd);
	buf_release(&c->in);
	*c = (struct mail_client){ .fd = -1 };
}

/* Bytes written, 0 when it has to be tried again. */
static ssize_t send_some(struct mail_client *c, struct slice bytes)
{
	if (!c->tls) {
		ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			n = wait_for(c, POLLOUT, MAIL_CLIENT_WAIT_MSEC);
			return n > 0 ? 0 : n ? n : -ETIMEDOUT;
		}
		return n < 0 ? -errno : n;
	}
	ssize_t n = gnutls_record_send(c->tls, bytes.ptr, bytes.len);
	if (n > 0)
		return n;
	n = wait_for_tls(c, n, MAIL_CLIENT_WAIT_MSEC);
	return n > 0 ? 0 : n ? n : -ETIMEDOUT;
}

int mail_client_send(struct mail_client *c, struct slice bytes, struct buf *why)
{
	while (bytes.len) {
		ssize_t n = send_some(c, bytes);
		if (n < 0)
			return because(why, (int)n, "%s: send: %s", c->name,
				strerror((int)-n));
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

/* 1 when something came, 0 when nothing did in `msec`. */
static int receive_some(struct mail_client *c, int msec)
{
	char *room = buf_room(&c->in, READ_BYTES);

	if (!room)
		return -EMSGSIZE;
	if (!c->tls) {
		ssize_t n = recv(c->fd, room, READ_BYTES, 0);
		if (n < 0)
			return errno == EAGAIN ? wait_for(c, POLLIN, msec)
					       : -errno;
		buf_added(&c->in, (size_t)n);
		return n ? 1 : -ECONNRESET;
	}
	ssize_t n = gnutls_record_recv(c->tls, room, READ_BYTES);
	if (n <= 0)
		return wait_for_tls(c, n, msec);
	buf_added(&c->in, (size_t)n);
	return 1;
}

int mail_client_line(struct mail_client *c, int msec, struct slice *ret_line)
{
	long long end = now_msec() + msec;

	buf_consume(&c->in, c->taken);
	c->taken = 0;
	for (;;) {
		struct slice rest;
		if (slice_cut(buf_slice(&c->in), '\n', ret_line, &rest)) {
			c->taken = ret_line->len + 1;
			*ret_line = slice_trim(*ret_line);
			return 1;
		}
		long long left = end - now_msec();
		int r = receive_some(c, left > 0 ? (int)left : 0);
		if (r <= 0)
			return r;
	}
}

static int next_line(
	struct mail_client *c, struct slice *ret_line, struct buf *why)
{
	int r = mail_client_line(c, MAIL_CLIENT_WAIT_MSEC, ret_line);

	if (r > 0)
		return 0;
	r = r ? r : -ETIMEDOUT;
	return because(why, r, "%s: no answer: %s", c->name, strerror(-r));
}

static int refused(
	const struct mail_client *c, struct slice line, struct buf *why)
{
	return because(
		why, -EPROTO, "%s: answered %.*s", c->name, SLICE_FMT(line));
}

int mail_client_until(struct mail_client *c, const char *start,
	struct slice *ret_line, struct buf *why)
{
	for (;;) {
		int r = next_line(c, ret_line, why);
		if (r < 0 || slice_starts(*ret_line, slice_of(start)))
			return r;
	}
}

uint64_t mail_client_exists_in(struct slice line)
{
	struct slice star, number, word;
	uint64_t n;

	if (!slice_next_word(&line, &star) || !slice_eq_str(star, "*") ||
		!slice_next_word(&line, &number) ||
		!slice_next_word(&line, &word) || !slice_eq_str(word, "EXISTS"))
		return 0;
	return num_parse_u64(number, &n) < 0 ? 0 : n;
}

int mail_client_exists(struct mail_client *c, uint64_t n, struct buf *why)
{
	struct slice line;

	do {
		int r = next_line(c, &line, why);
		if (r < 0)
			return r;
	} while (mail_client_exists_in(line) < n);
	return 0;
}

/* Reads up to the answer to the last tag. */
static int imap_answer(struct mail_client *c, struct buf *why)
{
	AUTO_BUF struct buf tag = BUF_INIT(64);
	struct slice line;

	buf_addf(&tag, "t%u ", c->n_tags);
	int r = mail_client_until(c, buf_str(&tag), &line, why);
	if (r < 0)
		return r;
	return slice_starts(slice_from(line, tag.len), SLICE("OK"))
		? 0
		: refused(c, line, why);
}

int mail_client_imap(
	struct mail_client *c, struct buf *why, const char *format, ...)
{
	AUTO_BUF struct buf out = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);
	va_list args;

	buf_addf(&out, "t%u ", ++c->n_tags);
	va_start(args, format);
	buf_vaddf(&out, format, args);
	va_end(args);
	buf_add_str(&out, "\r\n");
	int r = mail_client_send(c, buf_slice(&out), why);
	return r < 0 ? r : imap_answer(c, why);
}

int mail_client_imap_authenticate(struct mail_client *c, const char *user,
	const char *password, struct buf *why)
{
	struct slice line;
	int r = mail_client_until(c, "* OK", &line, why);

	return r < 0 ? r
		     : mail_client_imap(c, why, "LOGIN %s %s", user, password);
}

int mail_client_imap_login(struct mail_client *c, const char *user,
	const char *password, struct buf *why)
{
	int r = mail_client_imap_authenticate(c, user, password, why);

	return r < 0 ? r : mail_client_imap(c, why, "SELECT INBOX");
}

int mail_client_idle(struct mail_client *c, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(64);
	struct slice line;

	buf_addf(&out, "t%u IDLE\r\n", ++c->n_tags);
	int r = mail_client_send(c, buf_slice(&out), why);
	return r < 0 ? r : mail_client_until(c, "+", &line, why);
}

int mail_client_done(struct mail_client *c, struct buf *why)
{
	int r = mail_client_send(c, SLICE("DONE\r\n"), why);

	return r < 0 ? r : imap_answer(c, why);
}

static bool is_last_of_reply(struct slice line)
{
	return line.len <= REPLY_CODE_CHARS ||
		line.ptr[REPLY_CODE_CHARS] != '-';
}

int mail_client_smtp(
	struct mail_client *c, char digit, const char *command, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);
	struct slice line;

	if (command)
		buf_addf(&out, "%s\r\n", command);
	int r = mail_client_send(c, buf_slice(&out), why);
	if (r < 0)
		return r;
	do {
		r = next_line(c, &line, why);
		if (r < 0)
			return r;
	} while (!is_last_of_reply(line));
	return line.len && line.ptr[0] == digit ? 0 : refused(c, line, why);
}

int mail_client_submission_login(struct mail_client *c, const char *user,
	const char *password, struct buf *why)
{
	AUTO_BUF struct buf secret = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);
	AUTO_BUF struct buf auth = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);
	gnutls_datum_t text;

	buf_addf(&secret, "%c%s%c%s", 0, user, 0, password);
	gnutls_datum_t plain = { (unsigned char *)secret.ptr,
		(unsigned)secret.len };
	if (gnutls_base64_encode2(&plain, &text) < 0)
		oom();
	buf_addf(&auth, "AUTH PLAIN %s", (const char *)text.data);
	gnutls_free(text.data);
	int r = mail_client_smtp(c, '2', NULL, why);
	if (r == 0)
		r = mail_client_smtp(c, '2', "EHLO client", why);
	return r < 0 ? r : mail_client_smtp(c, '2', buf_str(&auth), why);
}

int mail_client_deliver(struct mail_client *c,
	const struct mail_client_letter *letter, struct buf *why)
{
	AUTO_BUF struct buf mail = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);
	AUTO_BUF struct buf rcpt = BUF_INIT(MAIL_CLIENT_LINE_MAX_BYTES);

	buf_addf(&mail, "MAIL FROM:<%s>", letter->sender);
	buf_addf(&rcpt, "RCPT TO:<%s>", letter->recipient);
	int r = mail_client_smtp(c, '2', buf_str(&mail), why);
	if (r == 0)
		r = mail_client_smtp(c, '2', buf_str(&rcpt), why);
	if (r == 0)
		r = mail_client_smtp(c, '3', "DATA", why);
	if (r == 0)
		r = mail_client_send(c, letter->text, why);
	return r < 0 ? r : mail_client_smtp(c, '2', ".", why);
}
