/* The canonical forms of DKIM, hashed while the bytes pass. */
#include "mail/dkim/hash.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/die.h"

/* Nothing but lack of memory can make these calls fail. */
static void must(int is_done)
{
	if (!is_done)
		oom();
}

static void begin(struct dkim_hash *h)
{
	must(EVP_DigestInit_ex(h->context, EVP_sha256(), NULL));
}

void dkim_hash_init(struct dkim_hash *h)
{
	h->len = 0;
	h->context = EVP_MD_CTX_new();
	must(h->context != NULL);
	begin(h);
}

void dkim_hash_release(struct dkim_hash *h)
{
	EVP_MD_CTX_free(h->context);
	h->context = NULL;
}

static void flush(struct dkim_hash *h)
{
	must(EVP_DigestUpdate(h->context, h->gathered, h->len));
	h->len = 0;
}

void dkim_hash_add(struct dkim_hash *h, struct slice bytes)
{
	if (bytes.len > sizeof(h->gathered) - h->len)
		flush(h);
	if (bytes.len >= sizeof(h->gathered)) {
		must(EVP_DigestUpdate(h->context, bytes.ptr, bytes.len));
		return;
	}
	memcpy(h->gathered + h->len, bytes.ptr, bytes.len);
	h->len += bytes.len;
}

static void add_char(struct dkim_hash *h, char c)
{
	if (h->len == sizeof(h->gathered))
		flush(h);
	h->gathered[h->len++] = c;
}

void dkim_hash_end(struct dkim_hash *h, unsigned char ret_hash[DKIM_HASH_BYTES])
{
	flush(h);
	must(EVP_DigestFinal_ex(h->context, ret_hash, NULL));
	begin(h);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Unfolded, each run of blanks one space, none at either end. */
static void add_relaxed_value(struct dkim_hash *h, struct slice value)
{
	bool has_blank = false;

	value = slice_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		if (ascii_is_space(c)) {
			has_blank = has_blank || is_blank(c);
			continue;
		}
		if (has_blank)
			add_char(h, ' ');
		has_blank = false;
		add_char(h, c);
	}
}

void dkim_hash_field(
	struct dkim_hash *h, enum dkim_form form, struct slice field)
{
	struct slice name, value;

	if (form == DKIM_SIMPLE || !slice_cut(field, ':', &name, &value)) {
		dkim_hash_add(h, field);
		return;
	}
	name = slice_trim(name);
	for (size_t i = 0; i < name.len; i++)
		add_char(h, ascii_lower(name.ptr[i]));
	add_char(h, ':');
	add_relaxed_value(h, value);
}

void dkim_body_init(struct dkim_body *b, enum dkim_form form)
{
	*b = (struct dkim_body){ .form = form };
	dkim_hash_init(&b->hash);
}

void dkim_body_release(struct dkim_body *b)
{
	dkim_hash_release(&b->hash);
}

static void add_line_ends(struct dkim_body *b)
{
	for (; b->n_line_ends > 0; b->n_line_ends--)
		dkim_hash_add(&b->hash, SLICE("\r\n"));
}

static void add_text(struct dkim_body *b, struct slice text)
{
	add_line_ends(b);
	if (b->has_blank)
		add_char(&b->hash, ' ');
	b->has_blank = false;
	b->has_text = true;
	dkim_hash_add(&b->hash, text);
}

static size_t find(struct slice s, char c)
{
	const char *at = memchr(s.ptr, c, s.len);

	return at ? (size_t)(at - s.ptr) : s.len;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/*
 * How much of the front is hashed as it is: simple, all that does not end in
 * what may be empty lines; relaxed, what has no blanks and line ends.
 */
static size_t count_plain(const struct dkim_body *b, struct slice s)
{
	if (b->form == DKIM_SIMPLE) {
		while (s.len > 0 && is_line_end(s.ptr[s.len - 1]))
			s.len--;
		return s.len;
	}
	s.len = find(s, '\r');
	s.len = find(s, ' ');
	return find(s, '\t');
}

/* The byte after a CR: does it make a line end? */
static bool end_line(struct dkim_body *b, char c)
{
	b->has_cr = false;
	if (c != '\n') {
		add_text(b, SLICE("\r"));
		return false;
	}
	b->n_line_ends++;
	b->has_blank = false;
	return true;
}

/* What follows says what becomes of it. */
static void hold_char(struct dkim_body *b, char c)
{
	if (c == '\r')
		b->has_cr = true;
	else if (c == '\n')
		add_text(b, SLICE("\n"));
	else
		b->has_blank = true;
}

void dkim_body_feed(struct dkim_body *b, struct slice bytes)
{
	while (bytes.len > 0) {
		if (b->has_cr && end_line(b, bytes.ptr[0])) {
			bytes = slice_from(bytes, 1);
			continue;
		}
		size_t n = count_plain(b, bytes);
		if (n > 0)
			add_text(b, slice_head(bytes, n));
		bytes = slice_from(bytes, n);
		if (bytes.len == 0)
			return;
		hold_char(b, bytes.ptr[0]);
		bytes = slice_from(bytes, 1);
	}
}

void dkim_body_end(struct dkim_body *b, unsigned char ret_hash[DKIM_HASH_BYTES])
{
	if (b->has_cr)
		add_text(b, SLICE("\r"));
	if (b->has_text || b->form == DKIM_SIMPLE)
		dkim_hash_add(&b->hash, SLICE("\r\n"));
	dkim_hash_end(&b->hash, ret_hash);
}
