#include "cmdeploy/dns/message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <string.h>

enum {
	FLAG_RECURSIVE = 0x0100,
	RESPONSE_BIT = 0x80,  /* of the third byte */
	TRUNCATED_BIT = 0x02, /* likewise */
	TYPE_OPT = 41,
	HEADER_BYTES = 12,
	TEXT_MAX_BYTES = 1 << 16,
};

static const struct {
	enum dns_type type;
	const char *name;
} type_names[] = {
	{ DNS_A, "A" },
	{ DNS_NS, "NS" },
	{ DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" },
	{ DNS_MX, "MX" },
	{ DNS_TXT, "TXT" },
	{ DNS_AAAA, "AAAA" },
	{ DNS_SRV, "SRV" },
	{ DNS_CAA, "CAA" },
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return "?";
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

static void add_u16(struct buf *out, unsigned n)
{
	buf_add_char(out, (char)(n >> 8));
	buf_add_char(out, (char)n);
}

/* Says how long an answer over UDP may be. */
static void add_edns(struct buf *out)
{
	buf_add_char(out, 0); /* the root */
	add_u16(out, TYPE_OPT);
	add_u16(out, DNS_UDP_MAX_BYTES);
	buf_add(out, "\0\0\0\0", 4); /* no extended code, no flags */
	add_u16(out, 0);             /* no options */
}

int dns_question_write(
	const struct dns_question *question, uint16_t id, struct buf *out)
{
	unsigned char name[NS_MAXCDNAME];
	const unsigned char *end = name;

	if (ns_name_pton(question->name, name, sizeof(name)) < 0)
		return -EINVAL;
	while (*end)
		end += 1 + *end;
	add_u16(out, id);
	add_u16(out, question->is_recursive ? FLAG_RECURSIVE : 0);
	add_u16(out, 1);
	add_u16(out, 0);
	add_u16(out, 0);
	add_u16(out, question->has_edns);
	buf_add(out, name, (size_t)(end - name) + 1);
	add_u16(out, question->type);
	add_u16(out, ns_c_in);
	if (question->has_edns)
		add_edns(out);
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

/* The inside of a record, read from its start on. */
struct reader {
	const ns_msg *message;
	const unsigned char *at, *end;
	struct buf *out;
	bool is_broken;
};

/* false, for good, when there are fewer bytes. */
static bool has(struct reader *r, size_t len)
{
	if ((size_t)(r->end - r->at) < len)
		r->is_broken = true;
	return !r->is_broken;
}

static unsigned take(struct reader *r, size_t len)
{
	unsigned n = 0;

	if (!has(r, len))
		return 0;
	while (len-- > 0)
		n = n << 8 | *r->at++;
	return n;
}

static void add_number(struct reader *r, size_t len)
{
	buf_addf(r->out, "%u ", take(r, len));
}

static void add_name(struct reader *r)
{
	char text[NS_MAXDNAME];
	int len = r->is_broken ? -1
			       : ns_name_uncompress(ns_msg_base(*r->message),
					 r->end, r->at, text, sizeof(text));

	if (len < 0) {
		r->is_broken = true;
		return;
	}
	r->at += len;
	AUTO_FREE char *name = dns_name(text);
	buf_add_str(r->out, name);
}

/* A string with its length in front of it. */
static void add_string(struct reader *r)
{
	size_t len = take(r, 1);

	if (!has(r, len))
		return;
	buf_add(r->out, r->at, len);
	r->at += len;
}

static void add_address(struct reader *r, int family, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (!has(r, len) || !inet_ntop(family, r->at, text, sizeof(text)))
		return;
	buf_add_str(r->out, text);
	r->at += len;
}

static void read_a(struct reader *r)
{
	add_address(r, AF_INET, sizeof(struct in_addr));
}

static void read_aaaa(struct reader *r)
{
	add_address(r, AF_INET6, sizeof(struct in6_addr));
}

static void read_mx(struct reader *r)
{
	add_number(r, 2);
	add_name(r);
}

static void read_srv(struct reader *r)
{
	add_number(r, 2);
	add_number(r, 2);
	add_number(r, 2);
	add_name(r);
}

static void read_txt(struct reader *r)
{
	while (!r->is_broken && r->at < r->end)
		add_string(r);
}

/* Letters and digits (RFC 8659, 4.1). */
static void add_caa_tag(struct reader *r)
{
	size_t len = take(r, 1);

	if (!has(r, len))
		return;
	for (size_t i = 0; i < len; i++) {
		char c = (char)r->at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c))
			r->is_broken = true;
	}
	buf_add(r->out, r->at, len);
	r->at += len;
}

static void read_caa(struct reader *r)
{
	add_number(r, 1);
	add_caa_tag(r);
	buf_add_char(r->out, ' ');
	if (!r->is_broken)
		buf_add(r->out, r->at, (size_t)(r->end - r->at));
	r->at = r->end;
}

/* Only what tells one state of a zone from another. */
static void read_soa(struct reader *r)
{
	add_name(r);
	buf_add_char(r->out, ' ');
	add_name(r);
	buf_add_char(r->out, ' ');
	buf_addf(r->out, "%u", take(r, 4));
	r->at = r->end;
}

static const struct {
	enum dns_type type;
	void (*read)(struct reader *r);
} readers[] = {
	{ DNS_A, read_a },
	{ DNS_NS, add_name },
	{ DNS_CNAME, add_name },
	{ DNS_SOA, read_soa },
	{ DNS_MX, read_mx },
	{ DNS_TXT, read_txt },
	{ DNS_AAAA, read_aaaa },
	{ DNS_SRV, read_srv },
	{ DNS_CAA, read_caa },
};

static int read_rr(const ns_msg *message, const ns_rr *rr,
	enum dns_section section, struct dns_rrs *rrs)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	struct reader reader = {
		.message = message,
		.at = ns_rr_rdata(*rr),
		.end = ns_rr_rdata(*rr) + ns_rr_rdlen(*rr),
		.out = &text,
	};
	size_t before = rrs->n;

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		if (readers[i].type != (enum dns_type)ns_rr_type(*rr))
			continue;
		readers[i].read(&reader);
		if (reader.is_broken || reader.at != reader.end ||
			!buf_ok(&text))
			return -EBADMSG;
		dns_rrs_add(rrs, ns_rr_name(*rr), readers[i].type,
			buf_slice(&text));
		if (rrs->n > before)
			rrs->v[before].section = section;
	}
	return 0;
}

static int read_section(
	ns_msg *message, enum dns_section section, struct dns_rrs *rrs)
{
	ns_sect from = (ns_sect)(ns_s_an + (int)section);
	int r = 0;

	for (int i = 0; r == 0 && i < ns_msg_count(*message, from); i++) {
		ns_rr rr;
		if (ns_parserr(message, from, i, &rr) < 0)
			return -EBADMSG;
		if (ns_rr_class(rr) == ns_c_in)
			r = read_rr(message, &rr, section, rrs);
	}
	return r;
}

static int read_question(ns_msg *from, struct dns_message *message)
{
	ns_rr rr;

	if (ns_msg_count(*from, ns_s_qd) == 0)
		return 0;
	if (ns_parserr(from, ns_s_qd, 0, &rr) < 0)
		return -EBADMSG;
	message->name = dns_name(ns_rr_name(rr));
	message->type = ns_rr_type(rr);
	return 0;
}

int dns_message_parse(struct slice bytes, struct dns_message *ret_message)
{
	const unsigned char *ptr = (const unsigned char *)bytes.ptr;
	struct dns_message m = { 0 };
	ns_msg from;

	if (bytes.len < HEADER_BYTES || bytes.len > DNS_MESSAGE_MAX_BYTES)
		return -EBADMSG;
	if (ptr[2] & TRUNCATED_BIT) {
		*ret_message = (struct dns_message){
			.id = (uint16_t)(ptr[0] << 8 | ptr[1]),
			.is_response = ptr[2] & RESPONSE_BIT,
			.is_truncated = true,
		};
		return 0;
	}
	if (ns_initparse(ptr, (int)bytes.len, &from) < 0)
		return -EBADMSG;
	m.id = ns_msg_id(from);
	m.rcode = (unsigned)ns_msg_getflag(from, ns_f_rcode);
	m.is_response = ns_msg_getflag(from, ns_f_qr);
	m.is_authoritative = ns_msg_getflag(from, ns_f_aa);
	int r = read_question(&from, &m);
	for (int s = 0; r == 0 && s < DNS_SECTIONS; s++)
		r = read_section(&from, (enum dns_section)s, &m.rrs);
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
