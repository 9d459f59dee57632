/* Waits for mail by IMAP IDLE, among thousands (reader.h). */
#include "cmdeploy/load/reader.h"

#include <string.h>

#include "cmdeploy/probe/mail.h"
#include "lib/clock.h"
#include "lib/num.h"

static void fail(struct reader *r, const char *why)
{
	if (!r->failure)
		r->failure = xasprintf("IMAP, %s: %s", r->address, why);
	link_close(&r->link);
}

/* The server has to answer from now on. */
static void ask(struct reader *r, enum reader_state state)
{
	r->state = state;
	r->link.since_usec = clock_usec();
	link_push(&r->link);
}

static void rest(struct reader *r)
{
	r->state = READER_IDLE;
	r->link.since_usec = 0;
}

static void log_in(struct reader *r)
{
	buf_addf(&r->link.out, "t LOGIN \"%s\" \"%s\"\r\n", r->address,
		r->password);
	ask(r, READER_LOGIN);
}

static void select_inbox(struct reader *r)
{
	buf_add_str(&r->link.out, "t SELECT INBOX\r\n");
	ask(r, READER_SELECT);
}

static void end_idle(struct reader *r)
{
	buf_add_str(&r->link.out, "DONE\r\n");
	ask(r, READER_DONE);
}

static void fetch(struct reader *r)
{
	r->n_fetching = r->n_told;
	buf_addf(&r->link.out, "t FETCH 1:%zu BODY.PEEK[]\r\n", r->n_fetching);
	ask(r, READER_FETCH);
}

static void clean(struct reader *r, size_t n)
{
	buf_addf(&r->link.out,
		"s STORE 1:%zu +FLAGS.SILENT (\\Deleted)\r\n"
		"t EXPUNGE\r\n",
		n);
	ask(r, READER_CLEAN);
}

/* What has come meanwhile is fetched first. */
static void wait_on(struct reader *r)
{
	if (r->n_told > 0) {
		fetch(r);
		return;
	}
	buf_add_str(&r->link.out, "t IDLE\r\n");
	ask(r, READER_IDLE_ASKED);
}

static void after_idle(struct reader *r)
{
	if (r->n_told > 0 || !r->is_looking) {
		wait_on(r);
		return;
	}
	buf_add_str(&r->link.out, "t NOOP\r\n");
	ask(r, READER_LOOK);
}

static void after_look(struct reader *r)
{
	r->is_looking = false;
	wait_on(r);
}

/* What an earlier run left is in no ledger. */
static void after_select(struct reader *r)
{
	if (r->n_told > 0)
		clean(r, r->n_told);
	else
		wait_on(r);
}

static void after_fetch(struct reader *r)
{
	clean(r, r->n_fetching);
}

/* By the state in which the answer comes. */
static void (*const after[])(struct reader *r) = {
	[READER_LOGIN] = select_inbox,
	[READER_SELECT] = after_select,
	[READER_DONE] = after_idle,
	[READER_LOOK] = after_look,
	[READER_FETCH] = after_fetch,
	[READER_CLEAN] = wait_on,
};

static void told(struct reader *r, size_t n)
{
	uint64_t now = r->is_looking ? 0 : clock_usec();

	if (n > r->n_told_max) {
		r->n_told_max = 2 * n;
		r->told_usec = xreallocarray(
			r->told_usec, r->n_told_max, sizeof(*r->told_usec));
	}
	while (r->n_told < n)
		r->told_usec[r->n_told++] = now;
	if (r->state == READER_IDLE && n > 0)
		end_idle(r);
}

static void expunged(struct reader *r, size_t number)
{
	if (number == 0 || number > r->n_told)
		return;
	r->n_told--;
	memmove(&r->told_usec[number - 1], &r->told_usec[number],
		(r->n_told - number + 1) * sizeof(*r->told_usec));
}

/* The N of "... {N}", after which N bytes follow. */
static uint64_t literal_in(struct slice line)
{
	struct slice before, number;
	uint64_t n;

	if (!slice_ends(line, SLICE("}")) ||
		!slice_cut_last(slice_head(line, line.len - 1), '{', &before,
			&number) ||
		num_parse_u64(number, &n) < 0)
		return 0;
	return n;
}

/* "* 3 EXISTS", "* 3 EXPUNGE", "* 3 FETCH (BODY[] {2000}". */
static void on_untagged(struct reader *r, struct slice line)
{
	struct slice rest = slice_from(line, 2), number, word;
	uint64_t n;

	if (!slice_next_word(&rest, &number) ||
		!slice_next_word(&rest, &word) ||
		num_parse_max(number, UINT32_MAX, &n) < 0)
		return;
	if (slice_eq_str(word, "EXISTS"))
		told(r, n);
	else if (slice_eq_str(word, "EXPUNGE"))
		expunged(r, n);
	else if (slice_eq_str(word, "FETCH")) {
		r->number = n;
		r->literal_left = literal_in(line);
		buf_reset(&r->head);
	}
}

static void on_line(struct reader *r, struct slice line)
{
	bool is_greeting = r->state == READER_GREETING;

	if (is_greeting && slice_starts(line, SLICE("* OK")))
		log_in(r);
	else if (slice_starts(line, SLICE("* BYE")) || is_greeting ||
		slice_starts(line, SLICE("s NO")) ||
		(slice_starts(line, SLICE("t ")) &&
			!slice_starts(line, SLICE("t OK")))) {
		AUTO_FREE char *text = slice_dup(slice_head(line, 300));
		fail(r, text);
	} else if (slice_starts(line, SLICE("* ")))
		on_untagged(r, line);
	else if (slice_starts(line, SLICE("+")) &&
		r->state == READER_IDLE_ASKED) {
		rest(r);
		if (r->n_told > 0)
			end_idle(r);
	} else if (slice_starts(line, SLICE("t ")) && after[r->state])
		after[r->state](r);
}

static size_t take_literal(struct reader *r, struct slice in)
{
	size_t n = in.len < r->literal_left ? in.len : (size_t)r->literal_left;
	size_t room = READER_HEAD_MAX_BYTES - r->head.len;

	buf_add_slice(&r->head, slice_head(in, n < room ? n : room));
	r->literal_left -= n;
	if (r->literal_left > 0)
		return n;
	uint64_t told_usec = r->number > 0 && r->number <= r->n_told
		? r->told_usec[r->number - 1]
		: 0;
	ledger_fetched(r->ledger, r->user, buf_slice(&r->head), told_usec);
	buf_release(&r->head);
	return n;
}

static size_t on_input(struct link *l, struct slice in)
{
	struct reader *r = CONTAINER_OF(l, struct reader, link);
	struct slice line, left = in;

	while (l->fd >= 0 && left.len > 0) {
		if (r->literal_left > 0) {
			left = slice_from(left, take_literal(r, left));
			continue;
		}
		if (!slice_cut(left, '\n', &line, &left))
			break;
		on_line(r, slice_trim(line));
	}
	return in.len - left.len;
}

static void on_end(struct link *l, const char *why)
{
	fail(CONTAINER_OF(l, struct reader, link), why);
}

int reader_open(struct reader *r, int epoll_fd, const struct probe_relay *p,
	struct buf *why)
{
	r->link.on_input = on_input;
	r->link.on_end = on_end;
	r->state = READER_GREETING;
	r->head = BUF_INIT(READER_HEAD_MAX_BYTES);
	return link_open(&r->link, epoll_fd, p, PORT_IMAPS, why);
}

void reader_close(struct reader *r)
{
	link_close(&r->link);
	buf_release(&r->head);
	free(r->told_usec);
	free(r->failure);
	r->told_usec = NULL;
	r->failure = NULL;
}

bool reader_is_idle(const struct reader *r)
{
	return r->link.fd >= 0 && r->state == READER_IDLE;
}

void reader_look(struct reader *r)
{
	r->is_looking = true;
	end_idle(r);
}
