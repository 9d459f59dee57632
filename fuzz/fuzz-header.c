/*
 * Values of fields hold no line ends; a Content-Type that is accepted is
 * still so, with the same parts, when written out plainly.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/header.h"

static const char *const names[] = { "From", "Content-Type", "X" };

static void try_type(struct slice value)
{
	AUTO_BUF struct buf text = BUF_INIT(1000000);
	struct content_type t, again;

	if (content_type_parse(value, &t) < 0)
		return;
	demand(t.type.len > 0 && t.subtype.len > 0 && t.boundary.len <= 70);
	buf_addf(&text, "%.*s/%.*s", SLICE_FMT(t.type), SLICE_FMT(t.subtype));
	if (t.boundary.len > 0)
		buf_addf(&text, "; boundary=\"%.*s\"", SLICE_FMT(t.boundary));
	demand(content_type_parse(buf_slice(&text), &again) == 0);
	demand(slice_eq(t.type, again.type));
	demand(slice_eq(t.subtype, again.subtype));
	demand(slice_eq(t.boundary, again.boundary));
}

static void take_field(void *context, size_t id, struct slice value)
{
	size_t *n = context;

	demand(id < ARRAY_LEN(names));
	demand(value.len <= HEADER_VALUE_MAX_BYTES);
	demand(!slice_has_char(value, '\n'));
	try_type(value);
	++*n;
}

static const struct header_spec spec = {
	.names = names,
	.n_names = ARRAY_LEN(names),
	.n_wanted = ARRAY_LEN(names),
	.bytes_max = 20000,
	.fields_max = 100,
	.on_field = take_field,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_make(data, len), line;
	struct header_reader r;
	size_t n = 0;

	try_type(rest);
	header_reader_init(&r, &spec);
	while (slice_next_line(&rest, &line))
		header_reader_line(&r, line, &n);
	header_reader_end(&r, &n);
	demand(n <= r.n_fields && r.n_fields <= spec.fields_max + 1);
	demand(!r.value.ptr);
	header_reader_release(&r);
	return 0;
}
