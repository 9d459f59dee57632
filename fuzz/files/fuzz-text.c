/*
 * Small texts that other parsers are made of: numbers, paths, words, secrets
 * in URLs, lists of tags, base64, strings of JSON, lines of INI text.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "lib/addr.h"
#include "lib/ini.h"
#include "lib/json.h"
#include "lib/num.h"
#include "lib/path.h"
#include "lib/url.h"
#include "lib/words.h"
#include "mail/base64.h"
#include "mail/tags.h"

enum {
	OUT_MAX_BYTES = 1 << 20,
	DECODED_MAX_BYTES = 3 * 1024,
};

static void try_number(struct slice text)
{
	AUTO_BUF struct buf back = BUF_INIT(OUT_MAX_BYTES);
	uint64_t value = 0, size = 0, hundredths = 0;

	if (num_parse_u64(text, &value) == 0) {
		buf_addf(&back, "%llu", (unsigned long long)value);
		while (text.len > 1 && text.ptr[0] == '0')
			text = slice_from(text, 1);
		demand(slice_eq(buf_slice(&back), text));
		demand(num_parse_size(text, &size) == 0 && size == value);
		if (num_parse_hundredths(text, &hundredths) == 0)
			demand(hundredths / 100 == value);
	}
	if (num_parse_max(text, 100, &value) == 0)
		demand(value <= 100);
}

static void try_path(const char *path)
{
	struct slice folder = path_folder(path);
	AUTO_FREE char *beside = path_beside(path, "name");

	demand(folder.len > 0);
	demand(!strchr(path_name(path), '/'));
	demand(strcmp(path_name(beside), "name") == 0);
	demand(slice_eq(path_folder(beside), folder));
}

static void try_addr(const char *text)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct addr addr;

	if (addr_parse(text, &addr, &why) < 0)
		demand(why.len > 0);
	else
		demand(addr.len > 0 && addr.len <= sizeof(addr.storage));
}

static void try_words(struct slice text)
{
	AUTO_WORDS struct words words = { 0 };
	size_t total = 0;

	words_add_split(&words, text);
	for (size_t i = 0; i < words.n; i++) {
		total += strlen(words.v[i]);
		demand(words.v[i][0]);
		demand(words_has(&words, words.v[i]));
	}
	demand(total <= text.len && !words_list(&words)[words.n]);
}

/* What is shown of a URL has no password in it. */
static void try_url(struct slice text)
{
	AUTO_BUF struct buf shown = BUF_INIT(OUT_MAX_BYTES);
	struct slice secret = url_password(text);

	demand(secret.len <= text.len);
	url_add_masked(&shown, text, secret);
	if (secret.len > 3)
		demand(!memmem(shown.ptr, shown.len, secret.ptr, secret.len));
	if (secret.len == 0)
		demand(slice_eq(buf_slice(&shown), text));
}

static void try_tags(struct slice text)
{
	struct slice rest = text, part, value;
	size_t n = 0;

	while (tags_next_part(&rest, ';', &part))
		n++;
	demand(n <= text.len + 1);
	if (tags_are_sound(text))
		demand(n <= TAGS_MAX + 1 && tags_include(text, text));
	if (tags_get(text, "p", &value))
		demand(value.len == 0 ||
			(value.ptr >= text.ptr &&
				value.ptr + value.len <= text.ptr + text.len));
	demand(tags_eq_folded(text, text));
}

static void try_base64(struct slice text)
{
	unsigned char bytes[DECODED_MAX_BYTES];
	ssize_t n = base64_decode(text, bytes, sizeof(bytes));
	bool is_pure = base64_is_pure(text.ptr, text.len);
	bool is_pure_bytewise = true;

	demand(n <= (ssize_t)sizeof(bytes));
	demand(n < 0 || (size_t)n <= text.len);
	for (size_t i = 0; i < text.len; i++)
		is_pure_bytewise &= base64_value(text.ptr[i]) >= 0;
	demand(is_pure == is_pure_bytewise);
}

/* Nothing in a string ends it, or the line. */
static void try_json(struct slice text)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);

	json_add_string(&out, text);
	demand(out.len >= 2 && out.ptr[0] == '"');
	for (size_t i = 1; i < out.len; i++) {
		demand(!ascii_is_control(out.ptr[i]) || out.ptr[i] == 0x7f);
		if (out.ptr[i] == '\\')
			i++;
		else
			demand((out.ptr[i] == '"') == (i == out.len - 1));
	}
}

static void try_ini_lines(struct slice text)
{
	struct ini_lines lines = { .key = "key" };
	struct slice line;

	while (slice_next_line(&text, &line)) {
		enum ini_line what = ini_line_of(&lines, line);
		demand(what == INI_LINE_OTHER || line.len > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	AUTO_FREE char *copy = slice_dup(text);

	try_number(text);
	try_path(copy);
	try_addr(copy);
	try_words(slice_of(copy));
	try_url(text);
	try_tags(text);
	try_base64(text);
	try_json(text);
	try_ini_lines(text);
	return 0;
}
