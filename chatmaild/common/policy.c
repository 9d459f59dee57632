/* policy.c - the verdict on a message, and the reply that tells it. */
#include "chatmaild/common/policy.h"

#include "mail/address.h"

static const char *refuse(
	struct buf *reply, const char *text, struct slice address)
{
	buf_addf(reply, "%s <%.*s>\r\n", text, SLICE_FMT(address));
	return "unencrypted";
}

static const char *refuse_from(
	struct buf *reply, const struct policy_message *m)
{
	buf_addf(reply, "500 Invalid FROM <%.*s> for <%.*s>\r\n",
		SLICE_FMT(m->from), SLICE_FMT(m->sender));
	return "from";
}

static const char *judge_outgoing(const struct config *config,
	const struct policy_message *m, struct buf *reply)
{
	if (m->from.len == 0 || !address_eq(m->from, m->sender))
		return refuse_from(reply, m);
	if (m->is_encrypted || m->is_securejoin || m->strict_recipient.len == 0)
		return NULL;
	if (text_list_has_nocase(&config->passthrough_senders, m->sender))
		return NULL;
	return refuse(reply,
		"523 Encryption Needed: Invalid Unencrypted Mail to",
		m->strict_recipient);
}

static const char *judge_incoming(const struct config *config,
	const struct policy_message *m, struct buf *reply)
{
	bool is_free = !config->filter_incoming && !m->is_by_address;

	if (is_free || m->is_encrypted || m->is_securejoin || m->is_bounce)
		return NULL;
	return refuse(reply,
		"523 Encryption Needed: Invalid Unencrypted Mail to",
		m->strict_recipient);
}

void policy_message_scanned(struct policy_message *m,
	const struct message_scan *scan, enum policy_direction direction)
{
	if (message_scan_from(scan, &m->from, NULL) < 0)
		m->from = SLICE_NONE;
	m->is_encrypted = direction == POLICY_OUTGOING
		? message_scan_is_strictly_encrypted(scan)
		: message_scan_is_encrypted(scan);
	m->is_securejoin = message_scan_is_securejoin(scan);
	m->is_bounce = message_scan_is_bounce(scan);
}

const char *policy_judge(const struct config *config,
	enum policy_direction direction, const struct policy_message *m,
	struct buf *reply)
{
	return direction == POLICY_OUTGOING ? judge_outgoing(config, m, reply)
					    : judge_incoming(config, m, reply);
}

bool policy_takes_cleartext(const struct config *config, struct slice sender,
	struct slice recipient)
{
	struct slice from_domain, domain, local;

	if (address_eq(sender, recipient) ||
		text_list_has_nocase(
			&config->passthrough_recipients, recipient))
		return true;
	if (!slice_cut_last(recipient, '@', &local, &domain) ||
		slice_has_char(local, '%') || slice_has_char(local, '!') ||
		slice_has_char(local, '@'))
		return false;
	struct slice at_domain = slice_from(recipient, local.len);
	if (text_list_has_nocase(&config->passthrough_recipients, at_domain))
		return true;
	return slice_cut_last(sender, '@', &local, &from_domain) &&
		slice_eq_nocase(domain, from_domain);
}

const char *policy_judge_recipient(struct slice recipient, struct buf *reply)
{
	struct slice local, domain;

	if (slice_cut(recipient, '@', &local, &domain) && local.len > 0 &&
		domain.len > 0 && !slice_has_char(domain, '@'))
		return NULL;
	refuse(reply, "500 Invalid address", recipient);
	return "bad-address";
}

void policy_reply_rate(struct slice sender, struct buf *reply)
{
	refuse(reply, "450 4.7.1: Too much mail from", sender);
}
