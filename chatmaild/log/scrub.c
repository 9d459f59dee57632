/* scrub.c - finding what is personal in a line, by its form. */
#include "chatmaild/log/scrub.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

enum {
	NAMES_MAX = 8,
	/* A shorter word is masked in its address only. */
	NAME_MIN_BYTES = 3,
	NAME_MAX_BYTES = 256,
};

struct scrub {
	struct slice line;
	size_t at;
	struct slice own;
	struct buf *out;
	size_t start; /* of the line in *out */
	char names[NAMES_MAX][NAME_MAX_BYTES];
	size_t name_lens[NAMES_MAX];
	size_t n_names;
};

static bool is_word(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || (signed char)c < 0;
}

static bool is_ip_char(char c)
{
	char l = ascii_lower(c);

	return ascii_is_digit(c) || (l >= 'a' && l <= 'f') || c == ':' ||
		c == '.';
}

/* What cannot be in an address that is neither quoted nor in brackets. */
static bool ends_address(char c)
{
	return c == '\0' || strchr(" \t<>()[],;:'\"/=|", c);
}

static bool parses(int family, struct slice text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.len < 2 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, &address) == 1;
}

/* "192.0.2.1" of "192.0.2.1:25" or "192.0.2.1.example.org". */
static size_t ipv4_len(struct slice run)
{
	size_t i = 0;

	for (int dots = 0; i < run.len; i++)
		if (!ascii_is_digit(run.ptr[i]) &&
			(run.ptr[i] != '.' || ++dots > 3))
			break;
	return parses(AF_INET, slice_head(run, i)) ? i : 0;
}

/* How long the IP address is that begins here; 0: there is none. */
static size_t ip_len(struct slice rest)
{
	struct slice run = rest;
	size_t n = 0;

	while (n < rest.len && is_ip_char(rest.ptr[n]))
		n++;
	run.len = n;
	size_t len = ipv4_len(run);
	if (len > 0)
		return len;
	while (run.len > 0 &&
		(run.ptr[run.len - 1] == '.' ||
			(run.ptr[run.len - 1] == ':' &&
				!slice_ends(run, SLICE("::")))))
		run.len--;
	return parses(AF_INET6, run) ? run.len : 0;
}

static bool mask_ip(struct scrub *s)
{
	size_t len = ip_len(slice_from(s->line, s->at));
	struct slice ip = slice_head(slice_from(s->line, s->at), len);

	if (len == 0)
		return false;
	if (slice_eq(ip, s->own))
		buf_add_slice(s->out, ip);
	else
		buf_add_str(s->out, "IP");
	s->at += len;
	return true;
}

/* A word that was the name in an address earlier in the line. */
static bool mask_name(struct scrub *s)
{
	struct slice rest = slice_from(s->line, s->at);

	for (size_t i = 0; i < s->n_names; i++) {
		struct slice name = slice_make(s->names[i], s->name_lens[i]);
		if (!slice_starts_nocase(rest, name) ||
			(rest.len > name.len && is_word(rest.ptr[name.len])))
			continue;
		buf_add_char(s->out, '*');
		s->at += name.len;
		return true;
	}
	return false;
}

/* "key=<...>": all that the brackets hold. */
static bool mask_value(struct scrub *s)
{
	static const char *const keys[] = { "helo=<", "message-id=<" };
	struct slice rest = slice_from(s->line, s->at), value, after;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_starts(rest, slice_of(keys[i])))
			continue;
		buf_addf(s->out, "%s*>", keys[i]);
		s->at = slice_cut(rest, '>', &value, &after)
			? s->at + value.len + 1
			: s->line.len;
		return true;
	}
	return false;
}

/* Where the name begins that ends at the end of what was written. */
static size_t name_start(const struct scrub *s)
{
	const char *text = s->out->ptr;
	size_t end = s->out->len, i = end;

	if (i > s->start && text[i - 1] == '"') {
		for (i--; i > s->start && text[i - 1] != '"'; i--)
			;
		return i > s->start ? i - 1 : i;
	}
	while (i > s->start && !strchr(" \t<>", text[i - 1]))
		i--;
	if (i > s->start && text[i - 1] == '<')
		return i;
	for (i = end; i > s->start && !ends_address(text[i - 1]);)
		i--;
	return i;
}

static void remember_name(struct scrub *s, struct slice name)
{
	if (s->n_names == NAMES_MAX || name.len < NAME_MIN_BYTES ||
		name.len > NAME_MAX_BYTES)
		return;
	memcpy(s->names[s->n_names], name.ptr, name.len);
	s->name_lens[s->n_names++] = name.len;
}

/* Before the "@" comes: what was written as its name goes. */
static void mask_address(struct scrub *s)
{
	size_t start = name_start(s);

	if (start == s->out->len)
		return;
	remember_name(s, slice_from(buf_slice(s->out), start));
	buf_truncate(s->out, start);
	buf_add_char(s->out, '*');
}

static void copy_char(struct scrub *s)
{
	char c = s->line.ptr[s->at++];

	if (c == '@')
		mask_address(s);
	bool is_control = ascii_is_control(c) && c != '\t';
	buf_add_char(s->out, is_control ? '?' : c);
}

static bool is_at_word(const struct scrub *s)
{
	return s->at == 0 || !is_word(s->line.ptr[s->at - 1]);
}

/* "...postfix/outgoing/cleanup[12]: A1B2: replace: header Subject: ..." */
static bool tells_subject(struct slice line)
{
	static const char phrase[] = ": replace: header ";
	struct slice tag = line, rest;

	for (;;) {
		if (!slice_cut(line, ' ', &tag, &rest))
			return false;
		if (slice_ends(tag, SLICE("]:")))
			break;
		line = rest;
	}
	AUTO_FREE char *name = slice_dup(tag);
	AUTO_FREE char *text = slice_dup(rest);
	return strstr(name, "cleanup[") && strstr(text, phrase);
}

bool scrub_line(struct slice line, struct slice own, struct buf *out)
{
	struct scrub s = {
		.line = line, .own = own, .out = out, .start = out->len
	};

	if (tells_subject(line))
		return false;
	while (s.at < line.len) {
		if (is_at_word(&s) &&
			(mask_value(&s) || mask_ip(&s) || mask_name(&s)))
			continue;
		copy_char(&s);
	}
	return true;
}
