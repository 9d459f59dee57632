/* DNS messages, as ldns reads and writes them, in records of text. */
#include "cmdeploy/dns/message.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

enum {
	TEXT_MAX_BYTES = 1 << 17,
};

const char *dns_type_name(enum dns_type type)
{
	return ldns_rr_descript((uint16_t)type)->_name;
}

char *dns_name(const char *text)
{
	char *name = xstrdup(text);
	size_t len = strlen(name);

	for (char *c = name; *c; c++)
		*c = ascii_lower(*c);
	if (len > 1 && name[len - 1] == '.' && name[len - 2] != '\\')
		name[len - 1] = '\0';
	return name;
}

bool dns_name_is_in(const char *name, const char *zone)
{
	size_t len = strlen(name), zone_len = strlen(zone);

	if (strcmp(zone, ".") == 0)
		return true;
	if (len < zone_len || strcmp(name + len - zone_len, zone) != 0)
		return false;
	return len == zone_len || name[len - zone_len - 1] == '.';
}

int dns_question_write(
	const struct dns_question *question, uint16_t id, struct buf *out)
{
	ldns_pkt *packet;
	uint8_t *bytes;
	size_t len;

	if (ldns_pkt_query_new_frm_str(&packet, question->name,
		    (ldns_rr_type)question->type, LDNS_RR_CLASS_IN,
		    question->is_recursive ? LDNS_RD : 0) != LDNS_STATUS_OK)
		return -EINVAL;
	ldns_pkt_set_id(packet, id);
	if (question->has_edns)
		ldns_pkt_set_edns_udp_size(packet, DNS_UDP_MAX_BYTES);
	ldns_status status = ldns_pkt2wire(&bytes, packet, &len);
	ldns_pkt_free(packet);
	if (status != LDNS_STATUS_OK)
		return -EINVAL;
	buf_add(out, bytes, len);
	free(bytes);
	return 0;
}

void dns_rrs_add(struct dns_rrs *rrs, const char *owner, enum dns_type type,
	struct slice data)
{
	if (rrs->n >= DNS_RRS_MAX)
		return;
	rrs->v = xreallocarray(rrs->v, rrs->n + 1, sizeof(*rrs->v));
	rrs->v[rrs->n++] = (struct dns_rr){
		.owner = dns_name(owner),
		.type = type,
		.data = xstrndup(data.ptr, data.len),
		.len = data.len,
	};
}

void dns_rrs_release(struct dns_rrs *rrs)
{
	for (size_t i = 0; i < rrs->n; i++) {
		free(rrs->v[i].owner);
		free(rrs->v[i].data);
	}
	free(rrs->v);
	*rrs = (struct dns_rrs){ 0 };
}

static char *name_of(const ldns_rdf *rdf)
{
	AUTO_FREE char *text = ldns_rdf2str(rdf);

	return text ? dns_name(text) : NULL;
}

/* One field of a record; strings as they are, the rest as ldns prints it. */
static bool add_field(const ldns_rdf *rdf, struct buf *out)
{
	ldns_rdf_type type = ldns_rdf_get_type(rdf);
	struct slice bytes = slice_make(ldns_rdf_data(rdf), ldns_rdf_size(rdf));

	if (type == LDNS_RDF_TYPE_STR) /* with its length in front */
		buf_add_slice(out, slice_from(bytes, 1));
	else if (type == LDNS_RDF_TYPE_LONG_STR)
		buf_add_slice(out, bytes);
	else {
		AUTO_FREE char *text = type == LDNS_RDF_TYPE_DNAME
			? name_of(rdf)
			: ldns_rdf2str(rdf);
		if (!text)
			return false;
		buf_add_str(out, text);
	}
	return true;
}

static bool is_known(const ldns_rr *rr)
{
	static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_CNAME,
		DNS_SOA, DNS_MX, DNS_TXT, DNS_AAAA, DNS_SRV, DNS_CAA };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i] == (enum dns_type)ldns_rr_get_type(rr))
			return ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN;
	return false;
}

static int take_rr(
	const ldns_rr *rr, enum dns_section section, struct dns_rrs *rrs)
{
	AUTO_BUF struct buf data = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_FREE char *owner = name_of(ldns_rr_owner(rr));
	ldns_rr_type type = ldns_rr_get_type(rr);
	size_t n = ldns_rr_rd_count(rr), before = rrs->n;

	if (!owner || n < ldns_rr_descriptor_minimum(ldns_rr_descript(type)))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		buf_add_str(
			&data, i > 0 && type != LDNS_RR_TYPE_TXT ? " " : "");
		if (!add_field(ldns_rr_rdf(rr, i), &data))
			return -EBADMSG;
	}
	if (!buf_ok(&data))
		return -EBADMSG;
	dns_rrs_add(rrs, owner, (enum dns_type)type, buf_slice(&data));
	if (rrs->n > before)
		rrs->v[before].section = section;
	return 0;
}

/* What is being read, from `at` on. */
struct reader {
	const uint8_t *bytes;
	size_t len, at;
};

static int read_rr(
	struct reader *reader, ldns_pkt_section section, ldns_rr **ret_rr)
{
	return ldns_wire2rr(ret_rr, reader->bytes, reader->len, &reader->at,
		       section) == LDNS_STATUS_OK
		? 0
		: -EBADMSG;
}

static int read_section(struct reader *reader, unsigned n,
	enum dns_section section, struct dns_rrs *rrs)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		ldns_rr *rr;
		r = read_rr(reader, LDNS_SECTION_ANSWER, &rr);
		if (r < 0)
			return r;
		if (is_known(rr))
			r = take_rr(rr, section, rrs);
		ldns_rr_free(rr);
	}
	return r;
}

static int read_questions(
	struct reader *reader, unsigned n, struct dns_message *m)
{
	for (unsigned i = 0; i < n; i++) {
		ldns_rr *rr;
		if (read_rr(reader, LDNS_SECTION_QUESTION, &rr) < 0)
			return -EBADMSG;
		if (i == 0) {
			m->name = name_of(ldns_rr_owner(rr));
			m->type = ldns_rr_get_type(rr);
		}
		ldns_rr_free(rr);
	}
	return 0;
}

/* All of it, up to the last byte. */
static int read_message(struct reader *reader, struct dns_message *m)
{
	const uint8_t *head = reader->bytes;
	const unsigned counts[DNS_SECTIONS] = { LDNS_ANCOUNT(head),
		LDNS_NSCOUNT(head), LDNS_ARCOUNT(head) };
	int r = read_questions(reader, LDNS_QDCOUNT(head), m);

	for (int i = 0; r == 0 && i < DNS_SECTIONS; i++)
		r = read_section(
			reader, counts[i], (enum dns_section)i, &m->rrs);
	return r == 0 && reader->at != reader->len ? -EBADMSG : r;
}

int dns_message_parse(struct slice bytes, struct dns_message *ret_message)
{
	struct reader reader = {
		.bytes = (const uint8_t *)bytes.ptr,
		.len = bytes.len,
		.at = LDNS_HEADER_SIZE,
	};

	if (bytes.len < LDNS_HEADER_SIZE || bytes.len > DNS_MESSAGE_MAX_BYTES)
		return -EBADMSG;
	struct dns_message m = {
		.id = LDNS_ID_WIRE(reader.bytes),
		.rcode = LDNS_RCODE_WIRE(reader.bytes),
		.is_response = LDNS_QR_WIRE(reader.bytes),
		.is_authoritative = LDNS_AA_WIRE(reader.bytes),
		.is_truncated = LDNS_TC_WIRE(reader.bytes),
	};
	int r = m.is_truncated ? 0 : read_message(&reader, &m);
	if (r < 0)
		dns_message_release(&m);
	else
		*ret_message = m;
	return r;
}

void dns_message_release(struct dns_message *message)
{
	free(message->name);
	dns_rrs_release(&message->rrs);
	*message = (struct dns_message){ 0 };
}

bool dns_message_answers(const struct dns_message *message,
	const struct dns_question *question, uint16_t id)
{
	AUTO_FREE char *name = dns_name(question->name);

	if (!message->is_response || message->id != id)
		return false;
	/* A server that understood nothing may leave the question out. */
	if (!message->name)
		return message->is_truncated ||
			message->rcode == DNS_RCODE_FORMAT;
	return message->type == (unsigned)question->type &&
		strcmp(message->name, name) == 0;
}

const struct dns_rr *dns_message_find(const struct dns_message *m,
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

/* An answer without authority is a way further down, or nothing. */
enum reply reply_judge(
	const struct dns_message *m, const struct reply_want *want)
{
	if (m->rcode != DNS_RCODE_OK && m->rcode != DNS_RCODE_NO_NAME)
		return REPLY_USELESS;
	if (!m->is_authoritative && !want->from_resolver)
		return reply_cut(m, want) ? REPLY_CUT : REPLY_USELESS;
	if (dns_message_find(m, DNS_ANSWER, want->name, want->type))
		return REPLY_FOUND;
	if (dns_message_find(m, DNS_ANSWER, want->name, DNS_CNAME))
		return REPLY_ALIAS;
	return REPLY_NONE;
}

const char *reply_reason(const struct dns_message *m)
{
	static const char *const reasons[] = {
		"does not serve that zone",
		"says that the question is malformed (FORMERR)",
		"has a failure (SERVFAIL)",
		"does not serve that zone",
		"does not answer such questions (NOTIMP)",
		"refuses to answer (REFUSED)",
	};

	return m->rcode < ARRAY_LEN(reasons) ? reasons[m->rcode]
					     : "answers with an unknown error";
}
