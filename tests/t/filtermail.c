/*
 * filtermail - the real program between a client and a server that are
 * both played here, to the byte, by dialogues.
 *
 * Usage: filtermail PROGRAM FOLDER CASE
 *
 * A case is FOLDER/<case>.dialogue, or one of filtermail-clients.c. The lines
 * of a dialogue, of which those before the first step say how the program is
 * started:
 *
 *	ini: LINE       one more line of the [params] section
 *	mode: incoming  instead of outgoing
 *	args: WORDS     further arguments
 *
 *	connect         a client connects
 *	open            the same, with greeting and EHLO
 *	accept          the server takes the connection from the filter
 *	relay           the same, with greeting and EHLO
 *	C: text         the client sends a line; "c:" without its CRLF
 *	F: text         the same, but the other side may hang up meanwhile
 *	S: text         the client gets exactly this line
 *	D: text         the server gets exactly this line
 *	U: text         the server sends a line; "u:" without its CRLF
 *	mail FROM TO    MAIL and RCPT through both sides; over the server's
 *			connection after "arrives", else it is relayed
 *	message FROM    the client sends an encrypted message and its dot
 *	arrives FROM    the server gets that message and its dot
 *	lost            the server's connection ends without a final dot
 *	alone           nobody connects to the server
 *	counted N NAME  so many of that the program has counted
 *	deaf            from now on nobody can connect to the server
 *	drop            the server closes its connection
 *	leave           the client closes its connection
 *	end             the client's connection ends
 *
 * How a text is written, tests/dialogue.h says.
 */
#include <stdint.h>
#include <string.h>

#include "tests/dialogue.h"
#include "tests/t/filtermail-bed.h"
#include "tests/t/filtermail-clients.h"

enum {
	COUNT_ROW_BYTES = 64, /* chatmaild/common/counters.h */
};

static const struct {
	const char *name;
	void (*step)(struct bed *);
} steps[] = {
	{ "connect", bed_connect },
	{ "open", bed_open },
	{ "accept", bed_accept },
	{ "relay", bed_relay },
	{ "lost", bed_lost },
	{ "alone", bed_alone },
	{ "deaf", bed_deaf },
	{ "drop", bed_drop },
	{ "leave", bed_leave },
	{ "end", bed_end },
};

static void move_text(struct bed *bed, char who, struct slice text)
{
	switch (ascii_lower(who)) {
	case 'c':
		bed_send_all(bed, bed->client, text);
		break;
	case 'f':
		bed_send_some(bed->client, text);
		break;
	case 's':
		bed_expect(bed, bed->client, text);
		break;
	case 'd':
		bed_expect(bed, bed->server, text);
		break;
	case 'u':
		bed_send_all(bed, bed->server, text);
		break;
	default:
		bed_fail(bed, "no such line", text);
	}
}

static void play_text(struct bed *bed, struct slice who, struct slice text)
{
	AUTO_BUF struct buf all = BUF_INIT(TEXT_MAX_BYTES);

	if (dialogue_add(who, text, &all) < 0)
		bed_fail(bed, "not a number", who);
	move_text(bed, who.ptr[0], buf_slice(&all));
}

static uint64_t read_count(const struct bed *bed, struct slice name)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	uint64_t n;

	if (file_read("counts/filtermail-outgoing.counters", &text, &why) < 0)
		bed_fail(bed, "no counters", buf_slice(&why));
	for (size_t at = 0; at + COUNT_ROW_BYTES <= text.len;
		at += COUNT_ROW_BYTES) {
		if (!slice_eq_str(name, text.ptr + at))
			continue;
		memcpy(&n, text.ptr + at + COUNT_ROW_BYTES - sizeof(n),
			sizeof(n));
		return n;
	}
	bed_fail(bed, "no such counter", name);
}

static void play_counted(
	struct bed *bed, struct slice number, struct slice name)
{
	AUTO_BUF struct buf got = BUF_INIT(64);

	buf_addf(&got, "%lu", read_count(bed, name));
	if (!slice_eq(buf_slice(&got), number))
		bed_fail_wanting(bed, buf_slice(&got), number);
}

static void play_words(struct bed *bed, struct slice line)
{
	struct slice verb, a = SLICE_NONE, b = SLICE_NONE;

	slice_next_word(&line, &verb);
	slice_next_word(&line, &a);
	slice_next_word(&line, &b);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (slice_eq_str(verb, steps[i].name)) {
			steps[i].step(bed);
			return;
		}
	if (slice_eq_str(verb, "mail"))
		bed_mail(bed, a, b);
	else if (slice_eq_str(verb, "message"))
		bed_message(bed, a, false);
	else if (slice_eq_str(verb, "counted"))
		play_counted(bed, a, b);
	else if (slice_eq_str(verb, "arrives"))
		bed_message(bed, a, true);
	else
		bed_fail(bed, "no such step", verb);
}

/* What says how the program is started; false for the first step. */
static bool take_setting(struct bed *bed, struct slice line)
{
	struct slice key, value;

	if (!slice_cut(line, ':', &key, &value))
		return false;
	value = slice_trim(value);
	if (slice_eq_str(key, "ini"))
		buf_addf(&bed->ini, "%.*s\n", SLICE_FMT(value));
	else if (slice_eq_str(key, "args"))
		buf_addf(&bed->args, "%.*s", SLICE_FMT(value));
	else if (slice_eq_str(key, "mode"))
		bed->mode = "incoming";
	else
		return false;
	return true;
}

static void play_line(struct bed *bed, struct slice line)
{
	struct slice who, text;

	if (bed->pid == 0 && take_setting(bed, line))
		return;
	if (bed->pid == 0)
		bed_start(bed);
	if (slice_cut(line, ':', &who, &text) && who.len > 0 &&
		(who.len == 1 || who.ptr[1] == '*'))
		play_text(bed, who, text);
	else
		play_words(bed, line);
}

static void play_dialogue(const char *program, const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf where = BUF_INIT(4096);
	struct slice line;
	struct bed bed;

	bed_prepare(&bed, program);
	if (file_read(path, &text, &why) < 0)
		die("%s", buf_str(&why));
	struct slice rest = buf_slice(&text);
	for (int i = 1; slice_next_line(&rest, &line); i++) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		buf_reset(&where);
		buf_addf(&where, "%s:%d", path, i);
		bed.where = buf_str(&where);
		play_line(&bed, line);
	}
	bed_stop(&bed);
}

static const struct {
	const char *name;
	void (*play)(const char *program);
} cases[] = {
	{ "hostile", play_hostile },
	{ "many", play_many },
	{ "unread", play_unread },
};

static void play_case(const char *program, const char *folder, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strcmp(name, cases[i].name) == 0) {
			cases[i].play(program);
			return;
		}
	AUTO_FREE char *path = xasprintf("%s/%s.dialogue", folder, name);
	play_dialogue(program, path);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("usage: filtermail PROGRAM FOLDER CASE");
	play_case(argv[1], argv[2], argv[3]);
	return 0;
}
