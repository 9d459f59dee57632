/*
 * Whatever comes from a name server is either none of its messages or
 * records of text: names have one spelling, data never grows beyond what
 * a line of a zone takes, and every record can be written as one.
 */
#include <string.h>

#include "cmdeploy/dns/message.h"
#include "fuzz/fuzz.h"

/* Others come in as well, and are nothing to `cmdeploy dns`. */
static bool is_asked_for(const ldns_rr *rr)
{
	static const ldns_rr_type types[] = { LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA,
		LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_MX, LDNS_RR_TYPE_TXT,
		LDNS_RR_TYPE_SRV, LDNS_RR_TYPE_CAA };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i] == ldns_rr_get_type(rr))
			return true;
	return false;
}

static void try_record(const ldns_rr *source)
{
	AUTO_FREE char *owner = dns_name_text(ldns_rr_owner(source));
	ldns_rdf *name = dns_name(owner);
	struct dns_seen seen = { 0 };

	demand(name && ldns_dname_compare(name, ldns_rr_owner(source)) == 0);
	ldns_rdf_deep_free(name);
	dns_seen_add(&seen, source);
	demand(strcmp(seen.data.v[0], "?") != 0);
	demand(!strchr(seen.data.v[0], '\n'));
	demand(!strpbrk(seen.lines.v[0], "\n\t"));
	dns_seen_release(&seen);
}

static void try_judge(const ldns_pkt *m)
{
	const ldns_rr_list *questions = ldns_pkt_question(m);

	if (ldns_rr_list_rr_count(questions) == 0)
		return;
	ldns_rdf *zone = dns_name("test");
	const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(questions, 0));
	const ldns_rr_list *answer = ldns_pkt_answer(m);
	enum reply reply = reply_judge(m, zone, name, LDNS_RR_TYPE_A);
	demand(reply != REPLY_FOUND || dns_find(answer, name, LDNS_RR_TYPE_A));
	demand(reply != REPLY_ALIAS ||
		dns_find(answer, name, LDNS_RR_TYPE_CNAME));
	demand(reply != REPLY_CUT || reply_cut(m, zone, name));
	ldns_rdf_deep_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	ldns_pkt *m;

	if (dns_message_parse(slice_make(data, len), &m) < 0)
		return 0;
	const ldns_rr_list *answer = ldns_pkt_answer(m);
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++)
		if (is_asked_for(ldns_rr_list_rr(answer, i)))
			try_record(ldns_rr_list_rr(answer, i));
	try_judge(m);
	ldns_pkt_free(m);
	return 0;
}
