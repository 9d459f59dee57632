/* policy.c - the verdict on a message, and the reply that tells it. */
#include "chatmaild/common/policy.h"

#include "mail/address.h"

static void reply_about(
	struct buf *reply, const char *text, struct slice address)
{
	buf_addf(reply, "%s <%.*s>\r\n", text, SLICE_FMT(address));
}

/* "523 ... to <a@b>", and what was wrong if that is more than cleartext. */
static enum reason refuse_unencrypted(
	const struct policy_message *m, struct buf *reply)
{
	const char *text = reason_text(m->fault);

	buf_addf(reply,
		"523 Encryption Needed: Invalid Unencrypted Mail to <%.*s>%s%s"
		"\r\n",
		SLICE_FMT(m->demanding_recipient), text ? ": " : "",
		text ? text : "");
	return m->fault;
}

static enum reason refuse_from(
	struct buf *reply, const struct policy_message *m)
{
	buf_addf(reply, "500 Invalid FROM <%.*s> for <%.*s>\r\n",
		SLICE_FMT(m->from), SLICE_FMT(m->sender));
	return REASON_FROM;
}

static enum reason judge_outgoing(const struct config *config,
	const struct policy_message *m, struct buf *reply)
{
	if (m->from.len == 0 || !address_eq(m->from, m->sender))
		return refuse_from(reply, m);
	if (m->has_control) {
		buf_addf(reply, "554 5.6.0 Message refused: %s\r\n",
			reason_text(REASON_CONTROL));
		return REASON_CONTROL;
	}
	if (!m->fault || m->is_securejoin || m->demanding_recipient.len == 0 ||
		(m->is_setup && m->is_to_self))
		return REASON_NONE;
	if (text_list_has_nocase(&config->passthrough_senders, m->sender))
		return REASON_NONE;
	return refuse_unencrypted(m, reply);
}

static enum reason judge_incoming(const struct config *config,
	const struct policy_message *m, struct buf *reply)
{
	bool is_free = !config->filter_incoming && !m->is_demanded &&
		!m->is_by_address;

	if (is_free || !m->fault || m->is_securejoin || m->is_bounce)
		return REASON_NONE;
	return refuse_unencrypted(m, reply);
}

void policy_message_scanned(struct policy_message *m,
	const struct message_scan *scan, enum policy_direction direction)
{
	bool is_strict = direction == POLICY_OUTGOING;

	if (message_scan_from(scan, &m->from, NULL) < 0)
		m->from = SLICE_NONE;
	m->fault = message_scan_fault(scan, is_strict);
	m->is_securejoin = message_scan_is_securejoin(scan, is_strict);
	m->is_bounce = message_scan_is_bounce(scan);
	m->is_setup = message_scan_is_setup(scan);
	m->has_control = message_scan_has_control(scan);
}

enum reason policy_judge(const struct config *config,
	enum policy_direction direction, const struct policy_message *m,
	struct buf *reply)
{
	return direction == POLICY_OUTGOING ? judge_outgoing(config, m, reply)
					    : judge_incoming(config, m, reply);
}

bool policy_takes_cleartext(const struct config *config, struct slice recipient)
{
	struct slice domain, local;

	if (text_list_has_nocase(&config->passthrough_recipients, recipient))
		return true;
	if (!slice_cut_last(recipient, '@', &local, &domain) ||
		slice_has_char(local, '%') || slice_has_char(local, '!') ||
		slice_has_char(local, '@'))
		return false;
	return text_list_has_nocase(&config->passthrough_recipients,
		slice_from(recipient, local.len));
}

enum reason policy_judge_recipient(struct slice recipient, struct buf *reply)
{
	struct slice local, domain;

	if (slice_cut(recipient, '@', &local, &domain) && local.len > 0 &&
		domain.len > 0 && !slice_has_char(domain, '@'))
		return REASON_NONE;
	reply_about(reply, "500 Invalid address", recipient);
	return REASON_BAD_ADDRESS;
}

void policy_reply_rate(struct slice sender, struct buf *reply)
{
	reply_about(reply, "450 4.7.1: Too much mail from", sender);
}
