/* Holds the body of a message against the shape it may have. */
#include "mail/encrypted/shape.h"

#include <string.h>

enum {
	PART_HEADER_MAX_BYTES = 4096,
	PART_HEADER_MAX_FIELDS = 16,
	CONTENT_ID_MAX_BYTES = 78,
	CONTENT_TYPE_MAX_BYTES = 200,
	/* Beyond them, blanks can be a code. Core writes 9 blank lines. */
	BLANK_LINES_MAX = 24,
	BLANKS_MAX = 4,
};

enum {
	PART_TYPE,
	PART_ENCODING,
	PART_DISPOSITION,
	PART_ID,
	PART_FIELDS,
};

/* Postfix drops all others from outgoing mail: its part-checks. */
static const char *const part_fields[] = {
	[PART_TYPE] = "Content-Type",
	[PART_ENCODING] = "Content-Transfer-Encoding",
	[PART_DISPOSITION] = "Content-Disposition",
	[PART_ID] = "Content-ID",
};

/* What programs write before the first part. */
static const char *const preambles[] = {
	"This is an OpenPGP/MIME encrypted message (RFC 2440 and 3156)",
	"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)",
	"This is an OpenPGP/MIME encrypted message (RFC 9580 and 3156)",
	"This is a multi-part message in MIME format.",
	"This is a multi-part message in MIME format",
	"This is a multipart message in MIME format.",
	"This is a multipart message in MIME format",
	"This is a message with multiple parts in MIME format.",
	"This message is in MIME format.",
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
	[SHAPE_REQUEST] = { securejoin_parts, ARRAY_LEN(securejoin_parts) },
};

static const struct part_rule *rule_of(const struct shape *s)
{
	return &shapes[s->kind].parts[s->i_part];
}

static enum shape_state fail(struct shape *s, enum reason reason)
{
	s->reason = reason;
	return SHAPE_FAILED;
}

static void notice(struct shape *s, enum reason oddity)
{
	if (!s->oddity)
		s->oddity = oddity;
}

/* inline or attachment; filename="encrypted.asc" */
static bool is_usual_disposition(struct slice value)
{
	struct slice word, rest;

	if (!slice_cut(value, ';', &word, &rest)) {
		word = value;
		rest = SLICE_NONE;
	}
	word = slice_trim(word);
	rest = slice_trim(rest);
	/* Older cores end it so. */
	if (slice_ends(rest, SLICE(";")))
		rest.len--;
	if (!slice_eq_str_nocase(word, "inline") &&
		!slice_eq_str_nocase(word, "attachment"))
		return false;
	if (rest.len == 0)
		return true;
	if (!slice_starts_nocase(rest, SLICE("filename=")))
		return false;
	rest = slice_from(rest, strlen("filename="));
	if (rest.len > 2 && rest.ptr[0] == '"' && slice_ends(rest, SLICE("\"")))
		rest = slice_make(rest.ptr + 1, rest.len - 2);
	return part_name_is_usual(rest);
}

static bool is_usual_id(struct slice value)
{
	return value.len <= CONTENT_ID_MAX_BYTES &&
		!slice_has_char(value, ' ') && !slice_has_char(value, '\t');
}

static void take_part_type(struct shape *s, struct slice value)
{
	struct content_type type;

	if (content_type_parse(value, &type) < 0)
		return;
	s->has_type =
		content_type_is(&type, rule_of(s)->type, rule_of(s)->subtype);
	if (type.has_oddity || type.boundary.len > 0 ||
		value.len > CONTENT_TYPE_MAX_BYTES)
		notice(s, REASON_PARAMETER);
}

static void take_part_field(void *context, size_t id, struct slice value)
{
	struct shape *s = context;

	switch (id) {
	case PART_TYPE:
		take_part_type(s, value);
		break;
	case PART_ENCODING:
		s->transfer.encoding = transfer_encoding_of(value);
		if (s->transfer.encoding != TRANSFER_IDENTITY)
			notice(s, REASON_PART_ENCODING);
		break;
	case PART_DISPOSITION:
		if (!is_usual_disposition(value))
			notice(s, REASON_PART_FIELD);
		break;
	default:
		if (!is_usual_id(value))
			notice(s, REASON_PART_FIELD);
		break;
	}
}

static const struct header_spec part_header = {
	.names = part_fields,
	.n_names = PART_FIELDS,
	.n_wanted = PART_FIELDS,
	.bytes_max = PART_HEADER_MAX_BYTES,
	.fields_max = PART_HEADER_MAX_FIELDS,
	.on_field = take_part_field,
};

static enum shape_state begin_part(struct shape *s, size_t i_part)
{
	if (i_part >= shapes[s->kind].n_parts)
		return fail(s, REASON_PARTS);
	s->i_part = i_part;
	s->has_text = false;
	s->has_type = false;
	header_reader_release(&s->header);
	header_reader_init(&s->header, &part_header);
	transfer_release(&s->transfer);
	transfer_init(&s->transfer, TRANSFER_IDENTITY);
	return SHAPE_PART_HEADER;
}

static enum shape_state end_part_header(struct shape *s)
{
	struct header_reader *r = &s->header;

	header_reader_end(r, s);
	if (r->is_malformed || r->is_too_large || r->repeated)
		return fail(s, REASON_PART_HEADER);
	if (r->has_control)
		notice(s, REASON_CONTROL);
	if (!s->has_type)
		return fail(s, REASON_PART_TYPE);
	return s->transfer.encoding == TRANSFER_UNKNOWN
		? fail(s, REASON_PART_ENCODING)
		: SHAPE_PART_BODY;
}

static enum shape_state take_header_line(struct shape *s, struct slice line)
{
	if (line.len == 0)
		return end_part_header(s);
	header_reader_line(&s->header, line, s);
	return s->header.is_malformed || s->header.is_too_large
		? fail(s, REASON_PART_HEADER)
		: SHAPE_PART_HEADER;
}

static bool take_part_line(void *context, struct slice line)
{
	struct shape *s = context;

	return rule_of(s)->take_line(s, line);
}

static enum shape_state fail_in_part(struct shape *s)
{
	if (rule_of(s)->take_line != take_armor)
		return fail(s, REASON_FIRST_PART);
	return fail(s, s->armor.reason ? s->armor.reason : REASON_ARMOR);
}

static enum shape_state take_body_line(struct shape *s, struct slice line)
{
	return transfer_line(&s->transfer, line, take_part_line, s)
		? SHAPE_PART_BODY
		: fail_in_part(s);
}

/* A part is over: begins the next, or ends the last. */
static enum shape_state end_part(struct shape *s, bool is_close)
{
	if (s->state != SHAPE_PART_BODY)
		return fail(s, REASON_PARTS);
	if (!transfer_end(&s->transfer, take_part_line, s) ||
		!rule_of(s)->is_whole(s))
		return fail_in_part(s);
	if (!is_close)
		return begin_part(s, s->i_part + 1);
	bool is_last = s->i_part + 1 == shapes[s->kind].n_parts;
	return is_last ? SHAPE_EPILOGUE : fail(s, REASON_PARTS);
}

/* `tail` is what follows the boundary in its line. */
static enum shape_state take_delimiter(struct shape *s, struct slice tail)
{
	bool is_close = slice_starts(tail, SLICE("--"));

	if (!is_blank(slice_from(tail, is_close ? 2 : 0)))
		return fail(s, REASON_DELIMITER);
	if (s->state == SHAPE_PREAMBLE)
		return is_close ? fail(s, REASON_PARTS) : begin_part(s, 0);
	return end_part(s, is_close);
}

static enum shape_state take_preamble(struct shape *s, struct slice line)
{
	struct slice text = slice_trim(line);

	for (size_t i = 0; i < ARRAY_LEN(preambles) && !s->has_preamble; i++) {
		if (!slice_eq_str(text, preambles[i]))
			continue;
		s->has_preamble = true;
		return SHAPE_PREAMBLE;
	}
	return text.len == 0 ? SHAPE_PREAMBLE : fail(s, REASON_PREAMBLE);
}

static enum shape_state take_line(struct shape *s, struct slice line)
{
	struct slice delimiter = slice_make(s->delimiter, s->delimiter_len);

	if (s->kind != SHAPE_REQUEST && slice_starts(line, delimiter))
		return take_delimiter(s, slice_from(line, delimiter.len));
	switch (s->state) {
	case SHAPE_PREAMBLE:
		return take_preamble(s, line);
	case SHAPE_EPILOGUE:
		return is_blank(line) ? s->state : fail(s, REASON_EPILOGUE);
	case SHAPE_PART_HEADER:
		return take_header_line(s, line);
	case SHAPE_PART_BODY:
		return take_body_line(s, line);
	case SHAPE_FAILED:
		break;
	}
	return SHAPE_FAILED;
}

/* Blanks at the ends of lines, and lines of them, are what nobody sees. */
static void count_blanks(struct shape *s, struct slice line)
{
	struct slice text = slice_trim(line);

	if (text.len == 0 && ++s->n_blank > BLANK_LINES_MAX)
		notice(s, REASON_BLANKS);
	if (s->state != SHAPE_PART_HEADER && line.len - text.len > BLANKS_MAX)
		notice(s, REASON_BLANKS);
}

void shape_init(struct shape *s, enum shape_kind kind, struct slice boundary)
{
	*s = (struct shape){
		.kind = kind,
		.delimiter = xasprintf("--%.*s", SLICE_FMT(boundary)),
		.delimiter_len = boundary.len + 2,
		.state = kind == SHAPE_REQUEST ? SHAPE_PART_BODY
					       : SHAPE_PREAMBLE,
	};
}

void shape_release(struct shape *s)
{
	if (!s)
		return;
	free(s->delimiter);
	header_reader_release(&s->header);
	transfer_release(&s->transfer);
	armor_release(&s->armor);
	*s = (struct shape){ .kind = SHAPE_NONE };
}

void shape_line(struct shape *s, struct slice line)
{
	if (s->kind == SHAPE_NONE || s->state == SHAPE_FAILED)
		return;
	count_blanks(s, line);
	s->state = take_line(s, line);
}

size_t shape_skip_lines(struct shape *s, struct slice bytes)
{
	/* Only in the armor: its state is that of a beginner elsewhere. */
	return s->state == SHAPE_PART_BODY &&
			s->transfer.encoding == TRANSFER_IDENTITY
		? armor_skip_lines(&s->armor, bytes)
		: 0;
}

enum reason shape_fault(const struct shape *s)
{
	if (s->kind == SHAPE_NONE)
		return REASON_CLEARTEXT;
	if (s->state == SHAPE_FAILED)
		return s->reason;
	bool is_whole = s->kind == SHAPE_REQUEST ? s->has_text
						 : s->state == SHAPE_EPILOGUE;
	return is_whole ? REASON_NONE : REASON_END;
}

enum reason shape_strict_fault(const struct shape *s)
{
	enum reason fault = shape_fault(s);

	if (fault || s->oddity)
		return fault ? fault : s->oddity;
	if (s->armor.has_headers)
		return REASON_ARMOR_HEADER;
	return armor_is_random(&s->armor) ? REASON_NONE : REASON_LETTERS;
}
