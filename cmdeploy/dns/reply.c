#include "cmdeploy/dns/reply.h"

#include <string.h>

const struct dns_rr *reply_find(const struct dns_message *m,
	enum dns_section section, const char *owner, enum dns_type type)
{
	for (size_t i = 0; i < m->rrs.n; i++) {
		const struct dns_rr *rr = &m->rrs.v[i];
		if (rr->section == section && rr->type == type &&
			strcmp(rr->owner, owner) == 0)
			return rr;
	}
	return NULL;
}

const char *reply_cut(
	const struct dns_message *m, const struct reply_want *want)
{
	for (size_t i = 0; i < m->rrs.n; i++) {
		const struct dns_rr *rr = &m->rrs.v[i];
		if (rr->section == DNS_AUTHORITY && rr->type == DNS_NS &&
			strcmp(rr->owner, want->zone) != 0 &&
			dns_name_is_in(rr->owner, want->zone) &&
			dns_name_is_in(want->name, rr->owner))
			return rr->owner;
	}
	return NULL;
}

/* What is not said with authority is a way further down, or nothing. */
enum reply reply_judge(
	const struct dns_message *m, const struct reply_want *want)
{
	if (m->rcode != DNS_RCODE_OK && m->rcode != DNS_RCODE_NO_NAME)
		return REPLY_USELESS;
	if (!m->is_authoritative && !want->from_resolver)
		return reply_cut(m, want) ? REPLY_CUT : REPLY_USELESS;
	if (reply_find(m, DNS_ANSWER, want->name, want->type))
		return REPLY_FOUND;
	if (reply_find(m, DNS_ANSWER, want->name, DNS_CNAME))
		return REPLY_ALIAS;
	return REPLY_NONE;
}

const char *reply_reason(const struct dns_message *m)
{
	static const char *const reasons[] = {
		"does not serve that zone",
		"finds the question malformed (FORMERR)",
		"has a failure (SERVFAIL)",
		"does not serve that zone",
		"does not answer such questions (NOTIMP)",
		"refuses to answer (REFUSED)",
	};

	return m->rcode < ARRAY_LEN(reasons) ? reasons[m->rcode]
					     : "answers with an unknown error";
}
