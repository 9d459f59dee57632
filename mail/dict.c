/* Reads and writes lines of Dovecot's dict protocol (dict.h). */
#include "mail/dict.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/num.h"

enum {
	ESCAPE = '\001',
};

/* A field: where it goes, and whether it has to be there. */
struct field {
	size_t offset;
	bool is_number;
	bool is_optional;
};

#define TEXT(member)                                                           \
	{                                                                      \
		offsetof(struct dict_command, member), false, false            \
	}
#define TEXT_OPT(member)                                                       \
	{                                                                      \
		offsetof(struct dict_command, member), false, true             \
	}
#define NUMBER(member)                                                         \
	{                                                                      \
		offsetof(struct dict_command, member), true, false             \
	}

enum {
	FIELDS_MAX = 5,
};

static const struct {
	enum dict_verb verb;
	size_t n;
	struct field fields[FIELDS_MAX];
} shapes[] = {
	{ DICT_HELLO, 5,
		{ NUMBER(major), NUMBER(minor), TEXT_OPT(value), TEXT_OPT(user),
			TEXT_OPT(name) } },
	{ DICT_LOOKUP, 2, { TEXT(key), TEXT_OPT(user) } },
	{ DICT_ITERATE, 4,
		{ NUMBER(flags), NUMBER(max_rows), TEXT(key),
			TEXT_OPT(user) } },
	{ DICT_BEGIN, 2, { NUMBER(id), TEXT_OPT(user) } },
	{ DICT_SET, 3, { NUMBER(id), TEXT(key), TEXT(value) } },
	{ DICT_UNSET, 2, { NUMBER(id), TEXT(key) } },
	{ DICT_ADD, 3, { NUMBER(id), TEXT(key), TEXT(value) } },
	{ DICT_TIMESTAMP, 1, { NUMBER(id) } },
	{ DICT_HIDE, 1, { NUMBER(id) } },
	{ DICT_ROLLBACK, 1, { NUMBER(id) } },
	{ DICT_COMMIT, 1, { NUMBER(id) } },
	{ DICT_COMMIT_ASYNC, 1, { NUMBER(id) } },
};

static const struct {
	char plain;
	char code;
} escapes[] = {
	{ '\t', 't' },
	{ '\n', 'n' },
	{ '\r', 'r' },
	{ '\0', '0' },
	{ ESCAPE, '1' },
};

static char code_of(char plain)
{
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
		if (escapes[i].plain == plain)
			return escapes[i].code;
	return '\0';
}

void dict_add_escaped(struct buf *out, struct slice field)
{
	size_t start = 0;

	for (size_t i = 0; i < field.len; i++) {
		char c = field.ptr[i];
		char code = (unsigned char)c <= '\r' ? code_of(c) : '\0';
		if (!code)
			continue;
		buf_add(out, field.ptr + start, i - start);
		buf_add_char(out, ESCAPE);
		buf_add_char(out, code);
		start = i + 1;
	}
	buf_add(out, field.ptr + start, field.len - start);
}

static int add_plain_of(struct buf *out, char code)
{
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
		if (escapes[i].code != code)
			continue;
		buf_add_char(out, escapes[i].plain);
		return 0;
	}
	return -EINVAL;
}

int dict_add_unescaped(struct buf *out, struct slice field)
{
	struct slice before;

	while (slice_cut(field, ESCAPE, &before, &field)) {
		buf_add_slice(out, before);
		if (field.len == 0 || add_plain_of(out, field.ptr[0]) < 0)
			return -EINVAL;
		field = slice_from(field, 1);
	}
	buf_add_slice(out, field);
	return 0;
}

/* Stays in place where nothing is escaped, which is nearly always. */
static int unescape(struct slice raw, struct buf *scratch, struct slice *ret)
{
	size_t start = scratch->len;

	if (!slice_has_char(raw, ESCAPE)) {
		*ret = raw;
		return 0;
	}
	int r = dict_add_unescaped(scratch, raw);
	if (r == 0)
		*ret = slice_from(buf_slice(scratch), start);
	return r;
}

static int read_field(const struct field *field, struct slice raw,
	struct buf *scratch, struct dict_command *command)
{
	void *member = (char *)command + field->offset;

	if (field->is_number)
		return num_parse_u64(raw, (uint64_t *)member);
	return unescape(raw, scratch, (struct slice *)member);
}

static bool next_field(struct slice *rest, bool *is_last, struct slice *ret)
{
	if (*is_last)
		return false;
	if (!slice_cut(*rest, '\t', ret, rest)) {
		*ret = *rest;
		*is_last = true;
	}
	return true;
}

static int read_fields(const struct field *fields, size_t n, struct slice rest,
	struct buf *scratch, struct dict_command *command, struct buf *why)
{
	bool is_last = false;
	struct slice raw;

	for (size_t i = 0; i < n; i++) {
		if (!next_field(&rest, &is_last, &raw)) {
			if (fields[i].is_optional)
				return 0;
			return because(why, -EINVAL,
				"command %c with %zu fields too few",
				(char)command->verb, n - i);
		}
		if (read_field(&fields[i], raw, scratch, command) < 0)
			return because(why, -EINVAL,
				"command %c with a bad field %zu",
				(char)command->verb, i + 1);
	}
	return 0;
}

static int check_version(const struct dict_command *command, struct buf *why)
{
	if (command->verb != DICT_HELLO)
		return 0;
	if (command->major >= DICT_MAJOR_MIN &&
		command->major <= DICT_MAJOR_MAX)
		return 0;
	return because(why, -EPROTONOSUPPORT,
		"protocol version %llu, known are %d to %d",
		(unsigned long long)command->major, DICT_MAJOR_MIN,
		DICT_MAJOR_MAX);
}

int dict_parse(struct slice line, struct buf *scratch,
	struct dict_command *ret_command, struct buf *why)
{
	struct dict_command command = { 0 };

	buf_reset(scratch);
	/* Unescaping makes nothing longer: the slices into it stay valid. */
	if (line.len == 0)
		return because(why, -EINVAL, "empty line");
	if (slice_has_char(line, '\0') || slice_has_char(line, '\r'))
		return because(why, -EINVAL, "unescaped NUL or CR");
	if (line.len > DICT_LINE_MAX_BYTES || !buf_room(scratch, line.len))
		return because(why, -EINVAL, "line longer than %d bytes",
			DICT_LINE_MAX_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		if ((char)shapes[i].verb != line.ptr[0])
			continue;
		command.verb = shapes[i].verb;
		int r = read_fields(shapes[i].fields, shapes[i].n,
			slice_from(line, 1), scratch, &command, why);
		if (r == 0)
			r = check_version(&command, why);
		if (r == 0)
			*ret_command = command;
		return r;
	}
	return because(why, -EINVAL, "unknown command 0x%02x",
		(unsigned char)line.ptr[0]);
}

void dict_add_value(struct buf *out, struct slice value)
{
	buf_add_char(out, DICT_DONE);
	dict_add_escaped(out, value);
	buf_add_char(out, '\n');
}

void dict_add_none(struct buf *out)
{
	buf_add_str(out, "N\n");
}

void dict_add_fail(struct buf *out, struct slice reason)
{
	buf_add_char(out, DICT_FAILED);
	dict_add_escaped(out, reason);
	buf_add_char(out, '\n');
}

void dict_add_end(struct buf *out)
{
	buf_add_char(out, '\n');
}

void dict_add_committed(struct buf *out, uint64_t id, enum dict_outcome outcome,
	struct slice reason)
{
	buf_addf(out, "%c%llu", (char)outcome, (unsigned long long)id);
	if (outcome == DICT_FAILED) {
		buf_add_char(out, '\t');
		dict_add_escaped(out, reason);
	}
	buf_add_char(out, '\n');
}
