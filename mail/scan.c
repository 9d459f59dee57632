/* Judges a message while it passes by. */
#include "mail/scan.h"

#include <errno.h>
#include <string.h>

#include "mail/address.h"
#include "mail/tags.h"

enum {
	/* The dot of dot-stuffing and the CRLF included. */
	RAW_LINE_MAX_BYTES = 1 + MESSAGE_HEADER_LINE_MAX_BYTES + 2,
	KEPT_MAX_BYTES = 16 * 1024,
	FROM_WHY_MAX_BYTES = 200,
	AUTOCRYPT_ATTRIBUTES_MAX = 3,
};

enum {
	FIELD_FROM,
	FIELD_TYPE,
	FIELD_ENCODING,
	FIELD_SECURE_JOIN,
	FIELD_AUTO_SUBMITTED,
	FIELD_SETUP,
	FIELD_SUBJECT,
	FIELD_AUTOCRYPT,
	FIELDS_WANTED,
	FIELD_TO = FIELDS_WANTED,
	FIELD_CC,
	FIELD_DATE,
	FIELD_MESSAGE_ID,
	FIELD_IN_REPLY_TO,
	FIELD_REFERENCES,
	FIELD_MIME_VERSION,
	FIELD_DISPOSITION,
	FIELD_CONTENT_ID,
	FIELD_CHAT_VERSION,
	FIELD_INVITE_NUMBER,
	FIELD_POST_MESSAGE,
	FIELDS,
};

/*
 * The fields that outgoing mail keeps: Postfix drops all others, by
 * header-checks. The long ones are those of Thunderbird: a thread of sixty
 * messages, an RSA key.
 */
static const char *const field_names[] = {
	[FIELD_FROM] = "From",
	[FIELD_TYPE] = "Content-Type",
	[FIELD_ENCODING] = "Content-Transfer-Encoding",
	[FIELD_SECURE_JOIN] = "Secure-Join",
	[FIELD_AUTO_SUBMITTED] = "Auto-Submitted",
	[FIELD_SETUP] = "Autocrypt-Setup-Message",
	[FIELD_SUBJECT] = "Subject",
	[FIELD_AUTOCRYPT] = "Autocrypt",
	[FIELD_TO] = "To",
	[FIELD_CC] = "Cc",
	[FIELD_DATE] = "Date",
	[FIELD_MESSAGE_ID] = "Message-ID",
	[FIELD_IN_REPLY_TO] = "In-Reply-To",
	[FIELD_REFERENCES] = "References",
	[FIELD_MIME_VERSION] = "MIME-Version",
	[FIELD_DISPOSITION] = "Content-Disposition",
	[FIELD_CONTENT_ID] = "Content-ID",
	[FIELD_CHAT_VERSION] = "Chat-Version",
	[FIELD_INVITE_NUMBER] = "Secure-Join-Invitenumber",
	[FIELD_POST_MESSAGE] = "Chat-Is-Post-Message",
};

static const size_t field_max_bytes[] = {
	[FIELD_FROM] = 1000,
	[FIELD_TYPE] = 300,
	[FIELD_ENCODING] = 40,
	[FIELD_SECURE_JOIN] = 40,
	[FIELD_AUTO_SUBMITTED] = 60,
	[FIELD_SETUP] = 20,
	[FIELD_SUBJECT] = 1000, /* replaced by [...] */
	[FIELD_AUTOCRYPT] = 8192,
	[FIELD_TO] = 4096,
	[FIELD_CC] = 4096,
	[FIELD_DATE] = 80,
	[FIELD_MESSAGE_ID] = 250,
	[FIELD_IN_REPLY_TO] = 500,
	[FIELD_REFERENCES] = 6144,
	[FIELD_MIME_VERSION] = 80,
	[FIELD_DISPOSITION] = 12,
	[FIELD_CONTENT_ID] = 80,
	[FIELD_CHAT_VERSION] = 20,
	[FIELD_INVITE_NUMBER] = 100,
	[FIELD_POST_MESSAGE] = 20,
};

static void notice(struct message_scan *s, enum reason oddity)
{
	if (!s->oddity)
		s->oddity = oddity;
}

static void take_length(void *context, size_t id, size_t n_bytes)
{
	struct message_scan *s = context;

	s->n_kept += strlen(field_names[id]) + n_bytes + 3;
	if (n_bytes > field_max_bytes[id] || s->n_kept > KEPT_MAX_BYTES)
		notice(s, REASON_FIELD_SIZE);
}

static bool is_autocrypt_attribute(struct slice attribute)
{
	struct slice name, value;

	if (!slice_cut(slice_trim(attribute), '=', &name, &value))
		return false;
	if (slice_eq_str(name, "addr"))
		return value.len <= ADDRESS_MAX_BYTES &&
			!slice_has_char(value, ' ');
	if (slice_eq_str(name, "prefer-encrypt"))
		return slice_eq_str(value, "mutual") ||
			slice_eq_str(value, "nopreference");
	return slice_eq_str(name, "keydata") && letters_are_key(value);
}

/* Autocrypt 1.1 section 2.1: addr, prefer-encrypt, keydata. */
static bool is_autocrypt(struct slice value)
{
	struct slice attribute;
	unsigned n = 0;

	while (tags_next_part(&value, ';', &attribute)) {
		if (slice_trim(attribute).len == 0)
			continue;
		if (n++ == AUTOCRYPT_ATTRIBUTES_MAX ||
			!is_autocrypt_attribute(attribute))
			return false;
	}
	return true;
}

static void take_from(struct message_scan *s, struct slice value)
{
	AUTO_BUF struct buf why = BUF_INIT(FROM_WHY_MAX_BYTES);
	struct slice address;

	free(s->from);
	free(s->from_why);
	s->from = NULL;
	s->from_why = NULL;
	if (address_parse_from(value, &address, &why) < 0)
		s->from_why = buf_take(&why);
	else
		s->from = slice_dup(address);
}

static enum shape_kind kind_of(const struct content_type *type)
{
	if (content_type_is(type, "text", "plain"))
		return SHAPE_REQUEST;
	if (type->boundary.len == 0)
		return SHAPE_NONE;
	if (content_type_is(type, "multipart", "encrypted"))
		return SHAPE_ENCRYPTED;
	if (content_type_is(type, "multipart", "mixed"))
		return SHAPE_SECUREJOIN;
	return SHAPE_NONE;
}

static void take_type(struct message_scan *s, struct slice value)
{
	struct content_type type;

	if (content_type_parse(value, &type) < 0)
		return;
	s->is_report = content_type_is(&type, "multipart", "report");
	s->is_mixed = content_type_is(&type, "multipart", "mixed");
	if (type.has_oddity)
		notice(s, REASON_PARAMETER);
	s->kind = kind_of(&type);
	free(s->boundary);
	s->boundary = slice_dup(type.boundary);
}

static void take_field(void *context, size_t id, struct slice value)
{
	struct message_scan *s = context;

	switch (id) {
	case FIELD_FROM:
		take_from(s, value);
		break;
	case FIELD_TYPE:
		take_type(s, value);
		break;
	case FIELD_ENCODING:
		s->has_odd_encoding =
			transfer_encoding_of(value) != TRANSFER_IDENTITY;
		break;
	case FIELD_SECURE_JOIN:
		s->is_request = slice_eq_str_nocase(value, "vc-request") ||
			slice_eq_str_nocase(value, "vg-request");
		break;
	case FIELD_SETUP:
		s->has_setup_field = slice_eq_str(value, "v1");
		break;
	case FIELD_SUBJECT:
		s->has_setup_subject =
			slice_eq_str(value, "Autocrypt Setup Message");
		break;
	case FIELD_AUTOCRYPT:
		if (!is_autocrypt(value))
			notice(s, REASON_FIELD_TEXT);
		break;
	default: /* Auto-Submitted only has to be there. */
		break;
	}
}

static const struct header_spec message_header = {
	.names = field_names,
	.n_names = FIELDS,
	.n_wanted = FIELDS_WANTED,
	.bytes_max = MESSAGE_HEADER_MAX_BYTES,
	.fields_max = MESSAGE_HEADER_MAX_FIELDS,
	.on_field = take_field,
	.on_length = take_length,
};

/* No two programs can disagree about what the header says. */
static bool has_clear_header(const struct message_scan *s)
{
	return !s->header.is_malformed &&
		!header_is_repeated(&s->header, FIELD_FROM) &&
		!header_is_repeated(&s->header, FIELD_TYPE) &&
		!header_is_repeated(&s->header, FIELD_ENCODING) &&
		!header_is_repeated(&s->header, FIELD_SECURE_JOIN);
}

static bool may_have_shape(const struct message_scan *s)
{
	if (!has_clear_header(s) || s->has_odd_encoding)
		return false;
	return s->kind == SHAPE_ENCRYPTED ||
		((s->kind == SHAPE_SECUREJOIN || s->kind == SHAPE_REQUEST) &&
			s->is_request);
}

static void end_header(struct message_scan *s)
{
	header_reader_end(&s->header, s);
	s->is_in_body = true;
	if (may_have_shape(s))
		shape_init(&s->shape, s->kind, slice_of(s->boundary));
	free(s->boundary);
	s->boundary = NULL;
}

/* A line without CRLF and stuffing. */
static void take_line(struct message_scan *s, struct slice line)
{
	if (s->is_in_body) {
		shape_line(&s->shape, line);
	} else if (line.len == 0) {
		end_header(s);
	} else {
		header_reader_line(&s->header, line, s);
		if (s->header.is_too_large)
			s->fault = MESSAGE_LARGE_HEADER;
	}
}

/* A sound line as on the wire, CRLF included. */
static void take_raw_line(struct message_scan *s, struct slice raw)
{
	raw.len -= 2;
	if (raw.len == 0 || raw.ptr[0] != '.') {
		take_line(s, raw);
	} else if (raw.len == 1) {
		s->fault = MESSAGE_LONE_DOT;
	} else {
		s->n_stuffed++;
		take_line(s, slice_from(raw, 1));
	}
}

static size_t content_max(const struct message_scan *s, struct slice raw)
{
	bool is_stuffed = raw.len > 0 && raw.ptr[0] == '.';

	return (s->is_in_body ? MESSAGE_LINE_MAX_BYTES
			      : MESSAGE_HEADER_LINE_MAX_BYTES) +
		(is_stuffed ? 1 : 0);
}

/*
 * The first fault, in the order of the bytes, of a line or the beginning
 * of one; the bytes before `from` are known to be sound.
 */
static enum message_fault find_fault(
	const struct message_scan *s, struct slice raw, size_t from)
{
	size_t max = content_max(s, raw);

	for (size_t i = from; i < raw.len; i++) {
		char c = raw.ptr[i];
		bool is_after_cr = i > 0 && raw.ptr[i - 1] == '\r';
		if (c == '\n')
			return is_after_cr ? MESSAGE_OK : MESSAGE_BARE_LF;
		if (c == '\0')
			return MESSAGE_NUL;
		if (is_after_cr)
			return MESSAGE_BARE_CR;
		if (c != '\r' && i >= max)
			return MESSAGE_LONG_LINE;
	}
	return MESSAGE_OK;
}

/* The same for what nearly every line is; `raw` ends in LF. */
static bool is_sound(const struct message_scan *s, struct slice raw)
{
	if (raw.len < 2 || raw.ptr[raw.len - 2] != '\r')
		return false;
	raw.len -= 2;
	return raw.len <= content_max(s, raw) && !slice_has_char(raw, '\r') &&
		!slice_has_char(raw, '\0');
}

/* Puts the next piece, at most one line, behind what is kept of it. */
static void hold(struct message_scan *s, struct slice piece)
{
	size_t from = s->line.len;

	/* What would not fit is behind a fault: an over-long line. */
	buf_add_slice(&s->line, slice_head(piece, RAW_LINE_MAX_BYTES - from));
	struct slice raw = buf_slice(&s->line);
	s->fault = find_fault(s, raw, from);
	if (s->fault || raw.ptr[raw.len - 1] != '\n')
		return;
	take_raw_line(s, raw);
	buf_reset(&s->line);
}

/* Takes a line, or as much of it as there is; returns its length. */
static size_t take_piece(struct message_scan *s, struct slice bytes)
{
	const char *lf = memchr(bytes.ptr, '\n', bytes.len);
	size_t n = lf ? (size_t)(lf - bytes.ptr) + 1 : bytes.len;
	struct slice piece = slice_head(bytes, n);

	if (!lf || s->line.len > 0)
		hold(s, piece);
	else if (is_sound(s, piece))
		take_raw_line(s, piece);
	else
		s->fault = find_fault(s, piece, 0);
	return n;
}

void message_scan_init(struct message_scan *s)
{
	*s = (struct message_scan){ .line = BUF_INIT(RAW_LINE_MAX_BYTES) };
	header_reader_init(&s->header, &message_header);
}

void message_scan_release(struct message_scan *s)
{
	if (!s)
		return;
	buf_release(&s->line);
	header_reader_release(&s->header);
	shape_release(&s->shape);
	free(s->boundary);
	free(s->from);
	free(s->from_why);
	message_scan_init(s);
}

void message_scan_feed(struct message_scan *s, struct slice bytes)
{
	while (bytes.len > 0 && !s->fault) {
		size_t n = 0;
		if (s->line.len == 0)
			n = shape_skip_lines(&s->shape, bytes);
		if (n == 0)
			n = take_piece(s, bytes);
		bytes = slice_from(bytes, n);
	}
}

void message_scan_end(struct message_scan *s)
{
	if (!s->fault && s->line.len > 0)
		s->fault = MESSAGE_UNENDED_LINE;
	if (!s->fault && !s->is_in_body)
		end_header(s);
	s->is_ended = true;
	buf_release(&s->line);
}

const char *message_scan_broken(const struct message_scan *s)
{
	static const char *const reasons[] = {
		[MESSAGE_OK] = NULL,
		[MESSAGE_BARE_CR] = "bare <CR> received",
		[MESSAGE_BARE_LF] = "bare <LF> received",
		[MESSAGE_NUL] = "NUL byte received",
		[MESSAGE_LONG_LINE] = "line longer than 998 bytes",
		[MESSAGE_LONE_DOT] = "lone dot inside the message",
		[MESSAGE_UNENDED_LINE] = "last line without <CR><LF>",
		[MESSAGE_LARGE_HEADER] = "header too large",
	};

	if (s->fault == MESSAGE_LONG_LINE && !s->is_in_body)
		return "header line longer than 8192 bytes";
	return reasons[s->fault];
}

int message_scan_from(const struct message_scan *s, struct slice *ret_address,
	struct buf *why)
{
	if (s->header.is_malformed)
		return because(
			why, -EINVAL, "header with a line that is not a field");
	if (header_is_repeated(&s->header, FIELD_FROM))
		return because(why, -EINVAL, "more than one From field");
	if (!s->from)
		return because(why, -EINVAL, "%s",
			s->from_why ? s->from_why : "no From field");
	*ret_address = slice_of(s->from);
	return 0;
}

static bool is_of_mailer(struct slice from)
{
	return slice_starts_nocase(from, SLICE("mailer-daemon@")) ||
		slice_starts_nocase(from, SLICE("postmaster@"));
}

static bool may_be_bounce(const struct message_scan *s)
{
	struct slice from = SLICE_NONE;

	return s->is_report && message_scan_from(s, &from, NULL) == 0 &&
		is_of_mailer(from) &&
		!header_is_repeated(&s->header, FIELD_TYPE) &&
		header_has(&s->header, FIELD_AUTO_SUBMITTED);
}

static bool is_judged(const struct message_scan *s)
{
	return s->is_ended && !s->fault;
}

static enum reason find_shape_fault(
	const struct message_scan *s, bool is_strict)
{
	if (s->shape.kind == SHAPE_NONE)
		return has_clear_header(s) ? REASON_ENCODING : REASON_HEADER;
	if (!is_strict)
		return shape_fault(&s->shape);
	enum reason fault = shape_strict_fault(&s->shape);
	if (!fault && s->header.repeated)
		fault = REASON_HEADER;
	return fault ? fault : s->oddity;
}

enum reason message_scan_fault(const struct message_scan *s, bool is_strict)
{
	if (!is_judged(s) || s->kind != SHAPE_ENCRYPTED)
		return REASON_CLEARTEXT;
	return find_shape_fault(s, is_strict);
}

bool message_scan_is_securejoin(const struct message_scan *s, bool is_strict)
{
	return is_judged(s) && s->shape.kind != SHAPE_ENCRYPTED &&
		!find_shape_fault(s, is_strict);
}

bool message_scan_is_bounce(const struct message_scan *s)
{
	return is_judged(s) && may_be_bounce(s);
}

bool message_scan_is_setup(const struct message_scan *s)
{
	return is_judged(s) && has_clear_header(s) && s->is_mixed &&
		s->has_setup_field && s->has_setup_subject;
}

bool message_scan_has_control(const struct message_scan *s)
{
	return s->header.has_control;
}
