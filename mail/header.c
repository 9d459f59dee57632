/* Reads header fields, and takes Content-Type apart. */
#include "mail/header.h"

#include <errno.h>
#include <string.h>

#include "lib/die.h"
#include "lib/util.h"

enum {
	BOUNDARY_MAX_BYTES = 70,
	PART_NAME_MAX_BYTES = 32,
};

void header_reader_init(struct header_reader *r, const struct header_spec *spec)
{
	*r = (struct header_reader){
		.spec = spec,
		.value = BUF_INIT(HEADER_VALUE_MAX_BYTES),
		.current = -1,
	};
}

void header_reader_release(struct header_reader *r)
{
	if (r)
		buf_release(&r->value);
}

static bool is_fold(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322 section 2.2: printable ASCII; no blank before the colon. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return s.len > 0;
}

static int find_name(const struct header_spec *spec, struct slice name)
{
	for (size_t i = 0; i < spec->n_names; i++)
		if (slice_eq_str_nocase(name, spec->names[i]))
			return (int)i;
	return -1;
}

static void finish_field(struct header_reader *r, void *context)
{
	const struct header_spec *spec = r->spec;

	if (r->current < 0)
		return;
	size_t id = (size_t)r->current;
	if (spec->on_length)
		spec->on_length(context, id, r->n_value);
	if (!buf_ok(&r->value))
		r->is_malformed = true;
	else if (id < spec->n_wanted)
		spec->on_field(context, id, slice_trim(buf_slice(&r->value)));
	buf_reset(&r->value);
	r->current = -1;
}

static bool has_odd_bytes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]) && s.ptr[i] != '\t')
			return true;
	return false;
}

static void add_value(struct header_reader *r, struct slice value)
{
	r->n_value += value.len;
	r->has_control = r->has_control || has_odd_bytes(value);
	if ((size_t)r->current < r->spec->n_wanted)
		buf_add_slice(&r->value, value);
}

static void begin_field(struct header_reader *r, struct slice line)
{
	struct slice name, value;

	if (!slice_cut(line, ':', &name, &value) || !is_name(name)) {
		r->is_malformed = true;
		return;
	}
	r->n_fields++;
	r->current = find_name(r->spec, name);
	if (r->current >= HEADER_NAMES_MAX)
		bug("a table of too many header names");
	if (r->current < 0)
		return;
	uint32_t bit = UINT32_C(1) << r->current;
	r->repeated |= r->seen & bit;
	r->seen |= bit;
	r->n_value = 0;
	add_value(r, value);
}

static void continue_field(struct header_reader *r, struct slice line)
{
	if (r->n_fields == 0)
		r->is_malformed = true;
	if (r->current < 0)
		return;
	/* Some programs take a line of blanks for the end of the header. */
	if (slice_trim(line).len == 0)
		r->is_malformed = true;
	add_value(r, line);
}

void header_reader_line(
	struct header_reader *r, struct slice line, void *context)
{
	if (r->is_malformed || r->is_too_large)
		return;
	r->n_bytes += line.len + 2;
	if (line.len > 0 && is_fold(line.ptr[0])) {
		continue_field(r, line);
	} else {
		finish_field(r, context);
		begin_field(r, line);
	}
	r->is_too_large = r->n_bytes > r->spec->bytes_max ||
		r->n_fields > r->spec->fields_max;
}

void header_reader_end(struct header_reader *r, void *context)
{
	if (!r->is_malformed && !r->is_too_large)
		finish_field(r, context);
	buf_release(&r->value);
}

bool header_has(const struct header_reader *r, size_t id)
{
	return r->seen >> id & 1;
}

bool header_is_repeated(const struct header_reader *r, size_t id)
{
	return r->repeated >> id & 1;
}

/* RFC 2045: any printable ASCII but blanks and tspecials. */
static bool is_token_char(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static struct slice take_token(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && is_token_char(rest->ptr[n]))
		n++;
	struct slice token = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return token;
}

static void take_blanks(struct slice *rest)
{
	while (rest->len > 0 && is_fold(rest->ptr[0]))
		*rest = slice_from(*rest, 1);
}

static bool take_char(struct slice *rest, char c)
{
	if (rest->len == 0 || rest->ptr[0] != c)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

/* A token or a quoted string, whose backslashes are left in it. */
static bool take_value(struct slice *rest, struct slice *ret_value)
{
	if (!take_char(rest, '"')) {
		*ret_value = take_token(rest);
		return ret_value->len > 0;
	}
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] != '"')
		n += rest->ptr[n] == '\\' ? 2 : 1;
	if (n >= rest->len)
		return false;
	*ret_value = slice_head(*rest, n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

/* RFC 2046 section 5.1.1, without the space. */
static bool is_boundary(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
			(c == '\0' || !strchr("'()+_,-./:=?", c)))
			return false;
	}
	return s.len > 0 && s.len <= BOUNDARY_MAX_BYTES;
}

static bool has_usual_end(struct slice name)
{
	return slice_ends(name, SLICE(".asc")) ||
		slice_ends(name, SLICE(".pgp")) ||
		slice_ends(name, SLICE(".gpg"));
}

bool part_name_is_usual(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alpha(name.ptr[i]) && name.ptr[i] != '.' &&
			name.ptr[i] != '-')
			return false;
	return name.len <= PART_NAME_MAX_BYTES && has_usual_end(name);
}

static bool is_charset(struct slice value)
{
	static const char *const names[] = { "utf-8", "us-ascii", "iso-8859-1",
		"iso-8859-15", "windows-1252" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str_nocase(value, names[i]))
			return true;
	return false;
}

static bool is_usual(struct slice name, struct slice value)
{
	if (slice_eq_str_nocase(name, "protocol"))
		return slice_eq_str_nocase(value, "application/pgp-encrypted");
	if (slice_eq_str_nocase(name, "charset"))
		return is_charset(value);
	if (slice_eq_str_nocase(name, "protected-headers"))
		return slice_eq_str(value, "v1");
	if (slice_eq_str_nocase(name, "format"))
		return slice_eq_str_nocase(value, "flowed");
	if (slice_eq_str_nocase(name, "delsp"))
		return slice_eq_str_nocase(value, "no");
	return slice_eq_str_nocase(name, "name") && part_name_is_usual(value);
}

static bool take_parameter(struct slice *rest, struct content_type *t)
{
	struct slice value;
	struct slice name = take_token(rest);

	if (name.len == 0 || !take_char(rest, '=') || !take_value(rest, &value))
		return false;
	take_blanks(rest);
	if (slice_starts_nocase(name, SLICE("boundary*")))
		return false;
	if (!slice_eq_str_nocase(name, "boundary")) {
		t->has_oddity = t->has_oddity || !is_usual(name, value);
		return true;
	}
	if (t->boundary.len > 0 || !is_boundary(value))
		return false;
	t->boundary = value;
	return true;
}

int content_type_parse(struct slice value, struct content_type *ret_type)
{
	struct slice rest = slice_trim(value);
	struct content_type t = { .boundary = SLICE_NONE };

	if (has_odd_bytes(rest))
		return -EINVAL;
	t.type = take_token(&rest);
	if (t.type.len == 0 || !take_char(&rest, '/'))
		return -EINVAL;
	t.subtype = take_token(&rest);
	if (t.subtype.len == 0)
		return -EINVAL;
	take_blanks(&rest);
	while (take_char(&rest, ';')) {
		take_blanks(&rest);
		if (rest.len > 0 && !take_parameter(&rest, &t))
			return -EINVAL;
	}
	if (rest.len > 0)
		return -EINVAL;
	*ret_type = t;
	return 0;
}

bool content_type_is(
	const struct content_type *t, const char *type, const char *subtype)
{
	return slice_eq_str_nocase(t->type, type) &&
		slice_eq_str_nocase(t->subtype, subtype);
}
