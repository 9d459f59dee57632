/*
 * Whatever comes from a name server is either none of its messages or
 * records of text: names have one spelling, data never grows beyond what
 * a line of a zone takes, and every record can be written as one.
 */
#include <string.h>

#include "cmdeploy/dns/message.h"
#include "cmdeploy/dns/zone.h"
#include "fuzz/fuzz.h"

static void try_record(const struct dns_rr *rr, size_t len)
{
	AUTO_BUF struct buf line = BUF_INIT(1 << 20);
	AUTO_FREE char *owner = dns_name(rr->owner);
	struct slice data = slice_make(rr->data, rr->len);

	demand(strcmp(owner, rr->owner) == 0);
	demand(rr->data[rr->len] == '\0');
	demand(rr->type != DNS_TXT || rr->len < len);
	zone_add_data(rr->type, data, &line);
	demand(buf_ok(&line));
	demand(!slice_has_char(buf_slice(&line), '\n'));
}

static void try_judge(const struct dns_message *m)
{
	const struct reply_want want = {
		.zone = "test",
		.name = m->name,
		.type = DNS_A,
	};
	enum reply reply = reply_judge(m, &want);

	demand(reply != REPLY_FOUND ||
		dns_message_find(m, DNS_ANSWER, m->name, DNS_A));
	demand(reply != REPLY_ALIAS ||
		dns_message_find(m, DNS_ANSWER, m->name, DNS_CNAME));
	demand(reply != REPLY_CUT || reply_cut(m, &want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dns_message m;

	if (dns_message_parse(slice_make(data, len), &m) < 0)
		return 0;
	demand(m.rrs.n <= DNS_RRS_MAX);
	for (size_t i = 0; i < m.rrs.n; i++)
		try_record(&m.rrs.v[i], len);
	if (m.name)
		try_judge(&m);
	dns_message_release(&m);
	return 0;
}
