/* Verifies DKIM signatures of one domain while a message passes by. */
#include "mail/dkim/dkim.h"

#include <string.h>

#include "mail/scan.h"
#include "mail/tags.h"

enum {
	/* What the scanner lets pass, a chunk more than it counts. */
	HEADER_MAX_BYTES = MESSAGE_HEADER_MAX_BYTES + 2048,
	FIELDS_MAX = MESSAGE_HEADER_MAX_FIELDS + 1,
};

/* A field with its folds, without its last CRLF. */
struct field {
	struct slice text, name, value;
	unsigned name_hash;
	unsigned used_by; /* number of the signature, from 1, that has it */
};

void dkim_init(struct dkim *d)
{
	*d = (struct dkim){
		.header = BUF_INIT(HEADER_MAX_BYTES),
		.is_after_lf = true,
	};
}

void dkim_release(struct dkim *d)
{
	buf_release(&d->header);
	for (unsigned i = 0; i < DKIM_FORMS; i++)
		dkim_body_release(&d->bodies[i]);
	for (unsigned i = 0; i < d->n_signatures; i++)
		dkim_signature_release(&d->signatures[i]);
	free(d->signatures);
	d->signatures = NULL;
	d->n_signatures = 0;
}

/* Takes what stands before the next stuffed dot, and takes the dot away. */
static struct slice next_unstuffed(struct dkim *d, struct slice *rest)
{
	size_t at = 0;

	if (d->is_after_lf && rest->ptr[0] == '.')
		*rest = slice_from(*rest, 1);
	d->is_after_lf = false;
	struct slice piece = *rest;
	while (at < piece.len) {
		const char *dot = memchr(piece.ptr + at, '.', piece.len - at);
		if (!dot)
			break;
		at = (size_t)(dot - piece.ptr);
		if (at > 0 && dot[-1] == '\n')
			piece.len = at;
		at++;
	}
	*rest = slice_from(*rest, piece.len);
	if (piece.len > 0)
		d->is_after_lf = piece.ptr[piece.len - 1] == '\n';
	return piece;
}

/* What was taken of the header ends in an empty line. */
static bool has_ended(const struct buf *header)
{
	struct slice s = buf_slice(header);

	return slice_ends(s, SLICE("\n\r\n")) || slice_eq(s, SLICE("\r\n"));
}

size_t dkim_header(struct dkim *d, struct slice wire)
{
	struct slice rest = wire;

	while (rest.len > 0 && !d->is_header_over) {
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		size_t n = lf ? (size_t)(lf - rest.ptr) + 1 : rest.len;
		struct slice line = slice_head(rest, n);
		while (line.len > 0)
			buf_add_slice(&d->header, next_unstuffed(d, &line));
		rest = slice_from(rest, n);
		d->is_header_over = lf && has_ended(&d->header);
	}
	return wire.len - rest.len;
}

/* Names compare without regard to case; this one sees most differences. */
static unsigned hash_name(struct slice name)
{
	unsigned hash = (unsigned)name.len;

	for (size_t i = 0; i < name.len; i++)
		hash = hash * 31 + (unsigned char)ascii_lower(name.ptr[i]);
	return hash;
}

static size_t field_len(struct slice rest)
{
	size_t at = 0;

	for (;;) {
		const char *lf = memchr(rest.ptr + at, '\n', rest.len - at);
		if (!lf)
			return rest.len;
		at = (size_t)(lf - rest.ptr) + 1;
		if (at == rest.len ||
			(rest.ptr[at] != ' ' && rest.ptr[at] != '\t'))
			return at;
	}
}

static size_t split_header(struct slice header, struct field *fields)
{
	struct slice rest = header;
	size_t n = 0;

	while (rest.len > 0 && n < FIELDS_MAX) {
		size_t len = field_len(rest);
		struct field *f = &fields[n];
		f->text = slice_head(rest, len);
		rest = slice_from(rest, len);
		if (slice_ends(f->text, SLICE("\r\n")))
			f->text.len -= 2;
		if (!slice_cut(f->text, ':', &f->name, &f->value))
			continue;
		f->name = slice_trim(f->name);
		f->name_hash = hash_name(f->name);
		f->used_by = 0;
		n++;
	}
	return n;
}

/* The last field of that name which `id` has not used yet, or NULL. */
static struct field *take_field(
	struct field *fields, size_t n, struct slice name, unsigned id)
{
	unsigned hash = hash_name(name);

	while (n-- > 0) {
		struct field *f = &fields[n];
		if (f->name_hash != hash || f->used_by == id ||
			!slice_eq_nocase(f->name, name))
			continue;
		f->used_by = id;
		return f;
	}
	return NULL;
}

/*
 * `id` is the signature's number, from 1. A name of which no field is left
 * stands for nothing, so that none can be added later.
 */
static void hash_header(struct dkim_signature *s, struct field *own,
	struct field *fields, size_t n, unsigned id)
{
	AUTO_BUF struct buf text = BUF_INIT(own->text.len);
	struct slice rest = s->names, name;
	struct dkim_hash hash;

	own->used_by = id;
	dkim_hash_init(&hash);
	while (tags_next_part(&rest, ':', &name)) {
		const struct field *f =
			take_field(fields, n, slice_trim(name), id);
		if (!f)
			continue;
		dkim_hash_field(&hash, s->header_form, f->text);
		dkim_hash_add(&hash, SLICE("\r\n"));
	}
	dkim_signature_unsign(own->text, &text);
	dkim_hash_field(&hash, s->header_form, buf_slice(&text));
	dkim_hash_end(&hash, s->header_hash);
	dkim_hash_release(&hash);
}

static void want_body(struct dkim *d, enum dkim_form form)
{
	if (!d->is_body_hashed[form])
		dkim_body_init(&d->bodies[form], form);
	d->is_body_hashed[form] = true;
}

static void add_signature(struct dkim *d, struct dkim_signature s,
	struct field *own, struct field *fields, size_t n)
{
	if (!s.fault) {
		hash_header(&s, own, fields, n, d->n_signatures + 1);
		want_body(d, s.body_form);
	}
	s.names = SLICE_NONE;
	d->signatures =
		xreallocarray(d->signatures, d->n_signatures + 1, sizeof(s));
	d->signatures[d->n_signatures++] = s;
}

void dkim_begin(struct dkim *d, struct slice domain, uint64_t now_sec)
{
	AUTO_FREE struct field *fields = xcalloc(FIELDS_MAX, sizeof(*fields));
	size_t n = split_header(buf_slice(&d->header), fields);

	for (size_t i = 0; i < n && d->n_signatures < DKIM_SIGNATURES_MAX;
		i++) {
		struct field *f = &fields[i];
		struct dkim_signature s;
		if (!slice_eq_str_nocase(f->name, "DKIM-Signature") ||
			!dkim_signature_is_of(f->value, domain))
			continue;
		dkim_signature_parse(&s, f->value, domain, now_sec);
		add_signature(d, s, f, fields, n);
	}
	buf_release(&d->header);
	d->is_header_over = true;
	d->is_after_lf = true;
}

void dkim_body(struct dkim *d, struct slice wire)
{
	if (!d->is_body_hashed[DKIM_SIMPLE] && !d->is_body_hashed[DKIM_RELAXED])
		return;
	while (wire.len > 0) {
		struct slice piece = next_unstuffed(d, &wire);
		for (unsigned form = 0; form < DKIM_FORMS; form++)
			if (d->is_body_hashed[form])
				dkim_body_feed(&d->bodies[form], piece);
	}
}

void dkim_end(struct dkim *d)
{
	unsigned char hashes[DKIM_FORMS][DKIM_HASH_BYTES];

	for (unsigned form = 0; form < DKIM_FORMS; form++)
		if (d->is_body_hashed[form])
			dkim_body_end(&d->bodies[form], hashes[form]);
	for (unsigned i = 0; i < d->n_signatures; i++) {
		struct dkim_signature *s = &d->signatures[i];
		if (!s->fault &&
			memcmp(s->body_hash, hashes[s->body_form],
				DKIM_HASH_BYTES) != 0)
			s->fault = "the body is not what was signed";
	}
}

const char *dkim_verify(
	const struct dkim_signature *s, const struct dkim_key *key)
{
	if (s->fault)
		return s->fault;
	if (key->algorithm != s->algorithm)
		return "the key is of another algorithm";
	if (key->is_strict && s->is_for_subdomain)
		return "the key is for d= alone, not for i=";
	if (!dkim_key_verify(key, s->header_hash, buf_slice(&s->value)))
		return "the header is not what was signed, or by another key";
	return NULL;
}
