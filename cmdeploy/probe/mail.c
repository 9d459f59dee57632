/* IMAP and SMTP as a client speaks them (mail.h). */
#include "cmdeploy/probe/mail.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

enum {
	COMMAND_MAX_BYTES = 1 << 16,
	CODE_CHARS = 3,
	POLL_MSEC = 50,
};

int mail_connect(const struct probe_relay *p, struct mail *m, unsigned port,
	struct buf *why)
{
	int r = because(
		why, -ENOENT, "%s has no address", p->config.mail_domain);

	*m = MAIL_NONE;
	m->said = BUF_INIT(MAIL_SAID_MAX_BYTES);
	for (size_t i = 0; i < p->n_hosts; i++) {
		r = wire_open(&m->wire, p->hosts[i], port, p->answer_sec, why);
		if (r == 0)
			return 0;
	}
	return r;
}

int mail_start_tls(const struct probe_relay *p, struct mail *m,
	const char *alpn, struct buf *why)
{
	return wire_start_tls(&m->wire,
		&(struct wire_tls){
			.name = p->config.mail_domain,
			.alpn = alpn,
		},
		why);
}

void mail_close(struct mail *m)
{
	wire_close(&m->wire);
	buf_release(&m->said);
}

static int connect_tls(const struct probe_relay *p, struct mail *m,
	unsigned port, struct buf *why)
{
	int r = mail_connect(p, m, port, why);

	return r < 0 ? r : mail_start_tls(p, m, NULL, why);
}

int mail_refused(const struct mail *m, int error, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);

	buf_add_plain(
		&text, slice_head(slice_last_line(buf_slice(&m->said)), 400));
	return because(why, error, "the server says: %s", buf_str(&text));
}

bool mail_has_line(const struct mail *m, const char *start)
{
	struct slice rest = buf_slice(&m->said), line;

	while (slice_next_line(&rest, &line))
		if (slice_starts_nocase(line, slice_of(start)))
			return true;
	return false;
}

/* Takes a line into what was said. */
static int hear(struct mail *m, struct slice *ret_line, struct buf *why)
{
	int r = wire_expect_line(&m->wire, ret_line, why);

	if (r < 0)
		return r;
	buf_add_slice(&m->said, *ret_line);
	buf_add_char(&m->said, '\n');
	return 0;
}

/* Up to the line that answers the last command, or asks for more of it. */
static int imap_answer(struct mail *m, struct buf *why)
{
	AUTO_FREE char *tag = xasprintf("t%u ", m->n_tags);
	struct slice line;

	do {
		int r = hear(m, &line, why);
		if (r < 0)
			return r;
	} while (!slice_starts(line, slice_of(tag)) &&
		!slice_starts(line, SLICE("+ ")));
	if (slice_starts(line, SLICE("+ ")))
		return 0;
	line = slice_from(line, strlen(tag));
	if (slice_starts_nocase(line, SLICE("OK")))
		return 0;
	return mail_refused(m,
		slice_starts_nocase(line, SLICE("NO")) ? -EACCES : -EPROTO,
		why);
}

int mail_imap(struct mail *m, struct buf *why, const char *format, ...)
{
	AUTO_BUF struct buf command = BUF_INIT(COMMAND_MAX_BYTES);
	va_list args;

	buf_addf(&command, "t%u ", ++m->n_tags);
	va_start(args, format);
	buf_vaddf(&command, format, args);
	va_end(args);
	buf_add_str(&command, "\r\n");
	buf_reset(&m->said);
	int r = wire_send(&m->wire, buf_slice(&command), why);
	explicit_bzero(command.ptr, command.len);
	return r < 0 ? r : imap_answer(m, why);
}

int mail_imap_literal(struct mail *m, struct slice bytes, struct buf *why)
{
	int r = wire_send(&m->wire, bytes, why);

	if (r == 0)
		r = wire_send(&m->wire, SLICE("\r\n"), why);
	return r < 0 ? r : imap_answer(m, why);
}

int mail_empty(struct mail *m, const char *folder, struct buf *why)
{
	int r = mail_imap(m, why, "SELECT %s", folder);

	if (r == 0 && !mail_has_line(m, "* 0 EXISTS"))
		r = mail_imap(m, why, "STORE 1:* +FLAGS.SILENT (\\Deleted)");
	return r < 0 ? r : mail_imap(m, why, "EXPUNGE");
}

int mail_fetch_first(struct mail *m, struct buf *why)
{
	const struct timespec pause = { .tv_nsec = POLL_MSEC * 1000000L };

	for (int i = 0; i < m->wire.sec * 1000 / POLL_MSEC; i++) {
		int r = mail_imap(m, why, "FETCH 1 BODY.PEEK[]");
		if (r == 0 && mail_has_line(m, "* 1 FETCH"))
			return 0;
		if (r < 0 && r != -EPROTO && r != -EACCES)
			return r;
		nanosleep(&pause, NULL);
		r = mail_imap(m, why, "NOOP");
		if (r < 0)
			return r;
	}
	return because(why, -ETIMEDOUT,
		"the message has not arrived within %d s", m->wire.sec);
}

int mail_imap_open(const struct probe_relay *p, struct mail *m, struct buf *why)
{
	struct slice line;
	int r = connect_tls(p, m, PORT_IMAPS, why);

	if (r == 0)
		r = hear(m, &line, why);
	if (r == 0 && !slice_starts(line, SLICE("* OK")))
		r = mail_refused(m, -EPROTO, why);
	return r;
}

int mail_imap_auth(
	struct mail *m, const struct probe_account *account, struct buf *why)
{
	return mail_imap(m, why, "LOGIN \"%s\" \"%s\"", account->address,
		account->password);
}

int mail_imap_login(const struct probe_relay *p, struct mail *m,
	const struct probe_account *account, struct buf *why)
{
	int r = mail_imap_open(p, m, why);

	return r < 0 ? r : mail_imap_auth(m, account, why);
}

int mail_smtp(struct mail *m, struct buf *why, const char *command)
{
	struct slice line = SLICE_NONE;
	int r = 0;

	buf_reset(&m->said);
	if (command)
		r = wire_send(&m->wire, slice_of(command), why);
	if (r == 0 && command)
		r = wire_send(&m->wire, SLICE("\r\n"), why);
	do {
		if (r == 0)
			r = hear(m, &line, why);
		if (r < 0)
			return r;
	} while (line.len > CODE_CHARS && line.ptr[CODE_CHARS] == '-');
	for (int i = 0; i < CODE_CHARS; i++) {
		if (line.len <= (size_t)i || !ascii_is_digit(line.ptr[i]))
			return mail_refused(m, -EPROTO, why);
		r = r * 10 + (line.ptr[i] - '0');
	}
	return r;
}

int mail_reset(struct mail *m)
{
	struct slice line;
	int r = wire_send(&m->wire, SLICE("RSET\r\n"), NULL);

	return r < 0 ? r : wire_expect_line(&m->wire, &line, NULL);
}

int mail_smtp_expect(
	struct mail *m, int code, struct buf *why, const char *format, ...)
{
	AUTO_BUF struct buf command = BUF_INIT(COMMAND_MAX_BYTES);
	va_list args;

	va_start(args, format);
	buf_vaddf(&command, format, args);
	va_end(args);
	int r = mail_smtp(m, why, buf_str(&command));
	if (r < 0 || r == code)
		return r < 0 ? r : 0;
	return mail_refused(m, -EPROTO, why);
}

int mail_smtp_open(const struct probe_relay *p, struct mail *m, struct buf *why)
{
	int r = connect_tls(p, m, PORT_SUBMISSIONS, why);

	if (r == 0)
		r = mail_smtp(m, why, NULL);
	if (r >= 0 && r != 220)
		r = mail_refused(m, -EPROTO, why);
	return r < 0 ? r : mail_smtp_expect(m, 250, why, "EHLO test.invalid");
}

int mail_stranger_open(
	const struct probe_relay *p, struct mail *m, struct buf *why)
{
	int r = mail_connect(p, m, PORT_SMTP, why);

	if (r == 0)
		r = mail_smtp(m, why, NULL);
	if (r >= 0 && r != 220)
		r = mail_refused(m, -EPROTO, why);
	if (r >= 0)
		r = mail_smtp_expect(m, 250, why, "EHLO test.invalid");
	if (r == 0)
		r = mail_smtp_expect(m, 220, why, "STARTTLS");
	if (r == 0)
		r = mail_start_tls(p, m, NULL, why);
	return r < 0 ? r : mail_smtp_expect(m, 250, why, "EHLO test.invalid");
}

void mail_add_auth(struct buf *out, const struct probe_account *account)
{
	__attribute__((cleanup(buf_release_secret))) struct buf token =
		BUF_INIT(1024);

	buf_add(&token, "", 1);
	buf_add_str(&token, account->address);
	buf_add(&token, "", 1);
	buf_add_str(&token, account->password);
	buf_add_str(out, "AUTH PLAIN ");
	char *room = buf_room(out, token.len * 2 + 4);
	buf_added(out,
		(size_t)EVP_EncodeBlock((unsigned char *)room,
			(const unsigned char *)token.ptr, (int)token.len));
}

int mail_smtp_auth(
	struct mail *m, const struct probe_account *account, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf command =
		BUF_INIT(2048);

	mail_add_auth(&command, account);
	int r = mail_smtp(m, why, buf_str(&command));
	if (r < 0 || r == 235)
		return r < 0 ? r : 0;
	return mail_refused(m, r == 535 ? -EACCES : -EPROTO, why);
}

int mail_smtp_login(const struct probe_relay *p, struct mail *m,
	const struct probe_account *account, struct buf *why)
{
	int r = mail_smtp_open(p, m, why);

	return r < 0 ? r : mail_smtp_auth(m, account, why);
}

/* The relay may have deleted it since; then it is made again. */
int mail_account(struct probe_relay *p, const char *role,
	const struct probe_account **ret_account)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	const struct probe_account *kept =
		probe_accounts_find(&p->accounts, role);
	int r = 0;

	if (!kept) {
		AUTO_ACCOUNT struct probe_account made =
			probe_account_invent(p->accounts.domain, role);
		r = mail_imap_login(p, &m, &made, &p->why);
		if (r == 0)
			r = probe_accounts_keep(&p->accounts, &made, &p->why);
		kept = probe_accounts_find(&p->accounts, role);
	}
	if (r < 0)
		return r;
	*ret_account = kept;
	return 0;
}
