#include "cmdeploy/site/words.h"

#include <inttypes.h>
#include <string.h>

enum {
	KILO = 1024,
	TENTHS = 10,
};

void words_add_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KB", "MB", "GB", "TB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && bytes / unit >= KILO) {
		unit *= KILO;
		i++;
	}
	uint64_t tenths = bytes % unit * TENTHS / unit;
	buf_addf(out, "%" PRIu64, bytes / unit);
	if (tenths > 0)
		buf_addf(out, ".%" PRIu64, tenths);
	buf_addf(out, " %s", units[i]);
}

void words_add_count(struct buf *out, uint64_t n, const char *unit)
{
	buf_addf(out, "%" PRIu64 " %s%s", n, unit, n == 1 ? "" : "s");
}

void words_add_text(struct buf *out, struct slice text)
{
	static const char special[] = "&<>\"'\\`*_[]~|#";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\n')
			buf_add_str(out, "<br>");
		else if (c != '\0' && strchr(special, c))
			buf_addf(out, "&#%d;", c);
		else
			buf_add_char(out, c);
	}
}
