/* The users of a load (crowd.h). */
#include "cmdeploy/load/crowd.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "cmdeploy/probe/letter.h"
#include "lib/clock.h"

enum {
	LOGINS_AT_ONCE = 32,
	KEPT_MAX = 100,
	FRESH_MAX = 64,
	LOOK_USEC = 100000,
	TURN_MSEC = 100,
	LETTER_MAX_BYTES = 4 << 20,
	ENVELOPE_MAX_BYTES = 1 << 16,
};

/* Half of what one address may have. */
static size_t senders_of(const struct config *config, size_t most)
{
	uint64_t n = config_smtp_share(config) / 2;

	return n < 1 ? 1 : n < most ? (size_t)n : most;
}

static size_t kept_of(const struct config *config, uint64_t n_users)
{
	size_t n = senders_of(config, KEPT_MAX);

	return n < n_users / 2 ? n : (size_t)(n_users / 2);
}

double crowd_rate_max(const struct config *config, uint64_t n_users)
{
	size_t n_kept = kept_of(config, n_users);
	size_t n_fresh = n_users - n_kept;
	size_t n = n_kept < n_fresh ? n_kept : n_fresh;

	return 2.0 * (double)n * (double)config->max_user_send_per_minute / 60;
}

/* Letters and digits that follow from the secret of this relay's load. */
static char *derive(
	const char *secret, const char *what, size_t i, size_t n_chars)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	AUTO_FREE char *text = xasprintf("%s %s %zu", secret, what, i);
	unsigned char digest[EVP_MAX_MD_SIZE];
	char chars[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) !=
		1)
		abort();
	explicit_bzero(text, strlen(text));
	for (size_t k = 0; k < n_chars; k++)
		chars[k] = alphabet[digest[k] % (sizeof(alphabet) - 1)];
	return xstrndup(chars, n_chars);
}

static int make_users(
	struct crowd *c, struct probe_relay *relay, struct buf *why)
{
	const struct probe_account *first;
	int r = mail_account(relay, "load", &first);

	if (r < 0)
		return because(why, r, "%s", buf_str(&relay->why));
	for (size_t i = 0; i < c->n; i++) {
		AUTO_FREE char *name =
			derive(first->password, "name", i, PROBE_ACCOUNT_CHARS);
		c->accounts[i] = (struct probe_account){
			.address = xasprintf(
				"%s@%s", name, relay->accounts.domain),
			.password = derive(first->password, "password", i,
				PROBE_PASSWORD_CHARS),
		};
		c->readers[i] = (struct reader){
			.link.fd = -1,
			.user = (uint32_t)i,
			.address = c->accounts[i].address,
			.password = c->accounts[i].password,
			.ledger = &c->ledger,
		};
	}
	return 0;
}

static void make_senders(struct crowd *c)
{
	c->n_kept = kept_of(&c->relay->config, c->n);
	c->n_senders = c->n_kept + senders_of(&c->relay->config, FRESH_MAX);
	c->senders = xcalloc(c->n_senders, sizeof(*c->senders));
	for (size_t i = 0; i < c->n_senders; i++)
		c->senders[i] = (struct sender){
			.link.fd = -1,
			.is_kept = i < c->n_kept,
			.ledger = &c->ledger,
			.account = &c->accounts[i < c->n_kept ? i : 0],
		};
	c->next_fresh = c->n_kept;
}

static void note_failure(struct crowd *c, const char *failure)
{
	if (failure && !c->failure)
		c->failure = xstrdup(failure);
}

static void note_silence(
	struct crowd *c, const struct link *l, const char *what)
{
	uint64_t limit = (uint64_t)c->relay->answer_sec * 1000000;

	if (c->failure || l->fd < 0 || l->since_usec == 0 ||
		c->looked_usec - l->since_usec < limit ||
		c->looked_usec < l->since_usec)
		return;
	c->failure = xasprintf(
		"%s: no answer within %d s", what, c->relay->answer_sec);
}

static void look_for_failures(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++) {
		note_failure(c, c->readers[i].failure);
		note_silence(c, &c->readers[i].link, "IMAP");
	}
	for (size_t i = 0; i < c->n_senders; i++) {
		note_failure(c, c->senders[i].failure);
		note_silence(c, &c->senders[i].link, "SMTP");
	}
}

void crowd_turn(struct crowd *c, int msec)
{
	link_turn(c->epoll_fd, msec);
	uint64_t now = clock_usec();
	if (now - c->looked_usec < LOOK_USEC)
		return;
	c->looked_usec = now;
	look_for_failures(c);
}

const char *crowd_failure(const struct crowd *c)
{
	return c->failure;
}

static int open_readers(struct crowd *c, struct buf *why)
{
	size_t n_begun = 0, n_idle = 0;

	while (n_idle < c->n && !c->failure) {
		while (n_begun < c->n && n_begun - n_idle < LOGINS_AT_ONCE) {
			int r = reader_open(&c->readers[n_begun++], c->epoll_fd,
				c->relay, why);
			if (r < 0)
				return r;
		}
		crowd_turn(c, TURN_MSEC);
		n_idle = 0;
		for (size_t i = 0; i < n_begun; i++)
			n_idle += reader_is_idle(&c->readers[i]);
		if (c->progress)
			c->progress("logins", n_idle, c->n);
	}
	if (!c->failure)
		return 0;
	return because(why, -EPROTO,
		"%zu of %zu users are in IDLE, then: %s; "
		"\"cmdeploy status\" shows what does not run; else "
		"max_new_accounts_per_hour or _per_day of chatmail.ini may be "
		"in the way",
		n_idle, c->n, c->failure);
}

int crowd_open(struct crowd *c, struct probe_relay *relay, size_t n_users,
	crowd_progress_fn progress, struct buf *why)
{
	uint64_t start = clock_usec();

	*c = (struct crowd){
		.relay = relay,
		.epoll_fd = -1,
		.progress = progress,
	};
	ledger_init(&c->ledger);
	c->accounts = xcalloc(n_users, sizeof(*c->accounts));
	c->readers = xcalloc(n_users, sizeof(*c->readers));
	c->n = n_users;
	for (size_t i = 0; i < n_users; i++)
		c->readers[i].link.fd = -1;
	int r = make_users(c, relay, why);
	if (r < 0)
		return r;
	make_senders(c);
	r = link_epoll(c->n + c->n_senders, &c->epoll_fd, why);
	if (r == 0)
		r = open_readers(c, why);
	c->login_sec = (double)(clock_usec() - start) / 1e6;
	return r;
}

void crowd_release(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++) {
		reader_close(&c->readers[i]);
		probe_account_release(&c->accounts[i]);
	}
	for (size_t i = 0; i < c->n_senders; i++)
		sender_close(&c->senders[i]);
	ledger_release(&c->ledger);
	free(c->readers);
	free(c->accounts);
	free(c->senders);
	free(c->failure);
	fd_close(&c->epoll_fd);
}

/* Who keeps a connection sends in turns; who does not takes a free slot. */
static struct sender *free_sender(struct crowd *c, bool is_kept)
{
	size_t from = is_kept ? 0 : c->n_kept;
	size_t n = is_kept ? c->n_kept : c->n_senders - c->n_kept;
	uint64_t next = is_kept ? c->next_kept++ : 0;

	for (size_t i = 0; i < n; i++) {
		struct sender *s = &c->senders[from + (next + i) % n];
		if (!s->has_message &&
			(s->state == SENDER_CLOSED ||
				(is_kept && s->state == SENDER_READY)))
			return s;
	}
	return NULL;
}

static void write_message(struct crowd *c, struct sender *s)
{
	struct buf envelope = BUF_INIT(ENVELOPE_MAX_BYTES);
	struct buf content = BUF_INIT(LETTER_MAX_BYTES);
	uint32_t to[MIX_RECIPIENTS_MAX];
	uint32_t from = (uint32_t)(s->account - c->accounts);
	size_t bytes = mix_bytes(&c->mix);
	size_t n = mix_recipients(&c->mix, from, (uint32_t)c->n, to);
	size_t message = ledger_add(&c->ledger, to, n, bytes);
	AUTO_FREE char *id = ledger_id(&c->ledger, message);

	buf_addf(&envelope, "MAIL FROM:<%s> BODY=8BITMIME\r\n",
		s->account->address);
	for (size_t i = 0; i < n; i++)
		buf_addf(&envelope, "RCPT TO:<%s>\r\n",
			c->accounts[to[i]].address);
	buf_add_str(&envelope, "DATA\r\n");
	letter_add(&content,
		&(struct letter){
			.from = s->account->address,
			.to = "hidden-recipients",
			.id = id,
			.bytes = bytes,
		});
	buf_add_str(&content, ".\r\n");
	sender_give(s, message, &envelope, n + 2, &content);
}

bool crowd_send(struct crowd *c, bool is_kept)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct sender *s = free_sender(c, is_kept);

	if (!s)
		return false;
	if (!is_kept) {
		s->account = &c->accounts[c->next_fresh];
		if (++c->next_fresh == c->n)
			c->next_fresh = c->n_kept;
	}
	if (s->state == SENDER_CLOSED &&
		sender_open(s, c->epoll_fd, c->relay, &why) < 0) {
		note_failure(c, buf_str(&why));
		return false;
	}
	write_message(c, s);
	return true;
}

size_t crowd_sending(const struct crowd *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_senders; i++)
		n += c->senders[i].has_message;
	return n;
}

void crowd_hang_up(struct crowd *c)
{
	for (size_t i = 0; i < c->n_senders; i++)
		if (c->senders[i].has_message)
			sender_close(&c->senders[i]);
}

size_t crowd_look(struct crowd *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ledger.n_messages; i++) {
		const struct ledger_message *m = &c->ledger.messages[i];
		for (size_t k = 0; k < m->n; k++) {
			const struct ledger_delivery *d =
				&c->ledger.deliveries[m->first + k];
			struct reader *r = &c->readers[d->user];
			if (!ledger_is_open(&c->ledger, d, i) ||
				!reader_is_idle(r))
				continue;
			reader_look(r);
			n++;
		}
	}
	return n;
}
