/* Compares a multipart body with the shapes that it may have (shape.h). */
#include "mail/shape.h"

#include <string.h>

enum {
	PART_HEADER_MAX_BYTES = 4096,
	PART_HEADER_MAX_FIELDS = 16,
};

enum {
	PART_TYPE,
	PART_ENCODING,
	PART_DESCRIPTION,
	PART_DISPOSITION,
	PART_ID,
};

/* What clients put above the parts of an encrypted message. */
static const char *const part_fields[] = {
	[PART_TYPE] = "Content-Type",
	[PART_ENCODING] = "Content-Transfer-Encoding",
	[PART_DESCRIPTION] = "Content-Description",
	[PART_DISPOSITION] = "Content-Disposition",
	[PART_ID] = "Content-ID",
};

struct part_rule {
	const char *type;
	const char *subtype;
	/* A line of the body; false: it has no place there. */
	bool (*take_line)(struct shape *s, struct slice line);
	bool (*is_whole)(const struct shape *s);
};

static bool is_blank(struct slice line)
{
	return slice_trim(line).len == 0;
}

static bool take_only_line(struct shape *s, bool is_the_one)
{
	if (s->has_text || !is_the_one)
		return false;
	s->has_text = true;
	return true;
}

static bool take_version(struct shape *s, struct slice line)
{
	return is_blank(line) ||
		take_only_line(s, slice_eq_str(slice_trim(line), "Version: 1"));
}

static bool take_request(struct shape *s, struct slice line)
{
	struct slice text = slice_trim(line);

	if (text.len == 0)
		return true;
	return take_only_line(s,
		slice_eq_str_nocase(text, "Secure-Join: vc-request") ||
			slice_eq_str_nocase(text, "Secure-Join: vg-request"));
}

static bool has_only_line(const struct shape *s)
{
	return s->has_text;
}

static bool take_armor(struct shape *s, struct slice line)
{
	return armor_line(&s->armor, line) == 0;
}

static bool has_armor(const struct shape *s)
{
	return armor_is_complete(&s->armor);
}

static const struct part_rule encrypted_parts[] = {
	{ "application", "pgp-encrypted", take_version, has_only_line },
	{ "application", "octet-stream", take_armor, has_armor },
};
static const struct part_rule securejoin_parts[] = {
	{ "text", "plain", take_request, has_only_line },
};

static const struct {
	const struct part_rule *parts;
	size_t n_parts;
} shapes[] = {
	[SHAPE_NONE] = { NULL, 0 },
	[SHAPE_ENCRYPTED] = { encrypted_parts, ARRAY_LEN(encrypted_parts) },
	[SHAPE_SECUREJOIN] = { securejoin_parts, ARRAY_LEN(securejoin_parts) },
};

static const struct part_rule *rule_of(const struct shape *s)
{
	return &shapes[s->kind].parts[s->i_part];
}

static void take_part_field(void *context, size_t id, struct slice value)
{
	struct shape *s = context;
	struct content_type type;

	if (id == PART_TYPE)
		s->has_type = content_type_parse(value, &type) == 0 &&
			content_type_is(
				&type, rule_of(s)->type, rule_of(s)->subtype);
	if (id == PART_ENCODING)
		s->has_encoding = transfer_encoding_is_identity(value);
}

static const struct header_spec part_header = {
	.names = part_fields,
	.n_names = ARRAY_LEN(part_fields),
	.bytes_max = PART_HEADER_MAX_BYTES,
	.fields_max = PART_HEADER_MAX_FIELDS,
	.on_field = take_part_field,
};

static enum shape_state begin_part(struct shape *s, size_t i_part)
{
	if (i_part >= shapes[s->kind].n_parts)
		return SHAPE_FAILED;
	s->i_part = i_part;
	s->has_text = false;
	s->has_type = false;
	s->has_encoding = true;
	header_reader_release(&s->header);
	header_reader_init(&s->header, &part_header);
	return SHAPE_PART_HEADER;
}

static enum shape_state end_part_header(struct shape *s)
{
	struct header_reader *r = &s->header;

	header_reader_end(r, s);
	s->has_oddities = s->has_oddities || r->has_others;
	if (r->is_malformed || r->is_too_large || r->repeated)
		return SHAPE_FAILED;
	return s->has_type && s->has_encoding ? SHAPE_PART_BODY : SHAPE_FAILED;
}

static enum shape_state take_header_line(struct shape *s, struct slice line)
{
	if (line.len == 0)
		return end_part_header(s);
	header_reader_line(&s->header, line, s);
	return s->header.is_malformed || s->header.is_too_large
		? SHAPE_FAILED
		: SHAPE_PART_HEADER;
}

/* `tail` is what follows the boundary in its line. */
static enum shape_state take_delimiter(struct shape *s, struct slice tail)
{
	bool is_close = slice_starts(tail, SLICE("--"));

	if (!is_blank(slice_from(tail, is_close ? 2 : 0)))
		return SHAPE_FAILED;
	if (s->state == SHAPE_PREAMBLE)
		return is_close ? SHAPE_FAILED : begin_part(s, 0);
	if (s->state != SHAPE_PART_BODY || !rule_of(s)->is_whole(s))
		return SHAPE_FAILED;
	if (!is_close)
		return begin_part(s, s->i_part + 1);
	bool is_last = s->i_part + 1 == shapes[s->kind].n_parts;
	return is_last ? SHAPE_EPILOGUE : SHAPE_FAILED;
}

static enum shape_state take_line(struct shape *s, struct slice line)
{
	struct slice delimiter = slice_make(s->delimiter, s->delimiter_len);

	if (slice_starts(line, delimiter))
		return take_delimiter(s, slice_from(line, delimiter.len));
	switch (s->state) {
	case SHAPE_PREAMBLE:
	case SHAPE_EPILOGUE:
		return is_blank(line) ? s->state : SHAPE_FAILED;
	case SHAPE_PART_HEADER:
		return take_header_line(s, line);
	case SHAPE_PART_BODY:
		return rule_of(s)->take_line(s, line) ? s->state : SHAPE_FAILED;
	case SHAPE_FAILED:
		break;
	}
	return SHAPE_FAILED;
}

void shape_init(struct shape *s, enum shape_kind kind, struct slice boundary)
{
	*s = (struct shape){
		.kind = kind,
		.delimiter = xasprintf("--%.*s", SLICE_FMT(boundary)),
		.delimiter_len = boundary.len + 2,
	};
}

void shape_release(struct shape *s)
{
	if (!s)
		return;
	free(s->delimiter);
	header_reader_release(&s->header);
	*s = (struct shape){ .kind = SHAPE_NONE };
}

void shape_line(struct shape *s, struct slice line)
{
	if (s->kind != SHAPE_NONE && s->state != SHAPE_FAILED)
		s->state = take_line(s, line);
}

size_t shape_skip_lines(struct shape *s, struct slice bytes)
{
	/* Only in the armor: its state is that of a beginner elsewhere. */
	return s->state == SHAPE_PART_BODY ? armor_skip_lines(&s->armor, bytes)
					   : 0;
}

bool shape_is_whole(const struct shape *s)
{
	return s->kind != SHAPE_NONE && s->state == SHAPE_EPILOGUE;
}

bool shape_is_plain(const struct shape *s)
{
	return shape_is_whole(s) && !s->has_oddities && !s->armor.has_headers;
}
