/* DNS messages as ldns reads them, and what their records say, as text. */
#include "cmdeploy/dns/message.h"

#include <errno.h>
#include <string.h>

enum {
	TEXT_MAX_BYTES = 1 << 19, /* four for a byte that is not text */
	WORDS_BEFORE_DATA = 4,    /* name, TTL, class, type */
};

const char *dns_type_name(ldns_rr_type type)
{
	return ldns_rr_descript((uint16_t)type)->_name;
}

ldns_rdf *dns_name(const char *text)
{
	ldns_rdf *name = ldns_dname_new_frm_str(text);

	if (name)
		ldns_dname2canonical(name);
	return name;
}

char *dns_name_text(const ldns_rdf *name)
{
	char *text = ldns_rdf2str(name);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return xstrdup("?");
	if (len > 1)
		text[len - 1] = '\0';
	return text;
}

bool dns_name_is_in(const ldns_rdf *name, const ldns_rdf *zone)
{
	return ldns_dname_compare(name, zone) == 0 ||
		ldns_dname_is_subdomain(name, zone);
}

/* Without the dot behind a name and the quotes around a string. */
static void add_field(const ldns_rdf *rdf, struct buf *out)
{
	bool is_name = ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME;
	AUTO_FREE char *text = is_name ? dns_name_text(rdf) : ldns_rdf2str(rdf);
	struct slice field = slice_of(text ? text : "?");

	if (!is_name && slice_starts(field, SLICE("\"")))
		field = slice_head(slice_from(field, 1), field.len - 2);
	buf_add_slice(out, field);
}

char *dns_data(const ldns_rr *rr)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	bool is_joined = ldns_rr_get_type(rr) == LDNS_RR_TYPE_TXT;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		buf_add_str(&out, i > 0 && !is_joined ? " " : "");
		add_field(ldns_rr_rdf(rr, i), &out);
	}
	return xstrdup(buf_str(&out));
}

char *dns_line(const ldns_rr *rr)
{
	AUTO_FREE char *text = ldns_rr2str(rr);
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	buf_add_plain(&out, slice_trim(slice_of(text ? text : "?")));
	return xstrdup(buf_str(&out));
}

void dns_seen_add(struct dns_seen *seen, const ldns_rr *rr)
{
	AUTO_FREE char *data = dns_data(rr);
	AUTO_FREE char *line = dns_line(rr);
	struct slice rest = slice_of(line), word;

	for (int i = 0; i < WORDS_BEFORE_DATA; i++)
		slice_next_word(&rest, &word);
	AUTO_FREE char *shown = slice_dup(slice_trim(rest));
	words_add(&seen->data, data);
	words_add(&seen->lines, shown);
}

void dns_seen_release(struct dns_seen *seen)
{
	words_release(&seen->data);
	words_release(&seen->lines);
	words_release(&seen->aliases);
}

/* With all fields of its type, of which each can be told as text. */
static bool is_whole(const ldns_rr *rr)
{
	const ldns_rr_descriptor *type =
		ldns_rr_descript((uint16_t)ldns_rr_get_type(rr));
	AUTO_FREE char *text = ldns_rr2str(rr);

	return text && ldns_rr_rd_count(rr) >= ldns_rr_descriptor_minimum(type);
}

/* Adds one, from *io_at on. */
static int read_rr(struct slice bytes, ldns_pkt_section section, size_t *io_at,
	ldns_pkt *m)
{
	ldns_rr *rr;

	if (ldns_wire2rr(&rr, (const uint8_t *)bytes.ptr, bytes.len, io_at,
		    section) != LDNS_STATUS_OK)
		return -EBADMSG;
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) {
		ldns_rr_free(rr);
		return 0;
	}
	ldns_rr2canonical(rr);
	ldns_pkt_push_rr(m, section, rr);
	return section == LDNS_SECTION_QUESTION || is_whole(rr) ? 0 : -EBADMSG;
}

/*
 * All of it, up to the last byte: ldns_wire2pkt() would take the bytes that a
 * record has too many for the next record, or pass over them at the end.
 */
static int read_message(struct slice bytes, ldns_pkt *m)
{
	const uint8_t *wire = (const uint8_t *)bytes.ptr;
	const unsigned counts[] = { LDNS_QDCOUNT(wire), LDNS_ANCOUNT(wire),
		LDNS_NSCOUNT(wire), LDNS_ARCOUNT(wire) };
	size_t at = LDNS_HEADER_SIZE;
	int r = 0;

	for (int i = 0; i <= LDNS_SECTION_ADDITIONAL; i++)
		for (unsigned n = counts[i]; r == 0 && n > 0; n--)
			r = read_rr(bytes, (ldns_pkt_section)i, &at, m);
	return r == 0 && at != bytes.len ? -EBADMSG : r;
}

int dns_message_parse(struct slice bytes, ldns_pkt **ret_message)
{
	uint8_t head[LDNS_HEADER_SIZE] = { 0 };
	ldns_pkt *m;

	if (bytes.len < sizeof(head) || bytes.len > DNS_MESSAGE_MAX_BYTES)
		return -EBADMSG;
	memcpy(head, bytes.ptr, LDNS_QDCOUNT_OFF);
	if (ldns_wire2pkt(&m, head, sizeof(head)) != LDNS_STATUS_OK)
		return -EBADMSG;
	int r = ldns_pkt_tc(m) ? 0 : read_message(bytes, m);
	if (r < 0)
		ldns_pkt_free(m);
	else
		*ret_message = m;
	return r;
}

bool dns_message_answers(const ldns_pkt *message, const ldns_pkt *question)
{
	const ldns_rr_list *told = ldns_pkt_question(message);
	const ldns_rr *want = ldns_rr_list_rr(ldns_pkt_question(question), 0);

	if (!ldns_pkt_qr(message) ||
		ldns_pkt_id(message) != ldns_pkt_id(question))
		return false;
	/* A server that understood nothing may leave the question out. */
	if (ldns_rr_list_rr_count(told) == 0)
		return ldns_pkt_tc(message) ||
			ldns_pkt_get_rcode(message) == LDNS_RCODE_FORMERR;
	return ldns_rr_compare_no_rdata(ldns_rr_list_rr(told, 0), want) == 0;
}

const ldns_rr *dns_find(
	const ldns_rr_list *rrs, const ldns_rdf *owner, ldns_rr_type type)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		if (ldns_rr_get_type(rr) == type &&
			ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
			return rr;
	}
	return NULL;
}

const ldns_rdf *reply_cut(
	const ldns_pkt *m, const ldns_rdf *zone, const ldns_rdf *name)
{
	const ldns_rr_list *rrs = ldns_pkt_authority(m);

	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		const ldns_rdf *owner = ldns_rr_owner(rr);
		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS &&
			ldns_dname_is_subdomain(owner, zone) &&
			dns_name_is_in(name, owner))
			return owner;
	}
	return NULL;
}

/* An answer without authority is a way further down, or nothing. */
enum reply reply_judge(const ldns_pkt *m, const ldns_rdf *zone,
	const ldns_rdf *name, ldns_rr_type type)
{
	ldns_pkt_rcode rcode = ldns_pkt_get_rcode(m);
	const ldns_rr_list *answer = ldns_pkt_answer(m);

	if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN)
		return REPLY_USELESS;
	if (!ldns_pkt_aa(m) && zone)
		return reply_cut(m, zone, name) ? REPLY_CUT : REPLY_USELESS;
	if (dns_find(answer, name, type))
		return REPLY_FOUND;
	if (dns_find(answer, name, LDNS_RR_TYPE_CNAME))
		return REPLY_ALIAS;
	return REPLY_NONE;
}

const char *reply_reason(const ldns_pkt *m)
{
	static const char *const reasons[] = {
		"does not serve that zone",
		"says that the question is malformed (FORMERR)",
		"has a failure (SERVFAIL)",
		"does not serve that zone",
		"does not answer such questions (NOTIMP)",
		"refuses to answer (REFUSED)",
	};

	unsigned rcode = ldns_pkt_get_rcode(m);

	return rcode < ARRAY_LEN(reasons) ? reasons[rcode]
					  : "answers with an unknown error";
}
