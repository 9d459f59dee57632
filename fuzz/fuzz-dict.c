/*
 * Every line is either a command or refused with a reason; what was
 * escaped comes back as it was.
 */
#include "fuzz/fuzz.h"
#include "mail/dict.h"

static void try_line(struct slice line)
{
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_command command;

	if (dict_parse(line, &scratch, &command, &why) < 0) {
		demand(why.len > 0);
		return;
	}
	demand((char)command.verb == line.ptr[0]);
	demand(command.key.len + command.value.len < line.len);
}

static void try_escape(struct slice text)
{
	AUTO_BUF struct buf escaped = BUF_INIT(1 << 20);
	AUTO_BUF struct buf back = BUF_INIT(1 << 20);

	dict_add_escaped(&escaped, text);
	demand(!slice_has_char(buf_slice(&escaped), '\t'));
	demand(!slice_has_char(buf_slice(&escaped), '\n'));
	demand(dict_add_unescaped(&back, buf_slice(&escaped)) == 0);
	demand(slice_eq(buf_slice(&back), text));
}

/* A set and a lookup of foreign bytes are read as they were meant. */
static void try_round(struct slice text)
{
	AUTO_BUF struct buf line = BUF_INIT(1 << 20);
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	struct dict_command command;

	buf_add_str(&line, "S1\t");
	dict_add_escaped(&line, text);
	buf_add_char(&line, '\t');
	dict_add_escaped(&line, text);
	if (line.len > DICT_LINE_MAX_BYTES)
		return;
	demand(dict_parse(buf_slice(&line), &scratch, &command, NULL) == 0);
	demand(slice_eq(command.key, text));
	demand(slice_eq(command.value, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice all = slice_make(data, len), rest = all, line;

	while (slice_next_line(&rest, &line))
		try_line(line);
	try_escape(all);
	try_round(all);
	return 0;
}
