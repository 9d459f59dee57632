/* The next UID of a mailbox, in the file in which Dovecot keeps it. */
#include "cmdeploy/moving/uidlist.h"

#include <errno.h>
#include <stdint.h>

#include "lib/num.h"

/* What follows the last line feed was cut while it was written. */
static struct slice whole_lines(struct slice text)
{
	struct slice before, cut;

	return slice_cut_last(text, '\n', &before, &cut)
		? slice_head(text, before.len + 1)
		: SLICE_NONE;
}

/* "5 W123 :name": Dovecot adds such lines without a change of the header. */
static uint64_t last_uid(struct slice messages)
{
	struct slice line = slice_last_line(messages), word;
	uint64_t uid;

	if (!slice_next_word(&line, &word) || num_parse_u64(word, &uid) < 0)
		return 0;
	return uid;
}

static int add_next(
	struct slice word, uint64_t last, bool *has_next, struct buf *out)
{
	uint64_t next;

	if (*has_next || num_parse_u64(slice_from(word, 1), &next) < 0)
		return -EINVAL;
	if (next <= last)
		next = last + 1;
	if (next > UINT32_MAX - UIDLIST_RAISE)
		return -ERANGE;
	*has_next = true;
	buf_addf(out, " N%lu", next + UIDLIST_RAISE);
	return 0;
}

static int add_header(struct slice line, uint64_t last, struct buf *out)
{
	struct slice word;
	bool has_next = false;
	int r = 0;

	if (!slice_next_word(&line, &word) || !slice_eq_str(word, "3"))
		return -EINVAL;
	buf_add_char(out, '3');
	while (r == 0 && slice_next_word(&line, &word)) {
		if (word.ptr[0] == 'N')
			r = add_next(word, last, &has_next, out);
		else
			buf_addf(out, " %.*s", SLICE_FMT(word));
	}
	buf_add_char(out, '\n');
	return r == 0 && !has_next ? -EINVAL : r;
}

int uidlist_raise(struct slice text, struct buf *out)
{
	struct slice header, messages;

	if (!slice_cut(text, '\n', &header, &messages))
		return -EINVAL;
	messages = whole_lines(messages);
	int r = add_header(header, last_uid(messages), out);
	if (r < 0)
		return r;
	buf_add_slice(out, messages);
	return buf_ok(out) ? 0 : -EFBIG;
}
