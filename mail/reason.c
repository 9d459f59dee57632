/* The table of reasons for which a message is refused. */
#include "mail/reason.h"

#include <stddef.h>

struct row {
	const char *word;
	const char *text;
};

static const struct row rows[REASONS] = {
	[REASON_CLEARTEXT] = { "unencrypted", NULL },
	[REASON_HEADER] = { "header", "header that can be read in two ways" },
	[REASON_FIELD_SIZE] = { "field-size", "header field too long" },
	[REASON_FIELD_TEXT] = { "field-text", "text in a header field" },
	[REASON_PARAMETER] = { "parameter",
		"parameter of Content-Type that is not known" },
	[REASON_ENCODING] = { "encoding", "transfer encoding of the whole" },
	[REASON_PREAMBLE] = { "preamble", "text before the first part" },
	[REASON_EPILOGUE] = { "epilogue", "text after the last part" },
	[REASON_DELIMITER] = { "delimiter", "text behind a boundary" },
	[REASON_PARTS] = { "parts", "parts that do not belong here" },
	[REASON_PART_TYPE] = { "part-type", "part of a wrong type" },
	[REASON_PART_HEADER] = { "part-header", "malformed header of a part" },
	[REASON_PART_FIELD] = { "part-field", "text in the header of a part" },
	[REASON_PART_ENCODING] = { "part-encoding",
		"transfer encoding of a part" },
	[REASON_FIRST_PART] = { "first-part",
		"text in the part that has the version" },
	[REASON_ARMOR] = { "armor", "text in or around the armor" },
	[REASON_ARMOR_HEADER] = { "armor-header", "header line in the armor" },
	[REASON_PACKETS] = { "packets", "armor of other data than encrypted" },
	[REASON_LETTERS] = { "letters", "armor whose letters are not random" },
	[REASON_BLANKS] = { "blanks", "too many blanks or blank lines" },
	[REASON_END] = { "end", "end before the last boundary" },
	[REASON_FROM] = { "from", NULL },
	[REASON_CONTROL] = { "control", "control byte in a header field" },
	[REASON_UNPROVEN] = { "unproven", NULL },
	[REASON_DNS] = { "dns", NULL },
	[REASON_ACCOUNTS] = { "accounts", NULL },
	[REASON_BAD_ADDRESS] = { "bad-address", NULL },
	[REASON_RATE] = { "rate", NULL },
	[REASON_SIZE] = { "size", NULL },
	[REASON_BROKEN] = { "broken", NULL },
	[REASON_DOWNSTREAM] = { "downstream", NULL },
	[REASON_SERVER] = { "server", NULL },
};

const char *reason_word(enum reason reason)
{
	return rows[reason].word;
}

const char *reason_text(enum reason reason)
{
	return rows[reason].text;
}
