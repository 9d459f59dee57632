/* Makes a message of what a core once sent (letter.h). */
#include "bench/letter.h"

#include <string.h>

#include "lib/die.h"
#include "lib/file.h"

void letter_write(struct buf *letter, const char *sender)
{
	AUTO_BUF struct buf sample = BUF_INIT(LETTER_MAX_BYTES);
	struct slice line;

	if (file_read(SAMPLE, &sample, NULL) < 0)
		die("%s: cannot read", SAMPLE);
	/* Without what Postfix put first. */
	const char *date = strstr(buf_str(&sample), "\nDate:");
	if (!date)
		die("%s: has no Date", SAMPLE);
	struct slice rest = slice_of(date + 1);
	buf_reset(letter);
	buf_addf(letter, "From: <%s>\r\n", sender);
	while (slice_next_line(&rest, &line)) {
		if (slice_starts(line, SLICE(".")))
			buf_add_char(letter, '.');
		buf_addf(letter, "%.*s\r\n", SLICE_FMT(line));
	}
}
