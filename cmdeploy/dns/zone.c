/* Records as lines of a zone file. */
#include "cmdeploy/dns/zone.h"

enum {
	STRING_MAX_BYTES = 255,
};

/* A character-string; quotes, backslashes and what is not text are escaped. */
static void add_string(struct slice text, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 || c >= 0x7f)
			buf_addf(out, "\\%03u", c);
		else
			buf_addf(out, "%s%c", c == '"' || c == '\\' ? "\\" : "",
				c);
	}
	buf_add_char(out, '"');
}

static void add_text(struct slice text, struct buf *out)
{
	do {
		struct slice part = slice_head(text, STRING_MAX_BYTES);
		add_string(part, out);
		text = slice_from(text, part.len);
		buf_add_str(out, text.len > 0 ? " " : "");
	} while (text.len > 0);
}

/* Ends in a name, which gets the dot that makes it a whole one. */
static void add_with_name(struct slice data, struct buf *out)
{
	buf_add_slice(out, data);
	buf_add_str(out, slice_ends(data, SLICE(".")) ? "" : ".");
}

/* Flags and tag, then the value as a string. */
static void add_caa(struct slice data, struct buf *out)
{
	struct slice flags, tag, value;

	if (!slice_cut(data, ' ', &flags, &value) ||
		!slice_cut(value, ' ', &tag, &value))
		return;
	buf_addf(out, "%.*s %.*s ", SLICE_FMT(flags), SLICE_FMT(tag));
	add_string(value, out);
}

void zone_add_data(ldns_rr_type type, struct slice data, struct buf *out)
{
	switch (type) {
	case LDNS_RR_TYPE_TXT:
		add_text(data, out);
		break;
	case LDNS_RR_TYPE_CAA:
		add_caa(data, out);
		break;
	case LDNS_RR_TYPE_NS:
	case LDNS_RR_TYPE_CNAME:
	case LDNS_RR_TYPE_MX:
	case LDNS_RR_TYPE_SRV:
		add_with_name(data, out);
		break;
	default:
		buf_add_slice(out, data);
	}
}

void zone_add_record(const struct dns_record *record, struct buf *out)
{
	if (!record->data)
		return;
	buf_addf(out, "%s. %d IN %s ", record->name, ZONE_TTL_SEC,
		dns_type_name(record->type));
	zone_add_data(record->type, slice_of(record->data), out);
	buf_add_char(out, '\n');
}

static void add_part(const struct dns_records *records, bool is_required,
	const char *title, struct buf *out)
{
	buf_addf(out, "\n; %s\n", title);
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *record = &records->v[i];
		if (record->is_required != is_required)
			continue;
		zone_add_record(record, out);
		if (!record->data && record->unknown)
			buf_addf(out, "; %s. %s: %s\n", record->name,
				dns_type_name(record->type), record->unknown);
	}
}

void zone_add_all(const struct config *config,
	const struct dns_records *records, struct buf *out)
{
	buf_addf(out,
		"; DNS records of the chatmail relay %s, for $INCLUDE in its "
		"zone\n; or for a provider's import. Names are whole, SOA and "
		"NS stay as they are.\n",
		config->mail_domain);
	add_part(records, true, "required", out);
	add_part(records, false, "recommended", out);
}
