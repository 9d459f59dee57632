/*
 * Every line is either a command or refused with a reason; what was
 * escaped comes back as it was; and the transactions that the lines make keep
 * within their limits.
 */
#include <string.h>

#include "chatmaild/common/dict-transaction.h"
#include "chatmaild/common/limits.h"
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

static void commit(struct dict_transactions *all, uint64_t id)
{
	struct dict_transaction *t;
	size_t n = 0, bytes = 0;

	bool is_open = dict_transactions_check(all, id, NULL) == 0;
	demand((dict_transactions_take(all, id, &t, NULL) == 0) == is_open);
	if (!is_open)
		return;
	for (const struct dict_change *c = t->changes; c; c = c->next, n++)
		bytes += c->key.len + c->value.len;
	demand(n <= DICT_CHANGES_MAX && bytes <= DICT_CHANGES_MAX_BYTES);
	demand(n == t->n_changes && bytes == t->n_bytes);
	demand(dict_transactions_check(all, id, NULL) < 0);
	dict_transaction_free(t);
}

static void change(
	struct dict_transactions *all, const struct dict_command *command)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = 0;

	if (command->verb == DICT_BEGIN)
		r = dict_transactions_begin(all, command, &why);
	else if (strchr("SUA", (char)command->verb))
		r = dict_transactions_change(all, command, &why);
	else if (strchr("RCD", (char)command->verb))
		commit(all, command->id);
	demand(r == 0 || why.len > 0);
	demand(all->n <= DICT_TRANSACTIONS_MAX);
}

static void try_transactions(struct slice text)
{
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	struct dict_transactions all = { 0 };
	struct dict_command command;
	struct slice line;

	while (slice_next_line(&text, &line))
		if (dict_parse(line, &scratch, &command, NULL) == 0)
			change(&all, &command);
	dict_transactions_release(&all);
	demand(all.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice all = slice_make(data, len), rest = all, line;

	while (slice_next_line(&rest, &line))
		try_line(line);
	try_transactions(all);
	try_escape(all);
	try_round(all);
	return 0;
}
