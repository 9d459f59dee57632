/*
 * What is taken for an address is one by all readings, and is a part of
 * the input; a path holds nothing that could end its line or brackets.
 */
#include "fuzz/fuzz.h"
#include "mail/address.h"

static bool is_inside(struct slice part, struct slice whole)
{
	return part.ptr >= whole.ptr &&
		part.ptr + part.len <= whole.ptr + whole.len;
}

static size_t count(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static bool has_any(struct slice s, const char *chars)
{
	for (const char *c = chars; *c; c++)
		if (slice_has_char(s, *c))
			return true;
	return slice_has_char(s, '\0');
}

static void try_from(struct slice text)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice address;
	struct address parts;

	if (address_parse_from(text, &address, &why) < 0) {
		demand(why.len > 0);
		return;
	}
	demand(is_inside(address, text));
	demand(count(address, '@') == 1);
	demand(!has_any(address, " \t\r\n<>()\",;\\"));
	demand(address_parse(address, &parts) == 0);
	demand(parts.local.len + parts.domain.len + 1 == address.len);
	demand(address.len <= ADDRESS_MAX_BYTES);
}

static void try_path(struct slice text)
{
	struct slice path, params;

	if (address_parse_path(text, &path, &params) < 0)
		return;
	demand(is_inside(path, text) && is_inside(params, text));
	demand(!has_any(path, " \t\r\n<>"));
	demand(!has_any(params, "\t\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);

	try_from(text);
	try_path(text);
	return 0;
}
