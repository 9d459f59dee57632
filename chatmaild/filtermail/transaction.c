/* transaction.c - an envelope, and the scan of its message. */
#include "chatmaild/filtermail/transaction.h"

#include "mail/address.h"

struct transaction *transaction_new(
	const struct filter *filter, proof_ready_fn *on_ready, void *owner)
{
	struct transaction *t = xcalloc(1, sizeof(*t));

	t->filter = filter;
	buf_init(&t->opening, XFORWARD_MAX_BYTES + 2 * SMTP_COMMAND_MAX_BYTES);
	buf_init(&t->sender, SMTP_PATH_MAX_BYTES);
	buf_init(&t->recipient, SMTP_PATH_MAX_BYTES);
	buf_init(&t->demanding, SMTP_PATH_MAX_BYTES);
	buf_init(&t->client, SMTP_PATH_MAX_BYTES);
	buf_init(&t->refusal, SMTP_REPLY_MAX_BYTES);
	message_scan_init(&t->scan);
	if (filter->direction != POLICY_INCOMING)
		return t;
	buf_init(&t->mail, SMTP_COMMAND_MAX_BYTES);
	buf_init(&t->recipients, RECIPIENTS_MAX_BYTES);
	t->opening.max = XFORWARD_MAX_BYTES + SMTP_COMMAND_MAX_BYTES +
		RECIPIENTS_MAX_BYTES + SMTP_COMMAND_MAX_BYTES;
	t->proof = proof_new(filter, on_ready, owner);
	if (!filter->config.filter_incoming)
		t->demands = demands_new(
			filter->event, &filter->accounts, on_ready, owner);
	return t;
}

void transaction_free(struct transaction *t)
{
	if (!t)
		return;
	buf_release(&t->opening);
	buf_release(&t->mail);
	buf_release(&t->recipients);
	buf_release(&t->sender);
	buf_release(&t->recipient);
	buf_release(&t->demanding);
	buf_release(&t->client);
	buf_release(&t->refusal);
	proof_free(t->proof);
	demands_free(t->demands);
	message_scan_release(&t->scan);
	free(t);
}

static void set(struct buf *b, struct slice s)
{
	buf_reset(b);
	buf_add_slice(b, s);
}

void transaction_set_client(struct transaction *t, struct slice line)
{
	struct slice word, tag = SLICE("ADDR=");

	while (slice_next_word(&line, &word))
		if (slice_starts_nocase(word, tag))
			set(&t->client, slice_from(word, tag.len));
}

void transaction_set_sender(struct transaction *t, struct slice sender)
{
	set(&t->sender, sender);
}

bool transaction_offer_recipient(
	struct transaction *t, struct slice recipient, struct buf *reply)
{
	set(&t->recipient, recipient);
	return t->filter->direction == POLICY_INCOMING ||
		!policy_judge_recipient(recipient, reply);
}

static bool is_demanding(const struct transaction *t)
{
	return t->filter->direction == POLICY_INCOMING ||
		!policy_takes_cleartext(
			&t->filter->config, buf_slice(&t->recipient));
}

void transaction_take_recipient(struct transaction *t)
{
	t->n_recipients++;
	if (!address_eq(buf_slice(&t->sender), buf_slice(&t->recipient)))
		t->has_others = true;
	if (t->demanding.len == 0 && is_demanding(t))
		buf_add_slice(&t->demanding, buf_slice(&t->recipient));
}

struct slice transaction_keep_recipient(
	struct transaction *t, struct slice line)
{
	if (t->recipients.len + line.len > RECIPIENTS_MAX_BYTES)
		return SLICE("452 4.5.3 Too many recipients\r\n");
	buf_add_slice(&t->recipients, line);
	transaction_take_recipient(t);
	if (t->demands)
		demands_ask(t->demands, buf_slice(&t->recipient));
	return SLICE("250 2.1.5 Ok\r\n");
}

static bool is_sender_proven(const struct transaction *t)
{
	struct slice from;

	return message_scan_from(&t->scan, &from, NULL) == 0 &&
		address_eq(from, buf_slice(&t->sender));
}

void transaction_make_opening(struct transaction *t)
{
	struct slice mail = buf_slice(&t->mail), path, params;

	if (t->sender.len > 0 && !is_sender_proven(t) &&
		slice_cut(mail, '>', &path, &params)) {
		buf_add_str(&t->opening, "MAIL FROM:<>");
		mail = params;
	}
	buf_add_slice(&t->opening, mail);
	buf_add_slice(&t->opening, buf_slice(&t->recipients));
	buf_add_str(&t->opening, "DATA\r\n");
	buf_release(&t->recipients);
}

void transaction_refuse(
	struct transaction *t, enum reason reason, struct slice reply)
{
	if (t->reason)
		return;
	t->reason = reason;
	set(&t->refusal, reply);
}

static bool is_broken(struct transaction *t)
{
	const char *fault = message_scan_broken(&t->scan);

	if (!fault)
		return false;
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);
	buf_addf(&reply, "554 5.6.0 Message refused: %s\r\n", fault);
	transaction_refuse(t, REASON_BROKEN, buf_slice(&reply));
	return true;
}

/* RFC 1870: stuffed dots do not count. */
static bool is_too_large(struct transaction *t)
{
	if (t->size - t->scan.n_stuffed <=
		t->filter->profile.size_max + SIZE_SLACK_BYTES)
		return false;
	transaction_refuse(t, REASON_SIZE,
		SLICE("552 5.3.4 Message size exceeds fixed limit\r\n"));
	return true;
}

/* Where it comes from will not be proven. */
static void refuse_unproven(struct transaction *t, struct slice reply)
{
	bool is_trouble = reply.ptr[0] == '4';

	transaction_refuse(t, is_trouble ? REASON_DNS : REASON_UNPROVEN, reply);
}

bool transaction_feed(struct transaction *t, struct slice piece)
{
	t->size += piece.len;
	if (t->reason)
		return false;
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);
	if (!t->proof)
		message_scan_feed(&t->scan, piece);
	else if (!proof_feed(t->proof, &t->scan, buf_slice(&t->client), piece,
			 &reply))
		refuse_unproven(t, buf_slice(&reply));
	return !is_broken(t) && !is_too_large(t) && !t->reason;
}

void transaction_end(struct transaction *t)
{
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);

	if (t->reason)
		return;
	if (!t->proof)
		message_scan_end(&t->scan);
	else if (!proof_end(t->proof, &t->scan, buf_slice(&t->client), &reply))
		refuse_unproven(t, buf_slice(&reply));
}

bool transaction_is_waiting(const struct transaction *t)
{
	return !t->reason &&
		((t->proof && proof_is_waiting(t->proof)) ||
			(t->demands && demands_is_waiting(t->demands)));
}

/* What policy says of it; as of cleartext when its recipients say no. */
static void judge(struct transaction *t, struct buf *reply)
{
	struct policy_message m = {
		.sender = buf_slice(&t->sender),
		.demanding_recipient = buf_slice(&t->demanding),
		.is_by_address = t->proof && proof_is_by_address(t->proof),
		.is_to_self = t->n_recipients > 0 && !t->has_others,
	};
	int r = t->demands ? demands_answer(t->demands, &m.demanding_recipient)
			   : 0;

	m.is_demanded = r != 0;
	policy_message_scanned(&m, &t->scan, t->filter->direction);
	t->reason = policy_judge(
		&t->filter->config, t->filter->direction, &m, reply);
	if (!t->reason || r >= 0 || m.is_by_address)
		return;
	t->reason = REASON_ACCOUNTS;
	buf_reset(reply);
	buf_add_str(reply,
		"451 4.3.0 Cannot tell now whether cleartext may be delivered, "
		"try again later\r\n");
}

bool transaction_judge(struct transaction *t)
{
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);

	if (t->reason || is_broken(t))
		return false;
	if (t->proof && !proof_judge(t->proof, &reply)) {
		refuse_unproven(t, buf_slice(&reply));
		return false;
	}
	buf_reset(&t->refusal);
	judge(t, &t->refusal);
	return !t->reason;
}

bool transaction_is_flood(const struct transaction *t)
{
	return t->size > t->filter->profile.size_max * 2 + (1 << 20);
}
