/* What a DKIM-Signature field says of itself. */
#include "mail/dkim/signature.h"

#include <string.h>

#include "lib/num.h"
#include "mail/address.h"
#include "mail/base64.h"
#include "mail/tags.h"

enum {
	VALUE_MAX_BYTES = DKIM_RSA_MAX_BITS / 8 + 2, /* a multiple of three */
	NAME_MAX_BYTES = 255,
};

/* What is being read, for the table of tags below. */
struct reading {
	struct dkim_signature *signature;
	struct slice domain;
	uint64_t now_sec;
	uint64_t signed_sec; /* t= */
};

static const char *take_version(struct reading *r UNUSED, struct slice value)
{
	return slice_eq_str(value, "1") ? NULL : "unknown version";
}

static const char *take_algorithm(struct reading *r, struct slice value)
{
	if (slice_eq_str_nocase(value, "rsa-sha256"))
		r->signature->algorithm = DKIM_RSA_SHA256;
	else if (slice_eq_str_nocase(value, "ed25519-sha256"))
		r->signature->algorithm = DKIM_ED25519_SHA256;
	else
		return "neither rsa-sha256 nor ed25519-sha256";
	return NULL;
}

static bool read_form(struct slice word, enum dkim_form *ret_form)
{
	*ret_form = slice_eq_str_nocase(word, "relaxed") ? DKIM_RELAXED
							 : DKIM_SIMPLE;
	return *ret_form == DKIM_RELAXED || slice_eq_str_nocase(word, "simple");
}

static const char *take_forms(struct reading *r, struct slice value)
{
	struct slice header = value, body = SLICE("simple");

	slice_cut(value, '/', &header, &body);
	if (!read_form(header, &r->signature->header_form) ||
		!read_form(body, &r->signature->body_form))
		return "unknown canonicalization";
	return NULL;
}

static const char *take_query(struct reading *r UNUSED, struct slice value)
{
	return tags_has_item(value, "dns/txt") ? NULL
					       : "its key is not in the DNS";
}

static const char *take_names(struct reading *r, struct slice value)
{
	struct slice rest = value, name;
	bool has_from = false;

	for (size_t n = 0; tags_next_part(&rest, ':', &name); n++) {
		if (n >= DKIM_NAMES_MAX)
			return "too many fields are signed";
		has_from = has_from ||
			slice_eq_str_nocase(slice_trim(name), "from");
	}
	r->signature->names = value;
	return has_from ? NULL : "From is not signed";
}

static const char *take_length(struct reading *r UNUSED, struct slice v UNUSED)
{
	return "only a part of the body is signed (l=)";
}

static const char *take_body_hash(struct reading *r, struct slice value)
{
	unsigned char hash[DKIM_HASH_BYTES + 1];

	if (base64_decode(value, hash, sizeof(hash)) != DKIM_HASH_BYTES)
		return "bh= is not a hash";
	memcpy(r->signature->body_hash, hash, DKIM_HASH_BYTES);
	return NULL;
}

static const char *take_value(struct reading *r, struct slice value)
{
	char bytes[VALUE_MAX_BYTES];
	ssize_t len = base64_decode(value, bytes, sizeof(bytes));

	if (len <= 0)
		return "b= is not a signature";
	r->signature->value = BUF_INIT(VALUE_MAX_BYTES);
	buf_add(&r->signature->value, bytes, (size_t)len);
	return NULL;
}

/* i= is an address, or "@" and a domain: d= itself or one below it. */
static const char *take_agent(struct reading *r, struct slice value)
{
	struct slice local, domain;

	if (!slice_cut_last(value, '@', &local, &domain))
		return "i= is not an address";
	if (slice_eq_nocase(domain, r->domain))
		return NULL;
	r->signature->is_for_subdomain = true;
	struct slice end = slice_from(domain, domain.len - r->domain.len - 1);
	if (domain.len > r->domain.len + 1 && end.ptr[0] == '.' &&
		slice_eq_nocase(slice_from(end, 1), r->domain))
		return NULL;
	return "i= is not of the signing domain";
}

static const char *take_selector(struct reading *r, struct slice value)
{
	struct buf *name = &r->signature->key_name;
	bool is_sound = address_is_domain(value) && value.ptr[0] != '[';

	*name = BUF_INIT(NAME_MAX_BYTES);
	buf_addf(name, "%.*s._domainkey.%.*s", SLICE_FMT(value),
		SLICE_FMT(r->domain));
	for (size_t i = 0; i < name->len; i++) {
		is_sound = is_sound && (unsigned char)name->ptr[i] < 0x80;
		name->ptr[i] = ascii_lower(name->ptr[i]);
	}
	return is_sound && buf_ok(name) ? NULL : "s= is not a selector";
}

static const char *take_time(struct reading *r, struct slice value)
{
	if (num_parse_u64(value, &r->signed_sec) < 0)
		return "t= is not a time";
	if (r->signed_sec > r->now_sec + DKIM_CLOCK_SEC)
		return "signed in the future: a clock is wrong";
	return NULL;
}

/* After t=. */
static const char *take_end(struct reading *r, struct slice value)
{
	uint64_t end_sec;

	if (num_parse_u64(value, &end_sec) < 0 || end_sec <= r->signed_sec)
		return "x= is not a time after t=";
	if (end_sec + DKIM_CLOCK_SEC < r->now_sec)
		return "it has expired";
	return NULL;
}

static const struct {
	const char *name;
	bool is_needed;
	const char *(*take)(struct reading *r, struct slice value);
} tags[] = {
	{ "v", true, take_version },
	{ "s", true, take_selector },
	{ "a", true, take_algorithm },
	{ "c", false, take_forms },
	{ "q", false, take_query },
	{ "l", false, take_length },
	{ "i", false, take_agent },
	{ "t", false, take_time },
	{ "x", false, take_end },
	{ "h", true, take_names },
	{ "bh", true, take_body_hash },
	{ "b", true, take_value },
};

static const char *read_tags(struct reading *r, struct slice list)
{
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct slice value;
		if (!tags_get(list, tags[i].name, &value)) {
			if (tags[i].is_needed)
				return "a tag is missing";
			continue;
		}
		const char *fault = tags[i].take(r, value);
		if (fault)
			return fault;
	}
	return NULL;
}

bool dkim_signature_is_of(struct slice value, struct slice domain)
{
	struct slice found;

	return value.len <= DKIM_SIGNATURE_MAX_BYTES && tags_are_sound(value) &&
		tags_get(value, "d", &found) && slice_eq_nocase(found, domain);
}

void dkim_signature_parse(struct dkim_signature *s, struct slice value,
	struct slice domain, uint64_t now_sec)
{
	struct reading r = {
		.signature = s,
		.domain = domain,
		.now_sec = now_sec,
	};

	*s = (struct dkim_signature){ 0 };
	s->fault = read_tags(&r, value);
}

void dkim_signature_release(struct dkim_signature *s)
{
	buf_release(&s->key_name);
	buf_release(&s->value);
}

void dkim_signature_unsign(struct slice field, struct buf *out)
{
	struct slice name, list, part, tag, value;

	if (!slice_cut(field, ':', &name, &list))
		return;
	buf_add(out, field.ptr, name.len + 1);
	const char *end = field.ptr + field.len;
	while (tags_next_part(&list, ';', &part)) {
		bool is_last = part.ptr + part.len == end;
		if (slice_cut(part, '=', &tag, &value) &&
			slice_eq_str(slice_trim(tag), "b"))
			part.len = tag.len + 1;
		buf_add_slice(out, part);
		if (!is_last)
			buf_add_char(out, ';');
	}
}
