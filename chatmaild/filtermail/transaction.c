/* transaction.c - an envelope, and the scan of its message. */
#include "chatmaild/filtermail/transaction.h"

struct transaction *transaction_new(const struct filter *filter)
{
	struct transaction *t = xcalloc(1, sizeof(*t));

	t->filter = filter;
	buf_init(&t->opening, XFORWARD_MAX_BYTES + 2 * SMTP_COMMAND_MAX_BYTES);
	buf_init(&t->sender, SMTP_PATH_MAX_BYTES);
	buf_init(&t->recipient, SMTP_PATH_MAX_BYTES);
	buf_init(&t->strict, SMTP_PATH_MAX_BYTES);
	buf_init(&t->refusal, SMTP_REPLY_MAX_BYTES);
	message_scan_init(&t->scan);
	return t;
}

void transaction_free(struct transaction *t)
{
	if (!t)
		return;
	buf_release(&t->opening);
	buf_release(&t->sender);
	buf_release(&t->recipient);
	buf_release(&t->strict);
	buf_release(&t->refusal);
	message_scan_release(&t->scan);
	free(t);
}

static void set(struct buf *b, struct slice s)
{
	buf_reset(b);
	buf_add_slice(b, s);
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

static bool is_strict(const struct transaction *t)
{
	return t->filter->direction == POLICY_INCOMING ||
		!policy_takes_cleartext(&t->filter->config,
			buf_slice(&t->sender), buf_slice(&t->recipient));
}

void transaction_take_recipient(struct transaction *t)
{
	t->n_recipients++;
	if (t->strict.len == 0 && is_strict(t))
		buf_add_slice(&t->strict, buf_slice(&t->recipient));
}

void transaction_refuse(
	struct transaction *t, const char *reason, struct slice reply)
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
	transaction_refuse(t, "broken", buf_slice(&reply));
	return true;
}

bool transaction_feed(struct transaction *t, struct slice piece)
{
	t->size += piece.len;
	if (t->reason)
		return false;
	if (t->size > t->filter->profile.size_max) {
		transaction_refuse(t, "size",
			SLICE("552 5.3.4 Message size exceeds fixed "
			      "limit\r\n"));
		return false;
	}
	message_scan_feed(&t->scan, piece);
	return !is_broken(t);
}

bool transaction_judge(struct transaction *t)
{
	if (t->reason)
		return false;
	message_scan_end(&t->scan);
	if (is_broken(t))
		return false;
	struct policy_message m = {
		.sender = buf_slice(&t->sender),
		.strict_recipient = buf_slice(&t->strict),
	};
	policy_message_scanned(&m, &t->scan, t->filter->direction);
	buf_reset(&t->refusal);
	t->reason = policy_judge(
		&t->filter->config, t->filter->direction, &m, &t->refusal);
	return !t->reason;
}

bool transaction_is_flood(const struct transaction *t)
{
	return t->size > t->filter->profile.size_max * 2 + (1 << 20);
}
